#pragma once
// Engine: what RecordStore needs from a storage engine: four ordered tables of opaque bytes, a
// write that is atomic over all of them, and the moment when it is on disk. It knows nothing of
// frames, blobs, versions or links.
//
// apply() is called by one thread at a time; the rest from any thread.

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "store/records/keys.h"
#include "store/store.h"

namespace peregrine::store {

struct TableWrite {
  Table table;
  Bytes key;
  std::optional<Bytes> value;  ///< nullopt deletes the key
};

/// What a write may use of the space below the low-water mark.
enum class Reserve : std::uint8_t {
  none,  ///< it stores new mail
  half,  ///< it stores records only: what deletes mail must still work on a full disk
};

class Engine {
 public:
  virtual ~Engine() = default;

  [[nodiscard]] virtual std::expected<std::optional<Bytes>, StoreError> get(Table table,
                                                                            BytesView key) = 0;
  /// Visits the keys of [first, end) in order, or backward; an empty `end` means the table's end.
  [[nodiscard]] virtual std::expected<void, StoreError> scan(
      Table table, BytesView first, BytesView end, Scan direction,
      const std::function<bool(BytesView key, BytesView value)>& visit) = 0;
  [[nodiscard]] virtual std::expected<Sequence, StoreError> apply(
      const std::vector<TableWrite>& writes, Reserve reserve) = 0;

  [[nodiscard]] virtual Sequence durable() const = 0;
  virtual void on_durable(std::function<void(std::expected<Sequence, StoreError>)> notify) = 0;
  [[nodiscard]] virtual std::uint64_t free_bytes() = 0;
};

}  // namespace peregrine::store
