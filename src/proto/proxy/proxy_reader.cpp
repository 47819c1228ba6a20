#include "proto/proxy/proxy_reader.h"

#include <algorithm>
#include <arpa/inet.h>
#include <string>

#include "base/cursor.h"

namespace peregrine::proxy {
namespace {

using namespace std::string_view_literals;

// What tells the two versions apart; no header is shorter.
constexpr std::size_t k_prefix = 12;
constexpr std::string_view k_signature("\r\n\r\n\0\r\nQUIT\n", k_prefix);
constexpr std::size_t k_longest_line = 107;
constexpr std::size_t k_block_head = 16;
// Addresses of two IPv6 ends take 36 octets; the rest is for what the proxy adds about TLS.
constexpr std::size_t k_longest_block = k_block_head + kib(4);

std::uint8_t octet(BytesView bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}
std::uint16_t two_octets(BytesView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

std::optional<ProxySource> parse_address(BytesView text, int family) {
  ProxySource out;
  out.size = family == AF_INET ? 4 : 16;
  std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(family, copy.c_str(), out.ip.data()) != 1) return std::nullopt;
  return out;
}

std::optional<std::uint16_t> parse_port(BytesView text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  auto number = parse_number(text, UINT16_MAX);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

/// " ADDRESS ADDRESS PORT PORT" behind the protocol's name.
std::optional<ProxySource> parse_ends(Cursor cursor, int family) {
  std::array<BytesView, 4> words;
  for (BytesView& word : words) {
    if (!cursor.skip(' ')) return std::nullopt;
    word = cursor.take_while([](char c) { return c != ' '; });
  }
  auto source = parse_address(words[0], family);
  auto port = parse_port(words[2]);
  bool is_good =
      cursor.at_end() && source && port && parse_address(words[1], family) && parse_port(words[3]);
  if (!is_good) return std::nullopt;
  source->port = *port;
  return source;
}

}  // namespace

std::size_t ProxyReader::wants() const {
  if (status_ != ProxyStatus::reading) return 0;
  if (header_.size() < k_prefix) return k_prefix - header_.size();
  if (!header_.starts_with(k_signature)) return 1;
  if (header_.size() < k_block_head) return k_block_head - header_.size();
  return k_block_head + two_octets(header_, 14) - header_.size();
}

void ProxyReader::feed(BytesView in) {
  header_.append(in.substr(0, wants()));
  if (status_ == ProxyStatus::reading) look();
}

void ProxyReader::look() {
  if (header_.size() < k_prefix) return;
  if (header_.starts_with(k_signature)) {
    look_at_block();
  } else if (header_.starts_with("PROXY ")) {
    look_at_line();
  } else {
    status_ = ProxyStatus::malformed;
  }
}

void ProxyReader::look_at_line() {
  if (!header_.ends_with("\r\n")) {
    bool goes_on = header_.size() < k_longest_line && !header_.ends_with('\n');
    if (!goes_on) status_ = ProxyStatus::malformed;
    return;
  }
  Cursor cursor(BytesView(header_).substr(6, header_.size() - 8));
  status_ = ProxyStatus::done;
  // The rest of such a line is to be ignored.
  if (cursor.rest() == "UNKNOWN" || cursor.rest().starts_with("UNKNOWN ")) return;
  bool is_v4 = cursor.rest().starts_with("TCP4");
  if (is_v4 || cursor.rest().starts_with("TCP6")) {
    cursor.take(4);
    source_ = parse_ends(cursor, is_v4 ? AF_INET : AF_INET6);
  }
  if (!source_) status_ = ProxyStatus::malformed;
}

void ProxyReader::look_at_block() {
  if (header_.size() < k_block_head) return;
  std::size_t size = k_block_head + two_octets(header_, 14);
  std::uint8_t command = octet(header_, 12);
  std::uint8_t family = octet(header_, 13);
  bool is_known = command == 0x20 || (command == 0x21 && (family == 0x11 || family == 0x21));
  if (!is_known || size > k_longest_block) {
    status_ = ProxyStatus::malformed;
    return;
  }
  if (header_.size() < size) return;
  status_ = ProxyStatus::done;
  if (command == 0x20) return;
  std::size_t length = family == 0x11 ? 4 : 16;
  // Two addresses and two ports.
  if (size < k_block_head + 2 * length + 4) {
    status_ = ProxyStatus::malformed;
    return;
  }
  ProxySource source{.size = length, .port = two_octets(header_, k_block_head + 2 * length)};
  for (std::size_t i = 0; i < length; ++i) source.ip.at(i) = octet(header_, k_block_head + i);
  source_ = source;
}

}  // namespace peregrine::proxy
