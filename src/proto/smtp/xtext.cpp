#include "proto/smtp/xtext.h"

namespace peregrine::smtp {
namespace {

constexpr std::string_view k_digits = "0123456789ABCDEF";

bool is_xchar(char c) {
  return c > ' ' && c <= '~' && c != '+' && c != '=';
}

}  // namespace

std::optional<std::string> decode_xtext(BytesView text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_xchar(text[i])) {
      out += text[i];
      continue;
    }
    if (text[i] != '+' || text.size() - i < 3) return std::nullopt;
    std::size_t high = k_digits.find(text[i + 1]);
    std::size_t low = k_digits.find(text[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string encode_xtext(BytesView octets) {
  std::string out;
  for (char c : octets) {
    if (is_xchar(c)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '+';
    out += k_digits[byte / 16];
    out += k_digits[byte % 16];
  }
  return out;
}

}  // namespace peregrine::smtp
