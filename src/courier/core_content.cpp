#include "courier/core_content.h"

#include <utility>

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_patience{60};

/// The size of a Return-Path that begins the message, as it does in what this server has taken in.
/// RFC 5321 section 4.4: it belongs to final delivery, and does not leave.
std::size_t return_path_size(BytesView message) {
  if (!istarts_with(message, "return-path:")) return 0;
  std::size_t end = 0;
  do {
    end = message.find('\n', end);
    if (end == BytesView::npos) return 0;
    ++end;
  } while (end < message.size() && (message[end] == ' ' || message[end] == '\t'));
  return end;
}

class CoreReader : public ContentReader {
 public:
  CoreReader(std::shared_ptr<rpc::Channel> core, const api::QueueContentRequest& request)
      : stream_(api::queue_content(std::move(core), request)) {}

  net::Task<std::expected<std::optional<Bytes>, std::string>> next() override {
    auto item = co_await stream_.next(deadline_in(k_patience));
    if (!item) co_return std::unexpected("core did not give the message");
    if (!*item) co_return std::optional<Bytes>();
    Bytes bytes = std::move(*(*item)->mutable_bytes());
    if (std::exchange(is_first_, false)) bytes.erase(0, return_path_size(bytes));
    co_return std::optional<Bytes>(std::move(bytes));
  }

 private:
  api::TypedStream<api::QueueContentItem> stream_;
  bool is_first_ = true;
};

}  // namespace

std::unique_ptr<ContentReader> CoreContent::open(std::uint64_t message, std::uint64_t length) {
  api::QueueContentRequest request;
  request.set_lease(lease_);
  request.set_message(message);
  request.set_length(length);
  return std::make_unique<CoreReader>(core_, request);
}

}  // namespace peregrine::courier
