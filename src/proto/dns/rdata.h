#pragma once
// Readers for the rdata of single records, as LookupResponse carries them: one record, its names
// uncompressed. Each answers nothing when the bytes are not exactly that type's form. Hostile
// input: whoever runs a zone chooses every byte.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace peregrine::dns {

/// The types that are asked for. RFC 1035 section 3.2.2, RFC 3596 section 2.1, RFC 6698
/// section 7.1.
enum class Type : std::uint16_t {
  a = 1,
  cname = 5,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  tlsa = 52,
};

struct MxRecord {
  std::uint16_t preference = 0;
  std::string exchange;  ///< as parse_name(); empty: the root, "no mail here" (RFC 7505)
  bool operator==(const MxRecord&) const = default;
};

struct TlsaRecord {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching = 0;
  Bytes data;  ///< never empty
  bool operator==(const TlsaRecord&) const = default;
};

/// CNAME and PTR: the name in lower case without its last dot, empty for the root. Names with other
/// characters than letters, digits, "-" and "_" are none.
std::optional<std::string> parse_name(BytesView rdata);
std::optional<MxRecord> parse_mx(BytesView rdata);
/// The record's strings, joined without anything between them.
std::optional<Bytes> parse_txt(BytesView rdata);
std::optional<TlsaRecord> parse_tlsa(BytesView rdata);
/// A and AAAA: "192.0.2.1" or "2001:db8::1". An address of IPv4 inside IPv6 stays IPv6.
std::optional<std::string> parse_address(Type type, BytesView rdata);

}  // namespace peregrine::dns
