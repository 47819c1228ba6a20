// Lists of routes and of sources: each entry is a line, whose text config/route.h and
// config/source.h have.
#include <fmt/format.h>

#include "config/value.h"
#include "config/value_text.h"

namespace peregrine::config {
namespace {

/// What an entry is called, how its text is read and written, and what must not stand twice.
template <class T>
struct Line;

template <>
struct Line<Route> {
  static constexpr std::string_view k_problem = "is not a route";
  static constexpr std::string_view k_remedy =
      "write a domain or \"*\", then \"mx\" or \"smtp://host:port\", then what is to differ: "
      "tls=, user=, source=, connections=, rate=";
  static std::optional<Route> parse(std::string_view text) { return parse_route(text); }
  static std::string write(const Route& route) { return write_route(route); }
  static const std::string& key(const Route& route) { return route.domain; }
};

template <>
struct Line<Source> {
  static constexpr std::string_view k_problem = "is not a source";
  static constexpr std::string_view k_remedy =
      "write an address or \"@domain\", then one IPv4 or IPv6 address, or one of each";
  static std::optional<Source> parse(std::string_view text) { return parse_source(text); }
  static std::string write(const Source& source) { return write_source(source); }
  static const std::string& key(const Source& source) { return source.sender; }
};

template <class T>
MaybeIssue check_lines(const std::vector<T>& value) {
  if (value.size() > k_max_list) {
    return Issue{ConfigProblem::out_of_range, fmt::format("has {} entries", value.size()),
                 fmt::format("there are {} at most", k_max_list)};
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    std::string text = Line<T>::write(value[i]);
    if (Line<T>::parse(text) != value[i]) return bad(text, Line<T>::k_problem, Line<T>::k_remedy);
    for (std::size_t j = 0; j < i; ++j) {
      if (Line<T>::key(value[j]) != Line<T>::key(value[i])) continue;
      return Issue{ConfigProblem::duplicate, fmt::format("has {} twice", Line<T>::key(value[i])),
                   "remove one"};
    }
  }
  return std::nullopt;
}

template <class T>
MaybeIssue read_lines(const RawValue& raw, std::vector<T>& out) {
  if (raw.type != RawType::array) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit",
                    "write a list in brackets, such as [\"…\"] or []");
  }
  std::vector<T> values;
  for (const RawValue& item : raw.items) {
    bool is_string = item.type == RawType::string;
    auto parsed = is_string ? Line<T>::parse(item.string) : std::nullopt;
    if (!parsed) {
      Issue issue = issue_of(is_string ? ConfigProblem::bad_value : ConfigProblem::wrong_type,
                             describe(item), Line<T>::k_problem, Line<T>::k_remedy);
      issue.line = item.line;
      return issue;
    }
    values.push_back(std::move(*parsed));
  }
  if (auto issue = check_lines(values)) return issue;
  out = std::move(values);
  return std::nullopt;
}

template <class T>
std::string write_lines(const std::vector<T>& value) {
  if (value.empty()) return "[]";
  std::string lines;
  for (const T& each : value) lines += "  " + quote(Line<T>::write(each)) + ",\n";
  return "[\n" + lines + "]";
}

template <class T>
void put_lines(Encoder& encoder, const std::vector<T>& value) {
  encoder.varint(value.size());
  for (const T& each : value) encoder.bytes(Line<T>::write(each));
}

template <class T>
void get_lines(Decoder& decoder, std::vector<T>& out) {
  std::size_t count = decoder.count();
  if (count > k_max_list) decoder.fail();
  out.clear();
  for (std::size_t i = 0; i < count && decoder.ok(); ++i) {
    auto parsed = Line<T>::parse(decoder.bytes(k_max_string));
    if (!parsed) return decoder.fail();
    out.push_back(std::move(*parsed));
  }
}

}  // namespace

MaybeIssue check(const std::vector<Route>& value, const Rule& /*rule*/) {
  return check_lines(value);
}
MaybeIssue read(const RawValue& raw, const Rule& /*rule*/, std::vector<Route>& out) {
  return read_lines(raw, out);
}
std::string write(const std::vector<Route>& value, const Rule& /*rule*/) {
  return write_lines(value);
}
void put(Encoder& encoder, const std::vector<Route>& value) {
  put_lines(encoder, value);
}
void get(Decoder& decoder, std::vector<Route>& out) {
  get_lines(decoder, out);
}

MaybeIssue check(const std::vector<Source>& value, const Rule& /*rule*/) {
  return check_lines(value);
}
MaybeIssue read(const RawValue& raw, const Rule& /*rule*/, std::vector<Source>& out) {
  return read_lines(raw, out);
}
std::string write(const std::vector<Source>& value, const Rule& /*rule*/) {
  return write_lines(value);
}
void put(Encoder& encoder, const std::vector<Source>& value) {
  put_lines(encoder, value);
}
void get(Decoder& decoder, std::vector<Source>& out) {
  get_lines(decoder, out);
}

}  // namespace peregrine::config
