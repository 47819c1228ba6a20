#pragma once
// RecordStore: the contract of store.h on the tables of an Engine. Frames and versions, the rule
// that a blob is named by its own digest, links and collection are here, once for every engine.
// Layout: docs/format/store.md.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "store/records/engine.h"
#include "store/records/packer.h"
#include "store/store.h"

namespace peregrine::store {

/// Logs the damage.
std::unexpected<StoreError> corrupt(Table table, BytesView key, std::string_view what);

class RecordStore final : public Store {
 public:
  RecordStore(std::unique_ptr<Engine> engine, std::uint32_t blob_grace_seconds);

  /// Checks the format number, or writes it into an empty engine.
  std::expected<void, OpenError> check_format(const std::string& directory);

  std::expected<std::optional<Bytes>, StoreError> get(PartitionId partition,
                                                      BytesView key) override;
  std::expected<void, StoreError> scan(
      PartitionId partition, BytesView first, BytesView end, Scan direction,
      const std::function<bool(BytesView key, BytesView value)>& visit) override;
  std::expected<Sequence, StoreError> commit(const Commit& commit) override;
  Version version(PartitionId partition) override;
  Sequence durable() const override { return engine_->durable(); }
  void on_durable(std::function<void(std::expected<Sequence, StoreError>)> notify) override {
    engine_->on_durable(std::move(notify));
  }
  std::expected<Bytes, StoreError> read_blob(const BlobId& blob) override;
  std::expected<Bytes, StoreError> read_blob_range(const BlobId& blob, std::uint64_t offset,
                                                   std::uint64_t length) override;
  bool has_blob(const BlobId& blob) override;
  std::expected<std::size_t, StoreError> collect(std::int64_t now_seconds) override;
  std::expected<std::vector<PartitionId>, StoreError> partitions() override;
  std::expected<void, StoreError> verify(
      const std::function<void(const Finding&)>& report) override;
  std::expected<void, StoreError> scan_links(
      const std::function<bool(const BlobLink&)>& visit) override;
  std::uint64_t free_bytes() override { return engine_->free_bytes(); }

 private:
  /// What a commit is about to do; applied as a whole or dropped.
  struct Plan {
    std::vector<TableWrite> writes;
    std::vector<std::pair<PartitionId, Version>> versions;
    std::map<BlobId, std::uint64_t> new_blobs;  ///< with their sizes
  };

  std::expected<void, OpenError> write_format(const std::string& directory);
  std::expected<void, StoreError> plan_partitions(const Commit& commit, Plan& plan);
  std::expected<void, StoreError> plan_blobs(const Commit& commit, Plan& plan);
  std::expected<void, StoreError> plan_links(const Commit& commit, Plan& plan);
  std::expected<void, StoreError> plan_collection(const Commit& commit, Plan& plan);
  std::expected<void, StoreError> plan_death(const BlobId& blob, Plan& plan);
  std::expected<bool, StoreError> has_other_link(const BlobId& blob,
                                                 const std::set<Bytes>& without);
  std::expected<std::optional<BlobHead>, StoreError> head(const BlobId& blob);
  std::expected<Version, StoreError> read_version(PartitionId partition);
  std::expected<Version, StoreError> load_version(PartitionId partition);
  std::expected<std::optional<Bytes>, StoreError> get_record(Table table, const Bytes& key);
  std::expected<std::size_t, StoreError> collect_some(const std::vector<CollectKey>& due);

  // contents.cpp
  struct Content;
  void add_content(const BlobId& blob, BytesView content, std::vector<TableWrite>& writes);
  static void remove_content(const BlobId& blob, std::uint64_t size,
                             std::vector<TableWrite>& writes);
  std::expected<Content, StoreError> open_content(const BlobId& blob);
  std::expected<Bytes, StoreError> read_pieces(const BlobId& blob, std::uint64_t size,
                                               std::uint64_t offset, std::uint64_t length);
  std::expected<Bytes, StoreError> read_piece(const BlobId& blob, std::uint32_t index,
                                              std::uint64_t size);

  class Verification;

  std::unique_ptr<Engine> engine_;
  std::uint32_t grace_seconds_;
  /// Commits and collection, one at a time; guards packer_.
  std::mutex commit_mutex_;
  Packer packer_;
  std::mutex versions_mutex_;
  /// Guarded by versions_mutex_; a bounded cache of what Table::meta says.
  std::unordered_map<PartitionId, Version> versions_;
};

}  // namespace peregrine::store
