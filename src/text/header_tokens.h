#pragma once
// The lexical layer that structured header fields share (RFC 5322 section 3.2): comments, folding
// white space and quoted strings. Comments nest to any depth and are read without recursion.

#include <string>

#include "base/cursor.h"

namespace peregrine::text {

constexpr bool is_white_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Reads the comment that the cursor stands at, '(' included, and appends its text, without the
/// outer parentheses and the backslashes, to `content` if that is given. False when it does not
/// end; then the cursor is at the end of the input.
bool take_comment(Cursor& in, std::string* content = nullptr);

/// Skips white space and comments. False when a comment does not end.
bool skip_cfws(Cursor& in);

/// Reads the quoted string that the cursor stands at and appends what it means to `content`. False
/// when it does not end; what is there counts.
bool take_quoted_string(Cursor& in, std::string& content);

}  // namespace peregrine::text
