#include "greylist/greylist.h"

#include <algorithm>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::greylist {
namespace {

using std::chrono::seconds;

/// A sender's time is renewed once a day, not with each of its messages.
constexpr seconds k_renewed_after = std::chrono::days(1);

UnixTime after(UnixTime time, seconds span) {
  return UnixTime{time.seconds + span.count()};
}

store::Commit commit_of(std::vector<store::Write> writes) {
  store::Commit commit;
  commit.partitions.push_back({store::k_system_partition, std::nullopt, std::move(writes)});
  return commit;
}

}  // namespace

std::expected<std::unique_ptr<Greylist>, store::StoreError> Greylist::open(store::Store& store,
                                                                           std::size_t most) {
  auto out = std::make_unique<Greylist>(Private{}, store, most);
  auto scanned = store.scan(store::k_system_partition, first_key(), end_key(), store::Scan::forward,
                            [&](BytesView, BytesView) {
                              ++out->count_;
                              return true;
                            });
  // A damaged record is named by the store and counts for nothing.
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(scanned.error());
  }
  return out;
}

std::expected<seconds, store::StoreError> Greylist::check(const Triplet& triplet, UnixTime now,
                                                          seconds delay) {
  Bytes key = key_of(triplet);
  TRY(std::optional<Bytes> stored, store_.get(store::k_system_partition, key));
  std::optional<Record> known = stored ? decode(*stored) : std::nullopt;
  if (!known || known->expires <= now) {
    if (!stored && count_ >= most_) return seconds(0);
    TRY_VOID(write(key, {.first = now, .expires = after(now, k_window), .has_passed = false}));
    if (!stored) ++count_;
    return delay;
  }
  if (known->has_passed) {
    bool is_recent = known->expires > after(now, k_remembered - k_renewed_after);
    if (is_recent) return seconds(0);
  } else {
    seconds waited(now.seconds - known->first.seconds);
    // A clock that was set back must not make it longer.
    if (waited < delay) return std::min(delay - waited, delay);
  }
  TRY_VOID(write(key, {.first = std::min(known->first, now),
                       .expires = after(now, k_remembered),
                       .has_passed = true}));
  return seconds(0);
}

std::expected<void, store::StoreError> Greylist::purge(UnixTime now, std::size_t most) {
  std::vector<store::Write> over;
  std::size_t seen = 0;
  Bytes start = purged_to_.empty() ? first_key() : purged_to_;
  purged_to_.clear();
  auto scanned = store_.scan(store::k_system_partition, start, end_key(), store::Scan::forward,
                             [&](BytesView key, BytesView value) {
                               if (seen++ == most) {
                                 purged_to_ = key;
                                 return false;
                               }
                               auto record = decode(value);
                               if (!record || record->expires <= now) {
                                 over.push_back({Bytes(key), std::nullopt});
                               }
                               return true;
                             });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(scanned.error());
  }
  if (over.empty()) return {};
  std::size_t removed = over.size();
  TRY_VOID(store_.commit(commit_of(std::move(over))));
  count_ -= std::min(count_, removed);
  log_event(LogLevel::debug, "greylist.purged", {{"removed", removed}, {"left", count_}});
  return {};
}

std::expected<void, store::StoreError> Greylist::write(const Bytes& key, const Record& record) {
  TRY_VOID(store_.commit(commit_of({{key, encode(record)}})));
  return {};
}

}  // namespace peregrine::greylist
