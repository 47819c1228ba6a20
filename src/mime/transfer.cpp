#include "mime/transfer.h"

#include <algorithm>
#include <string>

#include "text/base64.h"
#include "text/quoted_printable.h"

namespace peregrine::mime {
namespace {

int uu_value(char c) {
  return c >= ' ' && c <= '`' ? (c - ' ') & 63 : 0;
}

/// One line: its length, then groups of four characters for three bytes.
void append_uu_line(std::string_view line, Bytes& out) {
  auto left = static_cast<std::size_t>(uu_value(line.front()));
  line.remove_prefix(1);
  for (std::size_t i = 0; i < line.size() && left > 0; i += 4) {
    int group = 0;
    for (std::size_t n = 0; n < 4; ++n) {
      group = group << 6 | (i + n < line.size() ? uu_value(line[i + n]) : 0);
    }
    for (int shift = 16; shift >= 0 && left > 0; shift -= 8, --left) {
      out.push_back(static_cast<char>(group >> shift & 0xFF));
    }
  }
}

Bytes uudecode(BytesView body, std::size_t max_bytes) {
  Bytes out;
  bool inside = false;
  std::size_t i = 0;
  while (i < body.size() && out.size() < max_bytes) {
    std::size_t end = std::min(body.find('\n', i), body.size());
    BytesView line = body.substr(i, end - i);
    if (line.ends_with('\r')) line.remove_suffix(1);
    i = end + 1;
    if (line.starts_with("begin ")) {
      inside = true;
    } else if (line == "end") {
      inside = false;
    } else if (inside && !line.empty()) {
      append_uu_line(line, out);
    }
  }
  out.resize(std::min(out.size(), max_bytes));
  return out;
}

}  // namespace

TransferEncoding transfer_encoding(const Part& part) {
  if (!part.encoding) return TransferEncoding::identity;
  std::string_view name = *part.encoding;
  if (name == "7bit" || name == "8bit" || name == "binary") return TransferEncoding::identity;
  if (name == "base64") return TransferEncoding::base64;
  if (name == "quoted-printable") return TransferEncoding::quoted_printable;
  if (name == "x-uuencode" || name == "x-uue" || name == "uuencode") {
    return TransferEncoding::uuencode;
  }
  return TransferEncoding::unknown;
}

std::optional<Bytes> decode_body(BytesView body, TransferEncoding encoding, std::size_t max_bytes) {
  switch (encoding) {
    case TransferEncoding::identity:
      return Bytes(body.substr(0, max_bytes));
    case TransferEncoding::quoted_printable:
      return text::quoted_printable_decode(body, max_bytes);
    case TransferEncoding::base64:
      return text::base64_decode_lenient(body, max_bytes);
    case TransferEncoding::uuencode:
      return uudecode(body, max_bytes);
    case TransferEncoding::unknown:
      return std::nullopt;
  }
  return std::nullopt;
}

BytesView body_of(const Part& part, BytesView raw) {
  if (part.body_offset > raw.size() || part.body_size > raw.size() - part.body_offset) return {};
  return raw.substr(part.body_offset, part.body_size);
}

}  // namespace peregrine::mime
