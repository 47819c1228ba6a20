#pragma once
// Secret: a password or key in memory. It moves and never copies, is wiped when it ends, has no
// operator==, no ordering and no formatter (V35): compare with equal_in_constant_time(), and reveal
// it only to the function that hashes or sends it. Not locked in memory.

#include <string.h>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace peregrine {

class Secret {
 public:
  Secret() = default;
  /// Copies; the caller's own copy stays where it is.
  explicit Secret(BytesView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  /// Copies, and wipes the string it was given.
  static Secret take(std::string&& source) {
    Secret secret{BytesView(source)};
    explicit_bzero(source.data(), source.size());
    source.clear();
    return secret;
  }

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      bytes_ = std::exchange(other.bytes_, {});
    }
    return *this;
  }
  ~Secret() { wipe(); }

  bool operator==(const Secret&) const = delete;

  [[nodiscard]] BytesView reveal() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  /// Wipes and empties it now.
  void wipe() {
    if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    bytes_.clear();
  }

 private:
  std::vector<char> bytes_;
};

/// Takes a time that depends on the lengths alone. Different lengths are different.
[[nodiscard]] inline bool equal_in_constant_time(BytesView a, BytesView b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace peregrine
