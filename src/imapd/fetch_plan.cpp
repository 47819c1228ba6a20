#include "imapd/fetch_plan.h"

#include <algorithm>

#include "api/mailbox.pb.h"

namespace peregrine::imapd {
namespace {

using imap::FetchAttribute;
using imap::SectionText;

bool is_whole_message(const imap::BodyItem& item) {
  return item.section.part.empty() && item.section.text == SectionText::none;
}

// Nearly all of the message: cheaper to cut out of it than to ask for.
bool is_whole_text(const imap::BodyItem& item) {
  return item.section.part.empty() && item.section.text == SectionText::text && !item.partial;
}

bool filters_header(const imap::BodyItem& item) {
  return item.section.text == SectionText::header_fields ||
         item.section.text == SectionText::header_fields_not;
}

bool is_message_header(const imap::BodyItem& item) {
  return item.section.part.empty() &&
         (item.section.text == SectionText::header || filters_header(item));
}

std::uint32_t attribute_parts(const imap::FetchItems& items) {
  std::uint32_t parts = 0;
  if (items.has(FetchAttribute::internal_date) || items.has(FetchAttribute::size)) {
    parts |= api::FETCH_DATES;
  }
  // A summary is read against the size that comes with the dates.
  if (items.has(FetchAttribute::envelope) || items.has(FetchAttribute::body) ||
      items.has(FetchAttribute::body_structure)) {
    parts |= api::FETCH_SUMMARY | api::FETCH_DATES;
  }
  return parts;
}

}  // namespace

std::optional<FetchPlan> plan_fetch(const imap::FetchItems& items) {
  FetchPlan plan;
  plan.parts = attribute_parts(items);
  auto needs_content = [](const imap::BodyItem& item) { return !is_message_header(item); };
  bool is_only = std::ranges::count_if(items.bodies, needs_content) == 1;
  for (const imap::BodyItem& item : items.bodies) {
    if (item.kind == imap::BodyItemKind::binary || item.kind == imap::BodyItemKind::binary_size) {
      return std::nullopt;
    }
    plan.filters.emplace_back();
    if (filters_header(item)) plan.filters.back().emplace(item.section);
    if (is_message_header(item)) {
      plan.parts |= api::FETCH_HEADER;
      plan.sources.push_back(BodySource::header);
    } else if ((is_whole_message(item) || is_whole_text(item)) && is_only) {
      plan.parts |= api::FETCH_RAW | api::FETCH_DATES;
      if (!is_whole_message(item)) plan.parts |= api::FETCH_SUMMARY;
      plan.sources.push_back(BodySource::stream);
      if (item.partial) {
        plan.raw_offset = item.partial->offset;
        plan.raw_length = item.partial->length;
      }
    } else {
      plan.parts |= api::FETCH_DATES;
      if (!is_whole_message(item)) plan.parts |= api::FETCH_SUMMARY;
      plan.sources.push_back(BodySource::section);
    }
  }
  return plan;
}

void append_literal_bytes(std::string& out, BytesView data) {
  std::size_t start = out.size();
  out += data;
  if (data.find('\0') == BytesView::npos) return;
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), '\0', '?');
}

}  // namespace peregrine::imapd
