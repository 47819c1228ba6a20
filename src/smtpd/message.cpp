// DATA, and what becomes of a message however it came: it is looked at once, handed to core and
// answered.

#include <algorithm>

#include "api/client.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "mime/structure.h"
#include "proto/smtp/data_refusal.h"
#include "proto/smtp/replies.h"
#include "role/receive_rate.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"
#include "smtpd/verdict.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_delivery_time{60};
// RFC 5321 section 6.3: a threshold of 100 Received fields at least.
constexpr std::size_t k_most_received = 100;
// RFC 3463 section 3.5: X.4.6, routing loop detected.
constexpr smtp::FixedReply k_reply_loop{554, {5, 4, 6}, "Message has passed too many servers"};
constexpr smtp::FixedReply k_reply_forwarded_before{
    554, {5, 4, 6}, "Message was forwarded for this recipient before"};

}  // namespace

net::Task<Session::Next> Session::data() {
  // The transaction leaves the dialogue: however it ends, nothing of it is left (V14).
  Transaction transaction = dialogue_.take_transaction();
  auto incoming = begin_message(transaction);
  if (!incoming) co_return refuse_message(transaction, 0, smtp::k_reply_local_error, "no trace");

  reply(smtp::k_reply_start_data);
  smtp::DataReader reader({.max_size = worker_.settings().limits.message_size});
  Next received = co_await receive(reader, *incoming);
  if (received != Next::go_on) co_return received;

  if (auto refused = smtp::refusal(reader.faults())) {
    Next next = refuse_message(transaction, incoming->trace, *refused, refused->text);
    if (!reader.faults().bare_control) co_return next;
    // Who forged the end of one message may have forged the next (V12).
    co_return close_on_offence("bare control in a message");
  }
  // RFC 5321 section 4.2.3: 452, insufficient system storage, which a client tries again.
  if (incoming->held.is_refused()) {
    co_return refuse_message(transaction, incoming->trace, smtp::k_reply_no_storage,
                             "no room in memory");
  }
  Next next = co_await deliver(std::move(transaction), std::move(*incoming));
  if (next == Next::go_on && framer_.has_buffered() && !offered_.pipelining) {
    next = refuse_for_good(smtp::k_reply_early_talk, "pipelining out of turn");
  }
  co_return next;
}

/// Reads the message to its end, behind what `incoming` holds already. One for which there is no
/// room is dropped as it comes, since the client listens only behind its end.
net::Task<Session::Next> Session::receive(smtp::DataReader& reader, Incoming& incoming) {
  role::ReceiveRate rate(worker_.settings().limits.data_rate, Monotonic::now());
  while (!reader.done()) {
    const config::LimitSettings& limits = worker_.settings().limits;
    Deadline deadline = std::min(deadline_in(limits.smtp_idle), rate.deadline());
    role::Client::Input input = co_await receive_input(deadline);
    if (input != role::Client::Input::data) co_return cut_off(input, reader.size());
    BytesView chunk = client_.received();
    std::size_t used = reader.feed(chunk, incoming.message);
    rate.take(used, Monotonic::now());
    if (!incoming.held.grow_to(incoming.message.size())) Bytes().swap(incoming.message);
    // Commands sent behind the message in one go.
    if (used < chunk.size()) framer_.feed(chunk.substr(used));
  }
  co_return Next::go_on;
}

Session::Next Session::cut_off(role::Client::Input why, std::uint64_t size) {
  log_event(LogLevel::info, "smtp.message_cut",
            {{"conn", log_id()}, {"size", size}, {"late", why == role::Client::Input::timed_out}});
  return say_goodbye(why);
}

/// The reply that refuses the message for its header.
std::optional<smtp::FixedReply> Session::look_at(const Transaction& transaction,
                                                 const Incoming& incoming,
                                                 const MessageSummary& summary) {
  std::uint64_t trace_size = std::min<std::uint64_t>(incoming.trace_size, summary.header_size);
  if (summary.header_size - trace_size > worker_.settings().limits.header_size) {
    return smtp::k_reply_too_big;
  }
  BytesView header = BytesView(incoming.message).substr(0, summary.header_size);
  PassageView passage = read_passage(header.substr(trace_size));
  if (passage.received >= k_most_received) return k_reply_loop;
  // What an alias sends elsewhere may come back by an alias there.
  for (const AcceptedRecipient& recipient : transaction.recipients) {
    if (recipient.leaves && passage.was_delivered_to(recipient.address)) {
      return k_reply_forwarded_before;
    }
  }
  return std::nullopt;
}

