#pragma once
// Service: the resolver's call (api::k_lookup) on the channels of those that may ask. Whatever
// comes from them is hostile: it is bounded, checked and answered, and ends a channel at worst.

#include <map>
#include <memory>

#include "net/gate.h"
#include "resolver/resolver.h"
#include "role/control.h"
#include "rpc/channel.h"

namespace peregrine::resolver {

/// Lookups under way for one channel; further ones are answered DNS_FAILED at once.
inline constexpr std::size_t k_most_lookups_per_channel = 256;
/// Calls under way on a channel, with those refused; one more ends the channel.
inline constexpr std::size_t k_most_calls = 4096;

class Service {
 public:
  /// Both must outlive it.
  Service(net::Gate& gate, Resolver& resolver) : gate_(gate), resolver_(resolver) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Takes a channel from the supervisor. A new one for the same process takes the old one's place.
  void add(role::LinkedSocket link);
  void close_all();

  [[nodiscard]] std::size_t channels() const;
  [[nodiscard]] std::uint64_t served() const { return served_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Peer {
    std::shared_ptr<rpc::Channel> channel;  // owners: see rpc/channel.h
    std::size_t running = 0;
  };
  void receive(const std::shared_ptr<Peer>& peer, rpc::Request request);
  net::Task<void> answer(std::shared_ptr<Peer> peer, rpc::Request request, std::string name,
                         RecordType type);

  net::Gate& gate_;
  Resolver& resolver_;
  std::map<std::pair<Role, std::uint32_t>, std::shared_ptr<Peer>> peers_;  // owners: this, lookups
  std::uint64_t served_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace peregrine::resolver
