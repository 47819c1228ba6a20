#include "store/rocksdb/wal_file_system.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <unistd.h>

#include "base/bytes.h"
#include "sys/fd.h"

namespace peregrine::store {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

constexpr std::uint64_t k_zero_ahead = mib(1);
/// A write larger than this gains nothing from zeros that were written before it.
constexpr std::size_t k_small_write = kib(256);
constexpr std::array<char, kib(64)> k_zeros{};

IOStatus failure(const std::string& name, int number) {
  return IOStatus::IOError(name, std::strerror(number));
}

/// A log: written at its end by one thread at a time, synced by any. After a failure nothing more
/// is written to it, and no sync of it succeeds ever again: what the kernel gave up on once, it
/// reports as written the next time. A failed write is told by the sync, since RocksDB asserts that
/// nobody writes to a log after a failed write, which two threads cannot promise.
class LogFile final : public rocksdb::FSWritableFile {
 public:
  LogFile(std::string name, sys::Fd fd) : name_(std::move(name)), fd_(std::move(fd)) {}
  ~LogFile() override { close_file(); }

  using FSWritableFile::Append;
  IOStatus Append(const rocksdb::Slice& data, const IOOptions&, IODebugContext*) override {
    if (failure_ != 0 || !write_at(end_, data.data(), data.size())) return IOStatus::OK();
    end_ += data.size();
    if (end_ <= zeroed_) return IOStatus::OK();
    zeroed_ = end_;
    if (data.size() <= k_small_write) zero_ahead();
    return IOStatus::OK();
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return sync_by(fdatasync); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return sync_by(fsync); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return end_; }
  void PrepareWrite(std::size_t, std::size_t, const IOOptions&, IODebugContext*) override {}
  IOStatus Close(const IOOptions&, IODebugContext*) override {
    close_file();
    return IOStatus::OK();
  }

 private:
  IOStatus sync_by(int (*call)(int)) {
    if (failure_ == 0 && call(fd_.get()) != 0) failure_ = errno;
    return failure_ == 0 ? IOStatus::OK() : failure(name_, failure_);
  }

  bool write_at(std::uint64_t offset, const char* data, std::size_t size) {
    while (size > 0) {
      ssize_t n = pwrite(fd_.get(), data, size, static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        failure_ = n < 0 ? errno : EIO;
        return false;
      }
      data += n;
      offset += static_cast<std::uint64_t>(n);
      size -= static_cast<std::size_t>(n);
    }
    return true;
  }

  void zero_ahead() {
    std::uint64_t goal = end_ + k_zero_ahead;
    while (zeroed_ < goal) {
      std::size_t size = std::min<std::uint64_t>(goal - zeroed_, k_zeros.size());
      ssize_t n = pwrite(fd_.get(), k_zeros.data(), size, static_cast<off_t>(zeroed_));
      // Zeros are only for speed: without room for them the log goes on without.
      if (n <= 0) return;
      zeroed_ += static_cast<std::uint64_t>(n);
    }
  }

  void close_file() {
    // What fails here is cut by check_logs().
    if (fd_ && zeroed_ != end_ && ftruncate(fd_.get(), static_cast<off_t>(end_)) == 0) {
      zeroed_ = end_;
    }
    fd_.reset();
  }

  std::string name_;
  sys::Fd fd_;
  std::uint64_t end_ = 0;
  std::uint64_t zeroed_ = 0;      ///< the file's size; never below end_
  std::atomic<int> failure_ = 0;  ///< errno of the first failure
};

/// RocksDB makes its files readable by everybody; one that is there keeps its mode. A failure is
/// left to the call that follows.
void make_private(const std::string& path) {
  sys::Fd(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

bool is_log(const std::string& path) {
  return path.ends_with(".log");
}

/// Logs of our own kind, and every file for its owner alone.
class WalFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "peregrine"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    if (!is_log(path)) {
      make_private(path);
      return target()->NewWritableFile(path, options, result, debug);
    }
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    sys::Fd fd(open(path.c_str(), flags, 0600));
    if (!fd) return failure(path, errno);
    *result = std::make_unique<LogFile>(path, std::move(fd));
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string& path, const IOOptions& options,
                     std::shared_ptr<rocksdb::Logger>* result, IODebugContext* debug) override {
    make_private(path);
    return target()->NewLogger(path, options, result, debug);
  }
  IOStatus LockFile(const std::string& path, const IOOptions& options, rocksdb::FileLock** lock,
                    IODebugContext* debug) override {
    make_private(path);
    return target()->LockFile(path, options, lock, debug);
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> make_wal_file_system() {
  return std::make_shared<WalFileSystem>(rocksdb::FileSystem::Default());
}

}  // namespace peregrine::store
