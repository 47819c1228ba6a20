#include "mime/structure.h"

#include <algorithm>

#include "mime/part_reader.h"
#include "mime/part_scan.h"
#include "text/date.h"

namespace peregrine::mime {
namespace {

/// Finds bytes that a message as stored should not hold.
Defects line_defects(std::string_view raw) {
  std::size_t nul = 0, cr = 0, lf = 0, crlf = 0;
  char before = '\0';
  // Blocks small enough for byte-wide counters, which the compiler turns into vector code.
  constexpr std::size_t k_block = 128;
  for (std::size_t start = 0; start < raw.size(); start += k_block) {
    std::string_view block = raw.substr(start, k_block);
    std::uint8_t nuls = 0, crs = 0, lfs = 0, pairs = 0;
    for (char c : block) {
      nuls = static_cast<std::uint8_t>(nuls + (c == '\0' ? 1 : 0));
      crs = static_cast<std::uint8_t>(crs + (c == '\r' ? 1 : 0));
      lfs = static_cast<std::uint8_t>(lfs + (c == '\n' ? 1 : 0));
    }
    for (std::size_t i = 1; i < block.size(); ++i) {
      pairs = static_cast<std::uint8_t>(pairs + (block[i - 1] == '\r' && block[i] == '\n' ? 1 : 0));
    }
    if (before == '\r' && block.front() == '\n') ++crlf;
    before = block.back();
    nul += nuls;
    cr += crs;
    lf += lfs;
    crlf += pairs;
  }
  Defects out;
  if (nul != 0) out.add(Defect::nul);
  if (cr != crlf) out.add(Defect::bare_cr);
  if (lf != crlf) out.add(Defect::bare_lf);
  return out;
}

/// What the strings and lists of the summary may take, so that all of it stays within the size of
/// the message and 8 MiB.
std::size_t memory_budget(std::size_t raw_size, std::size_t parts, const Limits& limits) {
  constexpr std::size_t k_allowance = mib(8);
  std::size_t parts_bytes = parts * (sizeof(Part) + 2 * sizeof(PartExtent));
  std::size_t base = k_allowance - std::min(k_allowance, parts_bytes);
  return std::min(limits.summary_max_bytes, std::min(base, limits.summary_base_bytes) + raw_size);
}

}  // namespace

MessageSummary read_message(std::string_view raw, const Limits& limits) {
  PartScan scan = scan_parts(raw, limits);
  PartReader reader(limits, memory_budget(raw.size(), scan.parts.size(), limits));

  MessageSummary out;
  out.size = raw.size();
  out.header_size = scan.parts.front().body_offset;
  out.parts.reserve(scan.parts.size());
  for (const PartExtent& extent : scan.parts) {
    std::string_view header =
        raw.substr(extent.header_offset, extent.body_offset - extent.header_offset);
    Envelope* envelope = nullptr;
    if (out.parts.empty()) {
      envelope = &out.envelope;
    } else if (Part& parent = out.parts[extent.parent]; parent.kind == PartKind::message) {
      envelope = &parent.envelope.emplace();
    }
    out.parts.push_back(reader.read(header, extent, envelope));
  }
  if (out.envelope.date) {
    if (auto sent = text::parse_message_date(*out.envelope.date)) {
      out.sent = sent->time;
      out.sent_zone_minutes = sent->zone_minutes;
    }
  }
  out.defects = scan.defects.add(reader.defects()).add(line_defects(raw)).bits;
  return out;
}

}  // namespace peregrine::mime
