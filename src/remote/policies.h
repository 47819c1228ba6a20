#pragma once
// StsPolicies: the MTA-STS policies of other domains, kept so that they hold across restarts while
// their hosts are away (RFC 8461 section 5.1). One record a domain, bounded in number and in bytes.
//
// Borrows the store, which must outlive it. For core's loop thread alone.

#include <expected>
#include <map>
#include <memory>

#include "remote/record.h"
#include "store/store.h"

namespace peregrine::remote {

struct PolicyLimits {
  std::size_t records = 10'000;
  std::size_t bytes = mib(64);  ///< of texts together
};

class StsPolicies {
  struct Private {};

 public:
  StsPolicies(Private, store::Store& store, PolicyLimits limits) : store_(store), limits_(limits) {}
  /// Reads what is there.
  static std::expected<std::unique_ptr<StsPolicies>, store::StoreError> open(
      store::Store& store, PolicyLimits limits = {});

  /// The policy that holds for `domain` now; nothing when none is kept, or it is over.
  std::expected<std::optional<PolicyRecord>, store::StoreError> get(std::string_view domain,
                                                                    UnixTime now);

  /// Keeps `record`, which is_sound(), in place of the one before. When there is no room, those
  /// that are over go first, then the ones that end first: they promise least.
  std::expected<store::Sequence, store::StoreError> put(const std::string& domain,
                                                        const PolicyRecord& record, UnixTime now);

  /// Removes up to `most` of those that are over.
  std::expected<void, store::StoreError> purge(UnixTime now, std::size_t most);

  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    UnixTime expires;
    std::size_t bytes = 0;
  };
  using Map = std::map<std::string, Known, std::less<>>;

  void forget(Map::iterator known, std::vector<store::Write>& writes);
  /// In turn the one that ends first, until one more of that size fits.
  void make_room(std::size_t bytes, std::vector<store::Write>& writes);

  store::Store& store_;
  PolicyLimits limits_;
  Map known_;
  std::size_t bytes_ = 0;
};

}  // namespace peregrine::remote
