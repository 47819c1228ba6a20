#pragma once
// ContentSource over core's queue_content call, for the messages of one lease.

#include "api/client.h"
#include "courier/content_source.h"

namespace peregrine::courier {

class CoreContent : public ContentSource {
 public:
  CoreContent(std::shared_ptr<rpc::Channel> core, std::uint64_t lease)
      : core_(std::move(core)), lease_(lease) {}
  std::unique_ptr<ContentReader> open(std::uint64_t message, std::uint64_t length) override;

 private:
  std::shared_ptr<rpc::Channel> core_;  // owners: see rpc/channel.h
  std::uint64_t lease_;
};

}  // namespace peregrine::courier
