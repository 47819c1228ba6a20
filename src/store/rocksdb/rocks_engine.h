#pragma once
// RocksEngine: the four tables as column families of one RocksDB. Writes go to the log's buffer and
// the memtables at once; the Syncer writes and syncs the log. See README.md for the threads and the
// paths that it touches.

#include <array>
#include <memory>

#include "store/records/engine.h"
#include "store/rocksdb/free_space.h"
#include "store/rocksdb/syncer.h"
#include "sys/fd.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace peregrine::store {

class RocksEngine final : public Engine {
 public:
  static std::expected<std::unique_ptr<RocksEngine>, OpenError> open(const OpenOptions& options,
                                                                     GatherPolicy policy);
  /// Use open(): an engine without a database serves nothing.
  RocksEngine(sys::Fd directory, std::uint64_t low_water_bytes);
  ~RocksEngine() override;

  std::expected<std::optional<Bytes>, StoreError> get(Table table, BytesView key) override;
  std::expected<void, StoreError> scan(
      Table table, BytesView first, BytesView end, Scan direction,
      const std::function<bool(BytesView key, BytesView value)>& visit) override;
  std::expected<Sequence, StoreError> apply(const std::vector<TableWrite>& writes,
                                            Reserve reserve) override;
  Sequence durable() const override { return syncer_->durable(); }
  void on_durable(std::function<void(std::expected<Sequence, StoreError>)> notify) override {
    syncer_->on_durable(std::move(notify));
  }
  std::uint64_t free_bytes() override;

  /// For the benchmark.
  [[nodiscard]] std::uint64_t sync_count() const { return syncer_->sync_count(); }

 private:
  std::expected<void, OpenError> open_database(const OpenOptions& options);
  bool sync_log();
  [[nodiscard]] std::uint64_t memtable_bytes() const;
  StoreError read_failure(const rocksdb::Status& status, Table table, BytesView key);
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Table table) const {
    return handles_[static_cast<std::size_t>(table)];
  }

  // Destroyed from the bottom up: the syncer before the database, the lock last of all.
  sys::Fd directory_;
  FreeSpace space_;
  std::uint64_t run_;  ///< LogMark::run
  Sequence last_;      ///< of the last commit
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, k_table_count> handles_{};  ///< given back in the dtor
  std::unique_ptr<Syncer> syncer_;
};

}  // namespace peregrine::store
