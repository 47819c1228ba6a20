#pragma once
// Memory that several processes count in together. Its size is fixed when it is made; every process
// that is given the descriptor can write every word of it, unless it is a read_only() one.

#include <atomic>
#include <cstdint>
#include <span>

#include "sys/fd.h"

namespace peregrine::sys {

enum class Access : std::uint8_t { read, read_write };

/// `words` counters, all zero, in a memory file that cannot grow or shrink.
SysResult<Fd> create_shared_memory(std::size_t words);

/// Another descriptor of such a file, with which nobody can write it. Needs /proc.
SysResult<Fd> read_only(const Fd& memory);

/// The counters of such a file. Lives as long as this object, also after the descriptor is closed.
class SharedMemory {
 public:
  using Word = std::atomic<std::uint32_t>;

  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  /// Opened to read, a store to a word ends the process.
  static SysResult<SharedMemory> open(int fd, Access access = Access::read_write);

  [[nodiscard]] std::span<Word> words() const { return words_; }

 private:
  explicit SharedMemory(std::span<Word> words) : words_(words) {}
  std::span<Word> words_;
};

}  // namespace peregrine::sys
