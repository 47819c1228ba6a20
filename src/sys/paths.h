#pragma once
// Files below one directory, opened so that nothing planted there leads elsewhere (V11): every name
// is resolved by openat2 beneath the directory, without symbolic links, and a file with a second
// hard link is refused. Plus the bounded read of a file that the operator names.

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/bytes.h"
#include "sys/fd.h"

namespace peregrine::sys {

class Directory {
 public:
  /// `path` comes from the operator and may pass through symbolic links. Open it before the seal.
  static SysResult<Directory> open(const std::string& path);

  /// Opens a regular file (`flags` as for open(2); made with mode 0600). Names are relative, such
  /// as "state/secret". `limit` EPERM: not a regular file, or linked from elsewhere too.
  [[nodiscard]] SysResult<Fd> open_file(const std::string& name, int flags) const;
  [[nodiscard]] SysResult<Directory> open_directory(const std::string& name) const;
  /// Makes one directory level, mode 0700, unless it is there.
  [[nodiscard]] SysResult<Directory> make_directory(const std::string& name) const;

  /// `limit` EFBIG when the file holds more than `maximum` bytes.
  [[nodiscard]] SysResult<Bytes> read_file(const std::string& name, std::size_t maximum) const;
  /// Replaces the file: after a crash it holds the old bytes or the new ones. Durable on return.
  /// One writer a name at a time.
  [[nodiscard]] SysResult<void> write_file_atomic(const std::string& name, BytesView bytes) const;
  [[nodiscard]] SysResult<void> remove_file(const std::string& name) const;

  [[nodiscard]] int get() const { return fd_.get(); }

 private:
  explicit Directory(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// Reads a file by any path, following links; regular files only.
SysResult<Bytes> read_file(const std::string& path, std::size_t maximum);

}  // namespace peregrine::sys
