#pragma once
// Admission: how many connections are open, in all and from one network (an IPv4 address, an IPv6
// /64). The caller leaves as often as it was let in.

#include <cstdint>
#include <map>

#include "config/settings.h"
#include "sys/sockets.h"

namespace peregrine::front {

enum class AdmissionVerdict : std::uint8_t { admitted, too_many_in_all, too_many_from_address };

class Admission {
 public:
  AdmissionVerdict enter(const sys::SocketAddress& peer, const config::LimitSettings& limits);
  void leave(const sys::SocketAddress& peer);
  [[nodiscard]] std::uint64_t open() const { return open_; }

 private:
  std::uint64_t open_ = 0;
  std::map<sys::SocketAddress, std::uint32_t> by_network_;  // an ordered map: keys are strangers'
};

}  // namespace peregrine::front
