#include "proto/smtp/session_state.h"

#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

using Refusal = std::optional<FixedReply>;

bool waits_for_tls(Verb verb, const SessionFacts& facts, const SessionRules& rules) {
  if (!rules.tls_required || facts.channel == Channel::tls) return false;
  // RFC 3207 section 4: every command other than these gets 530.
  return verb != Verb::noop && verb != Verb::ehlo && verb != Verb::start_tls && verb != Verb::quit;
}

Refusal refuse_mail(const SessionFacts& facts, const SessionRules& rules) {
  if (facts.greeting == Greeting::none) return k_reply_hello_first;
  // RFC 4954 section 6: 530 when the policy asks for authentication.
  if (rules.auth_required && !facts.authenticated) return k_reply_auth_required;
  // RFC 5321 section 4.1.4: MAIL must not be sent if a transaction is open.
  if (facts.progress != Progress::none) return k_reply_nested_mail;
  return std::nullopt;
}

Refusal refuse_rcpt(const SessionFacts& facts) {
  if (facts.progress == Progress::none) return k_reply_no_sender;
  // RFC 3030 section 2: BDAT begins the message.
  if (facts.progress == Progress::chunks) return k_reply_bad_sequence;
  return std::nullopt;
}

Refusal refuse_content(const SessionFacts& facts) {
  if (facts.progress == Progress::none) return k_reply_no_sender;
  // RFC 5321 section 3.3 allows 503 or 554; RFC 2033 section 4.2 demands 503.
  if (facts.progress == Progress::sender) return k_reply_no_recipients;
  return std::nullopt;
}

Refusal refuse_data(const SessionFacts& facts) {
  if (auto refused = refuse_content(facts)) return refused;
  // RFC 3030 sections 2 and 3: not after BDAT, and never for a binary message.
  if (facts.progress == Progress::chunks || facts.is_binary) return k_reply_bad_sequence;
  return std::nullopt;
}

Refusal refuse_bdat(const SessionFacts& facts, const Extensions& offered) {
  if (!offered.chunking) return k_reply_not_implemented;
  return refuse_content(facts);
}

Refusal refuse_start_tls(const SessionFacts& facts, const Extensions& offered) {
  // RFC 3207 section 4.2: no TLS within TLS.
  if (facts.channel == Channel::tls) return k_reply_tls_active;
  if (facts.greeting != Greeting::ehlo) return k_reply_hello_first;
  if (!offered.start_tls) return k_reply_not_implemented;
  return std::nullopt;
}

Refusal refuse_auth(const SessionFacts& facts, const SessionRules& rules,
                    const Extensions& offered) {
  // RFC 4954 section 4: 503 to all that follows a login that succeeded.
  if (facts.authenticated) return k_reply_already_authenticated;
  if (!rules.auth_after_tls) return k_reply_not_implemented;
  // RFC 4954 section 4: in clear the mechanism is refused without looking at its response.
  if (facts.channel != Channel::tls) return k_reply_auth_needs_tls;
  if (facts.greeting != Greeting::ehlo) return k_reply_hello_first;
  if (offered.auth_mechanisms.empty()) return k_reply_not_implemented;
  // RFC 4954 section 4: not during a transaction.
  if (facts.progress != Progress::none) return k_reply_bad_sequence;
  return std::nullopt;
}

}  // namespace

Refusal refusal(Verb verb, const SessionFacts& facts, const SessionRules& rules,
                const Extensions& offered) {
  if (verb != Verb::unknown && waits_for_tls(verb, facts, rules)) return k_reply_tls_required;
  switch (verb) {
    case Verb::helo:
    case Verb::ehlo:
      // RFC 2033 section 4.1: LMTP has LHLO in their place, and SMTP has no LHLO.
      if (rules.lmtp) return k_reply_unknown_command;
      return std::nullopt;
    case Verb::lhlo:
      if (!rules.lmtp) return k_reply_unknown_command;
      return std::nullopt;
    case Verb::mail:
      return refuse_mail(facts, rules);
    case Verb::rcpt:
      return refuse_rcpt(facts);
    case Verb::data:
      return refuse_data(facts);
    case Verb::bdat:
      return refuse_bdat(facts, offered);
    case Verb::start_tls:
      return refuse_start_tls(facts, offered);
    case Verb::auth:
      return refuse_auth(facts, rules, offered);
    // RFC 5321 section 4.1.4: at any time, also before EHLO.
    case Verb::rset:
    case Verb::noop:
    case Verb::quit:
    case Verb::help:
    case Verb::vrfy:
      return std::nullopt;
    // RFC 5321 section 7.3: lists are not shown to anybody.
    case Verb::expn:
      return k_reply_not_implemented;
    case Verb::unknown:
      break;
  }
  return k_reply_unknown_command;
}

bool must_end_group(Verb verb) {
  switch (verb) {
    case Verb::mail:
    case Verb::rcpt:
    case Verb::rset:
    // RFC 3030 section 4.2: but for the last, which the client waits for.
    case Verb::bdat:
      return false;
    default:
      return true;
  }
}

}  // namespace peregrine::smtp
