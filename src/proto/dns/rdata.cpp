#include "proto/dns/rdata.h"

#include <arpa/inet.h>
#include <array>

#include "base/cursor.h"

namespace peregrine::dns {
namespace {

// RFC 1035 section 3.1: 255 octets with the length octets.
constexpr std::size_t k_max_name = 255;
// RFC 1035 section 2.3.4: a label is at most 63 octets; larger lengths are pointers.
constexpr std::uint8_t k_max_label = 63;

bool is_name_character(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

std::optional<std::uint8_t> take_octet(Cursor& in) {
  auto byte = in.take();
  if (!byte) return std::nullopt;
  return static_cast<std::uint8_t>(*byte);
}

bool add_label(std::string& name, BytesView label) {
  if (!name.empty()) name += '.';
  for (char c : label) {
    char lower = ascii_lower(c);
    if (!is_name_character(lower)) return false;
    name += lower;
  }
  return true;
}

std::optional<std::string> take_name(Cursor& in) {
  std::string name;
  std::size_t start = in.position();
  while (true) {
    auto size = take_octet(in);
    if (!size || *size > k_max_label) return std::nullopt;
    if (*size == 0) break;
    auto label = in.take(*size);
    if (!label || !add_label(name, *label)) return std::nullopt;
  }
  if (in.position() - start > k_max_name) return std::nullopt;
  return name;
}

}  // namespace

std::optional<std::string> parse_name(BytesView rdata) {
  Cursor in(rdata);
  auto name = take_name(in);
  if (!name || !in.at_end()) return std::nullopt;
  return name;
}

std::optional<MxRecord> parse_mx(BytesView rdata) {
  Cursor in(rdata);
  auto high = take_octet(in);
  auto low = take_octet(in);
  if (!high || !low) return std::nullopt;
  auto exchange = take_name(in);
  if (!exchange || !in.at_end()) return std::nullopt;
  auto preference = static_cast<std::uint16_t>((*high << 8U) | *low);
  return MxRecord{preference, std::move(*exchange)};
}

std::optional<Bytes> parse_txt(BytesView rdata) {
  // RFC 1035 section 3.3.14: one or more strings, each with a length octet before it.
  if (rdata.empty()) return std::nullopt;
  Cursor in(rdata);
  Bytes text;
  while (!in.at_end()) {
    auto size = take_octet(in);
    auto string = in.take(*size);
    if (!string) return std::nullopt;
    text += *string;
  }
  return text;
}

std::optional<TlsaRecord> parse_tlsa(BytesView rdata) {
  Cursor in(rdata);
  auto usage = take_octet(in);
  auto selector = take_octet(in);
  auto matching = take_octet(in);
  // RFC 6698 section 2.1: the association data follows to the end; without any there is nothing to
  // compare (V41).
  if (!usage || !selector || !matching || in.at_end()) return std::nullopt;
  return TlsaRecord{*usage, *selector, *matching, Bytes(in.rest())};
}

std::optional<std::string> parse_address(Type type, BytesView rdata) {
  bool is_ipv4 = type == Type::a && rdata.size() == sizeof(in_addr);
  bool is_ipv6 = type == Type::aaaa && rdata.size() == sizeof(in6_addr);
  if (!is_ipv4 && !is_ipv6) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(is_ipv4 ? AF_INET : AF_INET6, rdata.data(), text.data(), text.size()) ==
      nullptr) {
    return std::nullopt;
  }
  return std::string(text.data());
}

}  // namespace peregrine::dns
