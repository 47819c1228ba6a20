#include "smtpd/client_names.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <ranges>
#include <vector>

#include "base/bytes.h"
#include "model/address.h"

namespace peregrine::smtpd {
namespace {

constexpr std::size_t k_longest_name = 253;

/// 4 or 16 bytes, or nothing for what is no address.
std::optional<Bytes> address_bytes(std::string_view text) {
  std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  std::array<char, sizeof(in6_addr)> raw{};
  if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) return Bytes(raw.data(), 4);
  if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return Bytes(raw.data(), raw.size());
  return std::nullopt;
}

/// The address's labels, the last part first, each with a dot behind it.
std::string reversed_labels(const Bytes& address) {
  std::string out;
  for (char c : address | std::views::reverse) {
    auto byte = static_cast<std::uint8_t>(c);
    if (address.size() == sizeof(in_addr)) {
      out += fmt::format("{}.", byte);
    } else {
      out += fmt::format("{:x}.{:x}.", byte & 0xF, byte >> 4);
    }
  }
  return out;
}

/// The address inside "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3).
std::string_view literal_address(std::string_view literal) {
  literal.remove_prefix(1);
  if (literal.ends_with(']')) literal.remove_suffix(1);
  constexpr std::string_view k_tag = "IPv6:";
  if (istarts_with(literal, k_tag)) literal.remove_prefix(k_tag.size());
  return literal;
}

}  // namespace

std::optional<std::string> reverse_name(std::string_view ip) {
  auto address = address_bytes(ip);
  if (!address) return std::nullopt;
  bool is_v4 = address->size() == sizeof(in_addr);
  return reversed_labels(*address) + (is_v4 ? "in-addr.arpa" : "ip6.arpa");
}

std::optional<std::string> list_name(std::string_view ip, std::string_view zone) {
  auto address = address_bytes(ip);
  if (!address) return std::nullopt;
  std::string out = reversed_labels(*address).append(zone);
  if (out.size() > k_longest_name) return std::nullopt;
  return out;
}

ListAnswer judge_list_answer(std::string_view address) {
  auto bytes = address_bytes(address);
  if (!bytes || bytes->size() != sizeof(in_addr) || (*bytes)[0] != 127) return ListAnswer::nothing;
  bool is_error = (*bytes)[1] == '\xff' && (*bytes)[2] == '\xff';
  return is_error ? ListAnswer::error : ListAnswer::listed;
}

HelloFault hello_fault(std::string_view name, std::string_view peer, std::string_view hostname) {
  if (name.starts_with('[')) {
    return is_same_address(literal_address(name), peer) ? HelloFault::none
                                                        : HelloFault::wrong_literal;
  }
  if (address_bytes(name)) return HelloFault::bare_address;
  auto canonical = canonical_domain(name);
  if (!canonical || !canonical->contains('.')) return HelloFault::not_a_name;
  return *canonical == hostname ? HelloFault::own_name : HelloFault::none;
}

std::string_view hello_fault_text(HelloFault fault) {
  switch (fault) {
    case HelloFault::none:
      return "";
    case HelloFault::bare_address:
      return "EHLO gives a bare address";
    case HelloFault::wrong_literal:
      return "EHLO gives another address";
    case HelloFault::not_a_name:
      return "EHLO gives no full host name";
    case HelloFault::own_name:
      return "EHLO gives the name of this server";
  }
  return "";
}

bool is_same_address(std::string_view one, std::string_view other) {
  auto bytes = address_bytes(one);
  return bytes && bytes == address_bytes(other);
}

}  // namespace peregrine::smtpd
