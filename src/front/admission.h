#pragma once
// Admission: how many connections are open, in all and from one network (an IPv4 address, an IPv6
// /64). All front processes count in one table, so that a limit holds for the server and not for
// each of them. The caller leaves as often as it was let in.
//
// The table has a row for each front, which it alone writes; a limit is held against the column's
// sum. A front that died leaves its row behind and clears it when it is back.

#include <cstdint>
#include <span>
#include <vector>

#include "config/settings.h"
#include "crypto/hash.h"
#include "sys/shared_memory.h"
#include "sys/sockets.h"

namespace peregrine::front {

enum class AdmissionVerdict : std::uint8_t { admitted, too_many_in_all, too_many_from_address };

class Admission {
 public:
  /// `index`: this front's row in `table`, a memory file of role::Counters. Without one it counts
  /// for itself alone.
  Admission(const sys::Fd& table, crypto::SipKey key, std::uint32_t index);

  AdmissionVerdict enter(const sys::SocketAddress& peer, const config::LimitSettings& limits);
  /// The same when this front had nobody to send away: others may hold all places, and it is let in
  /// all the same while this front holds less than its share.
  AdmissionVerdict enter_share(const sys::SocketAddress& peer, const config::LimitSettings& limits);
  void leave(const sys::SocketAddress& peer);
  /// Of this front.
  [[nodiscard]] std::uint64_t open() const { return open_; }

 private:
  AdmissionVerdict take(const sys::SocketAddress& peer, const config::LimitSettings& limits);
  [[nodiscard]] std::uint32_t sum(std::size_t column) const;
  [[nodiscard]] std::size_t column_of(const sys::SocketAddress& peer) const;

  sys::SharedMemory shared_;
  std::vector<sys::SharedMemory::Word> alone_;
  std::span<sys::SharedMemory::Word> rows_;
  std::span<sys::SharedMemory::Word> mine_;
  crypto::SipKey key_;
  std::uint32_t open_ = 0;
};

}  // namespace peregrine::front
