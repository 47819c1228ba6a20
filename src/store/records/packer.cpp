#include "store/records/packer.h"

#include <algorithm>
#include <zstd.h>

#include "base/codec.h"

namespace peregrine::store {

namespace {

constexpr int k_level = 1;
/// A window above this would let a stored frame ask for as much memory on reading.
constexpr int k_max_window_log = 23;

Encoder header(Packing packing, std::size_t size) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(packing)).varint(size);
  return out;
}

struct FreeDecoder {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::expected<Bytes, UnpackError> decompress(BytesView packed, std::uint64_t size) {
  std::unique_ptr<ZSTD_DCtx, FreeDecoder> context(ZSTD_createDCtx());
  if (!context) return std::unexpected(UnpackError::malformed);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, k_max_window_log);
  Bytes out;
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t filled = 0;
  while (true) {
    if (filled == out.size()) {
      std::uint64_t grown = std::max<std::uint64_t>(2 * out.size(), kib(64));
      out.resize(std::min<std::uint64_t>(size, grown));
    }
    std::size_t taken = in.pos;
    ZSTD_outBuffer to{out.data(), out.size(), filled};
    std::size_t left = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(left) != 0) return std::unexpected(UnpackError::malformed);
    bool moved = to.pos != filled || in.pos != taken;
    filled = to.pos;
    if (left == 0) break;
    // No progress: the frame is cut short, or holds more than it announced.
    if (!moved) return std::unexpected(UnpackError::malformed);
  }
  if (filled != size || in.pos != in.size) return std::unexpected(UnpackError::malformed);
  return out;
}

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

Packer::Packer() : context_(ZSTD_createCCtx()) {}
Packer::~Packer() = default;

Bytes Packer::pack(BytesView content) {
  Bytes out = header(Packing::zstd, content.size()).take();
  std::size_t start = out.size();
  // A room no larger than the content: what does not fit is stored as it is.
  out.resize(start + content.size());
  std::size_t packed = 0;
  if (context_ && !content.empty()) {
    packed = ZSTD_compressCCtx(context_.get(), out.data() + start, content.size(), content.data(),
                               content.size(), k_level);
  }
  if (packed != 0 && ZSTD_isError(packed) == 0 && packed < content.size() - content.size() / 16) {
    out.resize(start + packed);
    return out;
  }
  return header(Packing::raw, content.size()).raw(content).take();
}

std::expected<Bytes, UnpackError> unpack(BytesView payload) {
  Decoder in(payload);
  std::uint8_t packing = in.u8();
  std::uint64_t size = in.varint(k_max_blob_bytes);
  BytesView content = in.rest();
  if (!in.ok()) return std::unexpected(UnpackError::malformed);
  if (packing == static_cast<std::uint8_t>(Packing::raw)) {
    if (content.size() != size) return std::unexpected(UnpackError::malformed);
    return Bytes(content);
  }
  if (packing != static_cast<std::uint8_t>(Packing::zstd)) {
    return std::unexpected(UnpackError::malformed);
  }
  return decompress(content, size);
}

Bytes pack_pieces_mark(std::uint64_t size) {
  return header(Packing::pieces, size).take();
}

std::optional<std::uint64_t> unpack_pieces_mark(BytesView payload) {
  Decoder in(payload);
  std::uint8_t packing = in.u8();
  std::uint64_t size = in.varint(k_max_blob_bytes);
  bool is_mark = in.done() && packing == static_cast<std::uint8_t>(Packing::pieces);
  if (!is_mark || piece_count(size) == 0) return std::nullopt;
  return size;
}

}  // namespace peregrine::store
