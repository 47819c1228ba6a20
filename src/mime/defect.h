#pragma once
// Defect: what was wrong with a message, as bits of MessageSummary::defects. Nothing here stops the
// reader. `k_ambiguous` is the set with which another program may read another message (V21);
// policy decides what to do with it.

#include <cstdint>
#include <string_view>

namespace peregrine::mime {

/// Bit numbers. Never renumber: stored.
enum class Defect : std::uint8_t {
  duplicate_field = 0,       ///< a field that may occur once occurs twice; the first one counts
  duplicate_boundary = 1,    ///< two boundary parameters; the first one counts
  nul = 2,                   ///< a NUL anywhere
  bare_cr = 3,               ///< a CR without LF
  bare_lf = 4,               ///< a LF without CR
  missing_close = 5,         ///< a multipart without its closing boundary
  over_limit = 6,            ///< mime::Limits: something was not interpreted
  missing_boundary = 7,      ///< a multipart without boundary or without any part; read as text
  malformed_header = 8,      ///< a line that is no field, or no blank line after the header
  malformed_content = 9,     ///< a Content-Type or Content-Disposition against its grammar
  reused_boundary = 10,      ///< a boundary equal to an enclosing one, or one the start of another
  text_after_boundary = 11,  ///< a boundary line that goes on after the boundary
  encoded_container = 12,    ///< a multipart or message with base64 or quoted-printable
  space_before_colon = 13,   ///< "Name :"
  duplicate_parameter = 14,  ///< another parameter given twice; the first one counts
  malformed_address = 15,    ///< an address field against its grammar
  raw_8bit_header = 16,      ///< bytes in the header that are not UTF-8
};

/// A set of defects.
struct Defects {
  std::uint32_t bits = 0;
  constexpr Defects& add(Defect defect) {
    bits |= 1U << static_cast<unsigned>(defect);
    return *this;
  }
  constexpr Defects& add(Defects other) {
    bits |= other.bits;
    return *this;
  }
  [[nodiscard]] constexpr bool has(Defect defect) const {
    return (bits >> static_cast<unsigned>(defect) & 1U) != 0;
  }
  [[nodiscard]] constexpr bool any_of(Defects other) const { return (bits & other.bits) != 0; }
  constexpr bool operator==(const Defects&) const = default;
};

inline constexpr Defects k_ambiguous = Defects{}
                                           .add(Defect::duplicate_field)
                                           .add(Defect::duplicate_boundary)
                                           .add(Defect::nul)
                                           .add(Defect::bare_cr)
                                           .add(Defect::bare_lf)
                                           .add(Defect::missing_close)
                                           .add(Defect::over_limit)
                                           .add(Defect::missing_boundary)
                                           .add(Defect::malformed_header)
                                           .add(Defect::reused_boundary)
                                           .add(Defect::text_after_boundary)
                                           .add(Defect::encoded_container)
                                           .add(Defect::space_before_colon);

/// The defect's name, for logs.
std::string_view defect_name(Defect defect);

}  // namespace peregrine::mime
