#include "config/value.h"

#include <array>
#include <fmt/format.h>

#include "base/cursor.h"
#include "config/value_text.h"

namespace peregrine::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array k_size_units = {Unit{"GiB", mib(1024)}, Unit{"MiB", mib(1)},
                                     Unit{"KiB", kib(1)}, Unit{"B", 1}};
constexpr std::array k_duration_units = {Unit{"days", 86'400'000}, Unit{"day", 86'400'000},
                                         Unit{"h", 3'600'000},     Unit{"min", 60'000},
                                         Unit{"s", 1000},          Unit{"ms", 1}};

// A number, an optional space and a unit that are all of `text`.
std::optional<std::uint64_t> read_quantity(std::string_view text, std::span<const Unit> units) {
  Cursor cursor(text);
  auto number = take_number(cursor, UINT64_MAX);
  if (!number) return std::nullopt;
  cursor.skip(' ');
  for (const Unit& unit : units) {
    if (cursor.rest() != unit.name) continue;
    if (*number > UINT64_MAX / unit.factor) return UINT64_MAX;
    return *number * unit.factor;
  }
  return std::nullopt;
}

// In the largest unit that needs no fraction.
std::string write_quantity(std::uint64_t value, std::span<const Unit> units) {
  const Unit& smallest = units.back();
  if (value == 0) return fmt::format("0 {}", smallest.name);
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return fmt::format("{} {}", value / unit.factor, unit.name);
  }
  return fmt::format("{} {}", value, smallest.name);
}

Issue wrong_type(const RawValue& raw, std::string remedy) {
  return {ConfigProblem::wrong_type, fmt::format("{} does not fit", describe(raw)),
          std::move(remedy)};
}

MaybeIssue check_range(std::uint64_t value, const Rule& rule, std::string (*bound)(std::uint64_t)) {
  if (rule.kind != RuleKind::range) return std::nullopt;
  if (value >= rule.minimum && value <= rule.maximum) return std::nullopt;
  return Issue{ConfigProblem::out_of_range, fmt::format("{} is out of range", bound(value)),
               fmt::format("it is from {} to {}", bound(rule.minimum), bound(rule.maximum))};
}

MaybeIssue read_quantity(const RawValue& raw, std::span<const Unit> units, std::string_view example,
                         std::uint64_t& out) {
  std::string remedy = fmt::format("write a number and a unit, such as {}", quote(example));
  if (raw.type != RawType::string) return wrong_type(raw, std::move(remedy));
  auto value = read_quantity(raw.string, units);
  if (!value) {
    return Issue{ConfigProblem::bad_value, fmt::format("{} cannot be read", describe(raw)),
                 std::move(remedy)};
  }
  out = *value;
  return std::nullopt;
}

std::uint64_t milliseconds(Duration value) {
  return value.count() < 0 ? UINT64_MAX : static_cast<std::uint64_t>(value.count());
}

}  // namespace

std::string write_size(std::uint64_t bytes) {
  return write_quantity(bytes, k_size_units);
}

std::string write_duration(std::uint64_t milliseconds) {
  if (milliseconds == 86'400'000) return "1 day";
  return write_quantity(milliseconds, k_duration_units);
}

std::string write_number(std::uint64_t number) {
  return fmt::format("{}", number);
}

std::string write_mode(std::uint64_t bits) {
  return fmt::format("{:04o}", bits);
}

MaybeIssue read(const RawValue& raw, const Rule& /*rule*/, bool& out) {
  if (raw.type != RawType::boolean) return wrong_type(raw, "write true or false");
  out = raw.boolean;
  return std::nullopt;
}

MaybeIssue read(const RawValue& raw, const Rule& rule, std::uint32_t& out) {
  if (raw.type != RawType::integer) {
    return wrong_type(raw, fmt::format("write a number from {} to {}, without quotes", rule.minimum,
                                       rule.maximum));
  }
  if (raw.integer < 0 || raw.integer > INT32_MAX) {
    return Issue{ConfigProblem::out_of_range, fmt::format("{} is out of range", raw.integer),
                 fmt::format("it is from {} to {}", rule.minimum, rule.maximum)};
  }
  auto value = static_cast<std::uint32_t>(raw.integer);
  if (auto issue = check(value, rule)) return issue;
  out = value;
  return std::nullopt;
}

MaybeIssue read(const RawValue& raw, const Rule& rule, Size& out) {
  Size value = 0;
  if (auto issue = read_quantity(raw, k_size_units, "50 MiB", value)) return issue;
  if (auto issue = check(value, rule)) return issue;
  out = value;
  return std::nullopt;
}

MaybeIssue read(const RawValue& raw, const Rule& rule, Duration& out) {
  std::uint64_t value = 0;
  if (auto issue = read_quantity(raw, k_duration_units, "60 s", value)) return issue;
  if (auto issue = check_range(value, rule, write_duration)) return issue;
  out = Duration(static_cast<std::int64_t>(value));
  return std::nullopt;
}

