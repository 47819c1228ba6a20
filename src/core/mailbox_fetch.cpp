// The call that reads messages: a stream of summaries, dates, headers and contents. What is asked
// for is looked up in the mailbox's view on the loop, and read on a pool, some hundred messages at
// a time. A large content is read a piece at a time, each when the reader has taken the one before:
// a call holds a piece and no more, however slow its reader is, and takes its turn in the pool with
// each of them.

#include <algorithm>

#include "core/core.h"
#include "core/mailbox_service.h"
#include "mail/read.h"
#include "model/summary.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_messages_a_batch = 512;
/// A batch ends early when its items take this much.
constexpr std::size_t k_bytes_a_batch = kib(512);
/// Of a large content at a time; as the store keeps it in pieces, what is read costs its own size.
constexpr std::uint64_t k_piece_of_content = kib(512);

struct Wanted {
  Uid uid;
  MessageId message;  ///< none: there is no such uid
  UnixTime date;
  std::uint32_t size = 0;
};

/// What a thread of the pool reads, and what it has read. The coroutine that waits owns it.
struct Batch {
  store::Store* store = nullptr;
  AccountId account;
  std::uint32_t parts = 0;
  std::uint64_t raw_offset = 0;
  std::uint64_t raw_length = 0;
  std::vector<Wanted> wanted;
  std::uint64_t continued = 0;  ///< bytes of the first one's content that have been sent

  std::size_t taken = 0;  ///< of `wanted`
  std::vector<Bytes> items;
  /// The last message taken, when its content is too large for one item.
  api::FetchedMessage large;
  Bytes large_raw;
  bool has_more = false;  ///< there is more of it than large_raw

  /// For the next messages.
  void reset() {
    taken = 0;
    items.clear();
    has_more = false;
    Bytes().swap(large_raw);
  }
};

void look_up(const mail::View& view, const api::FetchRequest& request, std::size_t first,
             std::vector<Wanted>& out) {
  auto count = static_cast<std::size_t>(request.uids_size());
  std::size_t end = std::min(count, first + k_messages_a_batch);
  out.clear();
  for (std::size_t i = first; i < end; ++i) {
    Wanted wanted{.uid = Uid(request.uids(static_cast<int>(i)))};
    if (auto place = view.find(wanted.uid)) {
      const mail::Row& row = view.at(*place);
      wanted.message = row.message();
      wanted.date = row.internal_date();
      wanted.size = row.size();
    }
    out.push_back(wanted);
  }
}

/// What of a content is to be read now: from where, and how much.
struct Stretch {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool has_more = false;  ///< was asked for and is left for later
};

/// The next bytes that were asked for of a message of `size`, behind those that have been sent.
Stretch next_stretch(const Batch& batch, std::uint64_t size, std::uint64_t sent) {
  std::uint64_t first = std::min(batch.raw_offset, size);
  std::uint64_t asked = batch.raw_length == 0 ? size : batch.raw_length;
  std::uint64_t left = std::min(asked, size - first);
  sent = std::min(sent, left);
  left -= sent;
  std::uint64_t now = std::min(left, k_piece_of_content);
  return {.offset = first + sent, .length = now, .has_more = now < left};
}

/// One message as it is read.
struct Reading {
  api::FetchedMessage message;
  Bytes raw;
  bool has_more = false;  ///< of the content
};

/// What goes before the content: dates, summary, header.
bool read_parts(const Batch& batch, const mail::MessageRecord& record, api::FetchedMessage& out) {
  if ((batch.parts & (api::FETCH_SUMMARY | api::FETCH_HEADER)) == 0) return true;
  auto summary = mail::read_summary(*batch.store, record);
  if (!summary) return false;
  if ((batch.parts & api::FETCH_HEADER) != 0) {
    auto decoded = decode_summary(*summary, record.size);
    if (!decoded) return false;
    auto header = mail::read_raw(*batch.store, record.blob, 0, decoded->header_size);
    if (!header) return false;
    out.set_header(*std::move(header));
  }
  if ((batch.parts & api::FETCH_SUMMARY) != 0) out.set_summary(*std::move(summary));
  return true;
}

/// Reads one message, or the next piece of one of which `sent` bytes have been sent. False when it
/// is gone or damaged, which the reader has logged.
bool read_one(const Batch& batch, const Wanted& wanted, std::uint64_t sent, Reading& out) {
  constexpr std::uint32_t k_from_record = api::FETCH_SUMMARY | api::FETCH_RAW | api::FETCH_HEADER;
  if (sent == 0) {
    out.message.set_message(wanted.message.value);
    if ((batch.parts & api::FETCH_DATES) != 0) {
      out.message.set_internal_date(wanted.date.seconds);
      out.message.set_size(wanted.size);
    }
  }
  if ((batch.parts & k_from_record) == 0) return true;
  auto record = mail::read_message(*batch.store, batch.account, wanted.message);
  if (!record) return false;
  if (sent == 0 && !read_parts(batch, *record, out.message)) return false;
  if ((batch.parts & api::FETCH_RAW) == 0) return true;
  Stretch stretch = next_stretch(batch, record->size, sent);
  auto content = mail::read_raw(*batch.store, record->blob, stretch.offset, stretch.length);
  // A content of another size than its record says would end a piece out of turn.
  if (!content || content->size() != stretch.length) return false;
  out.raw = *std::move(content);
  out.has_more = stretch.has_more;
  return true;
}

