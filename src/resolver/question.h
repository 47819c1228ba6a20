#pragma once
// What may be asked: a name is held to the rules before any library sees it, and the types are
// those that mail has a use for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peregrine::resolver {

/// Never renumber: RFC 1035 section 3.2.2 and its successors.
enum class RecordType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  tlsa = 52,
};

/// The type of that number or word ("MX", in any case), when it can be asked for.
std::optional<RecordType> record_type(std::uint32_t number);
std::optional<RecordType> record_type(std::string_view word);
std::string_view type_name(RecordType type);

/// `name` in lower case without a trailing dot, or nothing when it cannot be asked: labels of 1 to
/// 63 letters, digits, '-', '_' and '/' (RFC 2317), 253 bytes in all.
std::optional<std::string> question_name(std::string_view name);

}  // namespace peregrine::resolver
