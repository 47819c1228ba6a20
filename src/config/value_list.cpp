// Lists; value.cpp has the numbers, value_string.cpp the strings.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>

#include "base/cursor.h"
#include "config/value.h"
#include "config/value_text.h"

namespace peregrine::config {
namespace {

constexpr std::size_t k_max_inline_list = 70;

/// An IP address in the one text that the system writes for it, or nothing.
std::optional<std::string> canonical_ip(std::string_view text) {
  std::string copy(text);
  if (copy.size() != text.size() || copy.find('\0') != std::string::npos) return std::nullopt;
  for (int family : {AF_INET, AF_INET6}) {
    unsigned char address[sizeof(in6_addr)];
    char out[INET6_ADDRSTRLEN];
    if (inet_pton(family, copy.c_str(), address) != 1) continue;
    if (inet_ntop(family, address, out, sizeof out) == nullptr) return std::nullopt;
    return std::string(out);
  }
  return std::nullopt;
}

constexpr std::string_view k_address_remedy =
    "write an IP address, such as \"127.0.0.1\", \"[::1]\" or \"192.0.2.1:2525\"";

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  std::string_view ip = text, port;
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    ip = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!ip.contains(':') || (!rest.empty() && !rest.starts_with(':'))) return std::nullopt;
    if (!rest.empty()) {
      port = rest.substr(1);
      if (port.empty()) return std::nullopt;
    }
  } else if (std::ranges::count(text, ':') == 1) {
    ip = text.substr(0, text.find(':'));
    port = text.substr(text.find(':') + 1);
    if (port.empty()) return std::nullopt;
  }
  ListenAddress out;
  auto canonical = canonical_ip(ip);
  if (!canonical) return std::nullopt;
  out.ip = std::move(*canonical);
  if (!port.empty()) {
    auto number = parse_number(port, 65535);
    if (!number || *number == 0) return std::nullopt;
    out.port = static_cast<std::uint16_t>(*number);
  }
  return out;
}

std::string write_listen_address(const ListenAddress& address) {
  if (address.port == 0) return address.ip;
  bool is_v6 = address.ip.contains(':');
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.ip, is_v6 ? "]" : "", address.port);
}

constexpr std::string_view k_network_remedy =
    "write an address or a network, such as \"192.0.2.1\", \"192.0.2.0/24\" or \"2001:db8::/32\"";

struct RawIp {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  unsigned bits = 0;  ///< 32 or 128
};

std::optional<RawIp> raw_ip(std::string_view text) {
  std::string copy(text);
  RawIp out;
  for (int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, copy.c_str(), out.bytes.data()) != 1) continue;
    out.bits = family == AF_INET ? 32 : 128;
    return out;
  }
  return std::nullopt;
}

bool has_bit(const RawIp& ip, unsigned bit) {
  return (ip.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

/// Whether all bits behind the first `bits` are zero.
bool ends_in_zeros(const RawIp& ip, unsigned bits) {
  for (unsigned bit = bits; bit < ip.bits; ++bit) {
    if (has_bit(ip, bit)) return false;
  }
  return true;
}

std::optional<Network> parse_network(std::string_view text) {
  std::size_t slash = text.find('/');
  auto canonical = canonical_ip(text.substr(0, slash));
  if (!canonical) return std::nullopt;
  RawIp ip = *raw_ip(*canonical);
  unsigned bits = ip.bits;
  if (slash != std::string_view::npos) {
    auto number = parse_number(text.substr(slash + 1), ip.bits);
    if (!number) return std::nullopt;
    bits = static_cast<unsigned>(*number);
  }
  if (!ends_in_zeros(ip, bits)) return std::nullopt;
  return Network{std::move(*canonical), static_cast<std::uint8_t>(bits)};
}

std::string write_network(const Network& network) {
  unsigned all = network.ip.contains(':') ? 128 : 32;
  return network.bits == all ? network.ip : fmt::format("{}/{}", network.ip, network.bits);
}

MaybeIssue check_element(const Network& value, const Rule& /*rule*/) {
  if (parse_network(fmt::format("{}/{}", value.ip, value.bits)) == value) return std::nullopt;
  return bad(value.ip, "is not a network", k_network_remedy);
}
MaybeIssue check_element(const std::string& value, const Rule& rule) {
  if (rule.kind != RuleKind::words) {
    if (value.empty()) return bad(value, "says nothing", "remove it");
    return check(value, rule);
  }
  if (std::ranges::find(rule.words, value) != rule.words.end()) return std::nullopt;
  return bad(value, "is unknown", fmt::format("it is one of {}", join_quoted(rule.words)));
}
MaybeIssue check_element(const ListenAddress& value, const Rule& /*rule*/) {
  auto canonical = canonical_ip(value.ip);
  if (canonical && *canonical == value.ip) return std::nullopt;
  return bad(value.ip, "is not an IP address", k_address_remedy);
}
MaybeIssue check_element(const Certificate& value, const Rule& /*rule*/) {
  for (const std::string* path : {&value.chain, &value.key}) {
    if (path->empty()) return bad(*path, "is not a path", "name a PEM file");
    if (auto issue = check(*path, is(RuleKind::path))) return issue;
  }
  return std::nullopt;
}

template <class T>
MaybeIssue check_list(const std::vector<T>& values, const Rule& rule) {
  if (values.size() > k_max_list) {
    return Issue{ConfigProblem::out_of_range, fmt::format("has {} entries", values.size()),
                 fmt::format("there are {} at most", k_max_list)};
  }
  for (const T& value : values) {
    if (auto issue = check_element(value, rule)) return issue;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) ==
        values.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    return Issue{ConfigProblem::duplicate, fmt::format("entry {} is there twice", i + 1),
                 "remove one"};
  }
  return std::nullopt;
}

MaybeIssue read_element(const RawValue& raw, const Rule& rule, std::string& out) {
  if (raw.type != RawType::string) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit",
                    "write strings, in quotes");
  }
  out = rule.kind == RuleKind::words ? ascii_upper(raw.string) : raw.string;
  return std::nullopt;
}

