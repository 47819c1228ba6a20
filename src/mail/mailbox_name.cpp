#include "mail/mailbox_name.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "model/flags.h"
#include "text/idna.h"

namespace peregrine::mail {
namespace {

constexpr NameLimits k_widest{.bytes = 4096, .component_bytes = 4096, .depth = 1024};

/// Controls of C0, DEL and C1, and the line and paragraph separators, in UTF-8 (RFC 5198 section
/// 2).
bool has_control(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    auto next = i + 1 < utf8.size() ? static_cast<unsigned char>(utf8[i + 1]) : 0;
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) return true;
    std::string_view three = utf8.substr(i, 3);
    if (three == "\u2028" || three == "\u2029") return true;
  }
  return false;
}

std::expected<void, NameError> check_structure(std::string_view name, const NameLimits& limits) {
  std::size_t depth = 0;
  for (std::size_t start = 0; start <= name.size();) {
    std::size_t end = std::min(name.find(k_delimiter, start), name.size());
    if (end == start) return std::unexpected(NameError::bad_structure);
    if (end - start > limits.component_bytes) return std::unexpected(NameError::too_long);
    if (++depth > limits.depth) return std::unexpected(NameError::too_deep);
    start = end + 1;
  }
  return {};
}

}  // namespace

std::expected<std::string, NameError> normalise_name(std::string_view name,
                                                     const NameLimits& limits) {
  if (name.empty()) return std::unexpected(NameError::empty);
  if (name.size() > limits.bytes) return std::unexpected(NameError::too_long);
  // RFC 9051 section 5.1: "%" and "*" would not survive LIST, "#" begins namespaces.
  if (has_control(name) || name.find_first_of("%*") != std::string_view::npos ||
      name.front() == '#') {
    return std::unexpected(NameError::bad_character);
  }
  TRY_VOID(check_structure(name, limits));
  auto normal = text::to_nfc(name);
  if (!normal) return std::unexpected(NameError::bad_character);
  if (normal->size() > limits.bytes) return std::unexpected(NameError::too_long);
  // RFC 9051 section 5.1: INBOX is recognised in any letter case.
  std::size_t first = std::min(normal->find(k_delimiter), normal->size());
  if (iequals(std::string_view(*normal).substr(0, first), k_inbox)) {
    normal->replace(0, first, k_inbox);
  }
  return *std::move(normal);
}

bool is_normal_name(std::string_view name) {
  auto normal = normalise_name(name, k_widest);
  return normal && *normal == name;
}

std::string_view parent_name(std::string_view name) {
  std::size_t end = name.rfind(k_delimiter);
  return end == std::string_view::npos ? std::string_view{} : name.substr(0, end);
}

bool is_below(std::string_view name, std::string_view ancestor) {
  return name.size() > ancestor.size() + 1 && name.starts_with(ancestor) &&
         name[ancestor.size()] == k_delimiter;
}

bool is_keyword(std::string_view keyword) {
  if (keyword.empty() || keyword.size() > k_max_keyword_bytes) return false;
  // RFC 9051 section 9: flag-keyword is an atom, which has none of atom-specials.
  return std::ranges::all_of(keyword, [](char c) {
    return c > ' ' && c < 0x7f && ascii_lower(c) == c &&
           std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
  });
}

}  // namespace peregrine::mail
