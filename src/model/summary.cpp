#include "model/summary.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/codec.h"

namespace peregrine {
namespace {

constexpr std::uint8_t k_version = 1;
// Of all lists of one summary together: what a small record can claim to hold is far larger in
// memory.
constexpr std::size_t k_max_elements = 65536;
constexpr std::size_t k_max_depth = 256;
constexpr std::int64_t k_first_second = -2208988800;  // 1900
constexpr std::int64_t k_last_second = 253402300800;  // the end of 9999
constexpr std::int64_t k_max_zone = 24 * 60 - 1;

// Presence bits. Never renumber: stored.
enum EnvelopeBit : unsigned {
  has_date = 1 << 0,
  has_subject = 1 << 1,
  has_in_reply_to = 1 << 2,
  has_message_id = 1 << 3,
  sender_is_from = 1 << 4,
  reply_to_is_from = 1 << 5,
  all_envelope_bits = (1 << 6) - 1,
};
enum AddressBit : unsigned {
  has_name = 1 << 0,
  has_mailbox = 1 << 1,
  has_host = 1 << 2,
  all_address_bits = (1 << 3) - 1,
};
enum PartBit : unsigned {
  has_id = 1 << 0,
  has_description = 1 << 1,
  has_encoding = 1 << 2,
  has_disposition = 1 << 3,
  has_md5 = 1 << 4,
  has_location = 1 << 5,
  has_envelope = 1 << 6,
  all_part_bits = (1 << 7) - 1,
};

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

unsigned bit_if(bool condition, unsigned bit) {
  return condition ? bit : 0U;
}

void encode(Encoder& out, const std::optional<std::string>& text) {
  if (text) out.bytes(*text);
}

void encode(Encoder& out, const std::vector<EnvelopeAddress>& list) {
  out.varint(list.size());
  for (const EnvelopeAddress& address : list) {
    out.varint(bit_if(address.name.has_value(), has_name) |
               bit_if(address.mailbox.has_value(), has_mailbox) |
               bit_if(address.host.has_value(), has_host));
    encode(out, address.name);
    encode(out, address.mailbox);
    encode(out, address.host);
  }
}

void encode(Encoder& out, const Envelope& envelope) {
  bool same_sender = envelope.sender == envelope.from;
  bool same_reply_to = envelope.reply_to == envelope.from;
  out.varint(bit_if(envelope.date.has_value(), has_date) |
             bit_if(envelope.subject.has_value(), has_subject) |
             bit_if(envelope.in_reply_to.has_value(), has_in_reply_to) |
             bit_if(envelope.message_id.has_value(), has_message_id) |
             bit_if(same_sender, sender_is_from) | bit_if(same_reply_to, reply_to_is_from));
  encode(out, envelope.date);
  encode(out, envelope.subject);
  encode(out, envelope.in_reply_to);
  encode(out, envelope.message_id);
  encode(out, envelope.from);
  if (!same_sender) encode(out, envelope.sender);
  if (!same_reply_to) encode(out, envelope.reply_to);
  encode(out, envelope.to);
  encode(out, envelope.cc);
  encode(out, envelope.bcc);
}

void encode(Encoder& out, const std::vector<Parameter>& list) {
  out.varint(list.size());
  for (const Parameter& parameter : list) out.bytes(parameter.name).bytes(parameter.value);
}

void encode(Encoder& out, const Part& part) {
  out.u8(static_cast<std::uint8_t>(part.kind)).varint(part.parent);
  out.varint(part.header_offset).varint(part.body_offset - part.header_offset);
  out.varint(part.body_size).varint(part.lines);
  out.bytes(part.type).bytes(part.subtype);
  encode(out, part.parameters);
  out.varint(
      bit_if(part.id.has_value(), has_id) | bit_if(part.description.has_value(), has_description) |
      bit_if(part.encoding.has_value(), has_encoding) |
      bit_if(part.disposition.has_value(), has_disposition) |
      bit_if(part.md5.has_value(), has_md5) | bit_if(part.location.has_value(), has_location) |
      bit_if(part.envelope.has_value(), has_envelope));
  encode(out, part.id);
  encode(out, part.description);
  encode(out, part.encoding);
  encode(out, part.disposition);
  encode(out, part.md5);
  encode(out, part.location);
  encode(out, part.disposition_parameters);
  out.varint(part.language.size());
  for (const std::string& tag : part.language) out.bytes(tag);
  if (part.envelope) encode(out, *part.envelope);
}

bool is_message_type(const Part& part) {
  return part.type == "message" && (part.subtype == "rfc822" || part.subtype == "global");
}

/// Reads the record; `over_limit` tells a list that is too long from other damage.
class SummaryDecoder {
 public:
  SummaryDecoder(BytesView record, const SummaryLimits& limits) : in_(record), limits_(limits) {}

