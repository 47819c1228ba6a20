#include "front/admission.h"

namespace peregrine::front {
namespace {

sys::SocketAddress network_of(const sys::SocketAddress& peer) {
  return peer.network(peer.kind() == sys::AddressKind::ipv6 ? 64 : 32);
}

}  // namespace

AdmissionVerdict Admission::enter(const sys::SocketAddress& peer,
                                  const config::LimitSettings& limits) {
  if (open_ >= limits.connections) return AdmissionVerdict::too_many_in_all;
  if (peer.is_ip()) {
    std::uint32_t most =
        peer.is_loopback() ? limits.connections_loopback : limits.connections_per_address;
    std::uint32_t& count = by_network_[network_of(peer)];
    if (count >= most) return AdmissionVerdict::too_many_from_address;
    ++count;
  }
  ++open_;
  return AdmissionVerdict::admitted;
}

void Admission::leave(const sys::SocketAddress& peer) {
  --open_;
  auto it = peer.is_ip() ? by_network_.find(network_of(peer)) : by_network_.end();
  if (it != by_network_.end() && --it->second == 0) by_network_.erase(it);
}

}  // namespace peregrine::front
