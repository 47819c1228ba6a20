#include "remote/results.h"

#include <algorithm>
#include <limits>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::remote {
namespace {

using store::StoreError;

constexpr std::int64_t k_day_seconds = 86'400;

store::Commit commit_of(std::vector<store::Write> writes) {
  store::Commit commit;
  commit.partitions.push_back({store::k_system_partition, std::nullopt, std::move(writes)});
  return commit;
}

std::uint64_t sum_of(std::uint64_t a, std::uint64_t b) {
  std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - a;
  return a + std::min(b, room);
}

}  // namespace

std::uint32_t day_of(UnixTime time) {
  constexpr std::int64_t k_most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(time.seconds / k_day_seconds, 0, k_most));
}

std::expected<std::unique_ptr<TlsResults>, StoreError> TlsResults::open(store::Store& store,
                                                                        ResultLimits limits) {
  auto out = std::make_unique<TlsResults>(Private{}, store, limits);
  auto scanned =
      store.scan(store::k_system_partition, first_key(KeyFamily::result),
                 end_key(KeyFamily::result), store::Scan::forward, [&](BytesView, BytesView) {
                   ++out->count_;
                   return true;
                 });
  // A damaged record is named by the store and counts for nothing.
  if (!scanned && scanned.error() != StoreError::corrupt) return std::unexpected(scanned.error());
  return out;
}

std::expected<std::size_t, StoreError> TlsResults::records_of(std::uint32_t day,
                                                              const std::string& domain) {
  Bytes prefix = result_domain(day, domain);
  std::size_t count = 0;
  TRY_VOID(store_.scan(store::k_system_partition, prefix, end_key(KeyFamily::result),
                       store::Scan::forward, [&](BytesView key, BytesView) {
                         return key.starts_with(prefix) && ++count < limits_.records_a_domain;
                       }));
  return count;
}

std::expected<void, StoreError> TlsResults::add(const std::vector<Counted>& results) {
  std::map<ResultKey, std::uint64_t> sums;
  std::size_t dropped = 0;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> added;
  for (const Counted& each : results) {
    ResultKey key = each.key;
    TRY(std::optional<Bytes> stored, store_.get(store::k_system_partition, result_key(key)));
    if (!stored && !sums.contains(key)) {
      auto& new_ones = added[{key.day, key.domain}];
      TRY(std::size_t known, records_of(key.day, key.domain));
      if (known + new_ones >= limits_.records_a_domain) {
        key.receiving_mx.clear();
        TRY(stored, store_.get(store::k_system_partition, result_key(key)));
      }
      bool is_new = !stored && !sums.contains(key);
      if (is_new && count_ >= limits_.records) {
        ++dropped;
        continue;
      }
      if (is_new) {
        ++new_ones;
        ++count_;
      }
    }
    std::uint64_t before = stored ? decode_count(*stored).value_or(0) : 0;
    auto [sum, is_first] = sums.try_emplace(key, before);
    sum->second = sum_of(sum->second, each.sessions);
  }
  if (dropped > 0) log_event(LogLevel::warning, "remote.results_dropped", {{"count", dropped}});
  if (sums.empty()) return {};
  std::vector<store::Write> writes;
  for (const auto& [key, sessions] : sums) {
    writes.push_back({result_key(key), encode_count(sessions)});
  }
  TRY_VOID(store_.commit(commit_of(std::move(writes))));
  return {};
}

std::expected<std::vector<Counted>, StoreError> TlsResults::list(Bytes& position, std::size_t most,
                                                                 std::string_view domain) {
  std::vector<Counted> out;
  std::size_t seen = 0;
  Bytes start = position.empty() ? first_key(KeyFamily::result) : position;
  position.clear();
  auto scanned = store_.scan(store::k_system_partition, start, end_key(KeyFamily::result),
                             store::Scan::forward, [&](BytesView key, BytesView value) {
                               if (seen++ == most) {
                                 position = key;
                                 return false;
                               }
                               auto parsed = parse_result_key(key);
                               auto count = decode_count(value);
                               if (!parsed || !count) return true;
                               if (!domain.empty() && parsed->domain != domain) return true;
                               out.push_back({std::move(*parsed), *count});
                               return true;
                             });
  if (!scanned && scanned.error() != StoreError::corrupt) return std::unexpected(scanned.error());
  return out;
}

std::expected<void, StoreError> TlsResults::purge(UnixTime now, std::size_t most) {
  std::uint32_t today = day_of(now);
  if (today < k_days_kept) return {};
  std::vector<store::Write> over;
  TRY_VOID(store_.scan(store::k_system_partition, first_key(KeyFamily::result),
                       result_day(today - k_days_kept + 1), store::Scan::forward,
                       [&](BytesView key, BytesView) {
                         over.push_back({Bytes(key), std::nullopt});
                         return over.size() < most;
                       }));
  if (over.empty()) return {};
  std::size_t removed = over.size();
  TRY_VOID(store_.commit(commit_of(std::move(over))));
  count_ -= std::min(count_, removed);
  return {};
}

}  // namespace peregrine::remote
