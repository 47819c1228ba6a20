// Opening: the directory, RocksDB's options, and what each failure means to the operator.

#include <algorithm>
#include <array>
#include <atomic>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include "base/log.h"
#include "base/result.h"
#include "store/records/record_store.h"
#include "store/rocksdb/directory.h"
#include "store/rocksdb/log_check.h"
#include "store/rocksdb/rocks_engine.h"
#include "store/rocksdb/wal_file_system.h"

namespace peregrine::store {

namespace {

constexpr std::array k_tables = {Table::meta, Table::data, Table::blobs, Table::links};
constexpr std::size_t k_least_cache = mib(8);

/// A damaged table file must not stop the server: RocksDB would refuse all writes once a compaction
/// met it. It retries the compaction, the readers of that file get `corrupt`, and the log says so.
class ErrorListener final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    bool damaged = reason == rocksdb::BackgroundErrorReason::kCompaction && error->IsCorruption();
    if (damaged && count_++ % 100 != 0) {
      *error = rocksdb::Status::OK();
      return;
    }
    log_event(LogLevel::error, damaged ? "store.corrupt" : "store.background_error",
              {{"reason", error->ToString()}});
    if (damaged) *error = rocksdb::Status::OK();
  }

  /// After a failed write this store refuses further ones: coming back would take half of a commit
  /// for written. The process starts again instead.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* automatic) override {
    *automatic = false;
  }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

rocksdb::DBOptions database_options(const OpenOptions& options, rocksdb::Env* env,
                                    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions out;
  out.env = env;
  out.create_if_missing = options.create == Create::yes;
  out.create_missing_column_families = true;
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  out.manual_wal_flush = true;
  out.max_background_jobs = 2;
  // Bounded by bound_open_files() once it is open: a bound given here makes RocksDB ask for the
  // process's limits, which the sandbox forbids.
  out.max_open_files = -1;
  out.max_file_opening_threads = 1;
  out.skip_stats_update_on_db_open = true;
  out.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(cache->GetCapacity() / 2, cache);
  // Logs are what a restart reads again.
  out.max_total_wal_size = std::max(cache->GetCapacity(), mib(64));
  out.max_manifest_file_size = mib(4);
  out.bytes_per_sync = mib(1);
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.max_log_file_size = mib(1);
  out.keep_log_file_num = 2;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.enable_write_thread_adaptive_yield = false;
  out.avoid_unnecessary_blocking_io = true;
  out.max_bgerror_resume_count = 0;
  out.listeners.push_back(std::make_shared<ErrorListener>());
  return out;
}

/// Of a key: its partition, and the two bytes in which most kinds of records differ.
constexpr std::size_t k_kind_prefix = 10;

rocksdb::ColumnFamilyOptions table_options(Table table,
                                           const std::shared_ptr<rocksdb::Cache>& cache,
                                           std::uint64_t inline_blob_bytes) {
  rocksdb::ColumnFamilyOptions out;
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.cache_index_and_filter_blocks = true;
  blocks.cache_index_and_filter_blocks_with_high_priority = true;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.format_version = 5;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  out.write_buffer_size = std::clamp(cache->GetCapacity() / 8, mib(2), mib(32));
  out.max_write_buffer_number = 4;
  // Keys of one kind mostly come in order: each is put beside the one before of its kind.
  out.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(k_kind_prefix));
  out.target_file_size_base = mib(128);
  out.level_compaction_dynamic_level_bytes = true;
  out.compression = rocksdb::kLZ4Compression;
  // Expunged mail leaves runs of tombstones, which scans have to walk over.
  out.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(1024, 512));
  if (table == Table::blobs) {
    out.enable_blob_files = true;
    out.min_blob_size = inline_blob_bytes;
    out.blob_file_size = mib(128);
    out.compression = rocksdb::kNoCompression;
    out.enable_blob_garbage_collection = true;
    out.blob_garbage_collection_age_cutoff = 0.5;
    out.blob_garbage_collection_force_threshold = 0.5;
  }
  return out;
}

/// From here on files that were opened for reading are closed again, least recently used first.
/// Tables that were there at the start stay open: they hold records only, 128 MiB each.
void bound_open_files(rocksdb::DB& database) {
  database.SetDBOptions({{"max_open_files", "256"}}).PermitUncheckedError();
}

OpenError open_error(const rocksdb::Status& status, const std::string& directory) {
  std::string reason = log_escape(status.ToString());
  if (status.IsCorruption()) {
    return {
        StoreError::corrupt,
        fmt::format("the store in {} is damaged: {}; restore it from a backup", directory, reason)};
  }
  if (status.IsNoSpace()) {
    return {StoreError::no_space,
            fmt::format("no space to open the store in {}: free some", directory)};
  }
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return {StoreError::newer_format,
            fmt::format("the store in {} was written by another version of this program or its "
                        "storage library: {}",
                        directory, reason)};
  }
  if (reason.contains("/LOCK")) {
    return {StoreError::in_use,
            fmt::format("the store in {} is in use by another process: stop it first", directory)};
  }
  return {StoreError::io, fmt::format("cannot open the store in {}: {}", directory, reason)};
}

}  // namespace

std::expected<void, OpenError> RocksEngine::open_database(const OpenOptions& options) {
  auto failed = [&](const rocksdb::Status& status) {
    return std::unexpected(open_error(status, options.directory));
  };
  TRY_VOID(check_logs(options.directory));
  env_ = rocksdb::NewCompositeEnv(make_wal_file_system());
  auto cache = rocksdb::NewLRUCache(std::max(options.cache_bytes, k_least_cache));
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (Table table : k_tables) {
    families.emplace_back(table_name(table),
                          table_options(table, cache, options.inline_blob_bytes));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  rocksdb::DBOptions database_settings = database_options(options, env_.get(), cache);
  rocksdb::Status status =
      rocksdb::DB::Open(database_settings, options.directory, families, &handles, &database);
  if (!status.ok()) return failed(status);
  db_.reset(database);
  bound_open_files(*db_);
  std::ranges::copy(handles, handles_.begin());
  return {};
}

std::expected<std::unique_ptr<RocksEngine>, OpenError> RocksEngine::open(const OpenOptions& options,
                                                                         GatherPolicy policy) {
  TRY(sys::Fd directory, lock_directory(options.directory, options.create));
  auto engine = std::make_unique<RocksEngine>(std::move(directory), options.low_water_bytes);
  TRY_VOID(engine->open_database(options));
  engine->syncer_ =
      std::make_unique<Syncer>([raw = engine.get()] { return raw->sync_log(); }, policy);
  return engine;
}

std::expected<std::unique_ptr<Store>, OpenError> open_rocksdb(const OpenOptions& options) {
  TRY(std::unique_ptr<RocksEngine> engine, RocksEngine::open(options, GatherPolicy{}));
  auto store = std::make_unique<RecordStore>(std::move(engine), options.blob_grace_seconds);
  TRY_VOID(store->check_format(options.directory));
  return store;
}

}  // namespace peregrine::store
