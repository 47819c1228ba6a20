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

std::expected<void, HeaderFault> complete_header(Bytes& message, std::size_t start,
                                                 const Submitter& submitter) {
  Findings found = look_at(BytesView(message).substr(start));
  if (found.is_incomplete) return std::unexpected(HeaderFault::too_many_fields);
  if (found.from_count > 1) return std::unexpected(HeaderFault::several_from);
  Bytes header;
  // RFC 6409 section 8: what is missing may be added.
  if (found.from_count == 0) header += fmt::format("From: <{}>\r\n", submitter.address);
  if (!found.has_date) {
    header += fmt::format("Date: {}\r\n", text::write_message_date(submitter.time));
  }
  if (!found.has_message_id) {
    header += fmt::format("Message-ID: <{:x}.{:016x}@{}>\r\n", submitter.time.seconds,
                          submitter.trace, submitter.hostname);
  }
  if (header.empty() && found.removed.empty() && !found.lacks_blank_line) return {};
  BytesView written = BytesView(message).substr(start, found.body_offset);
  std::size_t copied = 0;
  for (const Span& span : found.removed) {
    header.append(written.substr(copied, span.offset - copied));
    copied = span.offset + span.size;
  }
  header.append(written.substr(copied));
  // RFC 5322 section 2.1: an empty line between the header and a body that came without one.
  if (found.lacks_blank_line && !header.ends_with("\r\n\r\n")) header += "\r\n";
  message.replace(start, found.body_offset, header);
  return {};
}

}  // namespace peregrine::smtpd
