#include "config/route.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "base/cursor.h"
#include "config/words.h"
#include "model/address.h"

namespace peregrine::config {
namespace {

constexpr std::string_view k_plain = "smtp://";
constexpr std::string_view k_implicit = "smtps://";
constexpr std::size_t k_max_user = 128;

bool is_domain(std::string_view name) {
  auto canonical = canonical_domain(name);
  return canonical && *canonical == name;
}

bool read_domain(std::string_view word, Route& out) {
  std::string_view name = word.starts_with('.') ? word.substr(1) : word;
  out.domain = ascii_lower(word);
  return word == "*" || is_domain(ascii_lower(name));
}

bool read_host(std::string_view host, Route& out) {
  bool is_literal = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  // An address of IPv4 cannot be taken for anything else, with or without brackets.
  if (!is_literal && host.find(':') == std::string_view::npos && is_canonical_ip(host)) {
    out.host = host;
    return true;
  }
  out.host = is_literal ? host.substr(1, host.size() - 2) : ascii_lower(host);
  return is_literal ? is_canonical_ip(out.host) : is_domain(out.host);
}

bool read_next_hop(std::string_view word, Route& out) {
  if (word == "mx") return true;
  out.implicit_tls = word.starts_with(k_implicit);
  if (!out.implicit_tls && !word.starts_with(k_plain)) return false;
  word.remove_prefix(out.implicit_tls ? k_implicit.size() : k_plain.size());
  std::size_t colon = word.rfind(':');
  if (colon != std::string_view::npos && !word.ends_with(']')) {
    auto port = parse_number(word.substr(colon + 1), 65535);
    if (!port || *port == 0) return false;
    out.port = static_cast<std::uint16_t>(*port);
    word = word.substr(0, colon);
  }
  return read_host(word, out);
}

bool read_tls(std::string_view value, Route& out) {
  const auto* word = std::ranges::find(k_outbound_tls, value);
  if (word == std::end(k_outbound_tls)) return false;
  out.tls = static_cast<OutboundTls>(word - std::begin(k_outbound_tls));
  return true;
}

bool read_user(std::string_view value, Route& out) {
  bool is_printable = std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; });
  out.user = value;
  return is_printable && !value.empty() && value.size() <= k_max_user && !out.host.empty();
}

bool read_source(std::string_view value, Route& out) {
  out.source = value;
  return is_canonical_ip(value);
}

bool read_number(std::string_view value, std::uint32_t most, std::uint32_t& out) {
  auto number = parse_number(value, most);
  if (number) out = static_cast<std::uint32_t>(*number);
  return number && *number != 0;
}

bool read_connections(std::string_view value, Route& out) {
  return read_number(value, k_most_connections, out.connections);
}

bool read_rate(std::string_view value, Route& out) {
  return read_number(value, k_most_rate, out.rate);
}

struct Property {
  std::string_view name;
  bool (*read)(std::string_view value, Route& out);
};

constexpr std::array k_properties = {
    Property{"tls=", read_tls},       Property{"user=", read_user},
    Property{"source=", read_source}, Property{"connections=", read_connections},
    Property{"rate=", read_rate},
};

bool read_property(std::string_view word, Route& out) {
  for (const Property& each : k_properties) {
    if (word.starts_with(each.name)) return each.read(word.substr(each.name.size()), out);
  }
  return false;
}

/// TLS from the first byte cannot be left out, and a password never goes in clear.
bool is_consistent(const Route& route) {
  bool may_be_clear =
      route.tls && (*route.tls == OutboundTls::none || *route.tls == OutboundTls::opportunistic);
  return !may_be_clear || (!route.implicit_tls && route.user.empty());
}

std::string write_next_hop(const Route& route) {
  if (route.host.empty()) return "mx";
  std::string out(route.implicit_tls ? k_implicit : k_plain);
  out += is_canonical_ip(route.host) ? '[' + route.host + ']' : route.host;
  if (route.port != 0) out += ':' + std::to_string(route.port);
  return out;
}

}  // namespace

bool is_canonical_ip(std::string_view text) {
  std::string copy(text);
  for (int family : {AF_INET, AF_INET6}) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    std::array<char, INET6_ADDRSTRLEN> written{};
    if (inet_pton(family, copy.c_str(), address.data()) != 1) continue;
    if (inet_ntop(family, address.data(), written.data(), written.size()) == nullptr) continue;
    return text == written.data();
  }
  return false;
}

std::optional<Route> parse_route(std::string_view text) {
  std::vector<std::string_view> words = split_words(text);
  Route out;
  if (words.size() < 2 || !read_domain(words[0], out) || !read_next_hop(words[1], out)) {
    return std::nullopt;
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (!read_property(words[i], out)) return std::nullopt;
  }
  if (!is_consistent(out)) return std::nullopt;
  return out;
}

std::string write_route(const Route& route) {
  std::string out = route.domain + ' ' + write_next_hop(route);
  if (route.tls) {
    out += " tls=";
    out += k_outbound_tls[static_cast<std::size_t>(*route.tls)];
  }
  if (!route.user.empty()) out += " user=" + route.user;
  if (!route.source.empty()) out += " source=" + route.source;
  if (route.connections != 0) out += " connections=" + std::to_string(route.connections);
  if (route.rate != 0) out += " rate=" + std::to_string(route.rate);
  return out;
}

const Route* find_route(const std::vector<Route>& routes, std::string_view domain) {
  const Route* best = nullptr;
  std::size_t best_size = 0;
  for (const Route& route : routes) {
    if (route.domain == domain) return &route;
    bool is_above = route.domain.starts_with('.') && domain.ends_with(route.domain);
    std::size_t size = is_above ? route.domain.size() : route.domain == "*" ? 1 : 0;
    if (size <= best_size) continue;
    best = &route;
    best_size = size;
  }
  return best;
}

}  // namespace peregrine::config
