// FETCH.

#include <algorithm>

#include "base/log.h"
#include "imapd/commands.h"
#include "imapd/fetch_plan.h"
#include "imapd/flag_update.h"
#include "imapd/session.h"
#include "proto/imap/fetch_writer.h"

namespace peregrine::imapd {
namespace {

using imap::ByteRange;
using imap::FetchAttribute;

// What one call asks for; the answers stream.
constexpr std::size_t k_messages_a_call = 10'000;
// The header of an enclosed message out of which fields are picked.
constexpr std::uint64_t k_max_filtered_header = mib(1);

/// A message as core sends it, put together from one or more pieces.
struct Loaded {
  std::uint32_t place = 0;
  Uid uid;
  std::int64_t internal_date = 0;
  std::uint64_t size = 0;
  Bytes encoded_summary;
  Bytes header;
  MessageSummary summary;
};

class Fetcher {
 public:
  Fetcher(Session& session, const imap::FetchItems& items, const FetchPlan& plan,
          std::vector<std::uint32_t> newly_seen)
      : session_(session), items_(items), plan_(plan), newly_seen_(std::move(newly_seen)) {}

  net::Task<Answer> run(const std::vector<std::uint32_t>& places);

 private:
  using Done = std::expected<void, rpc::CallFailure>;

  net::Task<Done> fetch(std::span<const std::uint32_t> places);
  net::Task<Done> take(api::FetchedMessage& piece);
  void gather(api::FetchedMessage& piece);
  [[nodiscard]] bool read_summary();
  net::Task<Done> write_items();
  net::Task<Done> write_body(std::size_t index);
  net::Task<Done> write_section(const imap::BodyItem& item,
                                const std::optional<imap::HeaderFilter>& filter);
  net::Task<Done> send_raw(ByteRange range);
  net::Task<std::expected<Bytes, rpc::CallFailure>> read_raw(ByteRange range);
  api::FetchRequest raw_request(ByteRange range) const;
  void begin(std::uint32_t place);
  void write_attributes();
  void write_header(const imap::BodyItem& item, const std::optional<imap::HeaderFilter>& filter);
  void take_streamed(BytesView bytes);
  void end();

