#include "mime/parameters.h"

#include <algorithm>
#include <utility>

#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/parameter_segments.h"
#include "text/header_tokens.h"

namespace peregrine::mime {
namespace {

// RFC 6838 section 4.2: the parts of a type's name have at most 127 characters.
constexpr std::size_t k_max_type_name = 127;

bool is_token_char(char c) {
  // RFC 2045 section 5.1: no tspecials; bytes outside ASCII are tolerated.
  return static_cast<unsigned char>(c) > ' ' && c != 0x7F &&
         !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
}

std::string take_token(Cursor& in) {
  text::skip_cfws(in);
  std::string token = ascii_lower(in.take_while(is_token_char));
  text::skip_cfws(in);
  return token;
}

/// Moves to the next ';', over whatever stands where nothing should; a word before it is a
/// parameter whose semicolon was forgotten and stays.
void skip_to_parameters(Cursor& in, Defects& defects) {
  text::skip_cfws(in);
  if (in.at_end() || in.next_is(';')) return;
  std::size_t before = in.position();
  defects.add(Defect::malformed_content);
  std::string_view junk = in.take_while([](char c) { return c != ';' && c != '='; });
  if (in.next_is('=') && !junk.starts_with('/')) in.rewind(before);
}

/// RFC 2045 section 5.1: type "/" subtype. Both are left empty unless both are there.
void take_type(Cursor& in, std::string& type, std::string& subtype, Defects& defects) {
  std::string first = take_token(in);
  std::string second;
  if (in.skip('/')) second = take_token(in);
  auto fits = [](const std::string& s) { return !s.empty() && s.size() <= k_max_type_name; };
  if (!fits(first) || !fits(second)) {
    defects.add(Defect::malformed_content);
  } else {
    type = std::move(first);
    subtype = std::move(second);
  }
  skip_to_parameters(in, defects);
}

}  // namespace

ContentType parse_content_type(std::string_view value, const Limits& limits) {
  ContentType out;
  std::string line = unfold(value);
  Cursor in(line);
  take_type(in, out.type, out.subtype, out.defects);
  out.parameters = join_segments(read_segments(in, limits, out.defects), out.defects);
  return out;
}

ContentDisposition parse_content_disposition(std::string_view value, const Limits& limits) {
  ContentDisposition out;
  std::string line = unfold(value);
  Cursor in(line);
  out.type = take_token(in);
  if (out.type.size() > k_max_type_name) out.type.clear();
  if (out.type.empty()) out.defects.add(Defect::malformed_content);
  skip_to_parameters(in, out.defects);
  out.parameters = join_segments(read_segments(in, limits, out.defects), out.defects);
  return out;
}

bool is_message_type(std::string_view type, std::string_view subtype) {
  return type == "message" && (subtype == "rfc822" || subtype == "global");
}

ContainerType parse_container_type(std::string_view value, const Limits& limits) {
  ContainerType out;
  std::string line = unfold(value);
  Cursor in(line);
  take_type(in, out.type, out.subtype, out.defects);
  if (out.type != "multipart") return out;
  auto segments = read_segments(in, limits, out.defects, "boundary");
  auto parameters = join_segments(std::move(segments), out.defects);
  if (const std::string* boundary = find_parameter(parameters, "boundary")) {
    // RFC 2046 section 5.1.1: a boundary does not end with white space.
    std::size_t last = boundary->find_last_not_of(" \t");
    out.boundary = boundary->substr(0, last == std::string::npos ? 0 : last + 1);
  }
  return out;
}

const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  const std::string* plain = nullptr;
  for (const Parameter& parameter : parameters) {
    std::string_view rest = parameter.name;
    if (!rest.starts_with(name)) continue;
    rest.remove_prefix(name.size());
    if (rest == "*") return &parameter.value;
    if (rest.empty() && plain == nullptr) plain = &parameter.value;
  }
  return plain;
}

std::string file_name(const Part& part) {
  const std::string* name = find_parameter(part.disposition_parameters, "filename");
  if (name == nullptr) name = find_parameter(part.parameters, "name");
  return name == nullptr ? std::string() : decode_words(*name);
}

std::string_view charset_of(const Part& part) {
  const std::string* charset = find_parameter(part.parameters, "charset");
  return charset == nullptr ? std::string_view("us-ascii") : std::string_view(*charset);
}

}  // namespace peregrine::mime
