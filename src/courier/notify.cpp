#include "courier/notify.h"

#include "base/log.h"
#include "courier/core_content.h"
#include "courier/notification.h"
#include "mime/search_text.h"
#include "mime/structure.h"
#include "role/content.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_notify_time{60};

net::Task<std::expected<Bytes, std::string>> fetch(ContentSource& source, std::uint64_t message,
                                                   std::uint64_t length) {
  Bytes out;
  // Zero would mean all of it.
  if (length == 0) co_return out;
  auto reader = source.open(message, length);
  while (true) {
    auto piece = co_await reader->next();
    if (!piece) co_return std::unexpected(piece.error().text);
    if (!*piece) co_return out;
    if ((*piece)->size() > length - out.size()) co_return std::unexpected("too long");
    out += **piece;
  }
}

/// With the Return-Path that a mailbox here gets to see (RFC 5321 section 4.4).
std::expected<role::PackedContent, std::string> pack(Bytes text) {
  constexpr std::string_view k_return_path = "Return-Path: <>\r\n";
  text.insert(0, k_return_path);
  MessageSummary summary = mime::read_message(text);
  mime::SearchText words = mime::search_text(text, summary);
  auto packed = role::pack_content({.summary = encode_summary(summary),
                                    .search_headers = std::move(words.headers),
                                    .search_body = std::move(words.body),
                                    .raw = std::move(text)});
  if (!packed) return std::unexpected(sys::describe(packed.error()));
  packed->content.set_return_path_size(k_return_path.size());
  return std::move(*packed);
}

net::Task<void> notify_one(Courier& courier, std::uint64_t lease,
                           const api::LeasedMessage& message) {
  CoreContent source(courier.worker.core(), lease);
  api::NotifyRequest request;
  request.set_lease(lease);
  request.set_message(message.message());
  for (const api::RecipientNotice& notice : message.notices()) {
    request.add_recipients(notice.recipient().index());
  }
  sys::Fd memory_file;
  if (!wanted_notices(message).empty()) {
    auto original = co_await fetch(source, message.message(), returned_part(message).length);
    // Without the original the sender is told all the same.
    auto made = compose_notification(message, original.value_or(Bytes()),
                                     courier.worker.settings().server.hostname, wall_now());
    if (made) {
      request.set_eight_bit(made->eight_bit);
      request.set_smtp_utf8(made->smtp_utf8);
      auto packed = pack(std::move(made->text));
      if (!packed) {
        log_event(LogLevel::error, "courier.notice_failed",
                  {{"msg", HexId{message.trace()}}, {"reason", packed.error()}});
        co_return;
      }
      *request.mutable_content() = std::move(packed->content);
      memory_file = std::move(packed->memory_file);
    }
  }
  bool has_content = request.has_content();
  auto answer = co_await api::notify(courier.worker.core(), request, deadline_in(k_notify_time),
                                     std::move(memory_file));
  log_event(answer ? LogLevel::info : LogLevel::warning,
            answer ? "courier.notified" : "courier.notice_failed",
            {{"msg", HexId{message.trace()}},
             {"to", message.envelope().mail_from()},
             {"recipients", message.notices_size()},
             {"sent", has_content}});
}

}  // namespace

net::Task<void> run_notices(Courier& courier, api::LeaseResponse lease) {
  for (const api::LeasedMessage& message : lease.messages()) {
    co_await notify_one(courier, lease.lease(), message);
    if (courier.worker.is_stopping()) co_return;
  }
}

}  // namespace peregrine::courier
