#pragma once
// RecentMap: what is known of many strangers, bounded: when it is full, those that were not looked
// at since it was half full are forgotten. Ordered, so that no choice of keys makes it slow (V43).

#include <cstddef>
#include <map>
#include <utility>

namespace peregrine::core {

template <class Key, class Value>
class RecentMap {
 public:
  explicit RecentMap(std::size_t most) : half_(most / 2) {}

  /// The value of `key`, a new one when nothing is known.
  Value& operator[](const Key& key) {
    auto found = young_.find(key);
    if (found != young_.end()) return found->second;
    Value value{};
    if (auto old = old_.find(key); old != old_.end()) {
      value = std::move(old->second);
      old_.erase(old);
    }
    if (young_.size() >= half_) old_ = std::exchange(young_, {});
    return young_.emplace(key, std::move(value)).first->second;
  }
  void erase(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  std::size_t half_;
  std::map<Key, Value> young_;
  std::map<Key, Value> old_;
};

}  // namespace peregrine::core
