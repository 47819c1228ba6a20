#include "proto/imap/sections.h"

#include <algorithm>

namespace peregrine::imap {

namespace {

// The child of `parent` with the 1-based `number`.
std::optional<std::uint32_t> child(const std::vector<Part>& parts, std::uint32_t parent,
                                   std::uint32_t number) {
  for (std::uint32_t i = parent + 1; i < parts.size(); ++i) {
    if (parts[i].parent == parent && --number == 0) return i;
  }
  return std::nullopt;
}

ByteRange between(std::uint64_t start, std::uint64_t end) {
  return {start, end > start ? end - start : 0};
}

ByteRange header_of(const Part& part) {
  return between(part.header_offset, part.body_offset);
}

ByteRange body_of(const Part& part) {
  return {part.body_offset, part.body_size};
}

// The message that HEADER and TEXT speak of: the whole one, or what the part encloses.
std::optional<std::uint32_t> message_root(const MessageSummary& summary,
                                          std::span<const std::uint32_t> numbers) {
  if (numbers.empty()) return 0;
  auto part = find_part(summary, numbers);
  // RFC 9051 section 6.4.5.1: the part numbers before HEADER and TEXT name a MESSAGE part.
  if (!part || summary.parts[*part].kind != PartKind::message) return std::nullopt;
  return child(summary.parts, *part, 1);
}

// The next line of `rest` with its end; the last one may lack it.
BytesView take_line(BytesView& rest) {
  std::size_t end = rest.find('\n');
  BytesView line = rest.substr(0, end == BytesView::npos ? rest.size() : end + 1);
  rest.remove_prefix(line.size());
  return line;
}

bool is_blank(BytesView line) {
  return line == "\r\n" || line == "\n";
}

bool is_continuation(BytesView rest) {
  return !rest.empty() && (rest.front() == ' ' || rest.front() == '\t');
}

// The field with all its continuation lines.
BytesView take_field(BytesView& rest) {
  BytesView all = rest;
  if (is_blank(take_line(rest))) return all.substr(0, all.size() - rest.size());
  while (is_continuation(rest)) take_line(rest);
  return all.substr(0, all.size() - rest.size());
}

std::string_view field_name(BytesView field) {
  std::size_t colon = field.find(':');
  if (colon == BytesView::npos) return {};
  auto name = field.substr(0, colon);
  // RFC 5322 section 4.5: the obsolete form has white space before the colon.
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return name;
}

struct CaseLess {
  bool operator()(std::string_view a, std::string_view b) const {
    return std::ranges::lexicographical_compare(
        a, b, [](char x, char y) { return ascii_lower(x) < ascii_lower(y); });
  }
};

}  // namespace

std::optional<std::uint32_t> find_part(const MessageSummary& summary,
                                       std::span<const std::uint32_t> numbers) {
  const auto& parts = summary.parts;
  if (parts.empty() || numbers.empty()) return std::nullopt;
  std::uint32_t at = 0;
  bool is_root = true;  // of a message: what is not a multipart is its part 1
  for (auto number : numbers) {
    if (!is_root && parts[at].kind == PartKind::message) {
      auto enclosed = child(parts, at, 1);
      if (!enclosed) return std::nullopt;
      at = *enclosed;
      is_root = true;
    }
    if (parts[at].kind == PartKind::multipart) {
      auto next = child(parts, at, number);
      if (!next) return std::nullopt;
      at = *next;
    } else if (!is_root || number != 1) {
      return std::nullopt;
    }
    is_root = false;
  }
  return at;
}

std::optional<ByteRange> locate_section(const MessageSummary& summary, const Section& section) {
  if (summary.parts.empty()) return std::nullopt;
  switch (section.text) {
    case SectionText::none: {
      if (section.part.empty()) return ByteRange{0, summary.size};
      auto part = find_part(summary, section.part);
      if (!part) return std::nullopt;
      return body_of(summary.parts[*part]);
    }
    case SectionText::mime: {
      auto part = find_part(summary, section.part);
      if (!part) return std::nullopt;
      return header_of(summary.parts[*part]);
    }
    case SectionText::header:
    case SectionText::header_fields:
    case SectionText::header_fields_not: {
      auto root = message_root(summary, section.part);
      if (!root) return std::nullopt;
      if (section.part.empty()) return ByteRange{0, summary.header_size};
      return header_of(summary.parts[*root]);
    }
    case SectionText::text: {
      auto root = message_root(summary, section.part);
      if (!root) return std::nullopt;
      if (section.part.empty()) return between(summary.header_size, summary.size);
      return body_of(summary.parts[*root]);
    }
  }
  return std::nullopt;
}

ByteRange cut(ByteRange whole, const std::optional<Partial>& partial) {
  if (!partial) return whole;
  // RFC 9051 section 6.4.5: a range that starts past the end is empty, one that ends there is cut.
  std::uint64_t skipped = std::min(partial->offset, whole.size);
  return {whole.offset + skipped, std::min(partial->length, whole.size - skipped)};
}

HeaderFilter::HeaderFilter(const Section& section)
    : negated_(section.text == SectionText::header_fields_not) {
  names_.reserve(section.fields.size());
  for (const auto& name : section.fields) names_.push_back(ascii_lower(name));
  std::ranges::sort(names_);
}

bool HeaderFilter::has(std::string_view name) const {
  return !name.empty() && std::binary_search(names_.begin(), names_.end(), name, CaseLess{});
}

void HeaderFilter::apply(BytesView header, std::string& out) const {
  BytesView rest = header;
  while (!rest.empty()) {
    BytesView field = take_field(rest);
    // RFC 9051 section 6.4.5.1: the blank line is part of every subset, unless there is none.
    if (is_blank(field)) {
      out += field;
      return;
    }
    if (has(field_name(field)) != negated_) out += field;
  }
}

}  // namespace peregrine::imap
