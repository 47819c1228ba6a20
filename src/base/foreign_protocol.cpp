#include "base/foreign_protocol.h"

#include <algorithm>
#include <array>

namespace peregrine {
namespace {

constexpr std::array<std::string_view, 10> k_http_methods = {
    "GET ",     "POST ", "PUT ",    "HEAD ",  "CONNECT ",
    "OPTIONS ", "PRI ",  "DELETE ", "TRACE ", "PATCH "};

/// Backspace, escape and delete: a terminal sends them, a mail program never does.
bool is_key(char c) {
  return c == '\b' || c == '\x1b' || c == '\x7f';
}

}  // namespace

ForeignProtocol detect_foreign_protocol(BytesView first_bytes) {
  BytesView line = first_bytes.substr(0, first_bytes.find('\n'));
  if (line.empty()) return ForeignProtocol::none;
  // RFC 8446 section 5.1: a handshake record, 0x16, of version 3.x. No text begins with 0x16.
  if (line[0] == '\x16') return ForeignProtocol::tls;
  // RFC 854: 0xFF is "interpret as command".
  if (line.contains('\xff') || std::ranges::any_of(line, is_key)) return ForeignProtocol::terminal;
  // A load balancer's header from where none is (listen.proxy_from); version 2 has a NUL in it.
  if (line.starts_with("PROXY ")) return ForeignProtocol::proxy;
  if (line.starts_with("SSH-")) return ForeignProtocol::ssh;
  for (std::string_view method : k_http_methods) {
    if (line.starts_with(method)) return ForeignProtocol::http;
  }
  if (std::ranges::any_of(line, [](char c) { return (c & 0x80) != 0; })) {
    return ForeignProtocol::non_ascii;
  }
  return ForeignProtocol::none;
}

}  // namespace peregrine
