#include "sys/memfd.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "base/result.h"

namespace peregrine::sys {
namespace {

// Newer than the headers of the oldest system that is supported: linux/memfd.h of 6.3.
constexpr unsigned k_memfd_noexec_seal = 0x8;

constexpr int k_needed_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

SysResult<Fd> create_memfd() {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create("message", flags | k_memfd_noexec_seal);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create("message", flags);
  if (fd < 0) return last_error(SysCall::memfd_create);
  return Fd(fd);
}

SysResult<void> write_all(int fd, BytesView bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return last_error(SysCall::write);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

// The size of a memory file that can no longer change.
SysResult<std::size_t> sealed_size(int fd, std::size_t maximum) {
  // F_GET_SEALS fails on everything that is not a memory file: a pipe, a FUSE file that blocks.
  int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & k_needed_seals) != k_needed_seals) {
    return sys_error(SysCall::seals, EPERM);
  }
  // lseek and not fstat: a sandboxed role has no call that takes a path, and fstat is one in
  // disguise. The shared offset that it moves is used by nobody.
  off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return last_error(SysCall::lseek);
  if (static_cast<std::uint64_t>(size) > maximum) return sys_error(SysCall::limit, EFBIG);
  return static_cast<std::size_t>(size);
}

}  // namespace

SysResult<Fd> create_sealed_memfd(BytesView bytes) {
  return create_sealed_memfd(std::span(&bytes, 1));
}

SysResult<Fd> create_sealed_memfd(std::span<const BytesView> pieces) {
  TRY(Fd fd, create_memfd());
  for (BytesView piece : pieces) TRY_VOID(write_all(fd.get(), piece));
  if (::fcntl(fd.get(), F_ADD_SEALS, k_needed_seals | F_SEAL_SEAL) < 0) {
    return last_error(SysCall::fcntl);
  }
  return fd;
}

SealedMapping::SealedMapping(SealedMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SealedMapping& SealedMapping::operator=(SealedMapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SealedMapping::~SealedMapping() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

SysResult<SealedMapping> SealedMapping::open(int fd, std::size_t maximum) {
  TRY(std::size_t size, sealed_size(fd, maximum));
  if (size == 0) return SealedMapping();
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return last_error(SysCall::mmap);
  return SealedMapping(static_cast<const char*>(data), size);
}

SysResult<Bytes> read_sealed(int fd, std::size_t maximum) {
  TRY(std::size_t size, sealed_size(fd, maximum));
  Bytes out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    ssize_t got = ::pread(fd, out.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return last_error(SysCall::read);
    have += static_cast<std::size_t>(got);
  }
  return out;
}

}  // namespace peregrine::sys
