#pragma once
// Transaction: one message to its recipients over an open session: MAIL, RCPT, DATA or BDAT, in as
// many rounds as the server's limit on recipients makes. Each recipient ends with a result of its
// own, or untouched: then nothing that the server may have accepted was sent, and another host can
// be tried.

#include <optional>
#include <vector>

#include "api/queue.pb.h"
#include "courier/content_source.h"
#include "courier/session.h"

namespace peregrine::courier {

struct Delivered {
  std::uint16_t code = 0;
  std::string status;
  std::string text;
  bool honours_dsn = false;  ///< RFC 3461: the next notification is the server's to make
};

/// What is known of one recipient of the message.
struct RecipientState {
  std::optional<Delivered> delivered;
  std::optional<Failure> failure;

  [[nodiscard]] bool is_settled() const { return delivered || failure; }
};

/// Memory for messages that are converted, of all connections together.
struct ConversionRoom {
  std::uint64_t bytes = mib(96);
};

/// What surrounds a transaction.
struct TransactionContext {
  ConversionRoom& room;
  /// What this host cannot take is refused for good; else another host may take it, and the
  /// recipients are left untouched.
  bool is_last_host = true;
  /// Ends before the message's last byte is sent; false: it must not be.
  std::function<net::Task<bool>()> before_end;
};

class Transaction {
 public:
  /// All must outlive it. `states` has one for each of the message's recipients; settled ones are
  /// left alone.
  Transaction(Session& session, ContentSource& source, const api::LeasedMessage& message,
              std::vector<RecipientState>& states, TransactionContext context)
      : session_(session),
        source_(source),
        message_(message),
        states_(states),
        context_(std::move(context)) {}
  ~Transaction() { context_.room.bytes += taken_; }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Ends with every recipient settled, or with the session over and the reason why.
  net::Task<std::optional<Failure>> run();

 private:
  using Places = std::vector<std::size_t>;  // of recipients, in states_

  [[nodiscard]] Places unsettled() const;
  [[nodiscard]] bool may_require_tls() const;
  [[nodiscard]] std::optional<Failure> unmet_demand() const;
  net::Task<std::optional<Failure>> unmet_utf8();
  net::Task<std::optional<Failure>> narrow();
  net::Task<std::expected<Bytes, Failure>> read(std::uint64_t length);
  [[nodiscard]] std::unique_ptr<ContentReader> open_content();
  [[nodiscard]] std::uint64_t content_size() const;
  [[nodiscard]] std::optional<Failure> too_large() const;
  [[nodiscard]] std::optional<Bytes> write_mail() const;
  [[nodiscard]] std::optional<Bytes> write_rcpt(std::size_t place) const;
  net::Task<std::optional<Failure>> run_round(Places places);
  net::Task<std::optional<Failure>> announce(std::vector<Bytes> commands, Places& places);
  void judge_rcpt(const smtp::ServerReply& reply, std::size_t place, Places& accepted);
  net::Task<std::optional<Failure>> send_content(Places accepted);
  net::Task<std::optional<Failure>> stream_data(const Places& accepted);
  net::Task<std::optional<Failure>> stream_chunk(const Places& accepted);
  void refuse(const Places& places, const Failure& failure);
  net::Task<std::optional<Failure>> hold_end(const Places& accepted);
  net::Task<std::optional<Failure>> send_block(const Bytes& block, const Places& accepted);
  net::Task<std::optional<Failure>> finish(const Places& accepted);
  net::Task<std::optional<Failure>> reset();
  std::optional<Failure> cut(const Places& places, const Failure& failure);
  void fail(const Places& places, const Failure& failure);

  Session& session_;
  ContentSource& source_;
  const api::LeasedMessage& message_;
  std::vector<RecipientState>& states_;
  TransactionContext context_;
  bool utf8_ = false;
  std::uint64_t taken_ = 0;         ///< of the room
  std::optional<Bytes> converted_;  ///< what is sent in the message's place
};

}  // namespace peregrine::courier
