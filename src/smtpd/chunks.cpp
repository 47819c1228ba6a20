// BDAT: the message in chunks (RFC 3030). The octets behind a BDAT command are read whatever
// becomes of it, since only its size says where the next command is.

#include <algorithm>

#include "base/log.h"
#include "proto/smtp/data_refusal.h"
#include "proto/smtp/grammar.h"
#include "proto/smtp/replies.h"
#include "role/receive_rate.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {
namespace {

// V45: a message in single octets costs more to read than it is worth.
constexpr std::uint32_t k_chunks_of_any_size = 100;
constexpr std::uint64_t k_least_average = kib(1);
// A client may have pipelined the chunks of a message that failed, and is told so for each.
constexpr std::uint32_t k_most_refused_chunks = 1000;
// A chunk so many times larger than any message is not waited for.
constexpr std::uint64_t k_most_swallowed = 4;

std::optional<smtp::FixedReply> refusal_of(const Chunks& chunks) {
  smtp::DataFaults faults = chunks.reader.faults();
  if (!faults.any() && chunks.incoming.held.is_refused()) return smtp::k_reply_no_storage;

  // The end is where the client said: nothing is forged by a bare LF, so the session goes on. The
  // message must not: it could be split where it is sent on by DATA (V12).
  if (faults.bare_control) return smtp::k_reply_chunk_not_lines;
  return smtp::refusal(faults);
}

}  // namespace

net::Task<Session::Next> Session::bdat() {
  auto command = smtp::parse_command(framer_.line(), {.offered = offered_});
  const smtp::Bdat* found = command ? std::get_if<smtp::Bdat>(&*command) : nullptr;
  if (found == nullptr) {
    // Nobody knows where the next command begins.
    co_return refuse_for_good(smtp::k_reply_bad_arguments, "BDAT without a size");
  }
  smtp::Bdat size = *found;
  auto refused = dialogue_.refusal(smtp::Verb::bdat, offered_);
  Next next = Next::go_on;
  if (refused) {
    next = co_await swallow_chunk(size, *refused);
  } else {
    next = co_await chunk(size);
  }
  if (next == Next::go_on && framer_.has_buffered() && !offered_.pipelining) {
    next = refuse_for_good(smtp::k_reply_early_talk, "pipelining out of turn");
  }
  co_return next;
}

net::Task<Session::Next> Session::chunk(smtp::Bdat bdat) {
  if (dialogue_.chunks() == nullptr) {
    const Transaction& transaction = *dialogue_.transaction();
    auto begun = begin_message(transaction);
    if (!begun) {
      dialogue_.reset();
      Next next = co_await swallow_chunk(bdat, smtp::k_reply_local_error);
      co_return next;
    }
    smtp::ChunkLimits limits{.data = {.max_size = worker_.settings().limits.message_size},
                             .is_binary = dialogue_.facts().is_binary};
    dialogue_.begin_chunks({std::move(*begun), smtp::ChunkReader(limits)});
  }
  Next next = co_await read_octets(bdat.size);
  if (next != Next::go_on) co_return next;
  Chunks& chunks = *dialogue_.chunks();
  ++chunks.count;
  if (chunks.count > k_chunks_of_any_size &&
      chunks.reader.size() / chunks.count < k_least_average) {
    co_return refuse_for_good(smtp::k_reply_small_chunks, "small chunks");
  }
  if (bdat.is_last) {
    next = co_await finish_chunks();
    co_return next;
  }
  if (auto refused = refusal_of(chunks)) {
    // RFC 3030 section 2: the transaction has failed, and further chunks of it are swallowed.
    Incoming lost = std::move(chunks.incoming);
    Transaction transaction = dialogue_.take_transaction();
    log_event(LogLevel::info, "smtp.refused",
              {{"conn", log_id()},
               {"msg", HexId{lost.trace}},
               {"recipients", transaction.recipients.size()},
               {"code", refused->code},
               {"reason", refused->text}});
    co_return refuse(*refused);
  }
  reply(smtp::k_reply_chunk_ok);
  co_return Next::go_on;
}

net::Task<Session::Next> Session::finish_chunks() {
  // The transaction leaves the dialogue: however it ends, nothing of it is left (V14).
  Transaction transaction = dialogue_.take_transaction();
  Chunks chunks = std::move(*transaction.content);
  transaction.content.reset();
  chunks.reader.finish(chunks.incoming.message);
  if (auto refused = refusal_of(chunks)) {
    co_return refuse_message(transaction, chunks.incoming.trace, *refused, refused->text);
  }
  Next next = co_await deliver(std::move(transaction), std::move(chunks.incoming));
  co_return next;
}

net::Task<Session::Next> Session::swallow_chunk(smtp::Bdat bdat, smtp::FixedReply refused) {
  Next next = co_await read_octets(bdat.size);
  if (next != Next::go_on) co_return next;
  reply(refused);
  if (++refused_chunks_ < k_most_refused_chunks) co_return Next::go_on;
  co_return refuse_for_good(smtp::k_reply_too_many_errors, "too many refused chunks");
}

net::Task<Session::Next> Session::read_octets(std::uint64_t size) {
  const config::LimitSettings& limits = worker_.settings().limits;
  if (size / k_most_swallowed > limits.message_size) {
    co_return refuse_for_good(smtp::k_reply_too_big, "chunk too big");
  }
  auto take = [this](BytesView octets) {
    Chunks* chunks = dialogue_.chunks();
    if (chunks == nullptr) return;
    Incoming& incoming = chunks->incoming;
    chunks->reader.feed(octets, incoming.message);
    if (!incoming.held.grow_to(incoming.message.size())) Bytes().swap(incoming.message);
  };
  auto clip = [](BytesView from, std::uint64_t most) {
    return from.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), most)));
  };
  role::ReceiveRate rate(limits.data_rate, Monotonic::now());
  BytesView first = clip(framer_.buffered(), size);
  std::uint64_t received = first.size();
  take(first);
  framer_.consume(first.size());
  while (received < size) {
    Deadline deadline = std::min(deadline_in(limits.smtp_idle), rate.deadline());
    role::Client::Input input = co_await receive_input(deadline);
    if (input != role::Client::Input::data) co_return cut_off(input, received);
    BytesView got = client_.received();
    BytesView octets = clip(got, size - received);
    take(octets);
    received += octets.size();
    rate.take(octets.size(), Monotonic::now());
    // Commands sent behind the chunk in one go.
    if (octets.size() < got.size()) framer_.feed(got.substr(octets.size()));
  }
  co_return Next::go_on;
}

}  // namespace peregrine::smtpd