  [[nodiscard]] bool done() const { return in_.done(); }
  [[nodiscard]] bool over_limit() const { return over_limit_; }

  bool version() { return in_.u8() == k_version; }

  MessageSummary summary() {
    MessageSummary out;
    out.size = in_.varint();
    out.header_size = in_.varint();
    if (in_.boolean()) {
      std::int64_t seconds = unzigzag(in_.varint()), zone = unzigzag(in_.varint());
      if (seconds < k_first_second - k_max_zone * 60 || seconds > k_last_second + k_max_zone * 60 ||
          zone < -k_max_zone || zone > k_max_zone) {
        in_.fail();
      }
      if (in_.ok()) out.sent = UnixTime{seconds};
      if (in_.ok()) out.sent_zone_minutes = static_cast<std::int16_t>(zone);
    }
    out.defects = static_cast<std::uint32_t>(in_.varint(UINT32_MAX));
    out.envelope = envelope();
    std::size_t count = in_.count();
    if (count > limits_.parts) fail_over_limit();
    for (std::size_t i = 0; i < count && in_.ok(); ++i) out.parts.push_back(part());
    return out;
  }

 private:
  void fail_over_limit() {
    over_limit_ = over_limit_ || in_.ok();
    in_.fail();
  }

  /// The number of elements of a list, within its own maximum and that of all lists.
  std::size_t list_size(std::size_t maximum) {
    std::size_t count = in_.count();
    if (count > maximum || count > elements_left_) {
      fail_over_limit();
      return 0;
    }
    elements_left_ -= count;
    return count;
  }

  unsigned bits(unsigned all) { return static_cast<unsigned>(in_.varint(all)); }

  /// A string without the bytes that would let it out of a line.
  std::string text() {
    BytesView bytes = in_.bytes();
    if (bytes.find_first_of(std::string_view("\r\n\0", 3)) != BytesView::npos) in_.fail();
    return std::string(bytes);
  }
  std::optional<std::string> text_if(unsigned present) {
    return present != 0 ? std::optional(text()) : std::nullopt;
  }

  std::vector<EnvelopeAddress> addresses() {
    std::vector<EnvelopeAddress> out;
    std::size_t count = list_size(limits_.addresses);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      unsigned present = bits(all_address_bits);
      EnvelopeAddress& address = out.emplace_back();
      address.name = text_if(present & has_name);
      address.mailbox = text_if(present & has_mailbox);
      address.host = text_if(present & has_host);
    }
    return out;
  }

  /// A second list that is said to be equal to the first costs its memory all the same.
  std::vector<EnvelopeAddress> copy_of(const std::vector<EnvelopeAddress>& list) {
    if (list.size() > elements_left_) {
      fail_over_limit();
      return {};
    }
    elements_left_ -= list.size();
    return list;
  }

  Envelope envelope() {
    Envelope out;
    unsigned present = bits(all_envelope_bits);
    out.date = text_if(present & has_date);
    out.subject = text_if(present & has_subject);
    out.in_reply_to = text_if(present & has_in_reply_to);
    out.message_id = text_if(present & has_message_id);
    out.from = addresses();
    out.sender = (present & sender_is_from) != 0 ? copy_of(out.from) : addresses();
    out.reply_to = (present & reply_to_is_from) != 0 ? copy_of(out.from) : addresses();
    out.to = addresses();
    out.cc = addresses();
    out.bcc = addresses();
    return out;
  }

  std::vector<Parameter> parameters() {
    std::vector<Parameter> out;
    std::size_t count = list_size(k_max_elements);
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      Parameter& parameter = out.emplace_back();
      parameter.name = text();
      parameter.value = text();
    }
    return out;
  }

  Part part() {
    Part out;
    out.kind = static_cast<PartKind>(in_.varint(static_cast<std::uint8_t>(PartKind::message)));
    out.parent = static_cast<std::uint32_t>(in_.varint(limits_.parts));
    out.header_offset = in_.varint();
    std::uint64_t header_size = in_.varint();
    if (header_size > UINT64_MAX - out.header_offset) in_.fail();
    out.body_offset = in_.ok() ? out.header_offset + header_size : 0;
    out.body_size = in_.varint();
    out.lines = in_.varint();
    out.type = text();
    out.subtype = text();
    out.parameters = parameters();
    unsigned present = bits(all_part_bits);
    out.id = text_if(present & has_id);
    out.description = text_if(present & has_description);
    out.encoding = text_if(present & has_encoding);
    out.disposition = text_if(present & has_disposition);
    out.md5 = text_if(present & has_md5);
    out.location = text_if(present & has_location);
    out.disposition_parameters = parameters();
    std::size_t tags = list_size(k_max_elements);
    for (std::size_t i = 0; i < tags && in_.ok(); ++i) out.language.push_back(text());
    if ((present & has_envelope) != 0) out.envelope = envelope();
    return out;
  }

