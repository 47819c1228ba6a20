#pragma once
// ContentSource: where the bytes of a leased message come from, piece by piece: core in the
// process, memory in tests.

#include <expected>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "courier/failure.h"
#include "net/task.h"

namespace peregrine::courier {

class ContentReader {
 public:
  virtual ~ContentReader() = default;
  /// The next piece, nothing at the end, an error when the source failed.
  virtual net::Task<std::expected<std::optional<Bytes>, Failure>> next() = 0;
};

class ContentSource {
 public:
  virtual ~ContentSource() = default;
  /// `length` 0: to the end.
  virtual std::unique_ptr<ContentReader> open(std::uint64_t message, std::uint64_t length) = 0;
};

}  // namespace peregrine::courier
