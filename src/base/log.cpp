#include "base/log.h"

#include <atomic>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

namespace peregrine {
namespace {

struct LogState {
  std::string role = "peregrine";
  std::atomic<LogFormat> format{LogFormat::text};
  std::atomic<LogLevel> level{LogLevel::info};
};

// Set once before threads start; the one piece of state that every module may reach.
LogState& state() {
  static LogState instance;
  return instance;
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

// The length of the UTF-8 sequence that starts `text` and is fit to show, or 0.
std::size_t printable_utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned lead = byte(0);
  std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  bool control = code < 0xA0;
  // Characters that reorder or hide text on a terminal.
  bool direction = (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
                   (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
  if (overlong || surrogate || control || direction || code > 0x10FFFF) return 0;
  return length;
}

}  // namespace

std::string log_escape(std::string_view value) {
  std::string out;
  std::string_view rest = value;
  while (!rest.empty()) {
    if (out.size() >= k_log_value_limit) {
      out += "…";
      break;
    }
    auto c = static_cast<unsigned char>(rest[0]);
    std::size_t take = 1;
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out.push_back(rest[0]);
    } else if (std::size_t length = c >= 0x80 ? printable_utf8_length(rest) : 0; length > 0) {
      out.append(rest.substr(0, length));
      take = length;
    } else {
      out += fmt::format("\\x{:02x}", c);
    }
    rest.remove_prefix(take);
  }
  return out;
}

LogField::LogField(std::string_view key, std::string_view value)
    : key_(key), text_(log_escape(value)), is_number_(false) {}

LogField::LogField(std::string_view key, HexId id)
    : key_(key), text_(fmt::format("{:016x}", id.value)), is_number_(false) {}

void log_configure(std::string_view role, LogFormat format, LogLevel level) {
  state().role = role;
  log_set_output(format, level);
}

void log_set_output(LogFormat format, LogLevel level) {
  state().format = format;
  state().level = level;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  LogState& log = state();
  if (level < log.level.load(std::memory_order_relaxed)) return;
  auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  auto millis = (now - seconds).count();
  bool json = log.format.load(std::memory_order_relaxed) == LogFormat::json;
  fmt::memory_buffer line;
  auto out = std::back_inserter(line);
  std::string_view shape =
      json ? R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","role":"{}","event":"{}")"
           : "{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {} {}";
  fmt::format_to(out, fmt::runtime(shape), fmt::gmtime(seconds), millis, level_name(level),
                 log.role, event);
  for (const LogField& field : fields) {
    if (json) {
      // In JSON the backslash of an escape is itself escaped.
      std::string text;
      for (char c : field.text_) {
        if (c == '\\') text.push_back('\\');
        text.push_back(c);
      }
      if (field.is_number_) {
        fmt::format_to(out, R"(,"{}":{})", field.key_, text);
      } else {
        fmt::format_to(out, R"(,"{}":"{}")", field.key_, text);
      }
    } else {
      bool quote = field.text_.empty() || field.text_.find(' ') != std::string::npos;
      std::string_view mark = quote ? "\"" : "";
      fmt::format_to(out, " {}={}{}{}", field.key_, mark, field.text_, mark);
    }
  }
  if (json) line.push_back('}');
  line.push_back('\n');
  // A log that cannot be written must not stop mail: there is nobody left to tell.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

}  // namespace peregrine
