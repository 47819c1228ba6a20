#pragma once
// TlsResults: how many sessions with which outcome of TLS there were, by day, domain, policy and
// receiving host (RFC 8460 section 4). For 30 days, bounded in number.
//
// Borrows the store, which must outlive it. For core's loop thread alone.

#include <expected>
#include <map>
#include <memory>
#include <vector>

#include "remote/record.h"
#include "store/store.h"

namespace peregrine::remote {

/// Today is one of them.
inline constexpr std::uint32_t k_days_kept = 30;

std::uint32_t day_of(UnixTime time);

struct Counted {
  ResultKey key;
  std::uint64_t sessions = 0;
};

struct ResultLimits {
  std::size_t records = 200'000;
  /// Of one domain on one day: its owner can invent as many hosts as he likes.
  std::size_t records_a_domain = 100;
};

class TlsResults {
  struct Private {};

 public:
  TlsResults(Private, store::Store& store, ResultLimits limits) : store_(store), limits_(limits) {}
  /// Counts what is there.
  static std::expected<std::unique_ptr<TlsResults>, store::StoreError> open(
      store::Store& store, ResultLimits limits = {});

  /// Adds to the counts. Writes without waiting for the disk. What there is no room for is dropped;
  /// a domain with too many hosts has the others counted without a host.
  std::expected<void, store::StoreError> add(const std::vector<Counted>& results);

  /// Up to `most` records from `position` on (empty: the oldest), which is moved behind them and
  /// empty at the end. With a domain, of that one alone: then there may be fewer before the end.
  std::expected<std::vector<Counted>, store::StoreError> list(Bytes& position, std::size_t most,
                                                              std::string_view domain = {});

  /// Removes up to `most` records of days that are no longer kept.
  std::expected<void, store::StoreError> purge(UnixTime now, std::size_t most);

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::expected<std::size_t, store::StoreError> records_of(std::uint32_t day,
                                                           const std::string& domain);

  store::Store& store_;
  ResultLimits limits_;
  std::size_t count_ = 0;
};

}  // namespace peregrine::remote
