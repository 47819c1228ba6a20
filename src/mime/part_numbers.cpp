#include "mime/part_numbers.h"

namespace peregrine::mime {
namespace {

/// The child with the number `number`, counted from 1. The parts below one follow it directly, so
/// the search ends at the first part that belongs elsewhere.
std::optional<std::uint32_t> child(const std::vector<Part>& parts, std::uint32_t index,
                                   std::uint32_t number) {
  for (std::uint32_t i = index + 1; i < parts.size() && parts[i].parent >= index; ++i) {
    if (parts[i].parent == index && --number == 0) return i;
  }
  return std::nullopt;
}

/// The part that `number` names inside the message whose root is `root`.
std::optional<std::uint32_t> part_of_message(const std::vector<Part>& parts, std::uint32_t root,
                                             std::uint32_t number) {
  if (parts[root].kind == PartKind::multipart) return child(parts, root, number);
  // RFC 9051 section 6.4.5.1: a message that is not multipart has only a part 1.
  return number == 1 ? std::optional(root) : std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> find_part(const std::vector<Part>& parts,
                                       std::span<const std::uint32_t> numbers) {
  if (parts.empty()) return std::nullopt;
  std::uint32_t current = 0;
  bool at_root = true;
  for (std::uint32_t number : numbers) {
    if (number == 0) return std::nullopt;
    std::optional<std::uint32_t> next;
    if (at_root) {
      next = part_of_message(parts, 0, number);
    } else if (parts[current].kind == PartKind::multipart) {
      next = child(parts, current, number);
    } else if (auto root = enclosed_root(parts, current)) {
      // RFC 9051 section 6.4.5.1: numbers behind a message part refer to the parts of its body.
      next = part_of_message(parts, *root, number);
    }
    if (!next) return std::nullopt;
    current = *next;
    at_root = false;
  }
  return current;
}

std::optional<std::uint32_t> enclosed_root(const std::vector<Part>& parts, std::uint32_t index) {
  if (index >= parts.size() || parts[index].kind != PartKind::message) return std::nullopt;
  return child(parts, index, 1);
}

std::vector<std::uint32_t> children_of(const std::vector<Part>& parts, std::uint32_t index) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = index + 1; i < parts.size() && parts[i].parent >= index; ++i) {
    if (parts[i].parent == index) out.push_back(i);
  }
  return out;
}

}  // namespace peregrine::mime
