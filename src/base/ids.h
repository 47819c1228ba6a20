#pragma once
// StrongId: an integer with a name of its own, so that a mailbox id cannot be passed where an
// account id is meant. Zero is "none" by convention.

#include <compare>
#include <cstdint>
#include <functional>

namespace peregrine {

template <class Tag, class Integer = std::uint64_t>
struct StrongId {
  using integer = Integer;
  Integer value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Integer v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
  [[nodiscard]] constexpr bool is_none() const { return value == 0; }
  [[nodiscard]] constexpr StrongId next() const {
    return StrongId(static_cast<Integer>(value + 1));
  }
};

}  // namespace peregrine

// Ids are given out by us, never chosen by a peer: an unkeyed hash is enough (V43).
template <class Tag, class Integer>
struct std::hash<peregrine::StrongId<Tag, Integer>> {
  std::size_t operator()(const peregrine::StrongId<Tag, Integer>& id) const noexcept {
    return std::hash<Integer>{}(id.value);
  }
};
