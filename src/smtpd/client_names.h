#pragma once
// What a client calls itself and what DNS is asked about its address: names and judgements without
// a lookup. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peregrine::smtpd {

/// "1.2.0.192.in-addr.arpa" of "192.0.2.1" (RFC 1035 section 3.5), and the like below ip6.arpa
/// (RFC 3596 section 2.5). Nothing for what is no address.
std::optional<std::string> reverse_name(std::string_view ip);

/// The name under which a DNS list holds the address (RFC 5782 sections 2.1 and 2.4); nothing when
/// it would be too long.
std::optional<std::string> list_name(std::string_view ip, std::string_view zone);

enum class ListAnswer : std::uint8_t {
  listed,
  error,    ///< 127.255.255.0/24: the list refuses to answer, and the client is not to blame
  nothing,  ///< outside 127.0.0.0/8: a zone that changed hands, or a resolver that makes answers up
};
/// `address` is the text of one A record.
ListAnswer judge_list_answer(std::string_view address);

enum class HelloFault : std::uint8_t {
  none,
  bare_address,   ///< without the brackets of a literal
  wrong_literal,  ///< the address of somebody else
  not_a_name,     ///< no full host name
  own_name,       ///< this server's
};
/// RFC 5321 section 4.1.1.1: the client's full name, or its address as a literal.
HelloFault hello_fault(std::string_view name, std::string_view peer, std::string_view hostname);
/// "EHLO gives …"; empty for `none`.
std::string_view hello_fault_text(HelloFault fault);

/// The two as text have the same bytes as addresses.
bool is_same_address(std::string_view one, std::string_view other);

}  // namespace peregrine::smtpd
