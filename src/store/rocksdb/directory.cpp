#include "store/rocksdb/directory.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::store {

namespace {

std::unexpected<OpenError> system_failure(std::string_view act, const std::string& path) {
  StoreError error = errno == ENOSPC || errno == EDQUOT ? StoreError::no_space : StoreError::io;
  return std::unexpected(
      OpenError{error, fmt::format("cannot {} {}: {}", act, path, std::strerror(errno))});
}

std::unexpected<OpenError> not_ours(std::string detail) {
  return std::unexpected(OpenError{StoreError::io, std::move(detail)});
}

std::expected<void, OpenError> check_entries(int directory, uid_t owner, const std::string& path) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename();
    struct stat facts{};
    if (fstatat(directory, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    bool known_kind = S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode);
    if (known_kind && facts.st_uid == owner) continue;
    return not_ours(fmt::format("{}/{} is {}: the store holds only files of its own; remove it",
                                path, log_escape(name),
                                known_kind ? "owned by another user" : "not a regular file"));
  }
  if (!error) return {};
  errno = error.value();
  return system_failure("list", path);
}

std::unexpected<OpenError> no_store(const std::string& path) {
  return std::unexpected(
      OpenError{StoreError::not_found,
                fmt::format("there is no store in {}: mount the disk that holds it, correct "
                            "server.data_directory, or make a new one with peregrine init",
                            path)});
}

/// RocksDB's file CURRENT names the file that names all others.
std::expected<void, OpenError> check_presence(int directory, const std::string& path) {
  struct stat facts{};
  if (fstatat(directory, "CURRENT", &facts, AT_SYMLINK_NOFOLLOW) == 0) return {};
  if (errno != ENOENT) return system_failure("examine", path + "/CURRENT");
  std::error_code code;
  if (std::filesystem::is_empty(path, code)) return no_store(path);
  return std::unexpected(
      OpenError{StoreError::corrupt,
                fmt::format("the store in {} is damaged: its file CURRENT is gone; restore it from "
                            "a backup",
                            path)});
}

}  // namespace

std::expected<sys::Fd, OpenError> lock_directory(const std::string& path, Create create) {
  bool is_new = create == Create::yes;
  if (is_new && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_failure("make", path);
  }
  sys::Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return no_store(path);
  if (!directory) return system_failure("open", path);
  struct stat facts{};
  if (fstat(directory.get(), &facts) != 0) return system_failure("examine", path);
  // A directory of another user that is not open to all cannot be written by this process either.
  if ((facts.st_mode & 022) != 0) {
    return not_ours(fmt::format("{} can be written by other users: set its mode to 0700", path));
  }
  if (flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", path);
    return std::unexpected(OpenError{
        StoreError::in_use,
        fmt::format("the store in {} is in use by another process: stop it first", path)});
  }
  TRY_VOID(check_entries(directory.get(), facts.st_uid, path));
  if (!is_new) TRY_VOID(check_presence(directory.get(), path));
  return directory;
}

}  // namespace peregrine::store
