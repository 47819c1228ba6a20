#include "text/header_tokens.h"

#include <cstddef>

namespace peregrine::text {

bool take_comment(Cursor& in, std::string* content) {
  std::size_t depth = 0;
  while (auto c = in.take()) {
    if (*c == '(' && ++depth == 1) continue;
    if (*c == ')' && --depth == 0) return true;
    if (*c == '\\') {
      c = in.take();
      if (!c) return false;
    }
    if (content != nullptr) content->push_back(*c);
  }
  return false;
}

bool skip_cfws(Cursor& in) {
  while (auto c = in.peek()) {
    if (*c == '(') {
      if (!take_comment(in)) return false;
    } else if (is_white_space(*c)) {
      in.take();
    } else {
      break;
    }
  }
  return true;
}

bool take_quoted_string(Cursor& in, std::string& content) {
  in.skip('"');
  while (auto c = in.take()) {
    if (*c == '"') return true;
    if (*c == '\\') {
      c = in.take();
      if (!c) return false;
    }
    content.push_back(*c);
  }
  return false;
}

}  // namespace peregrine::text
