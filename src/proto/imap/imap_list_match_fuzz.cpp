// The bit-parallel matcher against the table of all pattern and name prefixes. The first line is
// the pattern, the rest is the name.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "proto/imap/list_match.h"

namespace {

bool defined(std::string_view pattern, std::string_view name) {
  bool inbox = name == "INBOX" || name.starts_with("INBOX/");
  std::vector<bool> before(name.size() + 1);
  before[0] = true;
  for (char p : pattern) {
    std::vector<bool> after(name.size() + 1);
    bool wild = p == '*' || p == '%';
    for (std::size_t n = 0; n <= name.size(); ++n) {
      bool matches = wild && before[n];
      if (n > 0) {
        char c = name[n - 1];
        bool same = p == c || (inbox && n <= 5 && peregrine::ascii_upper(p) == c);
        matches =
            matches || (wild ? after[n - 1] && (p == '*' || c != '/') : same && before[n - 1]);
      }
      after[n] = matches;
    }
    before = after;
  }
  return before[name.size()];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t line = text.find('\n');
  if (line == std::string_view::npos || size > 2000) return 0;
  auto pattern = text.substr(0, line);
  auto name = text.substr(line + 1);
  if (peregrine::imap::ListPattern(pattern).matches(name) != defined(pattern, name)) std::abort();
  return 0;
}
