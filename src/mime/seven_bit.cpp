#include "mime/seven_bit.h"

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/transfer.h"
#include "text/base64.h"
#include "text/quoted_printable.h"

namespace peregrine::mime {
namespace {

// RFC 5322 section 2.1.1.
constexpr std::size_t k_longest_line = 998;
constexpr std::string_view k_encoding_field = "Content-Transfer-Encoding";

/// Edits of one message never touch each other.
struct Edit {
  std::size_t offset = 0;
  std::size_t size = 0;
  Bytes text;
};
using Edits = std::vector<Edit>;
using Done = std::expected<void, SevenBitError>;

BytesView header_of(const Part& part, BytesView raw) {
  if (part.header_offset > part.body_offset || part.body_offset > raw.size()) return {};
  return raw.substr(part.header_offset, part.body_offset - part.header_offset);
}

bool has_field(BytesView header, std::string_view name) {
  HeaderReader reader(header);
  while (auto field = reader.next()) {
    if (iequals(field->name, name)) return true;
  }
  return false;
}

/// A boundary line, a NUL and the like in a part's content do no harm once it is encoded.
bool is_ambiguous(const MessageSummary& summary) {
  Defects harmless;
  harmless.add(Defect::nul).add(Defect::bare_cr).add(Defect::bare_lf);
  return Defects{summary.defects & ~harmless.bits}.any_of(k_ambiguous);
}

Done check(const MessageSummary& summary, BytesView raw) {
  if (is_ambiguous(summary)) return std::unexpected(SevenBitError::is_ambiguous);
  BytesView header = header_of(summary.parts.front(), raw);
  // RFC 6376 section 5.3: a signature is over the body as it is encoded.
  for (std::string_view name : {"DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"}) {
    if (has_field(header, name)) return std::unexpected(SevenBitError::is_signed);
  }
  // RFC 1847 section 2.1: what is signed must not change.
  bool is_signed = std::ranges::any_of(summary.parts, [](const Part& part) {
    return part.type == "multipart" && (part.subtype == "signed" || part.subtype == "encrypted");
  });
  if (is_signed) return std::unexpected(SevenBitError::is_signed);
  if (!has_field(header, "MIME-Version")) return std::unexpected(SevenBitError::is_not_mime);
  return {};
}

/// Lets the part's header name `encoding`: in its first field of that kind, the only one, or in one
/// of its own before the rest.
Done set_encoding(const Part& part, BytesView raw, std::string_view encoding, Edits& edits) {
  Bytes line = Bytes(k_encoding_field) + ": " + Bytes(encoding) + "\r\n";
  HeaderReader reader(header_of(part, raw));
  bool is_set = false;
  while (auto field = reader.next()) {
    if (!iequals(field->name, k_encoding_field)) continue;
    edits.push_back({part.header_offset + field->offset, field->raw.size(), is_set ? "" : line});
    is_set = true;
  }
  if (!reader.ended_by_blank_line()) return std::unexpected(SevenBitError::is_ambiguous);
  if (!is_set) edits.push_back({part.header_offset, 0, std::move(line)});
  return {};
}

bool is_wide(const Part& part) {
  return part.encoding && (*part.encoding == "8bit" || *part.encoding == "binary");
}

Done encode_leaf(const Part& part, BytesView raw, Edits& edits) {
  // RFC 2046 section 5.2.2 and its kin: message/partial and others have no encoding but 7bit.
  bool may_change = part.type != "message" && transfer_encoding(part) == TransferEncoding::identity;
  if (!may_change) return std::unexpected(SevenBitError::cannot_encode);
  BytesView body = body_of(part, raw);
  // RFC 2045 section 6.7: quoted-printable is for text; a line end that is none is not text.
  bool is_text = part.type == "text" && body.find('\0') == BytesView::npos;
  for (std::size_t i = 0; is_text && i < body.size(); ++i) {
    if (body[i] == '\n') is_text = i > 0 && body[i - 1] == '\r';
    if (body[i] == '\r') is_text = i + 1 < body.size() && body[i + 1] == '\n';
  }
  TRY_VOID(set_encoding(part, raw, is_text ? "quoted-printable" : "base64", edits));
  Bytes encoded = is_text ? text::quoted_printable_encode(body) : text::base64_encode_lines(body);
  edits.push_back({part.body_offset, body.size(), std::move(encoded)});
  return {};
}

Bytes apply(BytesView raw, Edits edits) {
  std::ranges::sort(edits, {}, &Edit::offset);
  Bytes out;
  std::size_t position = 0;
  for (const Edit& edit : edits) {
    out.append(raw.substr(position, edit.offset - position)).append(edit.text);
    position = edit.offset + edit.size;
  }
  return out.append(raw.substr(position));
}

/// A line that was broken may look like a boundary.
bool is_same_tree(const MessageSummary& before, BytesView after) {
  MessageSummary summary = read_message(after);
  return std::ranges::equal(before.parts, summary.parts, [](const Part& a, const Part& b) {
    return a.kind == b.kind && a.parent == b.parent && a.type == b.type && a.subtype == b.subtype;
  });
}

}  // namespace

std::string_view describe(SevenBitError error) {
  switch (error) {
    case SevenBitError::is_signed:
      return "it is signed or encrypted";
    case SevenBitError::is_not_mime:
      return "it is not in MIME";
    case SevenBitError::outside_of_parts:
      return "not only its parts have 8-bit bytes";
    case SevenBitError::is_ambiguous:
      return "its structure is ambiguous";
    case SevenBitError::cannot_encode:
      break;
  }
  return "it has a part that cannot be encoded";
}

bool is_seven_bit(BytesView bytes) {
  std::size_t line = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char c = bytes[i];
    if (c == '\0' || (c & 0x80) != 0) return false;
    if (c == '\r') {
      if (i + 1 == bytes.size() || bytes[i + 1] != '\n') return false;
    } else if (c == '\n') {
      if (i == 0 || bytes[i - 1] != '\r') return false;
      line = 0;
    } else if (++line > k_longest_line) {
      return false;
    }
  }
  return true;
}

bool has_wide_header(BytesView raw) {
  MessageSummary summary = read_message(raw);
  return std::ranges::any_of(summary.parts, [&](const Part& part) {
    return std::ranges::any_of(header_of(part, raw), [](char c) { return (c & 0x80) != 0; });
  });
}

std::expected<Bytes, SevenBitError> to_seven_bit(BytesView raw) {
  if (is_seven_bit(raw)) return Bytes(raw);
  MessageSummary summary = read_message(raw);
  TRY_VOID(check(summary, raw));
  Edits edits;
  for (const Part& part : summary.parts) {
    if (part.kind == PartKind::leaf && !is_seven_bit(body_of(part, raw))) {
      TRY_VOID(encode_leaf(part, raw, edits));
    } else if (is_wide(part)) {
      // RFC 2045 section 6.4: composite parts have no encoding but these; all within is 7bit now.
      TRY_VOID(set_encoding(part, raw, "7bit", edits));
    }
  }
  Bytes out = apply(raw, std::move(edits));
  if (!is_seven_bit(out)) return std::unexpected(SevenBitError::outside_of_parts);
  if (!is_same_tree(summary, out)) return std::unexpected(SevenBitError::is_ambiguous);
  return out;
}

}  // namespace peregrine::mime
