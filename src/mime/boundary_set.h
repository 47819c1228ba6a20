#pragma once
// BoundarySet: which of the open multiparts a line is a delimiter of. The cost of a line is linear
// in its length however many boundaries are open and however alike they are.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peregrine::mime {

class BoundarySet {
 public:
  struct Match {
    std::uint32_t owner = 0;  ///< as given to open()
    bool closes = false;      ///< the delimiter that ends the multipart
    bool exact = false;       ///< nothing but white space followed
  };

  /// Adds the boundary of a multipart inside those open before. False when it is equal to one of
  /// them, or one is the start of the other; it counts all the same, before them.
  bool open(std::string boundary, std::uint32_t owner);
  /// Forgets every boundary opened with `owner` or a later one.
  void close_from(std::uint32_t owner);

  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// `line` starts behind "--" and has no line end. RFC 2046 section 5.1.1: it is enough that the
  /// boundary stands at the beginning; of several that do, the longest counts, then the innermost.
  [[nodiscard]] std::optional<Match> match(std::string_view line) const;

 private:
  struct Entry {
    std::string boundary;
    std::uint64_t hash = 0;
    std::uint32_t owner = 0;
  };

  void index();
  [[nodiscard]] const Entry* find(std::uint64_t hash, std::string_view text) const;

  static constexpr std::uint16_t k_free = 0xFFFF;
  std::vector<Entry> entries_;        ///< outermost first
  std::vector<std::size_t> lengths_;  ///< the different lengths, ascending
  std::vector<std::uint16_t> slots_;  ///< hash table of indices into entries_, a power of two
};

}  // namespace peregrine::mime
