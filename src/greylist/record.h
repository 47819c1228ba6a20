#pragma once
// The greylist's records at rest, as docs/format/greylist.md describes them. Validated on every
// read.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine::greylist {

/// Who sends to whom. Two clients of one network are the same: large senders try again from another
/// of their machines.
struct Triplet {
  Bytes network;              ///< of network_of()
  std::string sender_domain;  ///< empty for the null reverse-path
  std::string recipient;
};

/// The first 3 bytes of an IPv4 address or the first 8 of an IPv6 one; nothing for what is none.
std::optional<Bytes> network_of(std::string_view ip);

struct Record {
  UnixTime first;    ///< the first attempt
  UnixTime expires;  ///< from then on the record does not count
  bool has_passed = false;
  bool operator==(const Record&) const = default;
};

Bytes encode(const Record& record);
/// Nothing when malformed or of a later version.
std::optional<Record> decode(BytesView bytes);

/// First byte of the greylist's keys in the system partition.
inline constexpr char k_key_prefix = 'g';
Bytes key_of(const Triplet& triplet);
/// All keys are in [first, end).
Bytes first_key();
Bytes end_key();

}  // namespace peregrine::greylist
