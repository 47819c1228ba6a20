#include "proto/smtp/session_state.h"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

constexpr SessionRules k_mx{};
constexpr SessionRules k_lmtp{.lmtp = true};
constexpr SessionRules k_submission{
    .auth_required = true, .tls_required = true, .auth_after_tls = true};

Extensions offered_by(const SessionRules& rules, Channel channel) {
  Extensions offered{.pipelining = true,
                     .chunking = true,
                     .binary_mime = true,
                     .start_tls = channel == Channel::clear && !rules.lmtp};
  if (rules.auth_after_tls && channel == Channel::tls) offered.auth_mechanisms = {"PLAIN"};
  return offered;
}

int code(Verb verb, const Dialogue<int>& dialogue, const SessionRules& rules = k_mx) {
  auto reply = dialogue.refusal(verb, offered_by(rules, dialogue.facts().channel));
  return reply ? reply->code : 0;
}

TEST(SmtpState, FollowsTheOrderOfCommands) {
  Dialogue<int> dialogue(k_mx);
  for (Verb verb : {Verb::mail, Verb::rcpt, Verb::data, Verb::start_tls}) {
    EXPECT_EQ(code(verb, dialogue), 503);
  }
  for (Verb verb : {Verb::rset, Verb::noop, Verb::quit, Verb::help, Verb::vrfy, Verb::helo}) {
    EXPECT_EQ(code(verb, dialogue), 0);
  }
  EXPECT_EQ(code(Verb::expn, dialogue), 502);
  EXPECT_EQ(code(Verb::unknown, dialogue), 500);
  EXPECT_EQ(code(Verb::lhlo, dialogue), 500);
  EXPECT_EQ(code(Verb::auth, dialogue), 502);

  dialogue.greet(Verb::ehlo);
  EXPECT_EQ(code(Verb::mail, dialogue), 0);
  EXPECT_EQ(code(Verb::data, dialogue), 503);
  dialogue.begin({});
  EXPECT_EQ(code(Verb::mail, dialogue), 503);
  EXPECT_EQ(code(Verb::data, dialogue), 503);
  EXPECT_EQ(code(Verb::rcpt, dialogue), 0);
  dialogue.add(1);
  EXPECT_EQ(code(Verb::data, dialogue), 0);
  EXPECT_EQ(dialogue.take_transaction().recipients.size(), 1U);
  EXPECT_EQ(code(Verb::data, dialogue), 503);
  EXPECT_EQ(code(Verb::rcpt, dialogue), 503);
  EXPECT_EQ(code(Verb::mail, dialogue), 0);
  EXPECT_EQ(dialogue.transaction(), nullptr);
}

TEST(SmtpState, EndsATransactionWithRsetAndEhlo) {
  Dialogue<int> dialogue(k_mx);
  dialogue.greet(Verb::ehlo);
  for (auto end :
       {+[](Dialogue<int>& d) { d.reset(); }, +[](Dialogue<int>& d) { d.greet(Verb::helo); },
        +[](Dialogue<int>& d) { d = Dialogue<int>(k_mx, Channel::tls); }}) {
    dialogue.greet(Verb::ehlo);
    dialogue.begin({});
    dialogue.add(1);
    end(dialogue);
    EXPECT_EQ(dialogue.facts().progress, Progress::none);
    EXPECT_EQ(code(Verb::data, dialogue), 503);
    EXPECT_EQ(code(Verb::rcpt, dialogue), 503);
  }
  EXPECT_EQ(code(Verb::mail, dialogue), 503) << "the greeting is forgotten after STARTTLS";
  EXPECT_EQ(code(Verb::start_tls, dialogue), 503);
}

