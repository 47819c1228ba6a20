#pragma once
// Why a command does not parse, with one text for the client and one for the log.

#include <cstdint>
#include <expected>
#include <string_view>

namespace peregrine::imap {

enum class SyntaxError : std::uint8_t {
  no_tag,
  unknown_command,
  not_in_this_state,  ///< a command that Limits::stage excludes
  bad_syntax,
  bad_string,  ///< quoted string or literal malformed, or NUL in it
  bad_number,  ///< missing or out of its range
  bad_date,
  bad_flag,
  unknown_option,  ///< of LIST, STATUS, CREATE, SEARCH RETURN
  unknown_search_key,
  unknown_fetch_item,
  trailing_text,
  too_deep,
  too_many_tokens,
};

template <class T>
using Parsed = std::expected<T, SyntaxError>;

std::string_view client_text(SyntaxError error);
std::string_view log_text(SyntaxError error);

}  // namespace peregrine::imap