MaybeIssue read_element(const RawValue& raw, const Rule& /*rule*/, ListenAddress& out) {
  auto address = raw.type == RawType::string ? parse_listen_address(raw.string) : std::nullopt;
  if (!address) {
    return issue_of(
        raw.type == RawType::string ? ConfigProblem::bad_value : ConfigProblem::wrong_type,
        describe(raw), "is not an IP address", k_address_remedy);
  }
  out = std::move(*address);
  return std::nullopt;
}

MaybeIssue read_element(const RawValue& raw, const Rule& /*rule*/, Network& out) {
  auto network = raw.type == RawType::string ? parse_network(raw.string) : std::nullopt;
  if (!network) {
    return issue_of(
        raw.type == RawType::string ? ConfigProblem::bad_value : ConfigProblem::wrong_type,
        describe(raw), "is not a network", k_network_remedy);
  }
  out = std::move(*network);
  return std::nullopt;
}

MaybeIssue read_element(const RawValue& raw, const Rule& /*rule*/, Certificate& out) {
  constexpr std::string_view k_remedy = "write { chain = \"cert.pem\", key = \"key.pem\" }";
  if (raw.type != RawType::table) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit", k_remedy);
  }
  for (const RawValue& value : raw.items) {
    std::string* field = value.key == "chain" ? &out.chain
                         : value.key == "key" ? &out.key
                                              : nullptr;
    if (field == nullptr) {
      return issue_of(ConfigProblem::unknown_key, quote(value.key), "is not known here", k_remedy);
    }
    if (auto issue = read(value, is(RuleKind::path), *field)) return issue;
  }
  if (out.chain.empty() || out.key.empty()) {
    return Issue{ConfigProblem::missing, "lacks a chain or a key", std::string(k_remedy)};
  }
  return std::nullopt;
}

template <class T>
MaybeIssue read_list(const RawValue& raw, const Rule& rule, std::vector<T>& out) {
  if (raw.type != RawType::array) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit",
                    "write a list in brackets, such as [\"…\"] or []");
  }
  std::vector<T> values;
  for (const RawValue& item : raw.items) {
    T value;
    MaybeIssue issue = read_element(item, rule, value);
    if (!issue) issue = check_element(value, rule);
    if (issue) {
      if (issue->line == 0) issue->line = item.line;
      return issue;
    }
    values.push_back(std::move(value));
  }
  if (auto issue = check_list(values, rule)) return issue;
  out = std::move(values);
  return std::nullopt;
}

// On one line when it is short, else one entry a line.
template <class T, class Spell>
std::string write_list(const std::vector<T>& values, Spell spell) {
  std::string one_line, lines;
  for (const T& value : values) {
    std::string spelled = spell(value);
    one_line += (one_line.empty() ? "" : ", ") + spelled;
    lines += "  " + spelled + ",\n";
  }
  return one_line.size() <= k_max_inline_list ? "[" + one_line + "]" : "[\n" + lines + "]";
}

