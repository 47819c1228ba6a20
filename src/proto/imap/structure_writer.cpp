#include "proto/imap/structure_writer.h"

#include <limits>
#include <vector>

#include "proto/imap/writer.h"

namespace peregrine::imap {

namespace {

// address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
void write_address(std::string& out, const EnvelopeAddress& address) {
  out += '(';
  write_nstring(out, address.name);
  out += " NIL ";
  write_nstring(out, address.mailbox);
  out += ' ';
  write_nstring(out, address.host);
  out += ')';
}

void write_addresses(std::string& out, const std::vector<EnvelopeAddress>& addresses) {
  if (addresses.empty()) {
    out += " NIL";
    return;
  }
  out += " (";
  for (const auto& address : addresses) write_address(out, address);
  out += ')';
}

/// RFC 2231 section 4: what a name with an asterisk promises to a client of IMAP4rev1. RFC 9051
/// section 7.5.2 has the decoded text in its place, for clients that enabled IMAP4rev2.
std::string extended_value(std::string_view utf8) {
  constexpr std::string_view k_hex = "0123456789ABCDEF";
  // RFC 2231 section 7: attribute-char.
  constexpr std::string_view k_special = "!#$&+-.^_`{|}~";
  std::string out = "utf-8''";
  for (char c : utf8) {
    char lower = ascii_lower(c);
    if (is_ascii_digit(c) || (lower >= 'a' && lower <= 'z') || k_special.contains(c)) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += {'%', k_hex[byte >> 4], k_hex[byte & 15]};
    }
  }
  return out;
}

enum class Extension : bool { no, yes };

constexpr std::string_view k_empty_text = R"(("text" "plain" NIL NIL NIL "7bit" 0 0))";

constexpr std::uint32_t k_none = std::numeric_limits<std::uint32_t>::max();

// What a part is written as. It follows from the media type, because clients go by that.
enum class Shape : std::uint8_t { basic, text, message, multipart };

class BodyWriter {
 public:
  BodyWriter(std::string& out, const std::vector<Part>& parts, Extension extension)
      : out_(out), parts_(parts), extension_(extension) {}

  void write() {
    if (parts_.empty()) {
      out_ += k_empty_text;
      return;
    }
    link();
    std::uint32_t at = 0;
    while (true) {
      open(at);
      if (links_[at].first_child != k_none) {
        at = links_[at].first_child;
        continue;
      }
      close(at);
      while (at != 0 && links_[at].next_sibling == k_none) {
        at = parts_[at].parent;
        close(at);
      }
      if (at == 0) return;
      at = links_[at].next_sibling;
    }
  }

 private:
  struct Links {
    std::uint32_t first_child = k_none;
    std::uint32_t last_child = k_none;
    std::uint32_t next_sibling = k_none;
  };

  // The children that are written: any number for a multipart, one for a message, else none.
  void link() {
    links_.resize(parts_.size());
    for (std::uint32_t i = 1; i < parts_.size(); ++i) {
      std::uint32_t parent = parts_[i].parent;
      if (parent >= i) continue;
      Links& above = links_[parent];
      switch (shape(parts_[parent])) {
        case Shape::multipart:
          break;
        case Shape::message:
          if (above.first_child != k_none) continue;
          break;
        case Shape::basic:
        case Shape::text:
          continue;
      }
      if (above.first_child == k_none) {
        above.first_child = i;
      } else {
        links_[above.last_child].next_sibling = i;
      }
      above.last_child = i;
    }
  }

  static Shape shape(const Part& part) {
    if (part.kind == PartKind::multipart) return Shape::multipart;
    if (iequals(part.type, "text")) return Shape::text;
    // RFC 9051 section 9: body-type-basic has no MESSAGE/RFC822 or /GLOBAL, so one that was not
    // parsed as a message is written as an empty one.
    bool message = iequals(part.type, "message") &&
                   (iequals(part.subtype, "rfc822") || iequals(part.subtype, "global"));
    return message ? Shape::message : Shape::basic;
  }

