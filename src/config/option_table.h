#pragma once
// The options of options.def as a table, for the parser, the manual, the sample file and the
// encoding. Code that needs a setting reads the member of Settings instead.

#include <span>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "config/value.h"

namespace peregrine::config {

struct Option {
  std::string_view section;
  std::string_view name;  ///< "limits.message_size"
  std::string_view kind;
  Rule rule;
  Reload reload;
  std::string_view text;
  MaybeIssue (*read)(const RawValue& raw, const Rule& rule, Settings& settings);
  MaybeIssue (*check)(const Settings& settings, const Rule& rule);
  std::string (*write)(const Settings& settings, const Rule& rule);
  void (*put)(Encoder& encoder, const Settings& settings);
  void (*get)(Decoder& decoder, Settings& settings);
  bool (*equal)(const Settings& a, const Settings& b);
  /// Of an option whose rule is RuleKind::path: its member; null otherwise.
  std::string* (*path)(Settings& settings);
  /// A bound of a range as the file would spell it.
  std::string (*bound)(std::uint64_t value);

  /// The name without its section.
  [[nodiscard]] std::string_view member() const { return name.substr(section.size() + 1); }
};

struct Section {
  std::string_view name;
  std::string_view text;
};

/// All of them, in the order of options.def.
std::span<const Option> options();
std::span<const Section> sections();

}  // namespace peregrine::config
