#include "sys/paths.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "base/result.h"

namespace peregrine::sys {
namespace {

constexpr mode_t k_file_mode = 0600;
constexpr mode_t k_directory_mode = 0700;

SysResult<Fd> open_beneath(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  if ((flags & O_CREAT) != 0) how.mode = k_file_mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  long fd = 0;
  // EAGAIN: a rename elsewhere raced with the lookup, which the kernel then cannot vouch for.
  for (int attempt = 0; attempt < 16; ++attempt) {
    fd = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (fd < 0) return last_error(SysCall::open);
  return Fd(static_cast<int>(fd));
}

SysResult<std::size_t> regular_file_size(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) < 0) return last_error(SysCall::stat);
  if (!S_ISREG(info.st_mode)) return sys_error(SysCall::limit, EPERM);
  return static_cast<std::size_t>(info.st_size);
}

// Reads to the end, which may have moved since the size was asked.
SysResult<Bytes> read_open_file(int fd, std::size_t maximum) {
  TRY(std::size_t size, regular_file_size(fd));
  if (size > maximum) return sys_error(SysCall::limit, EFBIG);
  Bytes out(size + 1, '\0');
  std::size_t have = 0;
  while (true) {
    if (have == out.size()) out.resize(std::min(maximum + 1, out.size() * 2));
    ssize_t got = ::read(fd, out.data() + have, out.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error(SysCall::read);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have > maximum) return sys_error(SysCall::limit, EFBIG);
  }
  out.resize(have);
  return out;
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

struct SplitName {
  std::string directory;
  std::string file;
};

SplitName split_name(const std::string& name) {
  std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {".", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

bool is_plain_component(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

// The directory that holds `name`, so that the calls which take no resolve flags work on one plain
// component inside it.
SysResult<std::pair<Fd, std::string>> open_parent(int directory, const std::string& name) {
  SplitName parts = split_name(name);
  if (!is_plain_component(parts.file)) return sys_error(SysCall::limit, EINVAL);
  TRY(Fd parent, open_beneath(directory, parts.directory, O_RDONLY | O_DIRECTORY));
  return std::pair(std::move(parent), std::move(parts.file));
}

}  // namespace

SysResult<Directory> Directory::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return last_error(SysCall::open);
  return Directory(std::move(fd));
}

SysResult<Fd> Directory::open_file(const std::string& name, int flags) const {
  // Not blocking: a planted pipe would hold the open until somebody writes to it.
  TRY(Fd fd, open_beneath(fd_.get(), name, flags | O_NONBLOCK | O_NOCTTY));
  struct stat info{};
  if (::fstat(fd.get(), &info) < 0) return last_error(SysCall::stat);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) return sys_error(SysCall::limit, EPERM);
  return fd;
}

SysResult<Directory> Directory::open_directory(const std::string& name) const {
  TRY(Fd fd, open_beneath(fd_.get(), name, O_RDONLY | O_DIRECTORY));
  return Directory(std::move(fd));
}

SysResult<Directory> Directory::make_directory(const std::string& name) const {
  TRY(auto parent, open_parent(fd_.get(), name));
  if (::mkdirat(parent.first.get(), parent.second.c_str(), k_directory_mode) < 0 &&
      errno != EEXIST) {
    return last_error(SysCall::mkdir);
  }
  return open_directory(name);
}

SysResult<Bytes> Directory::read_file(const std::string& name, std::size_t maximum) const {
  TRY(Fd fd, open_file(name, O_RDONLY));
  return read_open_file(fd.get(), maximum);
}

SysResult<void> Directory::write_file_atomic(const std::string& name, BytesView bytes) const {
  TRY(auto parent, open_parent(fd_.get(), name));
  int directory = parent.first.get();
  std::string temporary = parent.second + ".new";
  // Left over from a crash, or planted: O_EXCL makes the file ours in either case.
  if (::unlinkat(directory, temporary.c_str(), 0) < 0 && errno != ENOENT) {
    return last_error(SysCall::unlink);
  }
  TRY(Fd fd, open_beneath(directory, temporary, O_WRONLY | O_CREAT | O_EXCL));
  TRY_VOID(write_all(fd.get(), bytes));
  if (::fsync(fd.get()) < 0) return last_error(SysCall::fsync);
  if (::renameat(directory, temporary.c_str(), directory, parent.second.c_str()) < 0) {
    return last_error(SysCall::rename);
  }
  if (::fsync(directory) < 0) return last_error(SysCall::fsync);
  return {};
}

SysResult<void> Directory::remove_file(const std::string& name) const {
  TRY(auto parent, open_parent(fd_.get(), name));
  if (::unlinkat(parent.first.get(), parent.second.c_str(), 0) < 0) {
    return last_error(SysCall::unlink);
  }
  return {};
}

SysResult<Bytes> read_file(const std::string& path, std::size_t maximum) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return last_error(SysCall::open);
  return read_open_file(fd.get(), maximum);
}

}  // namespace peregrine::sys
