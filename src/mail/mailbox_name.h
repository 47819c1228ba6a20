#pragma once
// Mailbox names and keywords: what is accepted, and the one form in which they are kept. A name is
// data: it never becomes part of a path (V28), so ".." is a name like any other.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace peregrine::mail {

inline constexpr char k_delimiter = '/';
inline constexpr std::string_view k_inbox = "INBOX";

struct NameLimits {
  std::size_t bytes = 1000;           ///< of the whole name
  std::size_t component_bytes = 255;  ///< between two delimiters
  std::size_t depth = 20;             ///< components
};

enum class NameError : std::uint8_t { empty, bad_character, bad_structure, too_long, too_deep };

/// The form that is stored and compared: UTF-8 in NFC, INBOX in capitals also as the first of
/// several components. Refused: control characters, list wildcards, empty components, a leading
/// '#'.
std::expected<std::string, NameError> normalise_name(std::string_view name,
                                                     const NameLimits& limits = {});

/// True when normalise_name() gives `name` back, under limits no smaller than any configured ones.
bool is_normal_name(std::string_view name);

/// "a/b" for "a/b/c"; empty for a name of one component.
std::string_view parent_name(std::string_view name);

/// True when `name` lies below `ancestor`.
bool is_below(std::string_view name, std::string_view ancestor);

/// A keyword in lower case, 1 to k_max_keyword_bytes of the characters that an IMAP atom has.
bool is_keyword(std::string_view keyword);

}  // namespace peregrine::mail
