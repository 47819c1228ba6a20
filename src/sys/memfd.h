#pragma once
// Sealed memory files: how a large body travels between two processes that do not trust each
// other. The sender fills and seals one; the receiver checks the seals before it looks, so that
// neither the size nor a byte can change under its parser. Both work inside every sandbox, as long
// as the sender's `limits.file_bytes` covers the size.

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "sys/fd.h"

namespace peregrine::sys {

/// A memory file with these bytes, sealed against writing, growing, shrinking and execution.
SysResult<Fd> create_sealed_memfd(BytesView bytes);
/// The same with these pieces one after another, so that nobody has to join them first.
SysResult<Fd> create_sealed_memfd(std::span<const BytesView> pieces);

/// Private, read-only view of a sealed memory file. Lives as long as the mapping object, also
/// after the descriptor is closed.
class SealedMapping {
 public:
  SealedMapping() = default;
  SealedMapping(SealedMapping&& other) noexcept;
  SealedMapping& operator=(SealedMapping&& other) noexcept;
  SealedMapping(const SealedMapping&) = delete;
  SealedMapping& operator=(const SealedMapping&) = delete;
  ~SealedMapping();

  /// `seals` EPERM when `fd` is not a fully sealed memory file, `limit` EFBIG when it holds more
  /// than `maximum` bytes.
  static SysResult<SealedMapping> open(int fd, std::size_t maximum);

  [[nodiscard]] BytesView view() const { return {data_, size_}; }

 private:
  SealedMapping(const char* data, std::size_t size) : data_(data), size_(size) {}
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// As SealedMapping, but copies: cheaper than page faults for small bodies.
SysResult<Bytes> read_sealed(int fd, std::size_t maximum);

}  // namespace peregrine::sys
