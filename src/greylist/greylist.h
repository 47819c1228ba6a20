#pragma once
// Greylist: puts off the first mail from a network and a sender's domain to a recipient, and lets
// through what comes again after the delay. For core's loop thread alone.

#include <chrono>
#include <expected>
#include <memory>

#include "greylist/record.h"
#include "store/store.h"

namespace peregrine::greylist {

/// The next attempt must come within this time.
inline constexpr std::chrono::hours k_window{24};
/// How long a sender that came through is remembered, since its last mail.
inline constexpr std::chrono::days k_remembered{36};
inline constexpr std::size_t k_most_records = 500'000;

class Greylist {
  struct Private {};

 public:
  Greylist(Private, store::Store& store, std::size_t most) : store_(store), most_(most) {}
  /// Counts what is there.
  static std::expected<std::unique_ptr<Greylist>, store::StoreError> open(
      store::Store& store, std::size_t most = k_most_records);

  /// How long the sender has to wait; 0: its mail may come in. Writes without waiting for the disk:
  /// what is lost in a crash costs one more delay.
  std::expected<std::chrono::seconds, store::StoreError> check(const Triplet& triplet, UnixTime now,
                                                               std::chrono::seconds delay);

  /// Looks at the next `most` records and removes those that are over.
  std::expected<void, store::StoreError> purge(UnixTime now, std::size_t most);

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  std::expected<void, store::StoreError> write(const Bytes& key, const Record& record);

  store::Store& store_;
  std::size_t most_;
  std::size_t count_ = 0;
  Bytes purged_to_;  ///< where the next purge() begins; empty: at the first
};

}  // namespace peregrine::greylist
