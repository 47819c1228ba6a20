#pragma once
// Helpers of the tests of this folder: messages with CRLF, the data of other projects where it is
// present, and a reader of its JSON files.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "text/utf8.h"

namespace peregrine::mime::test {

/// The text with every line ended by CRLF.
inline std::string crlf(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

inline std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out.append(text);
  return out;
}

/// The folder of other projects' test data; tests skip when it does not exist.
inline std::filesystem::path data_folder() {
  return std::filesystem::path(PEREGRINE_SOURCE_DIR) / ".." / "shared" / "data";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A JSON value of a trusted file. Objects keep their order; numbers and words are their text.
struct Json {
  std::string text;  ///< of a string, number or word
  bool is_null = false;
  std::vector<std::string> keys;  ///< of an object, one for each item
  std::vector<Json> items;        ///< of an array or object

  const Json* find(std::string_view name) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == name) return &items[i];
    }
    return nullptr;
  }
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : in_(text) {}

  Json read() {
    skip_space();
    Json out;
    if (in_.next_is('{')) {
      read_members('}', [&] {
        out.keys.push_back(read_string());
        skip_space();
        in_.skip(':');
        out.items.push_back(read());
      });
    } else if (in_.next_is('[')) {
      read_members(']', [&] { out.items.push_back(read()); });
    } else if (in_.next_is('"')) {
      out.text = read_string();
    } else {
      out.text = in_.take_while([](char c) { return c != ',' && c != ']' && c != '}' && c > ' '; });
      out.is_null = out.text == "null";
    }
    return out;
  }

 private:
  void skip_space() {
    in_.take_while([](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  }

  template <class ReadOne>
  void read_members(char end, ReadOne read_one) {
    in_.take();
    while (true) {
      skip_space();
      if (in_.skip(end) || in_.at_end()) return;
      if (in_.skip(',')) continue;
      read_one();
    }
  }

  char32_t read_hex() {
    char32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      char c = ascii_lower(in_.take().value_or('0'));
      value = value * 16 + static_cast<char32_t>(is_ascii_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
  }

  std::string read_string() {
    std::string out;
    in_.skip('"');
    while (auto c = in_.take()) {
      if (*c == '"') break;
      if (*c != '\\') {
        out.push_back(*c);
        continue;
      }
      char escape = in_.take().value_or('"');
      switch (escape) {
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 't':
          out.push_back('\t');
          break;
        case 'b':
          out.push_back('\b');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'u':
          text::append_utf8(out, read_hex());
          break;
        default:
          out.push_back(escape);
      }
    }
    return out;
  }

  Cursor in_;
};

}  // namespace peregrine::mime::test
