#include "resolver/answer.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/cursor.h"
#include "base/result.h"

namespace peregrine::resolver {
namespace {

constexpr std::size_t k_header_size = 12;
constexpr std::size_t k_longest_wire_name = 255;
constexpr std::size_t k_longest_label = 63;
constexpr std::uint16_t k_class_in = 1;
constexpr unsigned k_rcode_ok = 0;
constexpr unsigned k_rcode_no_name = 3;

template <class T>
using Result = std::expected<T, MessageError>;

std::unexpected<MessageError> malformed() {
  return std::unexpected(MessageError::malformed);
}

std::uint8_t byte_of(char c) {
  return static_cast<std::uint8_t>(c);
}

Result<std::uint16_t> take_16(Cursor& cursor) {
  auto bytes = cursor.take(2);
  if (!bytes) return malformed();
  return static_cast<std::uint16_t>(byte_of((*bytes)[0]) << 8 | byte_of((*bytes)[1]));
}

Result<std::uint32_t> take_32(Cursor& cursor) {
  TRY(std::uint32_t high, take_16(cursor));
  TRY(std::uint32_t low, take_16(cursor));
  return high << 16 | low;
}

// RFC 1035 section 4.1.4. A pointer leads to an earlier place than the name it is in, and each
// further one to a still earlier place, so that there is no circle.
Result<Bytes> take_name(Cursor& cursor, BytesView message) {
  Bytes out;
  Cursor at = cursor;
  std::size_t lowest = cursor.position();
  bool jumped = false;
  while (true) {
    auto size = at.take();
    if (!size) return malformed();
    std::size_t length = byte_of(*size);
    if (length >= 0xC0) {
      auto low = at.take();
      if (!low) return malformed();
      std::size_t target = (length & 0x3F) << 8 | byte_of(*low);
      if (!jumped) cursor = at;
      jumped = true;
      if (target >= lowest) return malformed();
      lowest = target;
      at = Cursor(message);
      static_cast<void>(at.take(target));
      continue;
    }
    if (length > k_longest_label) return malformed();
    auto label = at.take(length);
    if (!label || out.size() + 1 + length > k_longest_wire_name) return malformed();
    out.push_back(*size);
    out.append(*label);
    if (length != 0) continue;
    if (!jumped) cursor = at;
    return out;
  }
}

struct Record {
  Bytes owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Bytes data;
};

// RFC 3597 section 4: only the types of RFC 1035 hold compressed names.
Result<Bytes> expand_data(Cursor& cursor, std::size_t size, std::uint16_t type, BytesView message) {
  std::size_t end = cursor.position() + size;
  Bytes out;
  auto copy = [&](std::size_t count) {
    auto bytes = cursor.take(count);
    if (bytes) out.append(*bytes);
    return bytes.has_value();
  };
  switch (static_cast<RecordType>(type)) {
    case RecordType::mx:
      if (!copy(2)) return malformed();
      [[fallthrough]];
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::ptr: {
      TRY(Bytes name, take_name(cursor, message));
      out += name;
      break;
    }
    case RecordType::soa: {
      TRY(Bytes server, take_name(cursor, message));
      TRY(Bytes mailbox, take_name(cursor, message));
      out += server + mailbox;
      if (!copy(20)) return malformed();
      break;
    }
    default:
      if (!copy(size)) return malformed();
  }
  if (cursor.position() != end) return malformed();
  return out;
}

Result<Record> take_record(Cursor& cursor, BytesView message) {
  Record out;
  TRY(out.owner, take_name(cursor, message));
  TRY(out.type, take_16(cursor));
  TRY(std::uint16_t record_class, take_16(cursor));
  TRY(out.ttl, take_32(cursor));
  TRY(std::uint16_t size, take_16(cursor));
  if (size > cursor.remaining()) return malformed();
  TRY(out.data, expand_data(cursor, size, out.type, message));
  // Another class says nothing here.
  if (record_class != k_class_in) out.type = 0;
  return out;
}

Bytes wire_name(std::string_view text) {
  Bytes out;
  while (!text.empty()) {
    std::string_view label = text.substr(0, text.find('.'));
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    text.remove_prefix(std::min(label.size() + 1, text.size()));
  }
  out.push_back('\0');
  return out;
}

// The records of `type` at the end of the aliases that start at `name`.
Result<Message> follow(const std::vector<Record>& answers, std::string_view name, RecordType type) {
  Message out;
  out.ttl = UINT32_MAX;
  Bytes owner = wire_name(name);
  for (std::size_t steps = 0; type != RecordType::cname; ++steps) {
    auto alias = std::ranges::find_if(answers, [&](const Record& each) {
      return each.type == static_cast<std::uint16_t>(RecordType::cname) &&
             iequals(each.owner, owner);
    });
    if (alias == answers.end()) break;
    if (steps == k_most_aliases) return std::unexpected(MessageError::alias_circle);
    owner = alias->data;
    out.ttl = std::min(out.ttl, alias->ttl);
    auto text = name_text(owner);
    if (!text) return malformed();
    out.canonical_name = std::move(*text);
  }
  for (const Record& each : answers) {
    if (each.type != static_cast<std::uint16_t>(type) || !iequals(each.owner, owner)) continue;
    if (each.data.size() > k_largest_record) return std::unexpected(MessageError::too_large);
    if (out.records.size() == k_most_records) {
      return std::unexpected(MessageError::too_many_records);
    }
    out.records.push_back(each.data);
    out.ttl = std::min(out.ttl, each.ttl);
  }
  if (out.ttl == UINT32_MAX) out.ttl = 0;
  return out;
}

}  // namespace

std::string_view message_error_text(MessageError error) {
  switch (error) {
    case MessageError::malformed:
      return "the answer is malformed";
    case MessageError::too_many_records:
      return "the answer has too many records";
    case MessageError::too_large:
      return "a record of the answer is too large";
    case MessageError::alias_circle:
      return "aliases lead in a circle or too far";
  }
  return "?";
}

std::expected<Message, MessageError> read_message(BytesView wire, std::string_view name,
                                                  RecordType type) {
  Cursor cursor(wire);
  auto header = cursor.take(4);
  if (!header) return malformed();
  unsigned code = byte_of((*header)[3]) & 0x0F;
  TRY(std::uint16_t questions, take_16(cursor));
  TRY(std::uint16_t answer_count, take_16(cursor));
  if (!cursor.take(k_header_size - 8)) return malformed();
  for (unsigned i = 0; i < questions; ++i) {
    TRY_VOID(take_name(cursor, wire));
    if (!cursor.take(4)) return malformed();
  }
  std::vector<Record> answers;
  for (unsigned i = 0; i < answer_count; ++i) {
    TRY(Record record, take_record(cursor, wire));
    answers.push_back(std::move(record));
  }
  TRY(Message out, follow(answers, name, type));
  if (code == k_rcode_no_name) {
    out.status = MessageStatus::no_name;
    out.records.clear();
  } else if (code != k_rcode_ok) {
    out.status = MessageStatus::failed;
    out.records.clear();
  } else {
    out.status = out.records.empty() ? MessageStatus::no_data : MessageStatus::ok;
  }
  return out;
}

std::optional<std::string> name_text(BytesView wire) {
  std::string out;
  Cursor cursor(wire);
  while (auto size = cursor.take()) {
    if (*size == '\0') return cursor.at_end() ? std::optional(out) : std::nullopt;
    std::size_t length = byte_of(*size);
    auto label = length > k_longest_label ? std::nullopt : cursor.take(length);
    if (!label) return std::nullopt;
    if (!out.empty()) out.push_back('.');
    for (char c : *label) {
      bool is_plain = c > ' ' && c < 0x7f && c != '.' && c != '\\';
      out += is_plain ? std::string(1, ascii_lower(c)) : fmt::format("\\{:03}", byte_of(c));
    }
  }
  return std::nullopt;
}

}  // namespace peregrine::resolver
