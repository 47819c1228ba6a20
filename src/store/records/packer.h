#pragma once
// Packing of blobs: zstd at level 1, or stored as they are when that saves nothing. unpack() reads
// hostile bytes: it allocates by what it has decompressed, never by an announced size.

#include <cstdint>
#include <expected>
#include <memory>

#include "base/bytes.h"

struct ZSTD_CCtx_s;

namespace peregrine::store {

/// Never renumber: on disk.
enum class Packing : std::uint8_t { raw = 0, zstd = 1 };

/// Larger blobs are neither written nor read.
inline constexpr std::uint64_t k_max_blob_bytes = 1024ULL * mib(1);

/// Keeps the compressor's tables between calls. One thread at a time.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  /// The payload of the blob's record: packing, size, content.
  Bytes pack(BytesView content);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

enum class UnpackError : std::uint8_t { malformed };

std::expected<Bytes, UnpackError> unpack(BytesView payload);

}  // namespace peregrine::store
