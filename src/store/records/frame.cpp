#include "store/records/frame.h"

#include "base/codec.h"

namespace peregrine::store {

namespace {

std::uint32_t checksum(BytesView key, BytesView covered) {
  return crc32c(covered, crc32c(key));
}

}  // namespace

Bytes frame(BytesView key, BytesView payload) {
  Bytes out;
  out.reserve(payload.size() + k_frame_overhead);
  out.append(payload);
  frame_in_place(key, out);
  return out;
}

void frame_in_place(BytesView key, Bytes& payload) {
  payload.push_back(static_cast<char>(FrameVersion::v1));
  std::uint32_t sum = checksum(key, payload);
  payload.append(Encoder{}.fixed32(sum).view());
}

std::expected<BytesView, FrameError> unframe(BytesView key, BytesView stored) {
  if (stored.size() < k_frame_overhead) return std::unexpected(FrameError::too_short);
  BytesView covered = stored.substr(0, stored.size() - 4);
  std::uint32_t sum = Decoder(stored.substr(covered.size())).fixed32();
  if (sum != checksum(key, covered)) return std::unexpected(FrameError::bad_checksum);
  if (static_cast<std::uint8_t>(covered.back()) != static_cast<std::uint8_t>(FrameVersion::v1)) {
    return std::unexpected(FrameError::unknown_version);
  }
  return covered.substr(0, covered.size() - 1);
}

const char* to_text(FrameError error) {
  switch (error) {
    case FrameError::too_short:
      return "shorter than its frame";
    case FrameError::bad_checksum:
      return "checksum does not hold";
    case FrameError::unknown_version:
      return "unknown record version";
  }
  return "?";
}

}  // namespace peregrine::store
