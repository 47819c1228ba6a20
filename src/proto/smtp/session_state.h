#pragma once
// The order of commands: RFC 5321 section 4.1.4, RFC 3207, RFC 4954 and RFC 2033 as one table.
// refusal() judges and changes nothing. Dialogue holds the state, in which a transaction is an
// object: its progress is read from it and stored nowhere else, and whatever ends it destroys it
// (V14). After STARTTLS a new Dialogue begins.

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "proto/smtp/command.h"
#include "proto/smtp/extensions.h"
#include "proto/smtp/reply.h"

namespace peregrine::smtp {

enum class Greeting : std::uint8_t { none, helo, ehlo };                  ///< LHLO counts as ehlo
enum class Progress : std::uint8_t { none, sender, recipients, chunks };  ///< chunks: after BDAT
enum class Channel : std::uint8_t { clear, tls };

/// Of the service, for the whole connection.
struct SessionRules {
  bool lmtp = false;
  bool auth_required = false;   ///< submission
  bool tls_required = false;    ///< submission in clear; never on port 25 (RFC 3207 section 4)
  bool auth_after_tls = false;  ///< AUTH exists here, within TLS only
};

struct SessionFacts {
  Greeting greeting = Greeting::none;
  Progress progress = Progress::none;
  Channel channel = Channel::clear;
  bool authenticated = false;
  bool is_binary = false;  ///< MAIL said BODY=BINARYMIME
};

/// The reply that refuses `verb` now, or nothing when its turn has come. An unknown verb is
/// refused.
std::optional<FixedReply> refusal(Verb verb, const SessionFacts& facts, const SessionRules& rules,
                                  const Extensions& offered);

/// RFC 2920 section 3.1: whether a client has to wait for the answer before it sends more. Bytes
/// buffered behind such a command, or behind any command when PIPELINING was not offered, are
/// illegal pipelining.
bool must_end_group(Verb verb);

/// The session's own types. Recipient: what it learned about each accepted RCPT. Content: what it
/// has of the message between BDAT commands.
template <class Recipient, class Content = std::monostate>
struct Transaction {
  MailFrom mail;
  std::vector<Recipient> recipients;
  std::optional<Content> content;
};

template <class Recipient, class Content = std::monostate>
class Dialogue {
 public:
  using Transaction = smtp::Transaction<Recipient, Content>;

  explicit Dialogue(SessionRules rules, Channel channel = Channel::clear) : rules_(rules) {
    facts_.channel = channel;
  }

  [[nodiscard]] std::optional<FixedReply> refusal(Verb verb, const Extensions& offered) const {
    return smtp::refusal(verb, facts(), rules_, offered);
  }
  [[nodiscard]] SessionFacts facts() const {
    SessionFacts facts = facts_;
    if (transaction_) {
      facts.progress = transaction_->content.has_value()  ? Progress::chunks
                       : transaction_->recipients.empty() ? Progress::sender
                                                          : Progress::recipients;
      facts.is_binary = transaction_->mail.body == BodyType::binary_mime;
    }
    return facts;
  }

  /// RFC 5321 section 4.1.4: HELO, EHLO and LHLO reset as RSET does.
  void greet(Verb verb) {
    transaction_.reset();
    facts_.greeting = verb == Verb::helo ? Greeting::helo : Greeting::ehlo;
  }
  void authenticated() { facts_.authenticated = true; }

  /// Call begin() and add() only after refusal() had nothing to say.
  void begin(MailFrom mail) { transaction_.emplace(Transaction{std::move(mail), {}, {}}); }
  void add(Recipient recipient) { transaction_->recipients.push_back(std::move(recipient)); }
  /// The first BDAT; returns where the chunks gather, which is the transaction's.
  Content& begin_chunks(Content content) {
    return transaction_->content.emplace(std::move(content));
  }
  /// Null but between the first BDAT and the last.
  [[nodiscard]] Content* chunks() {
    return transaction_ && transaction_->content ? &*transaction_->content : nullptr;
  }
  /// Null outside a transaction.
  [[nodiscard]] const Transaction* transaction() const {
    return transaction_ ? &*transaction_ : nullptr;
  }
  /// RSET.
  void reset() { transaction_.reset(); }
  /// DATA and BDAT LAST: the transaction leaves the dialogue, so that no outcome of it can leave
  /// anything behind.
  [[nodiscard]] Transaction take_transaction() {
    Transaction taken = std::move(*transaction_);
    transaction_.reset();
    return taken;
  }

 private:
  SessionRules rules_;
  SessionFacts facts_;
  std::optional<Transaction> transaction_;
};

}  // namespace peregrine::smtp
