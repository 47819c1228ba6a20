#pragma once
// The words of an option's line.

#include <algorithm>
#include <string_view>
#include <vector>

namespace peregrine::config {

/// What stands between spaces.
inline std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace peregrine::config
