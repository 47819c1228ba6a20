#include "courier/transaction.h"

#include <algorithm>

#include "mime/seven_bit.h"
#include "proto/smtp/client_commands.h"
#include "proto/smtp/data_writer.h"
#include "text/utf8.h"

namespace peregrine::courier {
namespace {

// RFC 5321 section 4.5.3.1.8: every server takes 100 at least.
constexpr std::uint64_t k_most_recipients = 100;
// What a server that no longer reads may still have said.
constexpr std::chrono::seconds k_last_words{2};

// A message that is converted is in memory, and so is the result, which base64 makes larger.
constexpr std::uint64_t k_most_converted = mib(10);
constexpr std::uint64_t k_memory_a_byte = 3;

class MemoryReaderView : public ContentReader {
 public:
  explicit MemoryReaderView(BytesView content) : rest_(content) {}

  net::Task<std::expected<std::optional<Bytes>, Failure>> next() override {
    if (rest_.empty()) co_return std::optional<Bytes>();
    Bytes piece(rest_.substr(0, kib(64)));
    rest_.remove_prefix(piece.size());
    co_return std::optional<Bytes>(std::move(piece));
  }

 private:
  BytesView rest_;  // of a Transaction, which outlives its readers
};

constexpr std::string_view k_gone = "the connection ended";

}  // namespace

Transaction::Places Transaction::unsettled() const {
  Places out;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!states_[i].is_settled()) out.push_back(i);
  }
  return out;
}

void Transaction::fail(const Places& places, const Failure& failure) {
  for (std::size_t place : places) states_[place].failure = failure;
}

/// The host cannot take the message; RFC 8689 section 4.2.1, and for SIZE and the like alike: the
/// next one may.
void Transaction::refuse(const Places& places, const Failure& failure) {
  if (context_.is_last_host) fail(places, failure);
}

/// The message must not be finished: the connection goes, and these recipients are settled.
std::optional<Failure> Transaction::cut(const Places& places, const Failure& failure) {
  session_.abandon();
  fail(places, failure);
  return temporary("4.4.2", std::string(k_gone));
}

bool Transaction::may_require_tls() const {
  return session_.offers().require_tls && session_.is_verified();
}

std::uint64_t Transaction::content_size() const {
  return converted_ ? converted_->size() : message_.size();
}

std::optional<Failure> Transaction::too_large() const {
  std::uint64_t most = session_.offers().max_size;
  if (most == 0 || content_size() <= most) return std::nullopt;
  // RFC 1870 section 6.1: not even sent.
  return permanent("5.3.4", "the message is larger than the " + std::to_string(most) +
                                " bytes that the server takes");
}

std::unique_ptr<ContentReader> Transaction::open_content() {
  if (converted_) return std::make_unique<MemoryReaderView>(*converted_);
  return source_.open(message_.message(), 0);
}

/// The message's first `length` bytes in memory, for which there is room for as long as this lives.
net::Task<std::expected<Bytes, Failure>> Transaction::read(std::uint64_t length) {
  std::uint64_t needed = k_memory_a_byte * length;
  if (needed > context_.room.bytes + taken_) {
    // RFC 3463 section 3.4: X.3.1, mail system full: ours, for the moment.
    co_return std::unexpected(
        temporary("4.3.1", "too many messages are being converted to 7 bits"));
  }
  context_.room.bytes += taken_ - needed;
  taken_ = needed;
  auto content = source_.open(message_.message(), length);
  Bytes raw;
  while (true) {
    auto piece = co_await content->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (!*piece) co_return raw;
    if (raw.size() + (*piece)->size() > length) {
      co_return std::unexpected(not_tried("core gives too much"));
    }
    raw += **piece;
  }
}

/// RFC 6152 section 3: a message that the server does not take as it is, is converted or returned.
net::Task<std::optional<Failure>> Transaction::narrow() {
  const smtp::ServerOffers& offers = session_.offers();
  const api::Envelope& envelope = message_.envelope();
  bool is_taken = envelope.binary() ? offers.binary_mime && offers.chunking
                                    : !envelope.eight_bit() || offers.eight_bit_mime;
  if (is_taken) co_return std::nullopt;
  if (message_.size() > k_most_converted) {
    co_return permanent("5.6.3",
                        "the server takes no 8-bit text, and the message is too large to "
                        "be converted");
  }
  auto raw = co_await read(message_.size());
  if (!raw) co_return raw.error();
  auto converted = mime::to_seven_bit(*raw);
  if (!converted) {
    // RFC 3463 section 3.7: X.6.3, conversion required but not supported.
    co_return permanent("5.6.3",
                        "the server takes no 8-bit text, and the message cannot be converted: " +
                            std::string(mime::describe(converted.error())));
  }
  converted_ = std::move(*converted);
  co_return too_large();
}

