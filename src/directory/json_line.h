#pragma once
// JsonLine: one flat JSON object on one line, for the dumps that people and scripts read. Bytes
// that are not printable ASCII are written as \u00XX, so that any bytes give valid JSON.

#include <concepts>
#include <string>
#include <string_view>

namespace peregrine::directory {

class JsonLine {
 public:
  JsonLine& add(std::string_view name, std::string_view value);
  JsonLine& add(std::string_view name, const char* value) {
    return add(name, std::string_view(value));
  }
  JsonLine& add(std::string_view name, std::integral auto value) {
    return add_raw(name, std::to_string(value));
  }
  /// The object, without a line end.
  [[nodiscard]] std::string take();

 private:
  JsonLine& add_raw(std::string_view name, std::string_view value);
  std::string out_;
};

}  // namespace peregrine::directory
