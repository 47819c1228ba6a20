#include "mime/boundary_set.h"

#include <algorithm>
#include <bit>

namespace peregrine::mime {
namespace {

// FNV-1a: the hash of a prefix goes on into the hash of a longer one.
constexpr std::uint64_t k_hash_seed = 0xCBF29CE484222325;

std::uint64_t extend_hash(std::uint64_t hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

bool is_blank_text(std::string_view text) {
  return text.find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace

bool BoundarySet::open(std::string boundary, std::uint32_t owner) {
  bool distinct = std::ranges::none_of(entries_, [&boundary](const Entry& other) {
    return boundary.starts_with(other.boundary) || other.boundary.starts_with(boundary);
  });
  std::uint64_t hash = extend_hash(k_hash_seed, boundary);
  entries_.push_back({std::move(boundary), hash, owner});
  index();
  return distinct;
}

void BoundarySet::close_from(std::uint32_t owner) {
  std::size_t kept = entries_.size();
  while (kept > 0 && entries_[kept - 1].owner >= owner) --kept;
  if (kept == entries_.size()) return;
  entries_.resize(kept);
  index();
}

void BoundarySet::index() {
  lengths_.clear();
  for (const Entry& entry : entries_) lengths_.push_back(entry.boundary.size());
  std::ranges::sort(lengths_);
  lengths_.erase(std::ranges::unique(lengths_).begin(), lengths_.end());
  slots_.assign(std::bit_ceil(entries_.size() * 2 + 1), k_free);
  // Innermost first: with linear probing it is found before an equal one further out.
  for (std::size_t i = entries_.size(); i-- > 0;) {
    std::size_t slot = entries_[i].hash & (slots_.size() - 1);
    while (slots_[slot] != k_free) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint16_t>(i);
  }
}

const BoundarySet::Entry* BoundarySet::find(std::uint64_t hash, std::string_view text) const {
  std::size_t slot = hash & (slots_.size() - 1);
  for (; slots_[slot] != k_free; slot = (slot + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && entry.boundary == text) return &entry;
  }
  return nullptr;
}

std::optional<BoundarySet::Match> BoundarySet::match(std::string_view line) const {
  const Entry* longest = nullptr;
  std::uint64_t hash = k_hash_seed;
  std::size_t hashed = 0;
  for (std::size_t length : lengths_) {
    if (length > line.size()) break;
    hash = extend_hash(hash, line.substr(hashed, length - hashed));
    hashed = length;
    if (const Entry* entry = find(hash, line.substr(0, length))) longest = entry;
  }
  if (longest == nullptr) return std::nullopt;
  std::string_view after = line.substr(longest->boundary.size());
  bool closes = after.starts_with("--");
  return Match{longest->owner, closes, is_blank_text(closes ? after.substr(2) : after)};
}

}  // namespace peregrine::mime
