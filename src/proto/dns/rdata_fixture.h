#pragma once
// Rdata as the resolver would hand it on, for tests only.

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace peregrine::dns {

/// "example.org" as a wire name; "" is the root. Labels are taken as they are.
inline Bytes wire_name(std::string_view name) {
  Bytes out;
  while (!name.empty()) {
    std::string_view label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(label.size() == name.size() ? label.size() : label.size() + 1);
  }
  out += '\0';
  return out;
}

inline Bytes wire_mx(std::uint16_t preference, std::string_view exchange) {
  Bytes out{static_cast<char>(preference >> 8U), static_cast<char>(preference & 0xffU)};
  return out + wire_name(exchange);
}

/// One string of at most 255 bytes.
inline Bytes wire_string(std::string_view text) {
  Bytes out(1, static_cast<char>(text.size()));
  out += text;
  return out;
}

}  // namespace peregrine::dns
