#include "front/admission.h"

#include "role/control.h"

namespace peregrine::front {

using role::k_count_columns;

Admission::Admission(const sys::Fd& table, crypto::SipKey key, std::uint32_t index) : key_(key) {
  auto shared = sys::SharedMemory::open(table.get());
  if (shared && shared->words().size() >= (index + std::size_t{1}) * k_count_columns) {
    shared_ = std::move(*shared);
    rows_ = shared_.words();
    mine_ = rows_.subspan(index * k_count_columns, k_count_columns);
    // What the front before this one had is closed.
    for (auto& word : mine_) word.store(0, std::memory_order_relaxed);
  } else {
    alone_ = std::vector<sys::SharedMemory::Word>(k_count_columns);
    rows_ = mine_ = alone_;
  }
}

AdmissionVerdict Admission::enter(const sys::SocketAddress& peer,
                                  const config::LimitSettings& limits) {
  if (sum(0) >= limits.connections) return AdmissionVerdict::too_many_in_all;
  return take(peer, limits);
}

AdmissionVerdict Admission::enter_share(const sys::SocketAddress& peer,
                                        const config::LimitSettings& limits) {
  std::size_t fronts = rows_.size() / k_count_columns;
  if (fronts < 2 || open_ >= limits.connections / fronts) return AdmissionVerdict::too_many_in_all;
  return take(peer, limits);
}

AdmissionVerdict Admission::take(const sys::SocketAddress& peer,
                                 const config::LimitSettings& limits) {
  if (peer.is_ip()) {
    std::uint32_t most =
        peer.is_loopback() ? limits.connections_loopback : limits.connections_per_address;
    std::size_t column = column_of(peer);
    if (sum(column) >= most) return AdmissionVerdict::too_many_from_address;
    mine_[column].fetch_add(1, std::memory_order_relaxed);
  }
  mine_[0].store(++open_, std::memory_order_relaxed);
  return AdmissionVerdict::admitted;
}

void Admission::leave(const sys::SocketAddress& peer) {
  mine_[0].store(--open_, std::memory_order_relaxed);
  if (peer.is_ip()) mine_[column_of(peer)].fetch_sub(1, std::memory_order_relaxed);
}

std::uint32_t Admission::sum(std::size_t column) const {
  std::uint32_t out = 0;
  for (std::size_t at = column; at < rows_.size(); at += k_count_columns) {
    out += rows_[at].load(std::memory_order_relaxed);
  }
  return out;
}

std::size_t Admission::column_of(const sys::SocketAddress& peer) const {
  sys::SocketAddress network = peer.network(peer.kind() == sys::AddressKind::ipv6 ? 64 : 32);
  auto ip = network.ip_bytes();
  BytesView bytes(reinterpret_cast<const char*>(ip.data()), ip.size());
  return 1 + crypto::siphash13(key_, bytes) % (k_count_columns - 1);
}

}  // namespace peregrine::front
