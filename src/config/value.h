#pragma once
// What can be done with a value of each option type: read it from the file's tree, check it
// against its rule, write it back as TOML, encode and decode it. One overload set a type; the
// option table picks them by the member's type.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "config/error.h"
#include "config/route.h"
#include "config/rule.h"
#include "config/source.h"
#include "config/types.h"

namespace peregrine::config {

enum class RawType : std::uint8_t { boolean, integer, string, array, table, other };

/// A value as the TOML reader found it, free of the TOML library's types.
struct RawValue {
  RawType type = RawType::other;
  std::uint32_t line = 0;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string;
  std::string key;              ///< of a table's member
  std::vector<RawValue> items;  ///< of an array or table
};

/// What is wrong with one value, and what would be right.
struct Issue {
  ConfigProblem problem = ConfigProblem::bad_value;
  std::string what;
  std::string remedy;
  std::uint32_t line = 0;  ///< 0: the option's own line
};

using MaybeIssue = std::optional<Issue>;

/// Entries of a list option, at most.
inline constexpr std::size_t k_max_list = 64;
/// Bytes of a string option, at most.
inline constexpr std::size_t k_max_string = 1024;

/// Puts `raw` into `out`, or says why not. The value has passed check().
MaybeIssue read(const RawValue& raw, const Rule& rule, bool& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::uint32_t& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, Size& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, Duration& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, ProcessCount& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, FileMode& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::string& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<std::string>& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<ListenAddress>& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Network>& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Certificate>& out);

/// The rule alone, for a value from anywhere.
MaybeIssue check(bool value, const Rule& rule);
MaybeIssue check(std::uint32_t value, const Rule& rule);
MaybeIssue check(Size value, const Rule& rule);
MaybeIssue check(Duration value, const Rule& rule);
MaybeIssue check(ProcessCount value, const Rule& rule);
MaybeIssue check(FileMode value, const Rule& rule);
MaybeIssue check(const std::string& value, const Rule& rule);
MaybeIssue check(const std::vector<std::string>& value, const Rule& rule);
MaybeIssue check(const std::vector<ListenAddress>& value, const Rule& rule);
MaybeIssue check(const std::vector<Network>& value, const Rule& rule);
MaybeIssue check(const std::vector<Certificate>& value, const Rule& rule);

/// The value as TOML spells it.
std::string write(bool value, const Rule& rule);
std::string write(std::uint32_t value, const Rule& rule);
std::string write(Size value, const Rule& rule);
std::string write(Duration value, const Rule& rule);
std::string write(ProcessCount value, const Rule& rule);
std::string write(FileMode value, const Rule& rule);
std::string write(const std::string& value, const Rule& rule);
std::string write(const std::vector<std::string>& value, const Rule& rule);
std::string write(const std::vector<ListenAddress>& value, const Rule& rule);
std::string write(const std::vector<Network>& value, const Rule& rule);
std::string write(const std::vector<Certificate>& value, const Rule& rule);

void put(Encoder& encoder, bool value);
void put(Encoder& encoder, std::uint32_t value);
void put(Encoder& encoder, Size value);
void put(Encoder& encoder, Duration value);
void put(Encoder& encoder, ProcessCount value);
void put(Encoder& encoder, FileMode value);
void put(Encoder& encoder, const std::string& value);
void put(Encoder& encoder, const std::vector<std::string>& value);
void put(Encoder& encoder, const std::vector<ListenAddress>& value);
void put(Encoder& encoder, const std::vector<Network>& value);
void put(Encoder& encoder, const std::vector<Certificate>& value);

/// Reads a value into `out`; a malformed one makes the decoder fail.
void get(Decoder& decoder, bool& out);
void get(Decoder& decoder, std::uint32_t& out);
void get(Decoder& decoder, Size& out);
void get(Decoder& decoder, Duration& out);
void get(Decoder& decoder, ProcessCount& out);
void get(Decoder& decoder, FileMode& out);
void get(Decoder& decoder, std::string& out);
void get(Decoder& decoder, std::vector<std::string>& out);
void get(Decoder& decoder, std::vector<ListenAddress>& out);
void get(Decoder& decoder, std::vector<Network>& out);
void get(Decoder& decoder, std::vector<Certificate>& out);

/// Routes and sources, in value_lines.cpp.
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Route>& out);
MaybeIssue check(const std::vector<Route>& value, const Rule& rule);
std::string write(const std::vector<Route>& value, const Rule& rule);
void put(Encoder& encoder, const std::vector<Route>& value);
void get(Decoder& decoder, std::vector<Route>& out);
MaybeIssue read(const RawValue& raw, const Rule& rule, std::vector<Source>& out);
MaybeIssue check(const std::vector<Source>& value, const Rule& rule);
std::string write(const std::vector<Source>& value, const Rule& rule);
void put(Encoder& encoder, const std::vector<Source>& value);
void get(Decoder& decoder, std::vector<Source>& out);

/// The kind of an option as the manual names it.
template <class T>
constexpr std::string_view kind_name() {
  if constexpr (std::same_as<T, bool>) return "true or false";
  if constexpr (std::same_as<T, std::uint32_t>) return "number";
  if constexpr (std::same_as<T, Size>) return "size";
  if constexpr (std::same_as<T, Duration>) return "duration";
  if constexpr (std::same_as<T, ProcessCount>) return "number or \"auto\"";
  if constexpr (std::same_as<T, FileMode>) return "permission bits";
  if constexpr (std::same_as<T, std::string>) return "string";
  if constexpr (std::is_enum_v<T>) return "one of";
  if constexpr (std::same_as<T, std::vector<std::string>>) return "list of";
  if constexpr (std::same_as<T, std::vector<ListenAddress>>) return "list of addresses";
  if constexpr (std::same_as<T, std::vector<Network>>) return "list of networks";
  if constexpr (std::same_as<T, std::vector<Certificate>>) return "list of {chain, key}";
  if constexpr (std::same_as<T, std::vector<Route>>) return "list of routes";
  if constexpr (std::same_as<T, std::vector<Source>>) return "list of sources";
  std::unreachable();
}

/// The place of the word `raw` in `rule.words`, into `out`.
MaybeIssue read_word(const RawValue& raw, const Rule& rule, std::uint8_t& out);
MaybeIssue check_word(std::uint8_t value, const Rule& rule);
std::string quote(std::string_view text);

template <class Enum>
  requires std::is_enum_v<Enum>
MaybeIssue read(const RawValue& raw, const Rule& rule, Enum& out) {
  std::uint8_t place = 0;
  MaybeIssue issue = read_word(raw, rule, place);
  if (!issue) out = static_cast<Enum>(place);
  return issue;
}
template <class Enum>
  requires std::is_enum_v<Enum>
MaybeIssue check(Enum value, const Rule& rule) {
  return check_word(static_cast<std::uint8_t>(value), rule);
}
template <class Enum>
  requires std::is_enum_v<Enum>
std::string write(Enum value, const Rule& rule) {
  return quote(rule.words[static_cast<std::uint8_t>(value)]);
}
template <class Enum>
  requires std::is_enum_v<Enum>
void put(Encoder& encoder, Enum value) {
  encoder.u8(static_cast<std::uint8_t>(value));
}
template <class Enum>
  requires std::is_enum_v<Enum>
void get(Decoder& decoder, Enum& out) {
  out = static_cast<Enum>(decoder.u8());
}

}  // namespace peregrine::config
