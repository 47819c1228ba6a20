#pragma once
// Source: from which address of this machine mail leaves, by who sends it, as outbound.sources has
// it:
//
//   "news@example.org 192.0.2.8"               mail of one account or sender
//   "@example.org 192.0.2.7 2001:db8::7"       of all senders of a domain

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peregrine::config {

struct Source {
  std::string sender;  ///< an address, or "@domain"; in lower case
  std::string ipv4;    ///< empty: nothing of that sender goes by IPv4
  std::string ipv6;    ///< the same for IPv6; one of both is there
  bool operator==(const Source&) const = default;
};

/// Nothing when the text is none of a source.
std::optional<Source> parse_source(std::string_view text);
/// As parse_source() reads it.
std::string write_source(const Source& source);

/// The source of a message: by the account that sent it (empty: none did), else by its sender's
/// address, else by the domain of that; null when there is none.
const Source* find_source(const std::vector<Source>& sources, std::string_view account,
                          std::string_view sender);

}  // namespace peregrine::config
