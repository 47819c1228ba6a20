#include "sys/shared_memory.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "base/result.h"

namespace peregrine::sys {

static_assert(SharedMemory::Word::is_always_lock_free && sizeof(SharedMemory::Word) == 4);

SysResult<Fd> create_shared_memory(std::size_t words) {
  Fd fd(::memfd_create("counters", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return last_error(SysCall::memfd_create);
  if (::ftruncate(fd.get(), static_cast<off_t>(words * sizeof(SharedMemory::Word))) < 0) {
    return last_error(SysCall::ftruncate);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    return last_error(SysCall::fcntl);
  }
  return fd;
}

SysResult<Fd> read_only(const Fd& memory) {
  std::string path = "/proc/self/fd/" + std::to_string(memory.get());
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return last_error(SysCall::open);
  return fd;
}

SysResult<SharedMemory> SharedMemory::open(int fd, Access access) {
  off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return last_error(SysCall::lseek);
  auto bytes = static_cast<std::size_t>(size);
  int protection = access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
  void* mapped = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return last_error(SysCall::mmap);
  return SharedMemory({static_cast<Word*>(mapped), bytes / sizeof(Word)});
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : words_(std::exchange(other.words_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(words_, other.words_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (!words_.empty()) ::munmap(words_.data(), words_.size_bytes());
}

}  // namespace peregrine::sys
