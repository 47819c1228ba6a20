#pragma once
// The file system as RocksDB sees it, with one change: its write-ahead logs are zeroed ahead of the
// writer, so that a commit's fdatasync overwrites blocks that the file already has and no inode or
// journal update goes with it (measured: a third of the time). A log that a crash leaves ends in
// zeros; check_logs() (log_check.h) cuts them off before RocksDB reads it, since it would otherwise
// skip over a zeroed block in the middle and accept what follows: a hole in the order of commits.

#include <memory>
#include <string>

namespace rocksdb {
class FileSystem;
}

namespace peregrine::store {

/// shared_ptr: RocksDB's Env and its open files are the owners.
std::shared_ptr<rocksdb::FileSystem> make_wal_file_system();

}  // namespace peregrine::store
