#pragma once
// Reads a DNS message that answers one question into its records, names uncompressed. The message
// was put together by a library, from bytes of strangers: it is read as if it were theirs. Pure.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "resolver/question.h"

namespace peregrine::resolver {

inline constexpr std::size_t k_most_records = 256;
inline constexpr std::size_t k_largest_record = kib(4);
/// CNAMEs in a row.
inline constexpr std::size_t k_most_aliases = 16;

enum class MessageStatus : std::uint8_t { ok, no_data, no_name, failed };

enum class MessageError : std::uint8_t {
  malformed,
  too_many_records,
  too_large,     ///< one record is larger than k_largest_record
  alias_circle,  ///< or more than k_most_aliases
};
std::string_view message_error_text(MessageError error);

struct Message {
  MessageStatus status = MessageStatus::failed;
  std::vector<Bytes> records;  ///< rdata
  std::uint32_t ttl = 0;       ///< seconds; the least of all records on the way
  std::string canonical_name;  ///< where CNAMEs led; empty when there was none
};

/// `name` is what question_name() gave for the question.
std::expected<Message, MessageError> read_message(BytesView wire, std::string_view name,
                                                  RecordType type);

/// The text of an uncompressed name on the wire, in lower case and without a trailing dot; bytes
/// that are not printable, dots and backslashes inside a label as \DDD (RFC 1035 section 5.1).
/// Nothing when malformed.
std::optional<std::string> name_text(BytesView wire);

}  // namespace peregrine::resolver
