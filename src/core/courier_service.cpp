// The courier's calls: what is due, its content, what came of it, and the notifications it made.
#include <algorithm>

#include "base/log.h"
#include "core/call.h"
#include "core/core.h"
#include "core/queue_wire.h"
#include "core/routing.h"
#include "mail/read.h"

namespace peregrine::core {
namespace {

/// A wait is asked for again: so that a clock that was set is noticed.
constexpr std::chrono::milliseconds k_longest_wait{60'000};
/// What is read of a content at a time.
constexpr std::size_t k_piece_of_content = kib(512);

api::ErrorCode code_of(queue::QueueError error) {
  switch (error) {
    case queue::QueueError::not_found:
      return api::ErrorCode::not_found;
    case queue::QueueError::bad_request:
      return api::ErrorCode::malformed;
    case queue::QueueError::no_space:
      return api::ErrorCode::no_space;
    case queue::QueueError::io:
    case queue::QueueError::corrupt:
    case queue::QueueError::newer_format:
      break;
  }
  return api::ErrorCode::failed;
}

/// When the next thing is due, on the clock of deadlines.
Deadline next_due(Core& core, Deadline latest) {
  auto due = core.model.queue->next_due();
  if (!due || !*due) return latest;
  std::int64_t wait = std::clamp<std::int64_t>((*due)->seconds - wall_now().seconds, 1, 3600);
  return std::min(latest, deadline_in(std::chrono::seconds(wait)));
}

bool has_more_due(Core& core) {
  auto due = core.model.queue->next_due();
  return !due || (*due && **due <= wall_now());
}

net::Task<bool> send_piece(Core& core, Call& call, BytesView bytes) {
  while (!bytes.empty()) {
    api::QueueContentItem item;
    BytesView piece = bytes.substr(0, k_item_bytes);
    bytes.remove_prefix(piece.size());
    item.set_bytes(piece.data(), piece.size());
    bool sent = co_await send(core, call, item.SerializeAsString());
    if (!sent) co_return false;
  }
  co_return true;
}

/// To the sender of `about`, wherever it is. False: the notification could not be stored.
bool distribute_notice(Core& core, Call& call, queue::Change change,
                       const queue::MessageRecord& about, const Content& content,
                       const crypto::Digest& digest, UnixTime now) {
  mail::NewMessage message = content.message(digest, now);
  queue::NewMessage notice;
  notice.envelope.eight_bit =
      std::ranges::any_of(message.raw, [](char c) { return (c & 0x80) != 0; });
  notice.envelope.smtp_utf8 = about.envelope.smtp_utf8;
  // RFC 8689 section 5: what is said of the message needs the same protection.
  notice.envelope.require_tls = about.envelope.require_tls;
  notice.blob = message.blob;
  notice.size = message.raw.size() - content.return_path_size();
  notice.header_size = content.header_size() - content.return_path_size();
  notice.skip = content.return_path_size();
  notice.trace = about.trace;
  Distribution distribution(core, std::move(notice), SenderTrust::verified, now);
  api::Recipient sender;
  sender.set_address(about.envelope.mail_from);
  Route route = find_route(core, sender.address(), message.raw.size());
  api::DeliverOutcome outcome = outcome_of(core, route, Elsewhere::sent);
  if (outcome == api::DELIVER_FAILED) return false;
  if (outcome == api::DELIVER_OK) {
    distribution.add(sender, route);
    distribution.add_event({"notified", "to=" + about.envelope.mail_from, {}});
  } else {
    // RFC 5321 section 6.1: a notification that nobody can get is dropped.
    log_event(LogLevel::warning, "queue.double_bounce",
              {{"msg", HexId{about.trace.value}}, {"to", about.envelope.mail_from}});
    distribution.add_event({"not notified", "to=" + about.envelope.mail_from, {}});
  }
  auto made = distribution.make(message, std::move(change));
  if (made) call.after = made->sequence;
  return made.has_value();
}

Answer<store::Sequence> apply_report(Core& core, const api::ReportRequest& request) {
  auto report = report_of(request);
  if (!report) return std::unexpected(api::ErrorCode::malformed);
  auto sequence = core.model.queue->report(*report, wall_now());
  if (!sequence) return std::unexpected(code_of(sequence.error()));
  return *sequence;
}

}  // namespace

net::Task<Answer<api::LeaseResponse>> lease(Core& core, Call& call, api::LeaseRequest request) {
  queue::LeaseAsk ask{.prefer = ascii_lower(request.prefer_destination()),
                      .only_preferred = request.only_preferred(),
                      .most_messages = request.most_messages()};
  std::chrono::milliseconds wait{request.wait_milliseconds()};
  Deadline latest = deadline_in(std::min(wait, k_longest_wait));
  store::Sequence ended;
  if (request.ends_all()) {
    auto sequence = core.model.queue->end_leases(wall_now());
    if (!sequence) co_return std::unexpected(code_of(sequence.error()));
    call.after = *sequence;
    core.courier_waits.wake_one({});
    co_return api::LeaseResponse{};
  }
  if (request.has_report()) {
    auto reported = apply_report(core, request.report());
    if (!reported) co_return std::unexpected(reported.error());
    ended = *reported;
  }
  CourierWaits::Waiting waiting(core.courier_waits, core.loop, ask.prefer);
  call.request.on_cancel([&waiting] { waiting.cancel(); });
  while (!call.request.is_cancelled() && !core.is_stopping) {
    auto leased = core.model.queue->lease(ask, wall_now());
    if (!leased) {
      call.request.on_cancel({});
      co_return std::unexpected(code_of(leased.error()));
    }
    // Sent only once it is on disk; the lease itself need not be.
    call.after = std::max(ended, core.courier_waits.queued());
    if (*leased) {
      call.request.on_cancel({});
      if (!has_more_due(core)) waiting.is_all();
      co_return response_of(**leased);
    }
    if (ask.only_preferred || Monotonic::now() >= latest) break;
    Deadline until = next_due(core, latest);
    net::WaitResult result = co_await waiting.until(until);
    if (result == net::WaitResult::cancelled) break;
  }
  call.request.on_cancel({});
  co_return api::LeaseResponse{};
}

net::Task<Answer<void>> queue_content(Core& core, Call& call, api::QueueContentRequest request) {
  auto message = core.model.queue->leased_message(queue::LeaseId(request.lease()),
                                                  queue::QueueId(request.message()), wall_now());
  if (!message) co_return std::unexpected(code_of(message.error()));
  std::uint64_t size = message->size;
  std::uint64_t offset = std::min(request.offset(), size);
  std::uint64_t wanted = size - offset;
  if (request.length() != 0) wanted = std::min(wanted, request.length());
  store::Store& store = *core.model.store;
  while (wanted > 0) {
    // A piece at a time, as the reader takes them: nothing is held for one who does not read.
    std::uint64_t length = std::min<std::uint64_t>(wanted, k_piece_of_content);
    auto job = [&store, blob = message->blob, start = message->skip + offset, length] {
      return mail::read_raw(store, blob, start, length);
    };
    auto content = co_await run_on(core.reading, job);
    if (!content || content->size() != length) co_return std::unexpected(api::ErrorCode::failed);
    bool sent = co_await send_piece(core, call, *content);
    if (!sent) break;
    offset += length;
    wanted -= length;
  }
  co_return Answer<void>{};
}

net::Task<Answer<api::ReportResponse>> report(Core& core, Call& call, api::ReportRequest request) {
  auto sequence = apply_report(core, request);
  if (!sequence) co_return std::unexpected(sequence.error());
  call.after = *sequence;
  core.courier_waits.wake_one({});
  co_return api::ReportResponse{};
}

net::Task<Answer<api::NotifyResponse>> notify(Core& core, Call& call, api::NotifyRequest request) {
  sys::Fd descriptor = call.request.take_descriptor();
  std::vector<std::uint32_t> indexes(request.recipients().begin(), request.recipients().end());
  std::optional<Content> content;
  crypto::Digest digest{};
  if (request.has_content() || descriptor) {
    auto opened = Content::open(std::move(*request.mutable_content()), std::move(descriptor),
                                core.settings.limits.message_size);
    if (!opened) co_return std::unexpected(opened.error());
    content = std::move(*opened);
    digest = co_await digest_of(core, *content);
  }
  UnixTime now = wall_now();
  queue::Change change = core.model.queue->change();
  auto about = core.model.queue->end_notices(change, queue::LeaseId(request.lease()),
                                             queue::QueueId(request.message()), indexes, now);
  if (!about) co_return std::unexpected(code_of(about.error()));
  if (content && !about->envelope.mail_from.empty()) {
    if (!distribute_notice(core, call, std::move(change), *about, *content, digest, now)) {
      co_return std::unexpected(api::ErrorCode::failed);
    }
    co_return api::NotifyResponse{};
  }
  auto sequence = core.model.queue->commit(change, now);
  if (!sequence) co_return std::unexpected(code_of(sequence.error()));
  call.after = *sequence;
  co_return api::NotifyResponse{};
}

}  // namespace peregrine::core
