#include "text/idna.h"

#include <algorithm>
#include <idn2.h>
#include <memory>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "base/bytes.h"
#include "base/result.h"
#include "text/utf8.h"

namespace peregrine::text {
namespace {

constexpr std::size_t k_max_label = 63;
// RFC 1035 section 2.3.4: 255 octets on the wire, of which two are the first length and the root.
constexpr std::size_t k_max_domain = 253;
// The Stream-Safe Text Format of Unicode annex 15.
constexpr int k_max_combining_run = 30;

struct Idn2Free {
  void operator()(void* p) const { idn2_free(p); }
};
using Idn2String = std::unique_ptr<char, Idn2Free>;

/// RFC 5891 section 4.2.3.1 for the ASCII part of any label: letters, digits and inner hyphens.
bool has_host_name_ascii(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) {
    return (c & 0x80) != 0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           is_ascii_digit(c) || c == '-';
  });
}

/// Calls `visit` with each code point; false when the bytes are not UTF-8 or `visit` says no.
template <class Visitor>
bool each_code_point(std::string_view utf8, Visitor visit) {
  for (std::size_t i = 0; i < utf8.size();) {
    CodePoint point = decode_utf8(utf8, i);
    if (!point.valid || !visit(static_cast<UChar32>(point.value))) return false;
    i += point.size;
  }
  return true;
}

/// IDNA2008 of one label that is already lower case and in NFC.
std::optional<std::string> u_label_to_a_label(const std::string& label) {
  char* raw = nullptr;
  int status =
      idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(label.c_str()),
                     reinterpret_cast<std::uint8_t**>(&raw), IDN2_NFC_INPUT | IDN2_NO_TR46);
  Idn2String out(raw);
  if (status != IDN2_OK || !out) return std::nullopt;
  return std::string(out.get());
}

std::optional<std::string> a_label_to_u_label(const std::string& label) {
  char* raw = nullptr;
  int status = idn2_to_unicode_8z8z(label.c_str(), &raw, IDN2_NO_TR46);
  Idn2String out(raw);
  if (status != IDN2_OK || !out) return std::nullopt;
  return std::string(out.get());
}

/// Lower case, character by character. A character outside ASCII that would become ASCII (the
/// Kelvin sign, dotted capital I) is refused: another reader may see another domain.
std::optional<std::string> lower_label(std::string_view label) {
  std::string lower;
  bool good = each_code_point(label, [&](UChar32 c) {
    UChar32 l = u_tolower(c);
    if (c >= 0x80 && l < 0x80) return false;
    append_utf8(lower, static_cast<char32_t>(l));
    return true;
  });
  if (!good) return std::nullopt;
  return to_nfc(lower);
}

/// The A-label of a label with characters outside ASCII, if the way back gives the same label.
std::optional<std::string> encode_label(std::string_view label) {
  if (!has_host_name_ascii(label)) return std::nullopt;
  auto lower = lower_label(label);
  if (!lower) return std::nullopt;
  auto encoded = u_label_to_a_label(*lower);
  if (!encoded || !encoded->starts_with("xn--") || encoded->size() > k_max_label) {
    return std::nullopt;
  }
  if (a_label_to_u_label(*encoded) != lower) return std::nullopt;
  return encoded;
}

std::expected<std::string, IdnaError> label_to_ascii(std::string_view label) {
  if (label.empty()) return std::unexpected(IdnaError::empty_label);
  // A label that fits has fewer than 63 characters of at most four octets: this bounds the work
  // before any conversion.
  if (label.size() > 4 * k_max_label) return std::unexpected(IdnaError::too_long);
  if (!has_host_name_ascii(label)) return std::unexpected(IdnaError::bad_label);
  if (!is_ascii(label)) {
    auto encoded = encode_label(label);
    if (!encoded) return std::unexpected(IdnaError::bad_label);
    return *encoded;
  }
  std::string ascii = ascii_lower(label);
  if (ascii.size() > k_max_label) return std::unexpected(IdnaError::too_long);
  if (!ascii.starts_with("xn--")) return ascii;
  // RFC 5891 section 5.4: what claims to be an A-label must be one, and the only spelling of it.
  auto decoded = a_label_to_u_label(ascii);
  if (!decoded || is_ascii(*decoded) || encode_label(*decoded) != ascii) {
    return std::unexpected(IdnaError::bad_label);
  }
  return ascii;
}

/// Applies `convert` to each label and joins the results with dots.
template <class Convert>
std::expected<std::string, IdnaError> convert_labels(std::string_view domain, Convert convert) {
  std::string out;
  for (;;) {
    std::size_t dot = domain.find('.');
    TRY(std::string label, convert(domain.substr(0, dot)));
    out += label;
    if (dot == std::string_view::npos) return out;
    out += '.';
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

std::expected<std::string, IdnaError> domain_to_ascii(std::string_view domain) {
  if (domain.size() > 4 * k_max_domain) return std::unexpected(IdnaError::too_long);
  TRY(std::string ascii, convert_labels(domain, label_to_ascii));
  if (ascii.size() > k_max_domain) return std::unexpected(IdnaError::too_long);
  return ascii;
}

std::expected<std::string, IdnaError> domain_to_unicode(std::string_view ascii_domain) {
  TRY(std::string ascii, domain_to_ascii(ascii_domain));
  return convert_labels(ascii, [](std::string_view label) -> std::expected<std::string, IdnaError> {
    std::string text(label);
    if (!text.starts_with("xn--")) return text;
    auto unicode = a_label_to_u_label(text);
    if (!unicode) return std::unexpected(IdnaError::bad_label);
    return *unicode;
  });
}

std::optional<std::string> to_nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  if (utf8.size() > INT32_MAX) return std::nullopt;
  int run = 0;
  bool good = each_code_point(utf8, [&](UChar32 c) {
    run = u_getCombiningClass(c) == 0 ? 0 : run + 1;
    return run <= k_max_combining_run;
  });
  if (!good) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return std::nullopt;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  nfc->normalizeUTF8(0, icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())), sink,
                     nullptr, status);
  if (U_FAILURE(status)) return std::nullopt;
  return out;
}

std::optional<std::string> fold_case(std::string_view utf8) {
  if (is_ascii(utf8)) return ascii_lower(utf8);
  auto normal = to_nfc(utf8);
  if (!normal) return std::nullopt;
  std::string folded;
  bool good = each_code_point(*normal, [&](UChar32 c) {
    append_utf8(folded, static_cast<char32_t>(u_foldCase(c, U_FOLD_CASE_DEFAULT)));
    return true;
  });
  if (!good) return std::nullopt;
  return to_nfc(folded);
}

}  // namespace peregrine::text