MaybeIssue read(const RawValue& raw, const Rule& rule, ProcessCount& out) {
  if (raw.type == RawType::string && raw.string == "auto") {
    out = {};
    return std::nullopt;
  }
  if (raw.type != RawType::integer) {
    return wrong_type(
        raw, fmt::format("write \"auto\" or a number from {} to {}", rule.minimum, rule.maximum));
  }
  return read(raw, rule, out.value);
}

MaybeIssue read(const RawValue& raw, const Rule& rule, FileMode& out) {
  std::string remedy = "write octal permission bits in quotes, such as \"0660\"";
  if (raw.type != RawType::string) return wrong_type(raw, std::move(remedy));
  std::uint32_t bits = 0;
  bool valid = !raw.string.empty() && raw.string.size() <= 4;
  for (char c : raw.string) {
    valid = valid && c >= '0' && c <= '7';
    if (valid) bits = bits * 8 + static_cast<std::uint32_t>(c - '0');
  }
  if (!valid) {
    return Issue{ConfigProblem::bad_value, fmt::format("{} cannot be read", describe(raw)),
                 std::move(remedy)};
  }
  if (auto issue = check(FileMode{bits}, rule)) return issue;
  out.bits = bits;
  return std::nullopt;
}

MaybeIssue read_word(const RawValue& raw, const Rule& rule, std::uint8_t& out) {
  std::string remedy = fmt::format("it is one of {}", join_quoted(rule.words));
  if (raw.type != RawType::string) return wrong_type(raw, std::move(remedy));
  for (std::size_t i = 0; i < rule.words.size(); ++i) {
    if (rule.words[i] != raw.string) continue;
    out = static_cast<std::uint8_t>(i);
    return std::nullopt;
  }
  return Issue{ConfigProblem::bad_value, fmt::format("{} is unknown", describe(raw)),
               std::move(remedy)};
}

MaybeIssue check(bool /*value*/, const Rule& /*rule*/) {
  return std::nullopt;
}

MaybeIssue check(std::uint32_t value, const Rule& rule) {
  return check_range(value, rule, write_number);
}

MaybeIssue check(Size value, const Rule& rule) {
  return check_range(value, rule, write_size);
}

MaybeIssue check(Duration value, const Rule& rule) {
  return check_range(milliseconds(value), rule, write_duration);
}

MaybeIssue check(ProcessCount value, const Rule& rule) {
  if (value.value == 0) return std::nullopt;
  return check(value.value, rule);
}

MaybeIssue check(FileMode value, const Rule& rule) {
  return check_range(value.bits, rule, write_mode);
}

MaybeIssue check_word(std::uint8_t value, const Rule& rule) {
  if (value < rule.words.size()) return std::nullopt;
  return Issue{ConfigProblem::out_of_range, "is unknown",
               fmt::format("it is one of {}", join_quoted(rule.words))};
}

std::string write(bool value, const Rule& /*rule*/) {
  return value ? "true" : "false";
}
std::string write(std::uint32_t value, const Rule& /*rule*/) {
  return write_number(value);
}
std::string write(Size value, const Rule& /*rule*/) {
  return quote(write_size(value));
}
std::string write(Duration value, const Rule& /*rule*/) {
  return quote(write_duration(milliseconds(value)));
}
std::string write(ProcessCount value, const Rule& /*rule*/) {
  return value.value == 0 ? quote("auto") : write_number(value.value);
}
std::string write(FileMode value, const Rule& /*rule*/) {
  return quote(write_mode(value.bits));
}

void put(Encoder& encoder, bool value) {
  encoder.boolean(value);
}
void put(Encoder& encoder, std::uint32_t value) {
  encoder.varint(value);
}
void put(Encoder& encoder, Size value) {
  encoder.varint(value);
}
void put(Encoder& encoder, Duration value) {
  encoder.varint(milliseconds(value));
}
void put(Encoder& encoder, ProcessCount value) {
  encoder.varint(value.value);
}
void put(Encoder& encoder, FileMode value) {
  encoder.varint(value.bits);
}

void get(Decoder& decoder, bool& out) {
  out = decoder.boolean();
}
void get(Decoder& decoder, std::uint32_t& out) {
  out = static_cast<std::uint32_t>(decoder.varint(UINT32_MAX));
}
void get(Decoder& decoder, Size& out) {
  out = decoder.varint();
}
void get(Decoder& decoder, Duration& out) {
  out = Duration(static_cast<std::int64_t>(decoder.varint(INT64_MAX)));
}
void get(Decoder& decoder, ProcessCount& out) {
  get(decoder, out.value);
}
void get(Decoder& decoder, FileMode& out) {
  get(decoder, out.bits);
}

}  // namespace peregrine::config
