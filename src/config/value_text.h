#pragma once
// Spellings shared by values, messages and the manual. Internal to config.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/value.h"

namespace peregrine::config {

/// Without quotes: "50 MiB", "5 min", "12", "0660".
std::string write_size(std::uint64_t bytes);
std::string write_duration(std::uint64_t milliseconds);
std::string write_number(std::uint64_t number);
std::string write_mode(std::uint64_t bits);

/// How write_… spells a bound of a rule of type T.
template <class T>
std::string write_bound(std::uint64_t bound) {
  if constexpr (std::same_as<T, Size>) return write_size(bound);
  if constexpr (std::same_as<T, Duration>) return write_duration(bound);
  if constexpr (std::same_as<T, FileMode>) return write_mode(bound);
  return write_number(bound);
}

/// What was found in the file, for a message: a quoted string cut to a sensible length, a number,
/// "a list".
std::string describe(const RawValue& raw);

/// An issue with what was found: "found what; remedy".
Issue issue_of(ConfigProblem problem, std::string_view found, std::string_view what,
               std::string_view remedy);
/// The same for a string whose content is wrong.
Issue bad(std::string_view value, std::string_view what, std::string_view remedy);

/// "a", "b" or "c".
std::string join_quoted(std::span<const std::string_view> words);

}  // namespace peregrine::config