  Decoder in_;
  const SummaryLimits& limits_;
  std::size_t elements_left_ = k_max_elements;
  bool over_limit_ = false;
};

/// Checks that the parts form one tree in the order of the message, each inside its parent.
class TreeCheck {
 public:
  TreeCheck(const std::vector<Part>& parts, std::uint64_t raw_size)
      : parts_(parts), raw_size_(raw_size), nodes_(parts.size()) {}

  bool passes() {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!fits(parts_[i]) || !(i == 0 ? is_root() : attach(i))) return false;
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!has_right_children(parts_[i], nodes_[i].children)) return false;
    }
    return true;
  }

 private:
  struct Node {
    std::size_t depth = 1;
    std::size_t children = 0;
    std::uint64_t free_from = 0;  ///< where the next child may start
  };

  [[nodiscard]] static std::uint64_t end_of(const Part& part) {
    return part.body_offset + part.body_size;
  }

  [[nodiscard]] bool fits(const Part& part) const {
    return part.body_offset >= part.header_offset && part.body_offset <= raw_size_ &&
           part.body_size <= raw_size_ - part.body_offset && part.lines <= part.body_size &&
           !part.type.empty() && !part.subtype.empty();
  }

  bool is_root() {
    nodes_[0].free_from = parts_[0].body_offset;
    return parts_[0].parent == 0 && parts_[0].header_offset == 0;
  }

  bool attach(std::size_t i) {
    const Part& part = parts_[i];
    if (part.parent >= i) return false;
    // In the order of the message the parent is the part before or one that encloses it.
    std::size_t ancestor = i - 1;
    while (ancestor > part.parent) ancestor = parts_[ancestor].parent;
    if (ancestor != part.parent) return false;
    Node& parent = nodes_[part.parent];
    const Part& outer = parts_[part.parent];
    if (part.header_offset < parent.free_from || end_of(part) > end_of(outer)) return false;
    if (outer.kind == PartKind::message && part.header_offset != outer.body_offset) return false;
    ++parent.children;
    parent.free_from = end_of(part);
    nodes_[i].depth = parent.depth + 1;
    nodes_[i].free_from = part.body_offset;
    return nodes_[i].depth <= k_max_depth;
  }

  [[nodiscard]] static bool has_right_children(const Part& part, std::size_t children) {
    bool multipart = part.kind == PartKind::multipart, message = part.kind == PartKind::message;
    if (multipart != (part.type == "multipart") || message != is_message_type(part)) return false;
    if (message != part.envelope.has_value()) return false;
    return message ? children == 1 : multipart ? children > 0 : children == 0;
  }

  const std::vector<Part>& parts_;
  std::uint64_t raw_size_;
  std::vector<Node> nodes_;
};

bool is_consistent(const MessageSummary& summary, std::uint64_t raw_size) {
  return summary.size == raw_size && !summary.parts.empty() &&
         summary.header_size == summary.parts[0].body_offset &&
         TreeCheck(summary.parts, raw_size).passes();
}

}  // namespace

Bytes encode_summary(const MessageSummary& summary) {
  Encoder out;
  out.u8(k_version).varint(summary.size).varint(summary.header_size);
  out.boolean(summary.sent.has_value());
  if (summary.sent) {
    out.varint(zigzag(summary.sent->seconds)).varint(zigzag(summary.sent_zone_minutes));
  }
  out.varint(summary.defects);
  encode(out, summary.envelope);
  out.varint(summary.parts.size());
  for (const Part& part : summary.parts) encode(out, part);
  return out.take();
}

std::expected<MessageSummary, SummaryError> decode_summary(BytesView record, std::uint64_t raw_size,
                                                           const SummaryLimits& limits) {
  if (record.size() > limits.encoded_bytes) return std::unexpected(SummaryError::over_limit);
  if (record.empty()) return std::unexpected(SummaryError::malformed);
  SummaryDecoder decoder(record, limits);
  if (!decoder.version()) return std::unexpected(SummaryError::unknown_version);
  MessageSummary summary = decoder.summary();
  if (decoder.over_limit()) return std::unexpected(SummaryError::over_limit);
  if (!decoder.done()) return std::unexpected(SummaryError::malformed);
  if (!is_consistent(summary, raw_size)) return std::unexpected(SummaryError::inconsistent);
  return summary;
}

}  // namespace peregrine
