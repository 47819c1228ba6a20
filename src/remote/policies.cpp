#include "remote/policies.h"

#include <algorithm>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::remote {
namespace {

store::Commit commit_of(std::vector<store::Write> writes) {
  store::Commit commit;
  commit.partitions.push_back({store::k_system_partition, std::nullopt, std::move(writes)});
  return commit;
}

}  // namespace

std::expected<std::unique_ptr<StsPolicies>, store::StoreError> StsPolicies::open(
    store::Store& store, PolicyLimits limits) {
  auto out = std::make_unique<StsPolicies>(Private{}, store, limits);
  auto scanned = store.scan(store::k_system_partition, first_key(KeyFamily::policy),
                            end_key(KeyFamily::policy), store::Scan::forward,
                            [&](BytesView key, BytesView value) {
                              auto domain = parse_policy_key(key);
                              if (!domain) return true;
                              auto record = decode_policy(value);
                              // What cannot be read is over at once.
                              Known known{record ? record->expires() : UnixTime{}, value.size()};
                              out->bytes_ += known.bytes;
                              out->known_.emplace(std::move(*domain), known);
                              return true;
                            });
  // A damaged record is named by the store; its domain's policy is fetched again.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(scanned.error());
  }
  return out;
}

std::expected<std::optional<PolicyRecord>, store::StoreError> StsPolicies::get(
    std::string_view domain, UnixTime now) {
  if (!known_.contains(domain)) return std::nullopt;
  TRY(std::optional<Bytes> stored, store_.get(store::k_system_partition, policy_key(domain)));
  std::optional<PolicyRecord> record = stored ? decode_policy(*stored) : std::nullopt;
  if (record && record->expires() <= now) return std::nullopt;
  return record;
}

void StsPolicies::forget(Map::iterator known, std::vector<store::Write>& writes) {
  writes.push_back({policy_key(known->first), std::nullopt});
  bytes_ -= std::min(bytes_, known->second.bytes);
  known_.erase(known);
}

void StsPolicies::make_room(std::size_t bytes, std::vector<store::Write>& writes) {
  while (!known_.empty() && (known_.size() >= limits_.records || bytes_ + bytes > limits_.bytes)) {
    forget(
        std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.expires; }),
        writes);
  }
}

std::expected<store::Sequence, store::StoreError> StsPolicies::put(const std::string& domain,
                                                                   const PolicyRecord& record,
                                                                   UnixTime now) {
  std::vector<store::Write> writes;
  Bytes value = encode(record);
  if (auto known = known_.find(domain); known != known_.end()) {
    bytes_ -= std::min(bytes_, known->second.bytes);
    known_.erase(known);
  }
  make_room(value.size(), writes);
  Known added{std::max(record.expires(), now), value.size()};
  bytes_ += added.bytes;
  known_.insert_or_assign(domain, added);
  writes.push_back({policy_key(domain), std::move(value)});
  return store_.commit(commit_of(std::move(writes)));
}

std::expected<void, store::StoreError> StsPolicies::purge(UnixTime now, std::size_t most) {
  std::vector<store::Write> writes;
  for (auto each = known_.begin(); each != known_.end() && writes.size() < most;) {
    auto next = std::next(each);
    if (each->second.expires <= now) forget(each, writes);
    each = next;
  }
  if (writes.empty()) return {};
  log_event(LogLevel::debug, "remote.policies_purged",
            {{"removed", writes.size()}, {"left", known_.size()}});
  TRY_VOID(store_.commit(commit_of(std::move(writes))));
  return {};
}

}  // namespace peregrine::remote
