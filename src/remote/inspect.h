#pragma once
// The records about other servers for the operator: as lines of JSON, and checked.

#include <expected>
#include <functional>
#include <string_view>

#include "store/store.h"

namespace peregrine::remote {

/// One line a record; one that cannot be read is named as such.
std::expected<void, store::StoreError> dump(store::Store& store,
                                            const std::function<void(std::string_view)>& out);
/// Finds records that cannot be read.
std::expected<void, store::StoreError> verify(
    store::Store& store, const std::function<void(const store::Finding&)>& report);

}  // namespace peregrine::remote
