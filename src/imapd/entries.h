#pragma once
// Entries of a mailbox as core sends them (api/mailbox.proto), one after the other.

#include "api/mailbox.pb.h"
#include "imapd/view.h"

namespace peregrine::imapd {

/// Calls `take(const ViewEntry&)` for each; arrays of unequal length end at the shortest.
template <class Take>
void for_each_entry(const api::Entries& entries, Take take) {
  int count = entries.uid_size();
  if (static_cast<std::size_t>(count) > entries.flags().size()) {
    count = static_cast<int>(entries.flags().size());
  }
  for (int i = 0; i < count; ++i) {
    auto bits = static_cast<std::uint8_t>(entries.flags()[static_cast<std::size_t>(i)]);
    take(ViewEntry{.uid = Uid(entries.uid(i)),
                   .flags = {static_cast<std::uint8_t>(bits & k_all_flag_bits)},
                   .keywords = i < entries.keywords_size() ? entries.keywords(i) : 0});
  }
}

}  // namespace peregrine::imapd
