// Records as a worker sends them: whatever decode_summary accepts is written as balanced lists of
// strings, numbers and NIL, with literals of the announced size and no stray byte. Sections of the
// message lie inside it.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "model/summary.h"
#include "proto/imap/sections.h"
#include "proto/imap/structure_writer.h"

namespace peregrine {
namespace {

constexpr std::uint64_t k_raw_size = 100000;

bool skip_quoted(Cursor& in) {
  if (!in.skip('"')) return false;
  while (auto c = in.take()) {
    if (*c == '"') return true;
    if (*c == '\\' && !in.skip('"') && !in.skip('\\')) return false;
    if ((*c < ' ' && *c != '\t') || *c > '~') return false;
  }
  return false;
}

bool skip_literal(Cursor& in) {
  if (!in.skip('{')) return false;
  auto bytes = take_number(in, 1U << 30);
  if (!bytes || !in.skip('}') || !in.skip('\r') || !in.skip('\n')) return false;
  auto data = in.take(static_cast<std::size_t>(*bytes));
  return data && data->find('\0') == data->npos;
}

bool is_well_formed(std::string_view text) {
  Cursor in(text);
  std::size_t depth = 0;
  do {
    if (in.skip('(')) {
      ++depth;
    } else if (in.skip(')')) {
      if (depth-- == 0) return false;
    } else if (in.next_is('"')) {
      if (!skip_quoted(in)) return false;
    } else if (in.next_is('{')) {
      if (!skip_literal(in)) return false;
    } else if (!in.skip(' ') && !in.skip_word("NIL") && !take_number(in, UINT64_MAX)) {
      return false;
    }
  } while (depth > 0);
  return in.at_end();
}

void check_sections(const MessageSummary& summary) {
  for (std::uint32_t a = 0; a < 4; ++a) {
    for (std::uint32_t b = 0; b < 4; ++b) {
      imap::Section section;
      if (a > 0) section.part.push_back(a);
      if (b > 0) section.part.push_back(b);
      for (auto text : {imap::SectionText::none, imap::SectionText::header, imap::SectionText::text,
                        imap::SectionText::mime}) {
        section.text = text;
        auto range = imap::locate_section(summary, section);
        if (!range) continue;
        if (range->offset > k_raw_size || range->size > k_raw_size - range->offset) std::abort();
      }
    }
  }
}

void write_one(BytesView record) {
  auto summary = decode_summary(record, k_raw_size);
  if (!summary) return;
  std::string out;
  imap::write_envelope(out, summary->envelope);
  if (!is_well_formed(out)) std::abort();
  out.clear();
  imap::write_body(out, *summary);
  if (!is_well_formed(out)) std::abort();
  out.clear();
  imap::write_body_structure(out, *summary);
  if (!is_well_formed(out)) std::abort();
  check_sections(*summary);
}

}  // namespace
}  // namespace peregrine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view record(reinterpret_cast<const char*>(data), size);
  peregrine::write_one(record);
  return 0;
}
