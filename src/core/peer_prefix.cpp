#include "core/peer_prefix.h"

#include <arpa/inet.h>
#include <array>

namespace peregrine::core {

std::string prefix_of(const std::string& peer) {
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, peer.c_str(), bytes.data()) == 1) {
    return bytes[0] == 127 ? std::string() : std::string(bytes.data(), 4);
  }
  if (::inet_pton(AF_INET6, peer.c_str(), bytes.data()) != 1) return {};
  std::array<char, 16> loopback{};
  loopback[15] = 1;
  return bytes == loopback ? std::string() : std::string(bytes.data(), 8);
}

}  // namespace peregrine::core