/// What the message asks for and the server does not offer.
std::optional<Failure> Transaction::unmet_demand() const {
  const smtp::ServerOffers& offers = session_.offers();
  const api::Envelope& envelope = message_.envelope();
  if (auto failure = too_large()) return failure;
  // RFC 8689 section 5: a notification goes without, too, and has a header of the message at most.
  bool needs_tls = envelope.require_tls() && !envelope.mail_from().empty();
  if (needs_tls && !may_require_tls()) {
    // RFC 8689 section 4.2.1 and section 6: X.7.30.
    return permanent("5.7.30", "the sender requires verified TLS all the way (REQUIRETLS)");
  }
  if (envelope.deliver_by() != 0 && envelope.deliver_by_return() && !offers.deliver_by) {
    // RFC 2852 section 4.1.4.2: mode R is not relayed to where it is unknown.
    return permanent("5.3.3", "the server cannot promise a time of delivery (DELIVERBY)");
  }
  return std::nullopt;
}

/// RFC 6531 section 3.2: SMTPUTF8 is needed for an address or a header that is not ASCII, whatever
/// the submitter said of the rest. Recipients that can do without it are not held up by others.
net::Task<std::optional<Failure>> Transaction::unmet_utf8() {
  utf8_ = message_.envelope().smtp_utf8();
  if (!utf8_ || session_.offers().smtp_utf8) co_return std::nullopt;
  utf8_ = false;
  auto refusal = permanent("5.6.7", "the message needs SMTPUTF8, and the server does not offer it");
  if (!text::is_ascii(message_.envelope().mail_from())) co_return refusal;
  Places unreachable;
  for (std::size_t place : unsettled()) {
    const api::LeasedRecipient& each = message_.recipients(static_cast<int>(place));
    if (!text::is_ascii(each.recipient().address())) unreachable.push_back(place);
  }
  refuse(unreachable, refusal);
  // Where another host is left, the message goes there as a whole.
  if (!unreachable.empty() && !context_.is_last_host) co_return refusal;
  // Headers of parts count as that of the message does; in a body of ASCII they are ASCII.
  bool has_wide_body = message_.envelope().eight_bit();
  std::uint64_t length = has_wide_body ? message_.size() : message_.header_size();
  if (unsettled().empty() || length == 0) co_return std::nullopt;
  if (length > k_most_converted) co_return refusal;
  auto raw = co_await read(length);
  if (!raw) co_return raw.error();
  if (has_wide_body ? mime::has_wide_header(*raw) : !text::is_ascii(*raw)) co_return refusal;
  co_return std::nullopt;
}

std::optional<Bytes> Transaction::write_mail() const {
  const smtp::ServerOffers& offers = session_.offers();
  const api::Envelope& envelope = message_.envelope();
  smtp::MailLine line{.sender = envelope.mail_from(), .smtp_utf8 = utf8_};
  if (offers.size && content_size() > 0) line.size = content_size();
  if (!converted_) {
    if (envelope.eight_bit() && offers.eight_bit_mime) line.body = smtp::BodyKind::eight_bit;
    if (envelope.binary()) line.body = smtp::BodyKind::binary;
  }
  line.require_tls = envelope.require_tls() && may_require_tls();
  if (offers.dsn) {
    // RFC 3461 section 5.2.1: passed on as they came.
    line.ret = envelope.dsn_ret();
    line.envid = envelope.dsn_envid();
  }
  if (offers.priority && envelope.priority() != 0) line.priority = envelope.priority();
  if (offers.deliver_by && envelope.deliver_by() != 0) {
    line.deliver_by = envelope.deliver_by() - wall_now().seconds;
    line.deliver_by_return = envelope.deliver_by_return();
  }
  return smtp::mail_line(line);
}

std::optional<Bytes> Transaction::write_rcpt(std::size_t place) const {
  const api::Recipient& recipient = message_.recipients(static_cast<int>(place)).recipient();
  smtp::RcptLine line{.recipient = recipient.address(), .smtp_utf8 = utf8_};
  if (session_.offers().dsn) {
    line.notify = recipient.notify();
    line.orcpt = recipient.orcpt();
  }
  return smtp::rcpt_line(line);
}

