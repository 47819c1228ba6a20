#include "mime/search_text.h"

#include <algorithm>

#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/html_text.h"
#include "mime/parameters.h"
#include "mime/transfer.h"
#include "text/charset.h"
#include "text/fold.h"
#include "text/utf8.h"

namespace peregrine::mime {
namespace {

/// A text that grows by folded pieces up to a limit.
class FoldedText {
 public:
  explicit FoldedText(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::size_t left() const { return max_bytes_ - std::min(max_bytes_, out_.size()); }

  void add_line(std::string_view utf8) {
    if (left() == 0) return;
    out_.append(text::search_fold(utf8, left() - 1)).push_back('\n');
  }
  std::string take() { return std::move(out_); }

 private:
  std::size_t max_bytes_;
  std::string out_;
};

void add_header(std::string_view header, FoldedText& out) {
  HeaderReader reader(header);
  while (auto field = reader.next()) {
    if (out.left() == 0) return;
    std::string line = ascii_lower(field->name);
    line.append(": ").append(decode_words(unfold(field->value), out.left()));
    out.add_line(line);
  }
}

void add_text_part(const Part& part, std::string_view body, FoldedText& out) {
  // UTF-16 and the like take more bytes than UTF-8, but not more than twice as many; markup is
  // several times its text.
  bool html = part.subtype == "html";
  std::size_t max_bytes = html ? body.size() : out.left() * 2;
  auto bytes = decode_body(body, transfer_encoding(part), max_bytes);
  if (!bytes) return;
  std::string utf8 = text::to_utf8_or_guess(charset_of(part), *bytes);
  bytes.reset();
  out.add_line(html ? html_to_text(utf8, out.left()) : utf8);
}

}  // namespace

SearchText search_text(std::string_view raw, const MessageSummary& summary,
                       const SearchTextLimits& limits) {
  SearchText out;
  FoldedText headers(limits.header_bytes), body(limits.body_bytes);
  std::size_t input_left = limits.input_bytes;
  for (std::size_t i = 0; i < summary.parts.size(); ++i) {
    const Part& part = summary.parts[i];
    const Part& parent = summary.parts[part.parent];
    std::string_view header = raw.substr(std::min<std::size_t>(part.header_offset, raw.size()));
    if (i == 0) {
      add_header(header, headers);
    } else if (parent.kind == PartKind::message && body.left() > 0) {
      add_header(header, body);
    }
    if (part.kind != PartKind::leaf || body.left() == 0) continue;
    if (std::string name = file_name(part); !name.empty()) body.add_line(name);
    if (part.type != "text") continue;
    std::string_view text = body_of(part, raw).substr(0, input_left);
    input_left -= text.size();
    add_text_part(part, text, body);
  }
  out.headers = headers.take();
  out.body = body.take();
  return out;
}

}  // namespace peregrine::mime