  void open(std::uint32_t at) {
    const Part& part = parts_[at];
    out_ += '(';
    switch (shape(part)) {
      case Shape::multipart:
        if (links_[at].first_child == k_none) out_ += k_empty_text;
        break;
      case Shape::message: {
        write_basic(part);
        static const Envelope k_empty_envelope;
        out_ += ' ';
        write_envelope(out_, part.envelope ? *part.envelope : k_empty_envelope);
        out_ += ' ';
        if (links_[at].first_child == k_none) out_ += k_empty_text;
        break;
      }
      case Shape::basic:
      case Shape::text:
        write_basic(part);
        break;
    }
  }

  void close(std::uint32_t at) {
    const Part& part = parts_[at];
    Shape s = shape(part);
    if (s == Shape::multipart) {
      out_ += ' ';
      write_string(out_, part.subtype);
    } else if (s != Shape::basic) {
      out_ += ' ';
      write_number(out_, part.lines);
    }
    if (extension_ == Extension::yes) write_extension(part, s);
    out_ += ')';
  }

  // media-type SP body-fields
  void write_basic(const Part& part) {
    // RFC 9051 section 9: a multipart has parts; what has none is opaque to a client.
    bool opaque = iequals(part.type, "multipart");
    write_string(out_, opaque ? "application" : part.type);
    out_ += ' ';
    write_string(out_, opaque ? "octet-stream" : part.subtype);
    out_ += ' ';
    write_parameters(part.parameters);
    out_ += ' ';
    write_nstring(out_, part.id);
    out_ += ' ';
    write_nstring(out_, part.description);
    out_ += ' ';
    // RFC 9051 section 9: body-fld-enc defaults to "7BIT".
    write_string(out_, part.encoding ? BytesView(*part.encoding) : "7bit");
    out_ += ' ';
    write_number(out_, part.body_size);
  }

  void write_extension(const Part& part, Shape s) {
    out_ += ' ';
    if (s == Shape::multipart) {
      write_parameters(part.parameters);
    } else {
      write_nstring(out_, part.md5);
    }
    out_ += ' ';
    if (part.disposition) {
      out_ += '(';
      write_string(out_, *part.disposition);
      out_ += ' ';
      write_parameters(part.disposition_parameters);
      out_ += ')';
    } else {
      out_ += "NIL";
    }
    out_ += ' ';
    write_language(part.language);
    out_ += ' ';
    write_nstring(out_, part.location);
  }

  void write_parameters(const std::vector<Parameter>& parameters) {
    if (parameters.empty()) {
      out_ += "NIL";
      return;
    }
    char separator = '(';
    for (const auto& parameter : parameters) {
      out_ += separator;
      write_string(out_, parameter.name);
      out_ += ' ';
      if (parameter.name.ends_with('*')) {
        write_string(out_, extended_value(parameter.value));
      } else {
        write_string(out_, parameter.value);
      }
      separator = ' ';
    }
    out_ += ')';
  }

  void write_language(const std::vector<std::string>& language) {
    if (language.empty()) {
      out_ += "NIL";
      return;
    }
    char separator = '(';
    for (const auto& tag : language) {
      out_ += separator;
      write_string(out_, tag);
      separator = ' ';
    }
    out_ += ')';
  }

  std::string& out_;
  const std::vector<Part>& parts_;
  Extension extension_;
  std::vector<Links> links_;
};

}  // namespace

void write_envelope(std::string& out, const Envelope& envelope) {
  out += '(';
  write_nstring(out, envelope.date);
  out += ' ';
  write_nstring(out, envelope.subject);
  write_addresses(out, envelope.from);
  // RFC 9051 section 7.5.2: absent or empty, Sender and Reply-To have the value of From.
  write_addresses(out, envelope.sender.empty() ? envelope.from : envelope.sender);
  write_addresses(out, envelope.reply_to.empty() ? envelope.from : envelope.reply_to);
  write_addresses(out, envelope.to);
  write_addresses(out, envelope.cc);
  write_addresses(out, envelope.bcc);
  out += ' ';
  write_nstring(out, envelope.in_reply_to);
  out += ' ';
  write_nstring(out, envelope.message_id);
  out += ')';
}

void write_body(std::string& out, const MessageSummary& summary) {
  BodyWriter(out, summary.parts, Extension::no).write();
}

void write_body_structure(std::string& out, const MessageSummary& summary) {
  BodyWriter(out, summary.parts, Extension::yes).write();
}

}  // namespace peregrine::imap
