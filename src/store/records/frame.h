#pragma once
// The frame around every value at rest: payload, version, CRC-32C over key and payload. It finds a
// flipped bit in a record, and a record that stands under a key which is not its own. The checksum
// is for rot, not for trust: what reads the payload still treats it as hostile.

#include <cstdint>
#include <expected>

#include "base/bytes.h"

namespace peregrine::store {

/// Never renumber: on disk.
enum class FrameVersion : std::uint8_t { v1 = 1 };

enum class FrameError : std::uint8_t { too_short, bad_checksum, unknown_version };

/// The version byte and the checksum behind the payload.
inline constexpr std::size_t k_frame_overhead = 5;

/// The value as stored under `key`.
Bytes frame(BytesView key, BytesView payload);
/// The same without a copy: the frame is put around the payload where it is.
void frame_in_place(BytesView key, Bytes& payload);

/// The payload inside `stored`, a view into it.
std::expected<BytesView, FrameError> unframe(BytesView key, BytesView stored);

const char* to_text(FrameError error);

}  // namespace peregrine::store
