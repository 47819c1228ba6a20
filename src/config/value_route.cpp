// Lists of routes; config/route.h has the text of one.
#include <fmt/format.h>

#include "config/value.h"
#include "config/value_text.h"

namespace peregrine::config {
namespace {

constexpr std::string_view k_remedy =
    "write a domain or \"*\", then \"mx\" or \"smtp://host:port\", then what is to differ: "
    "tls=, user=, source=";

}  // namespace

MaybeIssue check(const std::vector<Route>& value, const Rule& /*rule*/) {
  if (value.size() > k_max_list) {
    return Issue{ConfigProblem::out_of_range, fmt::format("has {} entries", value.size()),
                 fmt::format("there are {} at most", k_max_list)};
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    std::string text = write_route(value[i]);
    if (parse_route(text) != value[i]) return bad(text, "is not a route", k_remedy);
    for (std::size_t j = 0; j < i; ++j) {
      if (value[j].domain != value[i].domain) continue;
      return Issue{ConfigProblem::duplicate, fmt::format("has {} twice", value[i].domain),
                   "remove one"};
    }
  }
  return std::nullopt;
}

MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Route>& out) {
  if (raw.type != RawType::array) {
    return issue_of(ConfigProblem::wrong_type, describe(raw), "does not fit",
                    "write a list in brackets, such as [\"…\"] or []");
  }
  std::vector<Route> values;
  for (const RawValue& item : raw.items) {
    auto route = item.type == RawType::string ? parse_route(item.string) : std::nullopt;
    if (!route) {
      Issue issue = issue_of(
          item.type == RawType::string ? ConfigProblem::bad_value : ConfigProblem::wrong_type,
          describe(item), "is not a route", k_remedy);
      issue.line = item.line;
      return issue;
    }
    values.push_back(std::move(*route));
  }
  if (auto issue = check(values, rule)) return issue;
  out = std::move(values);
  return std::nullopt;
}

std::string write(const std::vector<Route>& value, const Rule& /*rule*/) {
  if (value.empty()) return "[]";
  std::string lines;
  for (const Route& route : value) lines += "  " + quote(write_route(route)) + ",\n";
  return "[\n" + lines + "]";
}

void put(Encoder& encoder, const std::vector<Route>& value) {
  encoder.varint(value.size());
  for (const Route& route : value) encoder.bytes(write_route(route));
}

void get(Decoder& decoder, std::vector<Route>& out) {
  std::size_t count = decoder.count();
  if (count > k_max_list) decoder.fail();
  out.clear();
  for (std::size_t i = 0; i < count && decoder.ok(); ++i) {
    auto route = parse_route(decoder.bytes(k_max_string));
    if (!route) return decoder.fail();
    out.push_back(std::move(*route));
  }
}

}  // namespace peregrine::config
