#include <algorithm>
#include <utility>

#include "proto/imap/grammar.h"

namespace peregrine::imap {

namespace {

// A field name of RFC 5322 section 2.2: printable ASCII but for the colon.
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

Parsed<void> parse_header_list(Input& in, std::vector<std::string>& fields) {
  return parse_list(in, [&fields](Input& at) -> Parsed<void> {
    TRY(auto name, parse_astring(at));
    if (!is_field_name(name)) return std::unexpected(SyntaxError::bad_string);
    fields.push_back(std::move(name));
    return {};
  });
}

// section-text, from behind the part numbers.
Parsed<void> parse_section_text(Input& in, Section& section) {
  TRY_VOID(parse_token(in));
  auto name = in.cursor.take_while([](char c) { return c != ']' && c != ' '; });
  if (iequals(name, "HEADER")) {
    section.text = SectionText::header;
  } else if (iequals(name, "TEXT")) {
    section.text = SectionText::text;
  } else if (iequals(name, "MIME") && !section.part.empty()) {
    // RFC 9051 section 6.4.5.1: MIME is prefixed by one or more part numbers.
    section.text = SectionText::mime;
  } else if (iequals(name, "HEADER.FIELDS") || iequals(name, "HEADER.FIELDS.NOT")) {
    section.text = name.size() == 13 ? SectionText::header_fields : SectionText::header_fields_not;
    TRY_VOID(parse_sp(in));
    TRY_VOID(parse_header_list(in, section.fields));
  } else {
    return std::unexpected(SyntaxError::unknown_fetch_item);
  }
  return {};
}

enum class Binary : bool { no, yes };

Parsed<Section> parse_section(Input& in, Binary binary) {
  Section section;
  TRY_VOID(parse_char(in, '['));
  if (in.cursor.skip(']')) return section;
  auto at_digit = [&in] {
    auto c = in.cursor.peek();
    return c && is_ascii_digit(*c);
  };
  bool more = at_digit();
  while (more) {
    TRY(auto number, parse_nz_number(in));
    section.part.push_back(number);
    if (in.cursor.skip(']')) return section;
    TRY_VOID(parse_char(in, '.'));
    more = at_digit();
  }
  if (binary == Binary::yes) return std::unexpected(SyntaxError::unknown_fetch_item);
  TRY_VOID(parse_section_text(in, section));
  TRY_VOID(parse_char(in, ']'));
  return section;
}

Parsed<std::optional<Partial>> parse_partial(Input& in) {
  if (!in.cursor.skip('<')) return std::nullopt;
  Partial partial;
  TRY(partial.offset, parse_number64(in));
  TRY_VOID(parse_char(in, '.'));
  TRY(partial.length, parse_nz_number64(in));
  TRY_VOID(parse_char(in, '>'));
  return partial;
}

Parsed<void> add_body(Input& in, FetchItems& items, BodyItem item) {
  if (std::ranges::find(items.bodies, item) != items.bodies.end()) return {};
  if (items.bodies.size() >= in.limits.body_items) {
    return std::unexpected(SyntaxError::too_many_tokens);
  }
  items.bodies.push_back(std::move(item));
  return {};
}

Parsed<void> parse_body(Input& in, FetchItems& items, BodyItemKind kind, bool peek) {
  BodyItem item{.kind = kind, .peek = peek};
  TRY(item.section, parse_section(in, kind == BodyItemKind::body ? Binary::no : Binary::yes));
  if (kind != BodyItemKind::binary_size) {
    TRY(item.partial, parse_partial(in));
  }
  return add_body(in, items, std::move(item));
}

struct AttributeRule {
  std::string_view name;
  FetchAttribute attribute;
};

constexpr AttributeRule k_attributes[] = {
    {"BODY", FetchAttribute::body},
    {"BODYSTRUCTURE", FetchAttribute::body_structure},
    {"ENVELOPE", FetchAttribute::envelope},
    {"FLAGS", FetchAttribute::flags},
    {"INTERNALDATE", FetchAttribute::internal_date},
    {"RFC822.SIZE", FetchAttribute::size},
    {"UID", FetchAttribute::uid},
};

BytesView parse_item_name(Input& in) {
  return in.cursor.take_while([](char c) {
    char upper = ascii_upper(c);
    return (upper >= 'A' && upper <= 'Z') || is_ascii_digit(c) || c == '.';
  });
}

Parsed<void> add_named(Input& in, FetchItems& items, BytesView name) {
  for (const auto& rule : k_attributes) {
    if (!iequals(name, rule.name)) continue;
    items.add(rule.attribute);
    return {};
  }
  // RFC 3501 section 6.4.5: RFC822 and its kin are other names of BODY sections.
  BodyItem item{.kind = BodyItemKind::rfc822};
  if (iequals(name, "RFC822")) return add_body(in, items, std::move(item));
  if (iequals(name, "RFC822.HEADER")) {
    item.kind = BodyItemKind::rfc822_header;
    item.peek = true;
    item.section.text = SectionText::header;
    return add_body(in, items, std::move(item));
  }
  if (iequals(name, "RFC822.TEXT")) {
    item.kind = BodyItemKind::rfc822_text;
    item.section.text = SectionText::text;
    return add_body(in, items, std::move(item));
  }
  return std::unexpected(SyntaxError::unknown_fetch_item);
}

Parsed<void> parse_fetch_att(Input& in, FetchItems& items) {
  TRY_VOID(parse_token(in));
  auto name = parse_item_name(in);
  if (!in.cursor.next_is('[')) return add_named(in, items, name);
  if (iequals(name, "BODY")) return parse_body(in, items, BodyItemKind::body, false);
  if (iequals(name, "BODY.PEEK")) return parse_body(in, items, BodyItemKind::body, true);
  if (iequals(name, "BINARY")) return parse_body(in, items, BodyItemKind::binary, false);
  if (iequals(name, "BINARY.PEEK")) return parse_body(in, items, BodyItemKind::binary, true);
  if (iequals(name, "BINARY.SIZE")) return parse_body(in, items, BodyItemKind::binary_size, true);
  return std::unexpected(SyntaxError::unknown_fetch_item);
}

// RFC 9051 section 6.4.5: a macro stands alone.
bool parse_macro(Input& in, FetchItems& items) {
  auto start = in.cursor.position();
  auto name = parse_item_name(in);
  bool all = iequals(name, "ALL");
  bool full = iequals(name, "FULL");
  if (!all && !full && !iequals(name, "FAST")) {
    in.cursor.rewind(start);
    return false;
  }
  items.add(FetchAttribute::flags).add(FetchAttribute::internal_date).add(FetchAttribute::size);
  if (all || full) items.add(FetchAttribute::envelope);
  if (full) items.add(FetchAttribute::body);
  return true;
}

}  // namespace

Parsed<FetchItems> parse_fetch_items(Input& in) {
  FetchItems items;
  if (in.cursor.next_is('(')) {
    TRY_VOID(parse_list(in, [&items](Input& at) { return parse_fetch_att(at, items); }));
  } else if (!parse_macro(in, items)) {
    TRY_VOID(parse_fetch_att(in, items));
  }
  return items;
}

}  // namespace peregrine::imap