TEST(SmtpState, HoldsSubmissionToTlsThenAuth) {
  Dialogue<int> clear(k_submission);
  for (Verb verb : {Verb::mail, Verb::rcpt, Verb::data, Verb::auth, Verb::helo, Verb::rset,
                    Verb::vrfy, Verb::help}) {
    EXPECT_EQ(code(verb, clear, k_submission), 530);
  }
  clear.greet(Verb::ehlo);
  EXPECT_EQ(code(Verb::start_tls, clear, k_submission), 0);

  Dialogue<int> dialogue(k_submission, Channel::tls);
  EXPECT_EQ(code(Verb::auth, dialogue, k_submission), 503);
  dialogue.greet(Verb::ehlo);
  EXPECT_EQ(code(Verb::mail, dialogue, k_submission), 530);
  EXPECT_EQ(code(Verb::auth, dialogue, k_submission), 0);
  dialogue.authenticated();
  EXPECT_EQ(code(Verb::auth, dialogue, k_submission), 503);
  EXPECT_EQ(code(Verb::mail, dialogue, k_submission), 0);

  SessionRules optional_tls{.auth_after_tls = true};
  Dialogue<int> open(optional_tls);
  open.greet(Verb::ehlo);
  EXPECT_EQ(code(Verb::auth, open, optional_tls), 538);
}

TEST(SmtpState, SpeaksLmtpOrSmtpAndNotBoth) {
  Dialogue<int> dialogue(k_lmtp);
  EXPECT_EQ(code(Verb::helo, dialogue, k_lmtp), 500);
  EXPECT_EQ(code(Verb::ehlo, dialogue, k_lmtp), 500);
  EXPECT_EQ(code(Verb::lhlo, dialogue, k_lmtp), 0);
}

TEST(SmtpState, KeepsDataAndBdatApart) {
  Dialogue<int> dialogue(k_mx);
  EXPECT_EQ(code(Verb::bdat, dialogue), 503);
  dialogue.greet(Verb::ehlo);
  EXPECT_EQ(dialogue.refusal(Verb::bdat, {}), k_reply_not_implemented);
  dialogue.begin({});
  EXPECT_EQ(code(Verb::bdat, dialogue), 503);
  dialogue.add(1);
  EXPECT_EQ(code(Verb::bdat, dialogue), 0);
  EXPECT_EQ(dialogue.chunks(), nullptr);
  dialogue.begin_chunks({});
  EXPECT_NE(dialogue.chunks(), nullptr);
  EXPECT_EQ(code(Verb::bdat, dialogue), 0);
  for (Verb verb : {Verb::data, Verb::mail, Verb::rcpt}) EXPECT_EQ(code(verb, dialogue), 503);
  dialogue.reset();
  EXPECT_EQ(dialogue.chunks(), nullptr);
  EXPECT_EQ(code(Verb::bdat, dialogue), 503);

  dialogue.begin({.body = BodyType::binary_mime});
  dialogue.add(1);
  EXPECT_EQ(code(Verb::data, dialogue), 503);
  EXPECT_EQ(code(Verb::bdat, dialogue), 0);
}

TEST(SmtpState, KnowsTheEndOfAPipelinedGroup) {
  for (Verb verb : {Verb::mail, Verb::rcpt, Verb::rset, Verb::bdat})
    EXPECT_FALSE(must_end_group(verb));
  for (Verb verb : {Verb::ehlo, Verb::data, Verb::vrfy, Verb::quit, Verb::noop, Verb::start_tls,
                    Verb::auth, Verb::unknown}) {
    EXPECT_TRUE(must_end_group(verb));
  }
}

/// The same rules, said as a history: what happened since the last event that ends everything.
struct History {
  const SessionRules& rules;
  Channel channel;
  // e greeted by EHLO, h by HELO, a authenticated, m MAIL, b its BINARYMIME, r RCPT, c BDAT
  std::string events;