net::Task<std::optional<Failure>> Transaction::run() {
  auto unmet = unmet_demand();
  if (!unmet) unmet = co_await unmet_utf8();
  if (!unmet) unmet = co_await narrow();
  if (unmet) {
    // Our own trouble is not the host's.
    if (unmet->gravity == Gravity::permanent) {
      refuse(unsettled(), *unmet);
    } else {
      fail(unsettled(), *unmet);
    }
    co_return std::nullopt;
  }
  std::uint64_t limit = session_.offers().most_recipients;
  if (limit == 0 || limit > k_most_recipients) limit = k_most_recipients;
  while (true) {
    Places places = unsettled();
    if (places.empty()) co_return std::nullopt;
    if (session_.is_spent()) {
      co_return temporary("4.4.2", "the server takes no more messages in this session");
    }
    if (places.size() > limit) places.resize(limit);
    auto ended = co_await run_round(std::move(places));
    if (ended) co_return ended;
  }
}

/// One MAIL with these recipients. Each round settles one of them at least, or ends the session.
net::Task<std::optional<Failure>> Transaction::run_round(Places places) {
  auto mail = write_mail();
  if (!mail) {
    fail(places, permanent("5.1.7", "the sender's address cannot be written in SMTP"));
    co_return std::nullopt;
  }
  std::vector<Bytes> commands{std::move(*mail)};
  Places announced;
  for (std::size_t place : places) {
    auto rcpt = write_rcpt(place);
    if (rcpt) {
      commands.push_back(std::move(*rcpt));
      announced.push_back(place);
    } else {
      fail({place}, permanent("5.1.3", "the address cannot be written in SMTP"));
    }
  }
  if (announced.empty()) co_return std::nullopt;
  session_.count_mail();
  auto ended = co_await announce(std::move(commands), announced);
  if (ended) co_return ended;
  if (announced.empty()) co_return co_await reset();
  co_return co_await send_content(std::move(announced));
}

/// Sends MAIL and the RCPTs; what is left in `places` was accepted.
net::Task<std::optional<Failure>> Transaction::announce(std::vector<Bytes> commands,
                                                        Places& places) {
  std::chrono::milliseconds patience = session_.options().timeouts.command;
  bool pipelining = session_.offers().pipelining;
  Bytes block;
  if (pipelining) {
    // RFC 2920 section 3.1: MAIL and RCPT need no answer before the next one is sent.
    for (const Bytes& command : commands) block += command;
    auto sent = co_await session_.send(block, patience);
    if (!sent) co_return sent.error();
  }
  Places accepted;
  bool has_sender = false;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (!pipelining) {
      auto sent = co_await session_.send(commands[i], patience);
      if (!sent) co_return sent.error();
    }
    auto reply = co_await session_.receive(patience, i == 0 ? "MAIL" : "RCPT");
    if (!reply) co_return reply.error();
    if (session_.is_over()) co_return temporary_of(*reply);
    if (i == 0) {
      has_sender = reply->is_ok();
      if (!has_sender) fail(places, failure_of(*reply));
      // Without pipelining nothing else is on its way.
      if (!has_sender && !pipelining) break;
    } else if (has_sender) {
      judge_rcpt(*reply, places[i - 1], accepted);
    }
  }
  places = std::move(accepted);
  co_return std::nullopt;
}

void Transaction::judge_rcpt(const smtp::ServerReply& reply, std::size_t place, Places& accepted) {
  if (reply.is_ok()) {
    accepted.push_back(place);
    return;
  }
  // RFC 5321 section 4.5.3.1.10: with 452, or 552, these are too many for one go; the rest comes in
  // the next.
  bool is_full = reply.code == 452 || reply.code == 552;
  if (is_full && !accepted.empty()) return;
  Failure failure = failure_of(reply);
  if (is_full) failure = temporary_of(reply);
  fail({place}, failure);
}

net::Task<std::optional<Failure>> Transaction::send_content(Places accepted) {
  // RFC 3030 section 2: a chunk needs no transparency, and no line end in it can end it early.
  if (session_.offers().chunking) co_return co_await stream_chunk(accepted);
  std::chrono::milliseconds patience = session_.options().timeouts.data_start;
  auto sent = co_await session_.send(smtp::k_data_line, patience);
  if (!sent) co_return sent.error();
  auto reply = co_await session_.receive(patience, "DATA");
  if (!reply) co_return reply.error();
  if (session_.is_over()) co_return temporary_of(*reply);
  if (reply->code == 354) co_return co_await stream_data(accepted);
  fail(accepted, failure_of(*reply));
  // RFC 5321 section 3.3: whatever else begins with 3 or 2 leaves open what the server expects.
  if (!reply->is_permanent() && !reply->is_temporary()) {
    co_return cut({}, failure_of(*reply));
  }
  co_return co_await reset();
}

