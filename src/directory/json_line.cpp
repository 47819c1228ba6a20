#include "directory/json_line.h"

#include <utility>

namespace peregrine::directory {
namespace {

void append_quoted(std::string& out, std::string_view value) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  out.push_back('"');
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      out.append("\\u00");
      out.push_back(k_digits[byte >> 4]);
      out.push_back(k_digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

JsonLine& JsonLine::add(std::string_view name, std::string_view value) {
  std::string quoted;
  append_quoted(quoted, value);
  return add_raw(name, quoted);
}

JsonLine& JsonLine::add_raw(std::string_view name, std::string_view value) {
  out_.push_back(out_.empty() ? '{' : ',');
  append_quoted(out_, name);
  out_.push_back(':');
  out_.append(value);
  return *this;
}

std::string JsonLine::take() {
  if (out_.empty()) out_.push_back('{');
  out_.push_back('}');
  return std::exchange(out_, {});
}

}  // namespace peregrine::directory
