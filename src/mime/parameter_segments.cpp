#include "mime/parameter_segments.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "text/charset.h"
#include "text/header_tokens.h"

namespace peregrine::mime {
namespace {

constexpr std::uint64_t k_max_section = 999;

bool ends_name(char c) {
  return c == ';' || c == '=' || c == '"' || text::is_white_space(c);
}
bool ends_value(char c) {
  return c == ';' || text::is_white_space(c);
}

/// Splits a written name into base, section and "*".
ParameterSegment named_segment(std::string_view name) {
  ParameterSegment segment;
  if (name.ends_with('*')) {
    segment.extended = true;
    name.remove_suffix(1);
  }
  // RFC 2231 section 3: the section number follows the first asterisk.
  std::size_t star = name.rfind('*');
  if (star != std::string_view::npos) {
    if (auto number = parse_number(name.substr(star + 1), k_max_section)) {
      segment.section = static_cast<int>(*number);
      name = name.substr(0, star);
    }
  }
  segment.base = ascii_lower(name);
  return segment;
}

/// More words of an unquoted value: file names with spaces are written without quotes often enough.
/// A word before "=" is the next parameter, its semicolon forgotten.
void take_further_words(Cursor& in, std::string& value, Defects& defects) {
  while (true) {
    std::size_t before = in.position();
    bool closed = text::skip_cfws(in);
    if (!closed || in.at_end() || in.next_is(';')) return;
    std::string_view word;
    if (in.rest().starts_with("=?")) {
      word = in.take_while([](char c) { return !ends_value(c); });
    } else {
      word = in.take_while([](char c) { return !ends_name(c); });
      text::skip_cfws(in);
      if (word.empty() || in.next_is('=')) {
        in.rewind(before);
        return;
      }
    }
    defects.add(Defect::malformed_content);
    value.append(" ").append(word);
  }
}

std::string take_value(Cursor& in, Defects& defects) {
  std::string value;
  if (in.next_is('"')) {
    if (!text::take_quoted_string(in, value)) defects.add(Defect::malformed_content);
    return value;
  }
  value = in.take_while([](char c) { return !ends_value(c); });
  take_further_words(in, value, defects);
  return value;
}

int hex_value(char c) {
  if (is_ascii_digit(c)) return c - '0';
  c = ascii_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// RFC 2231 section 4: "%" and two hexadecimal digits stand for a byte.
void append_percent_decoded(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      out.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
}

/// Segments of one base, by section and then as written.
using Group = std::span<const ParameterSegment* const>;

/// The value of segments 0, 1, 2 … or of one whole extended parameter.
std::string joined_value(Group segments, Defects& defects) {
  std::string bytes;
  std::string_view charset;
  bool extended = segments.front()->extended;
  int expected = segments.front()->section;
  for (const ParameterSegment* segment : segments) {
    if (segment->section < expected) {
      defects.add(Defect::duplicate_parameter);
      continue;
    }
    // RFC 2231 section 3: the sections count up from 0; at a gap the value ends.
    if (segment->section > expected) {
      defects.add(Defect::malformed_content);
      break;
    }
    ++expected;
    std::string_view value = segment->value;
    if (extended && segment == segments.front()) {
      std::size_t first = value.find('\'');
      std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
      if (second != std::string_view::npos) {
        charset = value.substr(0, first);
        value.remove_prefix(second + 1);
      } else {
        defects.add(Defect::malformed_content);
      }
    }
    if (segment->extended) {
      append_percent_decoded(value, bytes);
    } else {
      bytes.append(value);
    }
  }
  if (!extended) return bytes;
  std::string text = text::to_utf8_or_guess(charset, bytes);
  for (char& c : text) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return text;
}

/// The parameters of one base: the plain one, the extended one, or the continued one.
void join_group(Group group, std::vector<Parameter>& out, Defects& defects) {
  const std::string& base = group.front()->base;
  const ParameterSegment* plain = nullptr;
  const ParameterSegment* whole = nullptr;
  std::size_t sections = 0;
  std::size_t wholes = 0;
  for (const ParameterSegment* segment : group) {
    if (segment->section >= 0) {
      ++sections;
      continue;
    }
    ++wholes;
    const ParameterSegment*& first = segment->extended ? whole : plain;
    if (first == nullptr) first = segment;
  }
  std::size_t found = (plain != nullptr ? 1U : 0U) + (whole != nullptr ? 1U : 0U);
  bool repeated = wholes > found;
  if (plain != nullptr) out.push_back({base, plain->value});
  if (whole != nullptr) out.push_back({base + "*", joined_value(Group(&whole, 1), defects)});
  Group continued = group.last(sections);
  if (!continued.empty() && continued.front()->section == 0) {
    bool extended = continued.front()->extended;
    bool taken = (extended ? whole : plain) != nullptr;
    if (!taken) {
      out.push_back({extended ? base + "*" : base, joined_value(continued, defects)});
      ++found;
    }
    repeated = repeated || taken;
  } else if (!continued.empty()) {
    defects.add(Defect::malformed_content);
  }
  // Readers that know no RFC 2231 see another boundary than those that do.
  if (base == "boundary") repeated = repeated || found > 1;
  if (repeated) {
    defects.add(base == "boundary" ? Defect::duplicate_boundary : Defect::duplicate_parameter);
  }
}

}  // namespace

std::vector<ParameterSegment> read_segments(Cursor& in, const Limits& limits, Defects& defects,
                                            std::string_view only) {
  std::vector<ParameterSegment> segments;
  std::size_t count = 0;
  while (text::skip_cfws(in) && !in.at_end()) {
    if (in.skip(';')) continue;
    if (++count > limits.parameters) {
      defects.add(Defect::over_limit);
      return segments;
    }
    std::string_view name = in.take_while([](char c) { return !ends_name(c) && c != '('; });
    text::skip_cfws(in);
    if (!in.skip('=')) {
      defects.add(Defect::malformed_content);
      // A quotation mark here belongs to nothing: step over it, or the loop would stand still.
      if (name.empty()) in.take();
      continue;
    }
    text::skip_cfws(in);
    ParameterSegment segment = named_segment(name);
    segment.value = take_value(in, defects);
    if (segment.base.empty()) {
      defects.add(Defect::malformed_content);
    } else if (only.empty() || segment.base == only) {
      segments.push_back(std::move(segment));
    }
  }
  return segments;
}

std::vector<Parameter> join_segments(std::vector<ParameterSegment> segments, Defects& defects) {
  std::vector<Parameter> out;
  if (segments.size() == 1 && segments[0].section < 0 && !segments[0].extended) {
    out.push_back({std::move(segments[0].base), std::move(segments[0].value)});
    return out;
  }
  std::vector<const ParameterSegment*> sorted;
  sorted.reserve(segments.size());
  for (const ParameterSegment& segment : segments) sorted.push_back(&segment);
  std::ranges::sort(sorted, [](const ParameterSegment* a, const ParameterSegment* b) {
    int order = a->base.compare(b->base);
    if (order != 0) return order < 0;
    return a->section != b->section ? a->section < b->section : a < b;
  });
  // A base's parameters come out where its first segment stood.
  std::vector<Group> groups(segments.size());
  Group rest = sorted;
  while (!rest.empty()) {
    std::size_t size = 1;
    const ParameterSegment* first = rest.front();
    for (; size < rest.size() && rest[size]->base == rest[0]->base; ++size) {
      first = std::min(first, rest[size]);
    }
    groups[static_cast<std::size_t>(first - segments.data())] = rest.first(size);
    rest = rest.subspan(size);
  }
  for (Group group : groups) {
    if (!group.empty()) join_group(group, out, defects);
  }
  return out;
}

}  // namespace peregrine::mime
