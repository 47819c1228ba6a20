#include "proto/imap/fetch_writer.h"

#include <utility>

#include "proto/imap/structure_writer.h"
#include "proto/imap/writer.h"
#include "text/date.h"

namespace peregrine::imap {

namespace {

std::string_view name_of(SectionText text) {
  switch (text) {
    case SectionText::none:
      return "";
    case SectionText::header:
      return "HEADER";
    case SectionText::header_fields:
      return "HEADER.FIELDS";
    case SectionText::header_fields_not:
      return "HEADER.FIELDS.NOT";
    case SectionText::text:
      return "TEXT";
    case SectionText::mime:
      return "MIME";
  }
  return "";
}

void write_section(std::string& out, const Section& section) {
  out += '[';
  std::string_view separator;
  for (auto number : section.part) {
    out += separator;
    write_number(out, number);
    separator = ".";
  }
  if (section.text != SectionText::none) {
    out += separator;
    out += name_of(section.text);
  }
  if (!section.fields.empty()) {
    std::string_view before = " (";
    for (const auto& field : section.fields) {
      out += before;
      write_astring(out, field);
      before = " ";
    }
    out += ')';
  }
  out += ']';
}

}  // namespace

void write_label(std::string& out, const BodyItem& item) {
  switch (item.kind) {
    case BodyItemKind::rfc822:
      out += "RFC822";
      return;
    case BodyItemKind::rfc822_header:
      out += "RFC822.HEADER";
      return;
    case BodyItemKind::rfc822_text:
      out += "RFC822.TEXT";
      return;
    case BodyItemKind::body:
      out += "BODY";
      break;
    case BodyItemKind::binary:
      out += "BINARY";
      break;
    case BodyItemKind::binary_size:
      out += "BINARY.SIZE";
      break;
  }
  write_section(out, item.section);
  if (item.partial) {
    // RFC 9051 section 7.5.2: the answer names the origin octet, not the length.
    out += '<';
    write_number(out, item.partial->offset);
    out += '>';
  }
}

FetchWriter::FetchWriter(std::string& out, std::uint32_t sequence) : out_(out) {
  out_ += "* ";
  write_number(out_, sequence);
  out_ += " FETCH (";
}

void FetchWriter::start_item(std::string_view name) {
  if (!std::exchange(is_first_, false)) out_ += ' ';
  out_ += name;
}

void FetchWriter::start_item(const BodyItem& item) {
  start_item("");
  write_label(out_, item);
  out_ += ' ';
}

FetchWriter& FetchWriter::uid(Uid uid) {
  start_item("UID ");
  write_number(out_, uid.value);
  return *this;
}

FetchWriter& FetchWriter::flags(FlagSet flags, std::span<const std::string> keywords) {
  start_item("FLAGS ");
  write_flag_list(out_, flags, keywords);
  return *this;
}

FetchWriter& FetchWriter::internal_date(const DateTime& date) {
  start_item("INTERNALDATE \"");
  out_ += text::write_internal_date(date.time, date.zone_minutes);
  out_ += '"';
  return *this;
}

FetchWriter& FetchWriter::size(std::uint64_t bytes) {
  start_item("RFC822.SIZE ");
  write_number(out_, bytes);
  return *this;
}

FetchWriter& FetchWriter::envelope(const Envelope& envelope) {
  start_item("ENVELOPE ");
  write_envelope(out_, envelope);
  return *this;
}

FetchWriter& FetchWriter::body(const MessageSummary& summary) {
  start_item("BODY ");
  write_body(out_, summary);
  return *this;
}

FetchWriter& FetchWriter::body_structure(const MessageSummary& summary) {
  start_item("BODYSTRUCTURE ");
  write_body_structure(out_, summary);
  return *this;
}

FetchWriter& FetchWriter::item(const BodyItem& item, BytesView data) {
  start_item(item);
  if (data.empty()) {
    out_ += "\"\"";
  } else if (item.kind == BodyItemKind::binary && data.find('\0') != BytesView::npos) {
    // RFC 9051 section 4.3.1: binary strings are sent as literal8, in answer to BINARY alone.
    out_ += '~';
    write_literal_header(out_, data.size());
    out_ += data;
  } else {
    write_literal(out_, data);
  }
  return *this;
}

FetchWriter& FetchWriter::item_header(const BodyItem& item, std::uint64_t bytes) {
  start_item(item);
  write_literal_header(out_, bytes);
  return *this;
}

FetchWriter& FetchWriter::item_nil(const BodyItem& item) {
  start_item(item);
  out_ += "NIL";
  return *this;
}

FetchWriter& FetchWriter::binary_size(const BodyItem& item, std::uint64_t bytes) {
  start_item(item);
  write_number(out_, bytes);
  return *this;
}

void FetchWriter::finish() {
  out_ += ")\r\n";
}

}  // namespace peregrine::imap