  [[nodiscard]] bool has(char c) const { return events.contains(c); }
  void forget(std::string_view kinds) {
    std::erase_if(events, [&](char c) { return kinds.contains(c); });
  }
  [[nodiscard]] bool allows(Verb verb) const {
    bool secure = channel == Channel::tls || !rules.tls_required;
    switch (verb) {
      case Verb::noop:
      case Verb::quit:
        return true;
      case Verb::ehlo:
        return !rules.lmtp;
      case Verb::start_tls:
        return channel == Channel::clear && has('e') && !rules.lmtp;
      case Verb::unknown:
      case Verb::expn:
        return false;
      default:
        break;
    }
    if (!secure) return false;
    switch (verb) {
      case Verb::helo:
        return !rules.lmtp;
      case Verb::lhlo:
        return rules.lmtp;
      case Verb::mail:
        return (has('e') || has('h')) && !has('m') && (has('a') || !rules.auth_required);
      case Verb::rcpt:
        return has('m') && !has('c');
      case Verb::data:
        return has('m') && has('r') && !has('c') && !has('b');
      case Verb::bdat:
        return has('m') && has('r');
      case Verb::auth:
        return rules.auth_after_tls && channel == Channel::tls && has('e') && !has('a') &&
               !has('m');
      default:
        return true;
    }
  }
  void happen(Verb verb, bool is_special) {
    switch (verb) {
      case Verb::helo:
        forget("ehmbrc");
        events += 'h';
        break;
      case Verb::ehlo:
      case Verb::lhlo:
        forget("ehmbrc");
        events += 'e';
        break;
      case Verb::mail:
        events += is_special ? "mb" : "m";
        break;
      case Verb::bdat:
        events += 'c';
        if (is_special) forget("mbrc");
        break;
      case Verb::rcpt:
        events += 'r';
        break;
      case Verb::rset:
      case Verb::data:
        forget("mbrc");
        break;
      case Verb::auth:
        events += 'a';
        break;
      case Verb::start_tls:
        events.clear();
        channel = Channel::tls;
        break;
      default:
        break;
    }
  }
};

/// `is_special`: MAIL with BODY=BINARYMIME, BDAT with LAST.
void proceed(Verb verb, bool is_special, Dialogue<int>& dialogue, const SessionRules& rules) {
  switch (verb) {
    case Verb::helo:
    case Verb::ehlo:
    case Verb::lhlo:
      dialogue.greet(verb);
      break;
    case Verb::mail:
      dialogue.begin({.body = is_special ? BodyType::binary_mime : BodyType::seven_bit});
      break;
    case Verb::rcpt:
      dialogue.add(1);
      break;
    case Verb::bdat:
      if (dialogue.chunks() == nullptr) dialogue.begin_chunks({});
      if (is_special) (void)dialogue.take_transaction();
      break;
    case Verb::data:
      (void)dialogue.take_transaction();
      break;
    case Verb::rset:
      dialogue.reset();
      break;
    case Verb::auth:
      dialogue.authenticated();
      break;
    case Verb::start_tls:
      dialogue = Dialogue<int>(rules, Channel::tls);
      break;
    default:
      break;
  }
}

TEST(SmtpState, AgreesWithTheModelOnRandomSequences) {
  std::minstd_rand random(5321);
  auto draw = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  std::size_t allowed = 0;
  for (int session = 0; session < 120'000; ++session) {
    const SessionRules& rules = *std::array{&k_mx, &k_lmtp, &k_submission}.at(draw(3));
    Dialogue<int> dialogue(rules);
    History history{rules, Channel::clear, {}};
    for (int step = 0; step < 30; ++step) {
      auto verb = static_cast<Verb>(draw(k_verb_count));
      bool refused = dialogue.refusal(verb, offered_by(rules, history.channel)).has_value();
      // MAIL fails now and then after its turn had come: that changes nothing.
      ASSERT_EQ(!refused, history.allows(verb)) << int(verb) << " after " << history.events;
      if (refused || draw(8) == 0) continue;
      ++allowed;
      bool is_special = draw(3) == 0;
      proceed(verb, is_special, dialogue, rules);
      history.happen(verb, is_special);
      ASSERT_EQ(dialogue.facts().progress != Progress::none, history.has('m'));
      ASSERT_EQ(dialogue.facts().progress == Progress::chunks, history.has('c'));
      ASSERT_EQ(dialogue.facts().is_binary, history.has('b'));
    }
  }
  EXPECT_GT(allowed, 300'000U);
}

}  // namespace
}  // namespace peregrine::smtp
