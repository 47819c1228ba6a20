#pragma once
// Memory that several processes count in together. Its size is fixed when it is made; every process
// that is given the descriptor can write every word of it, so it goes only to processes of one
// role.

#include <atomic>
#include <cstdint>
#include <span>

#include "sys/fd.h"

namespace peregrine::sys {

/// `words` counters, all zero, in a memory file that cannot grow or shrink.
SysResult<Fd> create_shared_memory(std::size_t words);

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

  static SysResult<SharedMemory> open(int fd);

  [[nodiscard]] std::span<Word> words() const { return words_; }

 private:
  explicit SharedMemory(std::span<Word> words) : words_(words) {}
  std::span<Word> words_;
};

}  // namespace peregrine::sys
