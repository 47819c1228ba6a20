#include "mail/view.h"

#include <algorithm>

namespace peregrine::mail {

static_assert(sizeof(Row) == 39);

View::View(std::size_t expected) {
  constexpr std::size_t k_most_reserved = 1 << 20;
  rows_.reserve(std::min(expected, k_most_reserved));
}

std::size_t View::lower_bound(Uid uid) const {
  auto found = std::lower_bound(rows_.begin(), rows_.end(), uid,
                                [](const Row& row, Uid wanted) { return row.uid() < wanted; });
  return static_cast<std::size_t>(found - rows_.begin());
}

std::optional<std::size_t> View::find(Uid uid) const {
  std::size_t index = lower_bound(uid);
  if (index == rows_.size() || rows_[index].uid() != uid) return std::nullopt;
  return index;
}

void View::append(const Row& row) {
  // Grows by an eighth: doubling would cost more memory than all of the rows' padding saved.
  if (rows_.size() == rows_.capacity()) rows_.reserve(rows_.size() + rows_.size() / 8 + 16);
  rows_.push_back(row);
}

void View::erase(std::span<const std::size_t> indexes) {
  if (indexes.empty()) return;
  std::size_t next = 0;
  std::size_t kept = indexes.front();
  for (std::size_t i = indexes.front(); i < rows_.size(); ++i) {
    if (next < indexes.size() && indexes[next] == i) {
      ++next;
    } else {
      rows_[kept++] = rows_[i];
    }
  }
  rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(kept), rows_.end());
}

}  // namespace peregrine::mail
