#include "mime/part_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/cursor.h"
#include "mime/address_list.h"
#include "mime/parameters.h"
#include "text/header_tokens.h"
#include "text/utf8.h"

namespace peregrine::mime {
namespace {

enum FieldId : unsigned {
  content_type,
  content_transfer_encoding,
  content_id,
  content_description,
  content_disposition,
  content_md5,
  content_language,
  content_location,
  last_content = content_location,
  date,
  subject,
  from,
  sender,
  reply_to,
  to,
  cc,
  bcc,
  in_reply_to,
  message_id,
  references,
  mime_version,
  other,
};

struct KnownField {
  std::string_view name;
  FieldId id;
};
constexpr std::array k_known_fields = {
    KnownField{"content-type", content_type},
    KnownField{"content-transfer-encoding", content_transfer_encoding},
    KnownField{"content-id", content_id},
    KnownField{"content-description", content_description},
    KnownField{"content-disposition", content_disposition},
    KnownField{"content-md5", content_md5},
    KnownField{"content-language", content_language},
    KnownField{"content-location", content_location},
    KnownField{"date", date},
    KnownField{"subject", subject},
    KnownField{"from", from},
    KnownField{"sender", sender},
    KnownField{"reply-to", reply_to},
    KnownField{"to", to},
    KnownField{"cc", cc},
    KnownField{"bcc", bcc},
    KnownField{"in-reply-to", in_reply_to},
    KnownField{"message-id", message_id},
    KnownField{"references", references},
    KnownField{"mime-version", mime_version},
};

FieldId field_id(std::string_view name) {
  for (const KnownField& known : k_known_fields) {
    if (iequals(known.name, name)) return known.id;
  }
  return other;
}

/// What the allocator adds to a block, and the rounding of its size.
constexpr std::size_t k_block_bytes = 24;

/// What a string costs: its bytes in the encoded summary, or the heap block it lives in.
std::size_t cost_of(const std::string& text) {
  constexpr std::size_t k_inline = 15;
  return text.size() <= k_inline ? text.size() : text.size() + k_block_bytes;
}

std::size_t cost_of(const std::optional<std::string>& text) {
  return text ? cost_of(*text) : 0;
}

std::size_t cost_of(const std::vector<EnvelopeAddress>& list) {
  std::size_t cost = list.capacity() * sizeof(EnvelopeAddress) + k_block_bytes;
  for (const EnvelopeAddress& a : list) {
    cost += cost_of(a.name) + cost_of(a.mailbox) + cost_of(a.host);
  }
  return cost;
}

std::size_t cost_of(const std::vector<Parameter>& list) {
  std::size_t cost = list.capacity() * sizeof(Parameter) + k_block_bytes;
  for (const Parameter& p : list) cost += cost_of(p.name) + cost_of(p.value);
  return cost;
}

std::vector<EnvelopeAddress>* address_field(Envelope& envelope, unsigned id) {
  switch (id) {
    case from:
      return &envelope.from;
    case sender:
      return &envelope.sender;
    case reply_to:
      return &envelope.reply_to;
    case to:
      return &envelope.to;
    case cc:
      return &envelope.cc;
    case bcc:
      return &envelope.bcc;
    default:
      return nullptr;
  }
}

std::optional<std::string>* text_field(Envelope& envelope, unsigned id) {
  switch (id) {
    case date:
      return &envelope.date;
    case subject:
      return &envelope.subject;
    case in_reply_to:
      return &envelope.in_reply_to;
    case message_id:
      return &envelope.message_id;
    default:
      return nullptr;
  }
}

/// RFC 5322 section 4.5.3: several destination fields count as one.
bool is_joined(unsigned id) {
  return id == to || id == cc || id == bcc;
}

/// The one word of a value such as Content-Transfer-Encoding's, in lower case.
std::string lower_token(std::string_view value) {
  std::string line = unfold(value);
  Cursor in(line);
  text::skip_cfws(in);
  return ascii_lower(in.take_while(
      [](char c) { return c != '(' && c != ';' && c != '"' && !text::is_white_space(c); }));
}

}  // namespace

Part PartReader::read(std::string_view header, const PartExtent& extent, Envelope* envelope) {
  Part part;
  part.kind = extent.kind;
  part.parent = extent.parent;
  part.header_offset = extent.header_offset;
  part.body_offset = extent.body_offset;
  part.body_size = extent.body_size;
  part.lines = extent.lines;

  std::uint32_t seen = 0;
  HeaderReader reader(header, limits_);
  while (auto field = reader.next()) {
    unsigned id = field_id(field->name);
    bool counts = id <= last_content || (envelope != nullptr && id != other);
    if (!counts) continue;
    bool first = (seen >> id & 1U) == 0;
    seen |= 1U << id;
    if (!first) defects_.add(Defect::duplicate_field);
    if (!first && !is_joined(id)) continue;
    if (id <= last_content) {
      read_content_field(*field, id, part);
    } else {
      read_envelope_field(*field, id, *envelope);
    }
  }
  defects_.add(reader.defects());
  if (!text::is_valid_utf8(header)) defects_.add(Defect::raw_8bit_header);
  fix_type(part, extent);
  if (envelope != nullptr) {
    // RFC 9051 section 7.5.2: absent or empty, Sender and Reply-To are what From is.
    default_to_from(*envelope, envelope->sender);
    default_to_from(*envelope, envelope->reply_to);
  }
  return part;
}

void PartReader::read_content_field(const FieldView& field, unsigned id, Part& part) {
  switch (id) {
    case content_type:
      return read_content_type(field.value, part);
    case content_disposition:
      return read_disposition(field.value, part);
    case content_language:
      return read_language(field.value, part);
    case content_id:
      return keep(unfold(field.value), part.id);
    case content_description:
      return keep(unfold(field.value), part.description);
    case content_md5:
      return keep(unfold(field.value), part.md5);
    case content_location:
      return keep(unfold(field.value), part.location);
    case content_transfer_encoding: {
      std::string token = lower_token(field.value);
      if (!token.empty()) keep(std::move(token), part.encoding);
      return;
    }
    default:
      return;
  }
}

void PartReader::read_envelope_field(const FieldView& field, unsigned id, Envelope& envelope) {
  if (auto* list = address_field(envelope, id)) return append_addresses(field.value, *list);
  if (auto* text = text_field(envelope, id)) keep(unfold(field.value), *text);
}

void PartReader::read_content_type(std::string_view value, Part& part) {
  ContentType type;
  if (take_parameters(value.size())) {
    type = parse_content_type(value, limits_);
  } else {
    ContainerType bare = parse_container_type(value, limits_);
    type.type = std::move(bare.type);
    type.subtype = std::move(bare.subtype);
  }
  defects_.add(type.defects);
  // RFC 2045 section 5.2: text/plain when the field makes no sense.
  if (!type.type.empty()) {
    bool room = take(type.type) && take(type.subtype);
    part.type = room ? std::move(type.type) : "application";
    part.subtype = room ? std::move(type.subtype) : "octet-stream";
  }
  keep(std::move(type.parameters), part.parameters);
}

void PartReader::read_disposition(std::string_view value, Part& part) {
  if (!take_parameters(value.size())) return;
  ContentDisposition disposition = parse_content_disposition(value, limits_);
  defects_.add(disposition.defects);
  if (disposition.type.empty() || !take(disposition.type)) return;
  part.disposition = std::move(disposition.type);
  keep(std::move(disposition.parameters), part.disposition_parameters);
}

void PartReader::read_language(std::string_view value, Part& part) {
  std::string line = unfold(value);
  Cursor in(line);
  // RFC 3282 section 2: a list of language tags with commas between.
  while (text::skip_cfws(in) && !in.at_end()) {
    if (in.skip(',')) continue;
    std::string tag(
        in.take_while([](char c) { return c != ',' && c != '(' && !text::is_white_space(c); }));
    bool room = part.language.size() < limits_.parameters;
    if (!room) defects_.add(Defect::over_limit);
    if (!room || !take(2 * sizeof(std::string)) || !take(tag)) return;
    part.language.push_back(std::move(tag));
  }
}

void PartReader::append_addresses(std::string_view value, std::vector<EnvelopeAddress>& list) {
  if (exhausted_) return;
  Limits rest = limits_;
  rest.addresses -= std::min(rest.addresses, list.size());
  std::vector<EnvelopeAddress> found = parse_address_list(value, defects_, rest);
  if (!take(cost_of(found))) return;
  if (list.empty()) {
    list = std::move(found);
  } else {
    list.insert(list.end(), std::make_move_iterator(found.begin()),
                std::make_move_iterator(found.end()));
  }
}

void PartReader::default_to_from(const Envelope& envelope, std::vector<EnvelopeAddress>& list) {
  if (list.empty() && !envelope.from.empty() && take(cost_of(envelope.from))) list = envelope.from;
}

/// Makes the type agree with the kind, which the scan decided.
void PartReader::fix_type(Part& part, const PartExtent& extent) {
  auto set = [&part](std::string_view type, std::string_view subtype) {
    part.type = type;
    part.subtype = subtype;
  };
  if (extent.demoted == Demoted::unreadable) return set("text", "plain");
  // RFC 2049 section 2: what cannot be handled is application/octet-stream.
  if (extent.demoted == Demoted::over_limit) return set("application", "octet-stream");
  if (part.kind == PartKind::message && !is_message_type(part.type, part.subtype)) {
    return set("message", "rfc822");
  }
  if (part.kind == PartKind::multipart && part.type != "multipart") set("multipart", "mixed");
}

bool PartReader::take(std::size_t bytes) {
  if (exhausted_ || bytes > budget_) {
    exhausted_ = true;
    defects_.add(Defect::over_limit);
    return false;
  }
  budget_ -= bytes;
  return true;
}

bool PartReader::take_parameters(std::size_t bytes) {
  bool room = !exhausted_ && bytes <= parameter_bytes_left_;
  parameter_bytes_left_ -= std::min(parameter_bytes_left_, bytes);
  if (!room) defects_.add(Defect::over_limit);
  return room;
}

bool PartReader::take(const std::string& text) {
  return take(cost_of(text));
}

void PartReader::keep(std::string value, std::optional<std::string>& target) {
  if (take(value)) target = std::move(value);
}

void PartReader::keep(std::vector<Parameter> parameters, std::vector<Parameter>& target) {
  if (take(cost_of(parameters))) target = std::move(parameters);
}

}  // namespace peregrine::mime
