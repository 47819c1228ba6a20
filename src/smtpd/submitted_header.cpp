#include "smtpd/submitted_header.h"

#include <fmt/format.h>
#include <vector>

#include "mime/header.h"
#include "text/date.h"

namespace peregrine::smtpd {
namespace {

struct Span {
  std::size_t offset;
  std::size_t size;
};

struct Findings {
  std::vector<Span> removed;  ///< in order
  std::size_t from_count = 0;
  bool has_date = false;
  bool has_message_id = false;
  std::size_t body_offset = 0;
  bool lacks_blank_line = false;
  bool is_incomplete = false;  ///< fields past the limits were not looked at
};

bool is_private(std::string_view name) {
  // RFC 5322 section 3.6.3: Bcc names who is not to be named. RFC 5321 section 4.4: Return-Path is
  // made by final delivery, and none may stand in a message that is on its way.
  return iequals(name, "bcc") || iequals(name, "resent-bcc") || iequals(name, "return-path");
}

Findings look_at(BytesView message) {
  Findings out;
  mime::HeaderReader reader(message);
  while (auto field = reader.next()) {
    if (is_private(field->name)) {
      out.removed.push_back({field->offset, field->raw.size()});
    } else if (iequals(field->name, "from")) {
      ++out.from_count;
    } else if (iequals(field->name, "date")) {
      out.has_date = true;
    } else if (iequals(field->name, "message-id")) {
      out.has_message_id = true;
    }
  }
  out.body_offset = reader.body_offset();
  out.lacks_blank_line = !reader.ended_by_blank_line();
  out.is_incomplete = reader.defects().has(mime::Defect::over_limit);
  return out;
}

}  // namespace

std::expected<void, HeaderFault> append_submitted(BytesView message, const Submitter& submitter,
                                                  Bytes& out) {
  Findings found = look_at(message);
  if (found.is_incomplete) return std::unexpected(HeaderFault::too_many_fields);
  if (found.from_count > 1) return std::unexpected(HeaderFault::several_from);
  // RFC 6409 section 8: what is missing may be added.
  if (found.from_count == 0) out += fmt::format("From: <{}>\r\n", submitter.address);
  if (!found.has_date) out += fmt::format("Date: {}\r\n", text::write_message_date(submitter.time));
  if (!found.has_message_id) {
    out += fmt::format("Message-ID: <{:x}.{:016x}@{}>\r\n", submitter.time.seconds, submitter.trace,
                       submitter.hostname);
  }
  std::size_t copied = 0;
  for (const Span& span : found.removed) {
    out.append(message.substr(copied, span.offset - copied));
    copied = span.offset + span.size;
  }
  out.append(message.substr(copied, found.body_offset - copied));
  // RFC 5322 section 2.1: an empty line between the header and a body that came without one.
  if (found.lacks_blank_line && !out.ends_with("\r\n\r\n")) out += "\r\n";
  out.append(message.substr(found.body_offset));
  return {};
}

}  // namespace peregrine::smtpd
