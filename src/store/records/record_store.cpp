#include "store/records/record_store.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "store/records/frame.h"

namespace peregrine::store {

namespace {

constexpr std::size_t k_cached_versions = 32768;

}  // namespace

std::unexpected<StoreError> corrupt(Table table, BytesView key, std::string_view what) {
  log_event(LogLevel::error, "store.corrupt",
            {{"record", printable(table, key)}, {"reason", what}});
  return std::unexpected(StoreError::corrupt);
}

RecordStore::RecordStore(std::unique_ptr<Engine> engine, std::uint32_t blob_grace_seconds)
    : engine_(std::move(engine)), grace_seconds_(blob_grace_seconds) {}

std::expected<void, OpenError> RecordStore::write_format(const std::string& directory) {
  Bytes number = Encoder{}.varint(k_format_number).take();
  auto applied =
      engine_->apply({{Table::meta, format_key(), frame(format_key(), number)}}, Reserve::half);
  if (applied) return {};
  if (applied.error() == StoreError::no_space) {
    return std::unexpected(OpenError{
        StoreError::no_space,
        fmt::format("the disk of {} has less room than store.low_water_mark keeps free; make "
                    "room, or lower the mark",
                    directory)});
  }
  return std::unexpected(
      OpenError{applied.error(), fmt::format("cannot write to the store in {}", directory)});
}

std::expected<void, OpenError> RecordStore::check_format(const std::string& directory) {
  auto damaged = [&](std::string_view what) {
    return std::unexpected(OpenError{
        StoreError::corrupt,
        fmt::format("the store in {} is damaged: {}; restore it from a backup", directory, what)});
  };
  auto stored = get_record(Table::meta, format_key());
  if (!stored) return damaged("its format number cannot be read");
  if (!stored->has_value()) {
    bool empty = true;
    for (Table table : {Table::meta, Table::data, Table::blobs, Table::links}) {
      auto scanned = engine_->scan(table, {}, {}, Scan::forward, [&](BytesView, BytesView) {
        empty = false;
        return false;
      });
      if (!scanned || !empty) return damaged("it holds records but no format number");
    }
    return write_format(directory);
  }
  Decoder in(**stored);
  std::uint64_t number = in.varint();
  if (!in.done()) return damaged("its format number cannot be read");
  if (number > k_format_number) {
    return std::unexpected(OpenError{
        StoreError::newer_format,
        fmt::format("the store in {} has format {}, written by a later version; this one reads "
                    "formats up to {}",
                    directory, number, k_format_number)});
  }
  // What an earlier version wrote is read as it is; from here on that version must not write here.
  return number < k_format_number ? write_format(directory) : std::expected<void, OpenError>();
}

std::expected<std::optional<Bytes>, StoreError> RecordStore::get_record(Table table,
                                                                        const Bytes& key) {
  TRY(std::optional<Bytes> stored, engine_->get(table, key));
  if (!stored) return std::nullopt;
  auto payload = unframe(key, *stored);
  if (!payload) return corrupt(table, key, to_text(payload.error()));
  // The payload stands at the front of its frame.
  stored->resize(payload->size());
  return stored;
}

std::expected<std::optional<Bytes>, StoreError> RecordStore::get(PartitionId partition,
                                                                 BytesView key) {
  return get_record(Table::data, data_key(partition, key));
}

std::expected<void, StoreError> RecordStore::scan(
    PartitionId partition, BytesView first, BytesView end, Scan direction,
    const std::function<bool(BytesView key, BytesView value)>& visit) {
  Bytes prefix = partition_prefix(partition);
  Bytes from = prefix + Bytes(first);
  Bytes to = end.empty() ? prefix_end(prefix) : prefix + Bytes(end);
  if (!to.empty() && from >= to) return {};
  bool all_sound = true;
  TRY_VOID(engine_->scan(Table::data, from, to, direction, [&](BytesView key, BytesView stored) {
    auto payload = unframe(key, stored);
    if (payload) return visit(key.substr(k_partition_bytes), *payload);
    corrupt(Table::data, key, to_text(payload.error()));
    all_sound = false;
    return true;
  }));
  if (!all_sound) return std::unexpected(StoreError::corrupt);
  return {};
}

std::expected<Version, StoreError> RecordStore::read_version(PartitionId partition) {
  Bytes key = version_key(partition);
  TRY(std::optional<Bytes> record, get_record(Table::meta, key));
  if (!record) return Version{};
  Decoder in(*record);
  Version version(in.varint());
  if (!in.done()) return corrupt(Table::meta, key, "not a version");
  return version;
}

std::expected<Version, StoreError> RecordStore::load_version(PartitionId partition) {
  {
    std::lock_guard lock(versions_mutex_);
    if (auto it = versions_.find(partition); it != versions_.end()) return it->second;
  }
  auto stored = read_version(partition);
  if (!stored && stored.error() != StoreError::corrupt) return stored;
  // A version only has to be larger than every one that was seen: a lost one costs nothing more.
  Version version = stored.value_or(Version(static_cast<std::uint64_t>(wall_now().seconds) << 16));
  std::lock_guard lock(versions_mutex_);
  if (versions_.size() >= k_cached_versions) versions_.clear();
  // A commit that ran in between has entered a later one.
  return versions_.try_emplace(partition, version).first->second;
}

Version RecordStore::version(PartitionId partition) {
  return load_version(partition).value_or(Version{});
}

std::expected<std::optional<BlobHead>, StoreError> RecordStore::head(const BlobId& blob) {
  Bytes key = head_key(blob);
  TRY(std::optional<Bytes> record, get_record(Table::links, key));
  if (!record) return std::nullopt;
  std::optional<BlobHead> head = decode_head(*record);
  if (!head) return corrupt(Table::links, key, "not a blob head");
  return head;
}

bool RecordStore::has_blob(const BlobId& blob) {
  auto found = head(blob);
  return found && found->has_value();
}

std::expected<std::vector<PartitionId>, StoreError> RecordStore::partitions() {
  std::vector<PartitionId> out;
  Bytes from;
  bool more = true;
  while (more) {
    more = false;
    TRY_VOID(engine_->scan(Table::data, from, {}, Scan::forward, [&](BytesView key, BytesView) {
      if (auto partition = partition_of(key)) {
        out.push_back(*partition);
        from = prefix_end(partition_prefix(*partition));
        more = !from.empty();
      }
      return false;
    }));
  }
  return out;
}

std::expected<void, StoreError> RecordStore::scan_links(
    const std::function<bool(const BlobLink&)>& visit) {
  bool all_sound = true;
  TRY_VOID(engine_->scan(Table::links, {}, {}, Scan::forward, [&](BytesView key, BytesView stored) {
    if (key.size() == k_digest_bytes) return true;
    auto link = parse_link_key(key);
    auto payload = unframe(key, stored);
    if (link && payload) return visit(*link);
    corrupt(Table::links, key, link ? to_text(payload.error()) : "not a link");
    all_sound = false;
    return true;
  }));
  if (!all_sound) return std::unexpected(StoreError::corrupt);
  return {};
}

}  // namespace peregrine::store
