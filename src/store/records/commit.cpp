// Commit and collection of RecordStore: checks first, then one write.

#include <algorithm>

#include "base/codec.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/hash.h"
#include "store/records/frame.h"
#include "store/records/record_store.h"

namespace peregrine::store {

namespace {

/// Blobs that one collect() removes at most, so that core's loop is not held up.
constexpr std::size_t k_collected_at_once = 500;
/// The same for records: a large blob has many.
constexpr std::size_t k_writes_at_once = 20'000;

TableWrite put(Table table, Bytes key, BytesView payload) {
  Bytes value = frame(key, payload);
  return {table, std::move(key), std::move(value)};
}

TableWrite remove(Table table, Bytes key) {
  return {table, std::move(key), std::nullopt};
}

}  // namespace

std::expected<Sequence, StoreError> RecordStore::commit(const Commit& commit) {
  std::lock_guard lock(commit_mutex_);
  Plan plan;
  TRY_VOID(plan_partitions(commit, plan));
  TRY_VOID(plan_blobs(commit, plan));
  TRY_VOID(plan_links(commit, plan));
  TRY_VOID(plan_collection(commit, plan));
  Reserve reserve = plan.new_blobs.empty() ? Reserve::half : Reserve::none;
  TRY(Sequence sequence, engine_->apply(plan.writes, reserve));

  std::lock_guard versions_lock(versions_mutex_);
  for (const auto& [partition, version] : plan.versions) versions_[partition] = version;
  return sequence;
}

std::expected<void, StoreError> RecordStore::plan_partitions(const Commit& commit, Plan& plan) {
  for (const PartitionWrites& part : commit.partitions) {
    TRY(Version now, load_version(part.partition));
    if (part.expected_version && *part.expected_version != now) {
      return std::unexpected(StoreError::conflict);
    }
    for (const Write& write : part.writes) {
      Bytes key = data_key(part.partition, write.key);
      plan.writes.push_back(write.value ? put(Table::data, std::move(key), *write.value)
                                        : remove(Table::data, std::move(key)));
    }
    bool seen = std::ranges::any_of(
        plan.versions, [&](const auto& entry) { return entry.first == part.partition; });
    if (part.writes.empty() || seen) continue;
    plan.versions.emplace_back(part.partition, now.next());
    Bytes record = Encoder{}.varint(now.next().value).take();
    plan.writes.push_back(put(Table::meta, version_key(part.partition), record));
  }
  return {};
}

std::expected<void, StoreError> RecordStore::plan_blobs(const Commit& commit, Plan& plan) {
  for (const auto& [blob, content] : commit.new_blobs) {
    if (plan.new_blobs.contains(blob)) continue;
    // A name that is not the content's own would let one sender replace the mail of another.
    if (content.size() > k_max_blob_bytes || crypto::sha256(content) != blob.digest) {
      log_event(LogLevel::error, "store.blob_refused",
                {{"blob", to_hex(blob.bytes())}, {"size", content.size()}});
      return std::unexpected(StoreError::corrupt);
    }
    auto present = head(blob);
    // A blob whose head is damaged is written again, and sound again.
    if (!present && present.error() != StoreError::corrupt) return std::unexpected(present.error());
    if (present && present->has_value()) continue;
    add_content(blob, content, plan.writes);
    plan.writes.push_back(put(Table::links, head_key(blob), encode_head({content.size(), 0})));
    plan.new_blobs.emplace(blob, content.size());
  }
  return {};
}

std::expected<void, StoreError> RecordStore::plan_links(const Commit& commit, Plan& plan) {
  for (const BlobLink& link : commit.unlinks) {
    plan.writes.push_back(remove(Table::links, link_key(link)));
  }
  const BlobId* known = nullptr;
  for (const BlobLink& link : commit.links) {
    bool checked = (known != nullptr && *known == link.blob) || plan.new_blobs.contains(link.blob);
    if (!checked) {
      TRY(std::optional<BlobHead> present, head(link.blob));
      if (!present) return std::unexpected(StoreError::not_found);
    }
    known = &link.blob;
    plan.writes.push_back(put(Table::links, link_key(link), {}));
  }
  return {};
}

std::expected<void, StoreError> RecordStore::plan_collection(const Commit& commit, Plan& plan) {
  std::set<BlobId> linked;
  for (const BlobLink& link : commit.links) linked.insert(link.blob);
  std::set<BlobId> candidates;
  for (const auto& [blob, size] : plan.new_blobs) candidates.insert(blob);
  std::set<Bytes> gone;
  for (const BlobLink& link : commit.unlinks) {
    candidates.insert(link.blob);
    gone.insert(link_key(link));
  }
  for (const BlobId& blob : candidates) {
    if (linked.contains(blob)) continue;
    auto held = has_other_link(blob, gone);
    if (held && *held) continue;
    auto planned = held ? plan_death(blob, plan) : std::unexpected(held.error());
    // What cannot be read stays, for verify to report; the mail that held it may go.
    if (!planned && planned.error() != StoreError::corrupt) return planned;
  }
  return {};
}

std::expected<void, StoreError> RecordStore::plan_death(const BlobId& blob, Plan& plan) {
  BlobHead dying;
  if (auto fresh = plan.new_blobs.find(blob); fresh != plan.new_blobs.end()) {
    dying.size = fresh->second;
  } else {
    TRY(std::optional<BlobHead> present, head(blob));
    if (!present) return {};
    dying.size = present->size;
  }
  dying.due_seconds = wall_now().seconds + grace_seconds_;
  plan.writes.push_back(put(Table::links, head_key(blob), encode_head(dying)));
  plan.writes.push_back(put(Table::meta, collect_key(dying.due_seconds, blob), {}));
  return {};
}

std::expected<bool, StoreError> RecordStore::has_other_link(const BlobId& blob,
                                                            const std::set<Bytes>& without) {
  bool found = false;
  // Links sort behind the head, which is the bare digest.
  Bytes first(blob.bytes());
  first.push_back('\0');
  TRY_VOID(engine_->scan(Table::links, first, prefix_end(blob.bytes()), Scan::forward,
                         [&](BytesView key, BytesView) {
                           found = !without.contains(Bytes(key));
                           return !found;
                         }));
  return found;
}

std::expected<std::size_t, StoreError> RecordStore::collect(std::int64_t now_seconds) {
  std::lock_guard lock(commit_mutex_);
  std::vector<CollectKey> due;
  TRY_VOID(engine_->scan(Table::meta, collect_bound(0), collect_bound(now_seconds + 1),
                         Scan::forward, [&](BytesView key, BytesView) {
                           if (auto entry = parse_collect_key(key)) due.push_back(*entry);
                           return due.size() < k_collected_at_once;
                         }));
  if (due.empty()) return 0;
  return collect_some(due);
}

std::expected<std::size_t, StoreError> RecordStore::collect_some(
    const std::vector<CollectKey>& due) {
  std::vector<TableWrite> writes;
  std::size_t removed = 0;
  for (const CollectKey& entry : due) {
    if (writes.size() > k_writes_at_once) break;
    auto present = head(entry.blob);
    auto held = has_other_link(entry.blob, {});
    // What cannot be read stays, and so does the entry: it is verify's to report.
    if (!present || !held) continue;
    writes.push_back(remove(Table::meta, collect_key(entry.due_seconds, entry.blob)));
    // An entry that is not the head's own was overtaken by a later unlink with a grace of its own.
    if (!present->has_value() || *held || (*present)->due_seconds != entry.due_seconds) continue;
    remove_content(entry.blob, (*present)->size, writes);
    writes.push_back(remove(Table::links, head_key(entry.blob)));
    ++removed;
  }
  if (writes.empty()) return 0;
  TRY_VOID(engine_->apply(writes, Reserve::half));
  return removed;
}

}  // namespace peregrine::store
