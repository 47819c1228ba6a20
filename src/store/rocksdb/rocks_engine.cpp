#include "store/rocksdb/rocks_engine.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include "base/log.h"
#include "crypto/hash.h"
#include "store/rocksdb/log_check.h"

namespace peregrine::store {

namespace {

/// RocksDB asserts that a slice has an address, an empty one too.
rocksdb::Slice slice(BytesView bytes) {
  return {bytes.empty() ? "" : bytes.data(), bytes.size()};
}
BytesView view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// What RocksDB adds to each entry of a batch and of the log.
constexpr std::uint64_t k_entry_overhead = 32;

std::uint64_t bytes_of(const std::vector<TableWrite>& writes) {
  std::uint64_t sum = 0;
  for (const TableWrite& write : writes) {
    sum += write.key.size() + (write.value ? write.value->size() : 0) + k_entry_overhead;
  }
  return sum;
}

}  // namespace

RocksEngine::RocksEngine(sys::Fd directory, std::uint64_t low_water_bytes)
    : directory_(std::move(directory)),
      space_(directory_.get(), low_water_bytes),
      run_(crypto::random_u64()) {}

RocksEngine::~RocksEngine() {
  syncer_.reset();
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  if (db_) db_->Close().PermitUncheckedError();
}

StoreError RocksEngine::read_failure(const rocksdb::Status& status, Table table, BytesView key) {
  bool corrupt = status.IsCorruption();
  log_event(LogLevel::error, corrupt ? "store.corrupt" : "store.read_failed",
            {{"record", printable(table, key)}, {"reason", status.ToString()}});
  return corrupt ? StoreError::corrupt : StoreError::io;
}

std::expected<std::optional<Bytes>, StoreError> RocksEngine::get(Table table, BytesView key) {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handle(table), slice(key), &value);
  if (status.ok()) return value;
  if (status.IsNotFound()) return std::nullopt;
  return std::unexpected(read_failure(status, table, key));
}

std::expected<void, StoreError> RocksEngine::scan(
    Table table, BytesView first, BytesView end, Scan direction,
    const std::function<bool(BytesView key, BytesView value)>& visit) {
  rocksdb::ReadOptions options;
  rocksdb::Slice lower = slice(first);
  rocksdb::Slice upper = slice(end);
  options.iterate_lower_bound = &lower;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(options, handle(table)));
  bool forward = direction == Scan::forward;
  Bytes last(forward ? first : end);
  for (forward ? rows->SeekToFirst() : rows->SeekToLast(); rows->Valid();
       forward ? rows->Next() : rows->Prev()) {
    if (!visit(view(rows->key()), view(rows->value()))) return {};
    last.assign(view(rows->key()));
  }
  if (rows->status().ok()) return {};
  return std::unexpected(read_failure(rows->status(), table, last));
}

std::uint64_t RocksEngine::memtable_bytes() const {
  std::uint64_t sum = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &sum);
  return sum;
}

std::uint64_t RocksEngine::free_bytes() {
  std::uint64_t above = space_.above_low_water();
  std::uint64_t pending = memtable_bytes();
  return above > pending ? above - pending : 0;
}

std::expected<Sequence, StoreError> RocksEngine::apply(const std::vector<TableWrite>& writes,
                                                       Reserve reserve) {
  if (syncer_->has_failed()) return std::unexpected(StoreError::io);
  std::uint64_t bytes = bytes_of(writes);
  // Once for the log, and once more when the memtables are written out.
  if (!space_.has_room(2 * bytes, memtable_bytes(), reserve)) {
    return std::unexpected(StoreError::no_space);
  }
  rocksdb::WriteBatch batch;
  LogMark mark{.run = run_, .commit = last_.value + 1, .durable = syncer_->durable().value};
  if (!batch.PutLogData(slice(encode(mark))).ok()) return std::unexpected(StoreError::io);
  for (const TableWrite& write : writes) {
    rocksdb::Status added =
        write.value ? batch.Put(handle(write.table), slice(write.key), slice(*write.value))
                    : batch.Delete(handle(write.table), slice(write.key));
    if (!added.ok()) return std::unexpected(StoreError::io);
  }
  rocksdb::Status status = db_->Write(rocksdb::WriteOptions(), &batch);
  if (!status.ok()) {
    log_event(LogLevel::error, "store.write_failed", {{"reason", status.ToString()}});
    syncer_->fail();
    return std::unexpected(StoreError::io);
  }
  space_.wrote(bytes);
  last_ = syncer_->applied();
  return last_;
}

bool RocksEngine::sync_log() {
  rocksdb::Status status = db_->FlushWAL(true);
  if (status.ok()) return true;
  log_event(LogLevel::error, "store.sync_failed", {{"reason", status.ToString()}});
  return false;
}

}  // namespace peregrine::store
