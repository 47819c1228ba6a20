#pragma once
// BanTable: the networks that fronts turn away, in memory that core writes and every front can only
// read. A front has no channel to core, and looks here at each new connection, without asking
// anybody. Nothing is parsed: a row is a keyed fingerprint of a network and the moment, on the
// machine's monotonic clock, up to which it is banned. A row read while it is written counts as
// none. The supervisor makes the table and the key.

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "crypto/hash.h"
#include "sys/shared_memory.h"
#include "sys/sockets.h"

namespace peregrine::role {

class BanTable {
 public:
  static constexpr std::size_t k_rows = 16384;
  static constexpr std::size_t k_words = k_rows * 3;

  /// Nothing when `table` is not the memory of such a table.
  static std::optional<BanTable> open(const sys::Fd& table, crypto::SipKey key, sys::Access access);

  /// `network`: an IPv4 address or an IPv6 /64, as core::network_of() gives it.
  void set(const sys::SocketAddress& network, Deadline until);
  void erase(const sys::SocketAddress& network);
  void clear();

  [[nodiscard]] bool holds(const sys::SocketAddress& network, Deadline now) const;

 private:
  using Row = std::span<sys::SharedMemory::Word>;
  BanTable(sys::SharedMemory memory, crypto::SipKey key) : memory_(std::move(memory)), key_(key) {}

  [[nodiscard]] std::uint64_t fingerprint(const sys::SocketAddress& network) const;
  /// One of the few rows in which a fingerprint may stand.
  [[nodiscard]] Row row(std::uint64_t fingerprint, std::size_t step) const;
  [[nodiscard]] std::optional<Row> find(std::uint64_t fingerprint) const;

  sys::SharedMemory memory_;
  crypto::SipKey key_;
};

}  // namespace peregrine::role