net::Task<std::optional<Failure>> Transaction::stream_data(const Places& accepted) {
  auto content = open_content();
  smtp::DataWriter writer;
  bool is_clean = true;
  while (is_clean) {
    auto piece = co_await content->next();
    if (!piece) co_return cut(accepted, piece.error());
    Bytes block;
    is_clean = *piece ? writer.feed(**piece, block) : writer.finish(block);
    if (!is_clean) break;
    bool is_last = !*piece;
    if (is_last) {
      auto late = co_await hold_end(accepted);
      if (late) co_return late;
    }
    auto ended = co_await send_block(block, accepted);
    if (ended) co_return ended;
    if (is_last) co_return co_await finish(accepted);
  }
  // V12: a bare CR or LF may end a message where we see none.
  co_return cut(accepted, permanent("5.6.0", "the message has a bare CR, a bare LF or a NUL"));
}

net::Task<std::optional<Failure>> Transaction::stream_chunk(const Places& accepted) {
  Bytes line = smtp::bdat_line(content_size());
  auto ended = co_await send_block(line, accepted);
  if (ended) co_return ended;
  auto content = open_content();
  std::uint64_t left = content_size();
  while (true) {
    auto piece = co_await content->next();
    if (!piece) co_return cut(accepted, piece.error());
    if (!*piece) break;
    if ((*piece)->size() > left) break;
    left -= (*piece)->size();
    if (left == 0) {
      auto late = co_await hold_end(accepted);
      if (late) co_return late;
    }
    ended = co_await send_block(**piece, accepted);
    if (ended) co_return ended;
  }
  if (left != 0) co_return cut(accepted, not_tried("the message is not as long as announced"));
  co_return co_await finish(accepted);
}

net::Task<std::optional<Failure>> Transaction::hold_end(const Places& accepted) {
  bool may_end = co_await context_.before_end();
  if (may_end) co_return std::nullopt;
  co_return cut(accepted, temporary("4.4.1", "the server takes the message too slowly"));
}

net::Task<std::optional<Failure>> Transaction::send_block(const Bytes& block,
                                                          const Places& accepted) {
  const Timeouts& timeouts = session_.options().timeouts;
  auto sent = co_await session_.send(block, timeouts.data_block);
  if (sent) co_return std::nullopt;
  // A server that refuses in the middle says why before it closes.
  auto reply = co_await session_.receive(k_last_words, "the message");
  bool is_refusal = reply && (reply->is_permanent() || reply->is_temporary());
  if (!is_refusal || reply->code == 421) co_return sent.error();
  fail(accepted, failure_of(*reply));
  co_return sent.error();
}

net::Task<std::optional<Failure>> Transaction::finish(const Places& accepted) {
  auto reply = co_await session_.receive(session_.options().timeouts.data_end, "the message");
  if (!reply) {
    // RFC 5321 section 4.5.3.2.6: perhaps it was taken; only a 250 says so.
    fail(accepted, reply.error());
    co_return reply.error();
  }
  if (!reply->is_ok()) {
    fail(accepted, failure_of(*reply));
    // RFC 5321 section 4.2.1: a 3yz waits for something, and what that is nobody knows.
    if (reply->is_intermediate()) session_.abandon();
    if (session_.is_over()) co_return temporary_of(*reply);
    co_return std::nullopt;
  }
  Delivered delivered{reply->code, reply->status_text(), reply->diagnostic(),
                      session_.offers().dsn};
  for (std::size_t place : accepted) states_[place].delivered = delivered;
  co_return std::nullopt;
}

net::Task<std::optional<Failure>> Transaction::reset() {
  std::chrono::milliseconds patience = session_.options().timeouts.command;
  auto sent = co_await session_.send(smtp::k_rset_line, patience);
  if (!sent) co_return sent.error();
  auto reply = co_await session_.receive(patience, "RSET");
  if (!reply) co_return reply.error();
  if (reply->is_ok()) co_return std::nullopt;
  session_.abandon();
  co_return temporary_of(*reply);
}

}  // namespace peregrine::courier
