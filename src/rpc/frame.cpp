#include "rpc/frame.h"

#include "base/codec.h"

namespace peregrine::rpc {

void append_frame(Bytes& out, const FrameHeader& header, BytesView payload) {
  Encoder encoder;
  encoder.fixed32(static_cast<std::uint32_t>(payload.size())).fixed32(header.call);
  encoder.u8(static_cast<std::uint8_t>(header.kind)).boolean(header.has_descriptor);
  encoder.u8(static_cast<std::uint8_t>(header.method >> 8));
  encoder.u8(static_cast<std::uint8_t>(header.method));
  out.append(encoder.view()).append(payload);
}

std::expected<std::optional<FrameHeader>, FrameError> read_frame_header(BytesView input,
                                                                        std::size_t max_payload) {
  if (input.size() < k_frame_header_size) return std::nullopt;
  Decoder decoder(input);
  FrameHeader header;
  header.length = decoder.fixed32();
  header.call = decoder.fixed32();
  std::uint8_t kind = decoder.u8();
  std::uint8_t flags = decoder.u8();
  header.method = static_cast<std::uint16_t>(decoder.u8() << 8);
  header.method = static_cast<std::uint16_t>(header.method | decoder.u8());
  if (header.length > max_payload) return std::unexpected(FrameError::too_long);
  if (kind < 1 || kind > 7) return std::unexpected(FrameError::unknown_kind);
  if (flags > 1) return std::unexpected(FrameError::bad_flags);
  header.kind = static_cast<FrameKind>(kind);
  header.has_descriptor = flags == 1;
  return header;
}

}  // namespace peregrine::rpc
