#include "config/source.h"

#include <algorithm>

#include "base/bytes.h"
#include "config/route.h"
#include "config/words.h"
#include "model/address.h"

namespace peregrine::config {
namespace {

bool read_sender(std::string_view word, Source& out) {
  out.sender = ascii_lower(word);
  if (word.starts_with('@')) {
    auto domain = canonical_domain(std::string_view(out.sender).substr(1));
    return domain && *domain == out.sender.substr(1);
  }
  return Address::parse(word).has_value();
}

bool read_address(std::string_view word, Source& out) {
  std::string& place = word.find(':') == std::string_view::npos ? out.ipv4 : out.ipv6;
  bool is_first = place.empty();
  place = word;
  return is_first && is_canonical_ip(word);
}

}  // namespace

std::optional<Source> parse_source(std::string_view text) {
  std::vector<std::string_view> words = split_words(text);
  Source out;
  if (words.size() < 2 || !read_sender(words[0], out)) return std::nullopt;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!read_address(words[i], out)) return std::nullopt;
  }
  return out;
}

std::string write_source(const Source& source) {
  std::string out = source.sender;
  for (const std::string* address : {&source.ipv4, &source.ipv6}) {
    if (!address->empty()) out += ' ' + *address;
  }
  return out;
}

const Source* find_source(const std::vector<Source>& sources, std::string_view account,
                          std::string_view sender) {
  if (sources.empty()) return nullptr;
  std::string_view domain = sender.substr(std::min(sender.rfind('@'), sender.size()));
  for (std::string_view wanted : {account, sender, domain}) {
    if (wanted.empty()) continue;
    auto found = std::ranges::find_if(
        sources, [&](const Source& each) { return iequals(each.sender, wanted); });
    if (found != sources.end()) return &*found;
  }
  return nullptr;
}

}  // namespace peregrine::config
