#pragma once
// Structured log events on standard error: one fact a line, text or JSON. Values that came from a
// peer are escaped and cut (V46); secrets and message contents are never given to it. Thread-safe:
// one event is one write(2). A process sets its role and the format once, at start.
//
//   log_event(LogLevel::info, "smtp.accepted", {{"conn", id}, {"msg", message_id}, {"size", n}});

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace peregrine {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

/// A connection's or message's id as logs show it: 16 hexadecimal digits.
struct HexId {
  std::uint64_t value;
};

class LogField {
 public:
  LogField(std::string_view key, std::string_view value);
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, HexId id);
  LogField(std::string_view key, std::integral auto value) : key_(key), is_number_(true) {
    if constexpr (std::same_as<decltype(value), bool>) {
      text_ = value ? "true" : "false";
    } else {
      text_ = std::to_string(value);
    }
  }

 private:
  friend void log_event(LogLevel, std::string_view, std::initializer_list<LogField>);
  std::string_view key_;
  std::string text_;
  bool is_number_;
};

/// The longest value that a log line carries, in bytes; longer ones are cut and marked "…".
inline constexpr std::size_t k_log_value_limit = 200;

/// Sets what this process's lines say of it. `level`: the lowest that is written.
void log_configure(std::string_view role, LogFormat format, LogLevel level);

/// Changes how lines are written and which; at a reload.
void log_set_output(LogFormat format, LogLevel level);

/// Writes one event. `event` is a constant such as "smtp.accepted".
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// `value` made safe for a terminal and a log file: control bytes, quotes, backslashes and
/// non-UTF-8 bytes as \xNN, cut at k_log_value_limit.
std::string log_escape(std::string_view value);

}  // namespace peregrine
