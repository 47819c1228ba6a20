#include "config/error.h"

#include <string_view>

namespace peregrine::config {
namespace {

// File names and values reach a terminal: no control byte may (V46).
void append_safe(std::string& out, std::string_view text) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += k_digits[byte >> 4];
      out += k_digits[byte & 15];
    }
  }
}

}  // namespace

std::string ConfigError::to_string() const {
  std::string out;
  append_safe(out, file);
  if (line != 0) out += ":" + std::to_string(line);
  out += ": ";
  if (!key.empty()) {
    append_safe(out, key);
    out += ": ";
  }
  append_safe(out, what);
  if (!remedy.empty()) {
    out += "; ";
    append_safe(out, remedy);
  }
  return out;
}

}  // namespace peregrine::config