void put_element(Encoder& encoder, const std::string& value) {
  encoder.bytes(value);
}
void put_element(Encoder& encoder, const ListenAddress& value) {
  encoder.bytes(value.ip).varint(value.port);
}
void put_element(Encoder& encoder, const Network& value) {
  encoder.bytes(value.ip).u8(value.bits);
}
void put_element(Encoder& encoder, const Certificate& value) {
  encoder.bytes(value.chain).bytes(value.key);
}

void get_element(Decoder& decoder, std::string& out) {
  get(decoder, out);
}
void get_element(Decoder& decoder, ListenAddress& out) {
  get(decoder, out.ip);
  out.port = static_cast<std::uint16_t>(decoder.varint(UINT16_MAX));
}
void get_element(Decoder& decoder, Network& out) {
  get(decoder, out.ip);
  out.bits = decoder.u8();
}
void get_element(Decoder& decoder, Certificate& out) {
  get(decoder, out.chain);
  get(decoder, out.key);
}

template <class T>
void put_list(Encoder& encoder, const std::vector<T>& values) {
  encoder.varint(values.size());
  for (const T& value : values) put_element(encoder, value);
}

template <class T>
void get_list(Decoder& decoder, std::vector<T>& out) {
  std::size_t count = decoder.count();
  if (count > k_max_list) decoder.fail();
  out.clear();
  for (std::size_t i = 0; i < count && decoder.ok(); ++i) get_element(decoder, out.emplace_back());
}

}  // namespace

bool contains(const std::vector<Network>& networks, std::string_view ip) {
  if (networks.empty()) return false;
  auto address = raw_ip(ip);
  if (!address) return false;
  return std::ranges::any_of(networks, [&](const Network& network) {
    auto start = raw_ip(network.ip);
    if (!start || start->bits != address->bits) return false;
    for (unsigned bit = 0; bit < network.bits && bit < start->bits; ++bit) {
      if (has_bit(*start, bit) != has_bit(*address, bit)) return false;
    }
    return true;
  });
}

bool has_word(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

MaybeIssue check(const std::vector<std::string>& value, const Rule& rule) {
  return check_list(value, rule);
}
MaybeIssue check(const std::vector<ListenAddress>& value, const Rule& rule) {
  return check_list(value, rule);
}
MaybeIssue check(const std::vector<Network>& value, const Rule& rule) {
  return check_list(value, rule);
}
MaybeIssue check(const std::vector<Certificate>& value, const Rule& rule) {
  return check_list(value, rule);
}

MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<std::string>& out) {
  return read_list(raw, rule, out);
}
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<ListenAddress>& out) {
  return read_list(raw, rule, out);
}
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Network>& out) {
  return read_list(raw, rule, out);
}
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Certificate>& out) {
  return read_list(raw, rule, out);
}

std::string write(const std::vector<std::string>& value, const Rule& /*rule*/) {
  return write_list(value, [](const std::string& word) { return quote(word); });
}
std::string write(const std::vector<ListenAddress>& value, const Rule& /*rule*/) {
  return write_list(value,
                    [](const ListenAddress& each) { return quote(write_listen_address(each)); });
}
std::string write(const std::vector<Network>& value, const Rule& /*rule*/) {
  return write_list(value, [](const Network& each) { return quote(write_network(each)); });
}
std::string write(const std::vector<Certificate>& value, const Rule& /*rule*/) {
  return write_list(value, [](const Certificate& each) {
    return fmt::format("{{ chain = {}, key = {} }}", quote(each.chain), quote(each.key));
  });
}

void put(Encoder& encoder, const std::vector<std::string>& value) {
  put_list(encoder, value);
}
void put(Encoder& encoder, const std::vector<ListenAddress>& value) {
  put_list(encoder, value);
}
void put(Encoder& encoder, const std::vector<Network>& value) {
  put_list(encoder, value);
}
void put(Encoder& encoder, const std::vector<Certificate>& value) {
  put_list(encoder, value);
}

void get(Decoder& decoder, std::vector<std::string>& out) {
  get_list(decoder, out);
}
void get(Decoder& decoder, std::vector<ListenAddress>& out) {
  get_list(decoder, out);
}
void get(Decoder& decoder, std::vector<Network>& out) {
  get_list(decoder, out);
}
void get(Decoder& decoder, std::vector<Certificate>& out) {
  get_list(decoder, out);
}

}  // namespace peregrine::config
