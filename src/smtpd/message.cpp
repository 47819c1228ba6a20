// DATA: the message is read to its end, looked at once, handed to core and answered.

#include <algorithm>

#include "api/client.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "mime/search_text.h"
#include "mime/structure.h"
#include "proto/smtp/data_refusal.h"
#include "proto/smtp/replies.h"
#include "role/content.h"
#include "role/receive_rate.h"
#include "smtpd/session.h"
#include "smtpd/verdict.h"

namespace peregrine::smtpd {
namespace {

constexpr std::chrono::seconds k_delivery_time{60};
// RFC 5321 section 6.3: a threshold of 100 Received fields at least.
constexpr std::size_t k_most_received = 100;
// RFC 3463 section 3.5: X.4.6, routing loop detected.
constexpr smtp::FixedReply k_reply_loop{554, {5, 4, 6}, "Message has passed too many servers"};

std::string sender_text(const smtp::MailFrom& mail) {
  return mail.sender ? mail.sender->to_string() : std::string();
}

}  // namespace

net::Task<Session::Next> Session::data() {
  // The transaction leaves the dialogue: however it ends, nothing of it is left (V14).
  Transaction transaction = dialogue_.take_transaction();
  std::uint64_t trace = crypto::random_u64();
  auto fields = trace_of(transaction, trace);
  if (!fields) co_return refuse_message(transaction, trace, smtp::k_reply_local_error, "no trace");
  Bytes message = std::move(*fields);
  std::size_t trace_size = message.size();

  reply(smtp::k_reply_start_data);
  smtp::DataReader reader({.max_size = worker_.settings().limits.message_size});
  role::HeldMessage held = worker_.hold_message(connection_);
  Next received = co_await receive(reader, message, held);
  if (received != Next::go_on) co_return received;

  if (auto refused = smtp::refusal(reader.faults())) {
    Next next = refuse_message(transaction, trace, *refused, refused->text);
    if (!reader.faults().bare_control) co_return next;
    // Who forged the end of one message may have forged the next (V12).
    co_return close_on_offence("bare control in a message");
  }
  // RFC 5321 section 4.2.3: 452, insufficient system storage, which a client tries again.
  if (held.is_refused()) {
    co_return refuse_message(transaction, trace, smtp::k_reply_no_storage, "no room in memory");
  }
  Next next = co_await deliver(std::move(transaction), trace, std::move(message), trace_size);
  if (next == Next::go_on && framer_.has_buffered() && !offered_.pipelining) {
    next = refuse_for_good(smtp::k_reply_early_talk, "pipelining out of turn");
  }
  co_return next;
}

/// Reads the message to its end, behind what `message` holds already. One for which there is no
/// room is dropped as it comes, since the client listens only behind its end.
net::Task<Session::Next> Session::receive(smtp::DataReader& reader, Bytes& message,
                                          role::HeldMessage& held) {
  role::ReceiveRate rate(worker_.settings().limits.data_rate, Monotonic::now());
  while (!reader.done()) {
    const config::LimitSettings& limits = worker_.settings().limits;
    Deadline deadline = std::min(deadline_in(limits.smtp_idle), rate.deadline());
    role::Client::Input input = co_await client_.receive(deadline);
    if (input != role::Client::Input::data) {
      log_event(LogLevel::info, "smtp.message_cut",
                {{"conn", log_id()},
                 {"size", reader.size()},
                 {"late", input == role::Client::Input::timed_out}});
      co_return say_goodbye(input);
    }
    BytesView chunk = client_.received();
    std::size_t used = reader.feed(chunk, message);
    rate.take(used, Monotonic::now());
    if (!held.grow_to(message.size())) Bytes().swap(message);
    // Commands sent behind the message in one go.
    if (used < chunk.size()) framer_.feed(chunk.substr(used));
  }
  co_return Next::go_on;
}

net::Task<Session::Next> Session::deliver(Transaction transaction, std::uint64_t trace,
                                          Bytes message, std::size_t trace_size) {
  MessageSummary summary = mime::read_message(message);
  std::uint64_t size = summary.size;
  if (summary.header_size - std::min<std::uint64_t>(trace_size, summary.header_size) >
      worker_.settings().limits.header_size) {
    co_return refuse_message(transaction, trace, smtp::k_reply_too_big, "header too big");
  }
  BytesView header = BytesView(message).substr(0, summary.header_size);
  if (count_received(header) > k_most_received) {
    co_return refuse_message(transaction, trace, k_reply_loop, "loop");
  }
  mime::SearchText words = mime::search_text(message, summary);
  auto packed = role::pack_content({.summary = encode_summary(summary),
                                    .search_headers = std::move(words.headers),
                                    .search_body = std::move(words.body),
                                    .raw = std::move(message)});
  if (!packed) {
    std::string why = sys::describe(packed.error());
    co_return refuse_message(transaction, trace, smtp::k_reply_local_error, why);
  }
  api::DeliverRequest request;
  request.set_connection(connection_.facts.id.value);
  request.set_trace(trace);
  request.set_mail_from(sender_text(transaction.mail));
  for (const std::string& recipient : transaction.recipients) request.add_recipients(recipient);
  *request.mutable_content() = std::move(packed->content);
  auto answer = co_await api::deliver(worker_.core(), request, deadline_in(k_delivery_time),
                                      std::move(packed->memory_file));
  if (!answer) {
    const smtp::FixedReply& failed = reply_to(answer.error());
    co_return refuse_message(transaction, trace, failed, "core gave no answer");
  }
  co_return answer_message(transaction, trace, size, *answer);
}

std::optional<std::string> Session::trace_of(const Transaction& transaction,
                                             std::uint64_t trace) const {
  std::string from = sender_text(transaction.mail);
  // RFC 5321 section 7.2: with several recipients none is named, so that blind copies stay blind.
  bool is_single = transaction.recipients.size() == 1;
  Transport transport{.lmtp = is_lmtp(),
                      .extended = dialogue_.facts().greeting == smtp::Greeting::ehlo,
                      .utf8 = transaction.mail.smtp_utf8 == AllowUtf8::yes,
                      .tls = connection_.facts.tls.has_value()};
  return trace_fields(
      {.mail_from = from,
       .helo = helo_,
       .hostname = worker_.settings().server.hostname,
       .recipient = is_single ? BytesView(transaction.recipients.front()) : BytesView(),
       .transport = transport,
       .trace = trace,
       .time = wall_now()},
      connection_.facts);
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
  if (++errors_ < worker_.settings().limits.errors_per_session) return Next::go_on;
  return refuse_for_good(smtp::k_reply_too_many_errors, "too many errors");
}

Session::Next Session::answer_message(const Transaction& transaction, std::uint64_t trace,
                                      std::uint64_t size, const api::DeliverResponse& response) {
  std::size_t count = transaction.recipients.size();
  auto outcome_of = [&](std::size_t i) {
    bool is_there = i < static_cast<std::size_t>(response.outcomes_size());
    return is_there ? response.outcomes(static_cast<int>(i)) : api::DELIVER_FAILED;
  };
  std::size_t delivered = 0;
  std::optional<api::DeliverOutcome> failure;
  for (std::size_t i = 0; i < count; ++i) {
    if (outcome_of(i) == api::DELIVER_OK) {
      ++delivered;
    } else if (!failure) {
      failure = outcome_of(i);
    }
  }
  if (delivered == 0) {
    const smtp::FixedReply& failed = reply_to(failure.value_or(api::DELIVER_FAILED));
    // With LMTP each recipient has its own reason, and the answer below.
    if (!is_lmtp()) return refuse_message(transaction, trace, failed, failed.text);
  }
  if (delivered > 0) ++messages_;
  log_event(delivered == count ? LogLevel::info : LogLevel::warning,
            delivered == 0 ? "smtp.refused" : "smtp.accepted",
            {{"conn", log_id()},
             {"msg", HexId{trace}},
             {"from", sender_text(transaction.mail)},
             {"size", size},
             {"recipients", delivered},
             {"failed", count - delivered}});
  smtp::Reply accepted(250, {2, 6, 0}, "Message accepted as <" + trace_text(trace) + ">");
  if (!is_lmtp()) {
    // SMTP has one reply for all. When some recipients have the message and others turned out to be
    // gone or full since their RCPT, an error would make the client send it to all again and those
    // who have it get it twice; the log above says who has not, at warning.
    reply(accepted);
    return Next::go_on;
  }
  // RFC 2033 section 4.2: one reply for each RCPT that succeeded, in their order.
  for (std::size_t i = 0; i < count; ++i) {
    bool is_ok = outcome_of(i) == api::DELIVER_OK;
    reply(is_ok ? accepted : smtp::Reply(reply_to(outcome_of(i))));
  }
  return Next::go_on;
}

}  // namespace peregrine::smtpd