/// Of a message that could not be read: whether it was expunged.
bool is_gone(const Batch& batch, MessageId message) {
  if (message.is_none()) return true;
  auto record = mail::read_message(*batch.store, batch.account, message);
  return !record && record.error() == mail::MailError::not_found;
}

void flush(api::FetchItem& item, std::size_t& size, Batch& batch) {
  if (item.messages().empty()) return;
  batch.items.push_back(item.SerializeAsString());
  item.Clear();
  size = 0;
}

/// True unless the rest of a message cannot be read whose beginning has been sent.
bool read_batch(Batch& batch) {
  api::FetchItem item;
  std::size_t size = 0;
  std::size_t total = 0;
  while (batch.taken < batch.wanted.size() && total < k_bytes_a_batch) {
    const Wanted& wanted = batch.wanted[batch.taken++];
    std::uint64_t sent = batch.taken == 1 ? batch.continued : 0;
    Reading reading;
    if (wanted.message.is_none() || !read_one(batch, wanted, sent, reading)) {
      if (sent != 0) return false;
      reading = {};
      bool gone = is_gone(batch, wanted.message);
      reading.message.set_missing(gone);
      reading.message.set_damaged(!gone);
    }
    api::FetchedMessage& message = reading.message;
    message.set_uid(wanted.uid.value);
    message.set_last(true);
    if (reading.raw.size() > k_item_bytes || reading.has_more) {
      flush(item, size, batch);
      batch.large = std::move(message);
      batch.large_raw = std::move(reading.raw);
      batch.has_more = reading.has_more;
      return true;
    }
    message.set_raw(std::move(reading.raw));
    std::size_t cost = message.ByteSizeLong();
    if (size + cost > k_item_bytes) flush(item, size, batch);
    size += cost;
    total += cost;
    *item.add_messages() = std::move(message);
  }
  flush(item, size, batch);
  return true;
}

/// The first piece goes with what else was asked of the message, the last is marked.
net::Task<bool> send_large(Core& core, Call& call, Batch& batch) {
  BytesView rest = batch.large_raw;
  std::uint32_t uid = batch.large.uid();
  while (!rest.empty()) {
    BytesView piece = rest.substr(0, k_item_bytes);
    rest.remove_prefix(piece.size());
    api::FetchItem item;
    api::FetchedMessage& message = *item.add_messages();
    message.Swap(&batch.large);
    message.set_uid(uid);
    message.set_raw(piece.data(), piece.size());
    message.set_last(rest.empty() && !batch.has_more);
    bool sent = co_await send(core, call, item.SerializeAsString());
    if (!sent) co_return false;
  }
  batch.large.Clear();
  co_return true;
}

net::Task<bool> send_batch(Core& core, Call& call, Batch& batch) {
  for (Bytes& item : batch.items) {
    bool sent = co_await send(core, call, std::move(item));
    if (!sent) co_return false;
  }
  if (batch.large_raw.empty()) co_return true;
  bool sent = co_await send_large(core, call, batch);
  co_return sent;
}

}  // namespace

net::Task<Answer<void>> fetch(Core& core, Call& call, api::FetchRequest request) {
  Batch batch{.store = core.model.store.get(),
              .account = call.account,
              .parts = request.parts(),
              .raw_offset = request.raw_offset(),
              .raw_length = request.raw_length()};
  std::size_t next = 0;
  auto count = static_cast<std::size_t>(request.uids_size());
  do {
    if (call.request.is_cancelled()) break;
    // The mailbox may have changed since the last batch.
    auto account = core.model.accounts->open(call.account);
    if (!account) co_return refusal(account);
    auto view = (*account)->view(MailboxId(request.mailbox()));
    if (!view) co_return refusal(view);
    look_up(**view, request, next, batch.wanted);
    auto job = [&batch] { return read_batch(batch); };
    bool is_whole = co_await run_on(core.reading, job);
    if (!is_whole) co_return std::unexpected(api::ErrorCode::not_found);
    bool sent = co_await send_batch(core, call, batch);
    if (!sent) break;
    next += batch.taken - (batch.has_more ? 1 : 0);
    // Of a message that was cut again, the bytes before add up; of another they start anew.
    bool is_same = batch.taken == 1;
    batch.continued = batch.has_more ? (is_same ? batch.continued : 0) + batch.large_raw.size() : 0;
    batch.reset();
  } while (next < count);
  co_return Answer<void>{};
}

}  // namespace peregrine::core