net::Task<Session::Next> Session::deliver(Transaction transaction, Incoming incoming) {
  std::uint64_t trace = incoming.trace;
  if (is_submission()) {
    if (auto refused = complete(incoming)) {
      co_return refuse_message(transaction, trace, *refused, refused->text);
    }
  }
  std::size_t forged = rename_foreign_checks(incoming.message, incoming.trace_size);
  if (forged > 0) {
    log_event(LogLevel::info, "mx.foreign_checks_renamed",
              {{"conn", log_id()}, {"msg", HexId{trace}}, {"count", forged}});
  }
  MessageSummary summary = mime::read_message(incoming.message);
  if (auto refused = look_at(transaction, incoming, summary)) {
    co_return refuse_message(transaction, trace, *refused, refused->text);
  }
  if (is_submission()) {
    Next next = co_await submit(std::move(transaction), std::move(incoming), std::move(summary));
    co_return next;
  }
  std::uint64_t size = summary.size;
  api::DeliverRequest request;
  // Who is known here does not invent its senders.
  request.set_sender_verified(is_trusted_);
  auto memory_file = fill_request(request, transaction, incoming, summary);
  if (!memory_file) {
    std::string why = sys::describe(memory_file.error());
    co_return refuse_message(transaction, trace, smtp::k_reply_local_error, why);
  }
  auto answer = co_await api::deliver(worker_.core(), request, deadline_in(k_delivery_time),
                                      std::move(*memory_file));
  if (!answer) {
    const smtp::FixedReply& failed = reply_to(answer.error());
    co_return refuse_message(transaction, trace, failed, "core gave no answer");
  }
  if (!is_trusted_) {
    api::ChargeRequest used;
    used.set_recipients(static_cast<std::uint32_t>(transaction.recipients.size()));
    used.set_bytes(size);
    static_cast<void>(co_await charge(std::move(used)));
  }
  co_return answer_message(transaction, trace, size, *answer);
}

/// A new id, and the trace fields.
std::optional<Incoming> Session::begin_message(const Transaction& transaction) {
  std::uint64_t trace = crypto::random_u64();
  std::string from = sender_text(transaction.mail);
  // RFC 5321 section 7.2: with several recipients none is named, so that blind copies stay blind.
  bool is_single = transaction.recipients.size() == 1;
  Transport transport{.lmtp = is_lmtp(),
                      .extended = dialogue_.facts().greeting == smtp::Greeting::ehlo,
                      .utf8 = transaction.mail.smtp_utf8 == AllowUtf8::yes,
                      .tls = connection_.facts.tls.has_value(),
                      .authenticated = is_submission()};
  bool says_client = !is_submission() || worker_.settings().submission.show_client;
  auto fields = trace_fields(
      {.mail_from = from,
       .helo = says_client ? BytesView(helo_) : BytesView(),
       .peer_name = check_.confirmed_name(),
       .hostname = worker_.settings().server.hostname,
       .recipient = is_single ? BytesView(transaction.recipients.front().address) : BytesView(),
       .leaves = is_single && transaction.recipients.front().leaves,
       .transport = transport,
       .trace = trace,
       .time = wall_now()},
      connection_.facts);
  if (!fields) return std::nullopt;
  if (auto checks = check_.score().field(worker_.settings())) fields->append(*checks);
  std::size_t size = fields->size();
  return Incoming{.trace = trace,
                  .trace_size = size,
                  .message = std::move(*fields),
                  .held = worker_.hold_message(connection_)};
}

/// The same reply for all of the message's recipients.
Session::Next Session::refuse_message(const Transaction& transaction, std::uint64_t trace,
                                      const smtp::FixedReply& refused, std::string_view reason) {
  log_event(LogLevel::info, "smtp.refused",
            {{"conn", log_id()},
             {"msg", HexId{trace}},
             {"from", sender_text(transaction.mail)},
             {"recipients", transaction.recipients.size()},
             {"code", refused.code},
             {"reason", reason}});
  // RFC 2033 section 4.2: one reply for each recipient that was accepted, also when all fail.
  std::size_t replies = is_lmtp() ? transaction.recipients.size() : 1;
  for (std::size_t i = 0; i < replies; ++i) reply(refused);
  if (refused.code < 500) return Next::go_on;
  return count_error();
}

}  // namespace peregrine::smtpd
