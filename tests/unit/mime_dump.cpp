// mime_dump FILE...: prints what read_message() says of each file, one line a part, for a test that
// compares it with another reader. Line ends are made CRLF first, as mail is stored.
//
//   file PATH
//   defects NAME...
//   sent SECONDS
//   part INDEX PARENT KIND TYPE/SUBTYPE HEADER_OFFSET BODY_OFFSET BODY_SIZE LINES
//   name INDEX FILE_NAME

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "mime/parameters.h"
#include "mime/structure.h"

namespace {

std::string with_crlf(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

void dump(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string raw = with_crlf({std::istreambuf_iterator<char>(file), {}});
  peregrine::MessageSummary summary = peregrine::mime::read_message(raw);
  std::cout << "file " << path << "\ndefects";
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((summary.defects >> bit & 1U) == 0) continue;
    auto defect = static_cast<peregrine::mime::Defect>(bit);
    std::cout << ' ' << peregrine::mime::defect_name(defect);
  }
  std::cout << '\n';
  if (summary.sent) std::cout << "sent " << summary.sent->seconds << '\n';
  for (std::size_t i = 0; i < summary.parts.size(); ++i) {
    const peregrine::Part& part = summary.parts[i];
    std::cout << "part " << i << ' ' << part.parent << ' ' << static_cast<int>(part.kind) << ' '
              << part.type << '/' << part.subtype << ' ' << part.header_offset << ' '
              << part.body_offset << ' ' << part.body_size << ' ' << part.lines << '\n';
    std::string name = peregrine::mime::file_name(part);
    if (!name.empty()) std::cout << "name " << i << ' ' << name << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) dump(argv[i]);
  return 0;
}
