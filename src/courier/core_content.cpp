#include "courier/core_content.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_patience{60};

class CoreReader : public ContentReader {
 public:
  CoreReader(std::shared_ptr<rpc::Channel> core, const api::QueueContentRequest& request)
      : stream_(api::queue_content(std::move(core), request)) {}

  net::Task<std::expected<std::optional<Bytes>, Failure>> next() override {
    auto item = co_await stream_.next(deadline_in(k_patience));
    if (!item && item.error().kind == rpc::CallFailure::Kind::refused) {
      // It has the message no more, or cannot read it: the disk may be damaged.
      co_return std::unexpected(temporary("4.3.0", "the message cannot be read here"));
    }
    if (!item) co_return std::unexpected(not_tried("core did not give the message"));
    if (!*item) co_return std::optional<Bytes>();
    co_return std::optional<Bytes>(std::move(*(*item)->mutable_bytes()));
  }

 private:
  api::TypedStream<api::QueueContentItem> stream_;
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
