#pragma once
// The character classes of RFC 9051 section 9, as one table. Bytes from 0x80 on belong to none of
// them: where UTF-8 is allowed, the rule says so itself.

#include <array>
#include <cstdint>
#include <string_view>

namespace peregrine::imap {

enum CharClass : std::uint8_t {
  k_atom_char = 1,     ///< ATOM-CHAR
  k_astring_char = 2,  ///< ASTRING-CHAR: and "]"
  k_list_char = 4,     ///< list-char: and "%" "*"
  k_tag_char = 8,      ///< ASTRING-CHAR but "+"
  k_plain_char = 16,   ///< stands for itself within quotes: printable ASCII but `"` and `\`
  k_base64_char = 32,  ///< base64-char and "="
};

constexpr std::array<std::uint8_t, 256> make_char_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0x20; c < 0x7f; ++c) {
    auto in = [c](std::string_view set) { return set.find(static_cast<char>(c)) != set.npos; };
    unsigned classes = 0;
    // RFC 9051 section 9: ATOM-CHAR is any CHAR but atom-specials; "]" is one of those.
    if (!in("(){ %*\"\\]")) classes |= k_atom_char | k_astring_char | k_list_char | k_tag_char;
    if (c == ']') classes |= k_astring_char | k_list_char | k_tag_char;
    if (in("%*")) classes |= k_list_char;
    if (c == '+') classes &= ~static_cast<unsigned>(k_tag_char);
    if (!in("\"\\")) classes |= k_plain_char;
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (alphanumeric || in("+/=")) classes |= k_base64_char;
    table[c] = static_cast<std::uint8_t>(classes);
  }
  return table;
}

inline constexpr std::array<std::uint8_t, 256> k_char_table = make_char_table();

constexpr bool is_in(CharClass set, char c) {
  return (k_char_table[static_cast<unsigned char>(c)] & set) != 0;
}

constexpr bool all_in(CharClass set, std::string_view text) {
  for (char c : text) {
    if (!is_in(set, c)) return false;
  }
  return true;
}

}  // namespace peregrine::imap
