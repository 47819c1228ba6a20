#pragma once
// AddressUse: how many connections there are to each address, whatever domain they are for.

#include <map>

#include "sys/sockets.h"

namespace peregrine::courier {

class AddressUse {
 public:
  /// One connection, or the wish for one.
  class Held {
   public:
    Held(AddressUse& use, const sys::SocketAddress& address)
        : use_(use), address_(without_port(address)) {
      ++use_.counts_[address_];
    }
    ~Held() { drop(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    void move_to(const sys::SocketAddress& address) {
      drop();
      address_ = without_port(address);
      ++use_.counts_[address_];
    }

   private:
    void drop() {
      auto found = use_.counts_.find(address_);
      if (--found->second == 0) use_.counts_.erase(found);
    }
    AddressUse& use_;
    sys::SocketAddress address_;
  };

  [[nodiscard]] std::size_t count(const sys::SocketAddress& address) const {
    auto found = counts_.find(without_port(address));
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  static sys::SocketAddress without_port(const sys::SocketAddress& address) {
    return address.network(128);
  }

  std::map<sys::SocketAddress, std::size_t> counts_;
};

}  // namespace peregrine::courier
