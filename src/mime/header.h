#pragma once
// HeaderReader: the fields of a header, in order. It takes the header alone or with whatever
// follows it, stops at the blank line, and copies nothing: each Field borrows from the bytes given,
// which must outlive it.
//
//   HeaderReader reader(raw);
//   while (auto field = reader.next()) use(field->name, unfold(field->value));
//
// Damage is tolerated and noted in defects(): bare LF as line end, space before the colon, odd
// bytes in a name, an mbox "From " line at the start, continuation lines without a field. A line
// without a colon ends the header and belongs to the body.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mime/defect.h"
#include "mime/limits.h"

namespace peregrine::mime {

struct FieldView {
  std::string_view name;   ///< as written, without white space before the colon
  std::string_view value;  ///< after the colon, folded, cut at Limits::field_bytes
  std::string_view raw;    ///< the whole field with its line ends, never cut
  std::size_t offset = 0;  ///< of `raw` in what the reader was given
};

class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text, const Limits& limits = {})
      : text_(text), limits_(limits) {}

  /// The next field; nothing at the header's end. Fields past the limits are skipped over.
  std::optional<FieldView> next();

  /// After the last field: the offset of the first byte of the body, behind the blank line.
  [[nodiscard]] std::size_t body_offset() const { return position_; }
  /// True when a line without a colon ended the header, at body_offset().
  [[nodiscard]] bool ended_by_text() const { return end_ == End::text; }
  /// True when the blank line was there.
  [[nodiscard]] bool ended_by_blank_line() const { return end_ == End::blank_line; }
  [[nodiscard]] Defects defects() const { return defects_; }

 private:
  enum class End : std::uint8_t { none, blank_line, text, input };

  [[nodiscard]] std::size_t line_end(std::size_t start) const;
  void skip_stray_lines();
  std::optional<FieldView> take_field();

  std::string_view text_;
  Limits limits_;
  std::size_t position_ = 0;
  std::size_t fields_ = 0;
  End end_ = End::none;
  Defects defects_;
};

/// A field's value on one line, without white space around it (RFC 5322 section 2.2.3). NUL, CR and
/// LF that are left become spaces, so the result can be written into one line of anything.
std::string unfold(std::string_view value);

/// True for a name that RFC 5322 section 2.2 allows: printable ASCII without the colon.
bool is_field_name(std::string_view name);

}  // namespace peregrine::mime