  Session& session_;
  const imap::FetchItems& items_;
  const FetchPlan& plan_;
  std::vector<std::uint32_t> newly_seen_;    // places whose flags this command changed; rising
  std::optional<imap::FetchWriter> writer_;  // a response is open
  Loaded message_;
  bool is_loading_ = false;         // message_ waits for its last piece
  std::uint64_t skipped_left_ = 0;  // of what streams, not wanted
  std::uint64_t literal_left_ = 0;  // announced and not written yet
  bool some_are_gone_ = false;
  bool some_are_damaged_ = false;
};

net::Task<Answer> Fetcher::run(const std::vector<std::uint32_t>& places) {
  std::span<const std::uint32_t> rest = places;
  while (!rest.empty() && !session_.is_ended()) {
    auto now = rest.first(std::min(rest.size(), k_messages_a_call));
    rest = rest.subspan(now.size());
    if (plan_.parts != 0) {
      Done done = co_await fetch(now);
      if (done) continue;
      // Within an open response nothing else can be said.
      if (writer_) session_.break_off();
      co_return session_.failed(done.error());
    }
    for (std::uint32_t place : now) {
      begin(place);
      end();
      bool sent = co_await session_.flush_if_full();
      if (!sent) break;
    }
  }
  // RFC 5530 section 3: a client must not take what rots here for expunged, and drop its own copy.
  if (some_are_damaged_) co_return no("CORRUPTION", "Some messages cannot be read");
  // RFC 2180 section 4.1.2: what another session expunged is told by NO, after all others.
  if (some_are_gone_) co_return no("EXPUNGEISSUED", "Some messages are gone already");
  co_return ok("Messages fetched");
}

net::Task<Fetcher::Done> Fetcher::fetch(std::span<const std::uint32_t> places) {
  api::FetchRequest request;
  request.set_session(session_.id());
  request.set_mailbox(session_.selected()->mailbox.value);
  for (std::uint32_t place : places) {
    request.add_uids(session_.selected()->view.uid(place).value);
  }
  request.set_parts(plan_.parts);
  request.set_raw_offset(plan_.raw_offset);
  request.set_raw_length(plan_.raw_length);
  auto items = api::fetch(session_.core(), request);
  while (!session_.is_ended()) {
    auto item = co_await items.next(Session::call_deadline());
    if (!item) co_return std::unexpected(item.error());
    if (!*item) break;
    for (api::FetchedMessage& piece : *(*item)->mutable_messages()) {
      Done done = co_await take(piece);
      if (!done) co_return done;
      bool sent = co_await session_.flush_if_full();
      if (!sent) co_return Done();
    }
  }
  co_return Done();
}

// One piece of a message. A message whose content streams is written as it comes; any other when
// its last piece is there.
net::Task<Fetcher::Done> Fetcher::take(api::FetchedMessage& piece) {
  auto place = session_.selected()->view.find(Uid(piece.uid()));
  if (piece.damaged()) {
    some_are_damaged_ = true;
    co_return Done();
  }
  if (piece.missing() || !place) {
    some_are_gone_ = true;
    co_return Done();
  }
  bool is_first = !std::exchange(is_loading_, true);
  if (is_first) {
    message_ = Loaded{};
    message_.place = *place;
    message_.uid = Uid(piece.uid());
  }
  gather(piece);
  bool streams = (plan_.parts & api::FETCH_RAW) != 0;
  if (is_first && streams) {
    if (!read_summary()) co_return Done();
    Done done = co_await write_items();
    if (!done) co_return done;
  }
  if (writer_) take_streamed(piece.raw());
  if (!piece.last()) co_return Done();
  is_loading_ = false;
  if (streams && !writer_) co_return Done();
  if (!streams) {
    if (!read_summary()) co_return Done();
    Done done = co_await write_items();
    if (!done) co_return done;
  }
  if (literal_left_ != 0) co_return std::unexpected(rpc::CallFailure{});
  end();
  co_return Done();
}

void Fetcher::gather(api::FetchedMessage& piece) {
  if (piece.size() != 0) message_.size = piece.size();
  if (piece.internal_date() != 0) message_.internal_date = piece.internal_date();
  message_.encoded_summary += piece.summary();
  message_.header += piece.header();
}

bool Fetcher::read_summary() {
  if ((plan_.parts & api::FETCH_SUMMARY) == 0) return true;
  auto summary = decode_summary(message_.encoded_summary, message_.size);
  if (!summary) {
    log_event(LogLevel::error, "imap.bad_summary",
              {{"conn", HexId{session_.connection_id().value}},
               {"mailbox", session_.selected()->mailbox.value},
               {"uid", message_.uid.value}});
    some_are_damaged_ = true;
    is_loading_ = false;
    return false;
  }
  message_.summary = std::move(*summary);
  return true;
}

net::Task<Fetcher::Done> Fetcher::write_items() {
  begin(message_.place);
  write_attributes();
  // What streams comes last: its bytes follow.
  std::optional<std::size_t> streamed;
  for (std::size_t i = 0; i < items_.bodies.size(); ++i) {
    if (plan_.sources[i] == BodySource::stream) {
      streamed = i;
      continue;
    }
    Done done = co_await write_body(i);
    if (!done) co_return done;
  }
  if (streamed) {
    const imap::BodyItem& item = items_.bodies[*streamed];
    bool is_whole = item.section == imap::Section{};
    auto range = is_whole ? imap::cut({0, message_.size}, item.partial)
                          : imap::locate_section(message_.summary, item.section);
    skipped_left_ = is_whole || !range ? 0 : range->offset;
    literal_left_ = range ? range->size : 0;
    writer_->item_header(item, literal_left_);
  }
  co_return Done();
}

void Fetcher::begin(std::uint32_t place) {
  const Selected& selected = *session_.selected();
  writer_.emplace(session_.out(), place + 1);
  if (items_.has(FetchAttribute::uid)) writer_->uid(selected.view.uid(place));
  if (items_.has(FetchAttribute::flags) || std::ranges::binary_search(newly_seen_, place)) {
    writer_->flags(selected.view.flags(place),
                   keyword_names(selected.view.keywords(place), selected.keywords));
  }
}

void Fetcher::end() {
  writer_->finish();
  writer_.reset();
}

void Fetcher::write_attributes() {
  if (items_.has(FetchAttribute::internal_date)) {
    writer_->internal_date({.time = UnixTime{message_.internal_date}});
  }
  if (items_.has(FetchAttribute::size)) writer_->size(message_.size);
  if (items_.has(FetchAttribute::envelope)) writer_->envelope(message_.summary.envelope);
  if (items_.has(FetchAttribute::body)) writer_->body(message_.summary);
  if (items_.has(FetchAttribute::body_structure)) writer_->body_structure(message_.summary);
}

net::Task<Fetcher::Done> Fetcher::write_body(std::size_t index) {
  const imap::BodyItem& item = items_.bodies[index];
  if (plan_.sources[index] == BodySource::header) {
    write_header(item, plan_.filters[index]);
    co_return Done();
  }
  Done done = co_await write_section(item, plan_.filters[index]);
  co_return done;
}

void Fetcher::write_header(const imap::BodyItem& item,
                           const std::optional<imap::HeaderFilter>& filter) {
  std::string filtered;
  BytesView header = message_.header;
  if (filter) {
    filter->apply(header, filtered);
    header = filtered;
  }
  ByteRange range = imap::cut({0, header.size()}, item.partial);
  writer_->item(item, header.substr(range.offset, range.size));
}

net::Task<Fetcher::Done> Fetcher::write_section(const imap::BodyItem& item,
                                                const std::optional<imap::HeaderFilter>& filter) {
  bool is_whole = item.section == imap::Section{};
  auto range =
      is_whole ? ByteRange{0, message_.size} : imap::locate_section(message_.summary, item.section);
  if (!range) {
    // RFC 9051 section 7.5.2: nstring; a part that does not exist is NIL.
    writer_->item_nil(item);
    co_return Done();
  }
  if (filter) {
    range->size = std::min(range->size, k_max_filtered_header);
    auto header = co_await read_raw(*range);
    if (!header) co_return std::unexpected(header.error());
    std::string filtered;
    filter->apply(*header, filtered);
    ByteRange wanted = imap::cut({0, filtered.size()}, item.partial);
    writer_->item(item, BytesView(filtered).substr(wanted.offset, wanted.size));
    co_return Done();
  }
  ByteRange wanted = imap::cut(*range, item.partial);
  if (wanted.size == 0) {
    writer_->item(item, "");
    co_return Done();
  }
  literal_left_ = wanted.size;
  writer_->item_header(item, wanted.size);
  Done done = co_await send_raw(wanted);
  co_return done;
}

api::FetchRequest Fetcher::raw_request(ByteRange range) const {
  api::FetchRequest request;
  request.set_session(session_.id());
  request.set_mailbox(session_.selected()->mailbox.value);
  request.add_uids(message_.uid.value);
  request.set_parts(api::FETCH_RAW);
  request.set_raw_offset(range.offset);
  request.set_raw_length(range.size);
  return request;
}

net::Task<Fetcher::Done> Fetcher::send_raw(ByteRange range) {
  auto items = api::fetch(session_.core(), raw_request(range));
  while (literal_left_ != 0) {
    auto item = co_await items.next(Session::call_deadline());
    if (!item) co_return std::unexpected(item.error());
    if (!*item) co_return std::unexpected(rpc::CallFailure{});
    for (const api::FetchedMessage& piece : (*item)->messages()) take_streamed(piece.raw());
    bool sent = co_await session_.flush_if_full();
    if (!sent) co_return Done();
  }
  co_return Done();
}

net::Task<std::expected<Bytes, rpc::CallFailure>> Fetcher::read_raw(ByteRange range) {
  Bytes bytes;
  if (range.size == 0) co_return bytes;
  auto items = api::fetch(session_.core(), raw_request(range));
  while (true) {
    auto item = co_await items.next(Session::call_deadline());
    if (!item) co_return std::unexpected(item.error());
    if (!*item) break;
    for (const api::FetchedMessage& piece : (*item)->messages()) bytes += piece.raw();
  }
  co_return bytes;
}

void Fetcher::take_streamed(BytesView bytes) {
  std::size_t skipped = std::min<std::uint64_t>(skipped_left_, bytes.size());
  skipped_left_ -= skipped;
  bytes = bytes.substr(skipped, literal_left_);
  literal_left_ -= bytes.size();
  append_literal_bytes(session_.out(), bytes);
}

// RFC 9051 section 6.4.5: BODY[…] without PEEK sets \Seen. Answers the places that it changed.
net::Task<std::expected<std::vector<std::uint32_t>, rpc::CallFailure>> mark_seen(
    Session& session, const std::vector<std::uint32_t>& places) {
  std::vector<std::uint32_t> unseen;
  for (std::uint32_t place : places) {
    if (!session.selected()->view.flags(place).has(Flag::seen)) unseen.push_back(place);
  }
  if (unseen.empty()) co_return unseen;
  FlagUpdate update{.change = FlagChange::add};
  update.flags.flags.add(Flag::seen);
  auto updated = co_await update_flags(session, unseen, update);
  if (!updated) co_return std::unexpected(updated.error());
  co_return unseen;
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Fetch command) {
  if (session.selected() == nullptr) co_return none_selected();
  auto plan = plan_fetch(command.items);
  if (!plan) co_return bad(imap::client_text(imap::SyntaxError::unknown_fetch_item));
  auto places = session.selected()->view.places(command.set, command.numbering);
  if (!places) co_return no_such_message_number();
  // RFC 9051 section 6.4.9: an answer to UID FETCH names the UID.
  if (command.numbering == imap::Numbering::uid) command.items.add(FetchAttribute::uid);
  std::vector<std::uint32_t> newly_seen;
  if (command.items.sets_seen() && !session.selected()->is_read_only) {
    auto marked = co_await mark_seen(session, *places);
    if (!marked) co_return session.failed(marked.error());
    newly_seen = std::move(*marked);
  }
  Fetcher fetcher(session, command.items, *plan, std::move(newly_seen));
  Answer answer = co_await fetcher.run(*places);
  if (command.numbering == imap::Numbering::sequence) answer.updates = Updates::without_expunges;
  co_return answer;
}

}  // namespace peregrine::imapd
