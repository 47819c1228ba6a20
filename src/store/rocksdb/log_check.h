#pragma once
// The write-ahead logs before RocksDB reads them. It stops at the first record that does not hold
// and forgets what follows: right for the end of a log that was being written when the power went,
// wrong where the disk has lost what was synced long ago. Which of the two it is, the records
// behind the damage say themselves: each carries a mark of what was durable when it was written.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/store.h"

namespace peregrine::store {

/// Stands first in the batch of every commit.
struct LogMark {
  std::uint64_t run = 0;      ///< of the process, drawn when it opened the store
  std::uint64_t commit = 0;   ///< its number in this run, from 1
  std::uint64_t durable = 0;  ///< up to this number all were synced when it was written
};

Bytes encode(const LogMark& mark);
/// Of the content of a log's record; nothing for a record without a mark.
std::optional<LogMark> mark_of(BytesView record);

/// Cuts the logs of `directory` behind their last good record, and what was written ahead of them.
/// `corrupt` when that would lose commits that were durable: nothing is cut then.
std::expected<void, OpenError> check_logs(const std::string& directory);

}  // namespace peregrine::store
