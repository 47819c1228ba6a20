#pragma once
// The frame that carries calls between two processes of ours over a stream socket. The reader of a
// worker's frames treats them as hostile: lengths are checked against a limit before anything is
// kept, unknown kinds end the channel.

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"

namespace peregrine::rpc {

/// Never renumber: both ends are the same build, but a core may outlive a worker's binary.
enum class FrameKind : std::uint8_t {
  request = 1,
  response = 2,  ///< ends a call
  item = 3,      ///< one element of a stream
  end = 4,       ///< ends a stream
  cancel = 5,    ///< the caller has lost interest
  error = 6,     ///< ends a call: code in `method`, text for the log in the payload
  credit = 7,    ///< the payload's varint: bytes of items that may follow
};

/// How many bytes of items a stream may send before the first credit frame.
inline constexpr std::uint64_t k_initial_credit = kib(256);
inline constexpr std::size_t k_frame_header_size = 12;

struct FrameHeader {
  std::uint32_t length = 0;  ///< of the payload
  std::uint32_t call = 0;
  FrameKind kind = FrameKind::request;
  bool has_descriptor = false;
  std::uint16_t method = 0;
};

enum class FrameError : std::uint8_t { too_long, unknown_kind, bad_flags };

void append_frame(Bytes& out, const FrameHeader& header, BytesView payload);

/// Reads the header at the start of `input`: nothing when it is not complete yet.
std::expected<std::optional<FrameHeader>, FrameError> read_frame_header(BytesView input,
                                                                        std::size_t max_payload);

}  // namespace peregrine::rpc
