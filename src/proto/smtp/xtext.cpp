#include "proto/smtp/xtext.h"

#include "text/utf8.h"

namespace peregrine::smtp {
namespace {

constexpr std::string_view k_digits = "0123456789ABCDEF";

bool is_xchar(char c) {
  return c > ' ' && c <= '~' && c != '+' && c != '=';
}

template <class IsPlain>
std::string embed(BytesView address, IsPlain is_plain) {
  std::string out;
  for (std::size_t at = 0; at < address.size();) {
    text::CodePoint point = text::decode_utf8(address, at);
    at += point.size;
    if (is_plain(point.value)) {
      out += static_cast<char>(point.value);
      continue;
    }
    // HEXPOINT has two digits at least.
    std::string digits;
    for (char32_t value = point.value; value != 0 || digits.size() < 2; value >>= 4U) {
      digits.insert(digits.begin(), k_digits[value & 15U]);
    }
    out += "\\x{" + digits + '}';
  }
  return out;
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

std::string embed_unicode(BytesView address) {
  return embed(address, [](char32_t c) { return c < 0x80; });
}

std::string encode_utf8_address(BytesView address) {
  return embed(address,
               [](char32_t c) { return c < 0x80 && c != '\\' && is_xchar(static_cast<char>(c)); });
}

}  // namespace peregrine::smtp
