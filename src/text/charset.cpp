#include "text/charset.h"

#include <algorithm>
#include <array>
#include <memory>
#include <unicode/ucnv.h>
#include <unicode/udata.h>

#include "text/fold.h"
#include "text/utf8.h"

namespace peregrine::text {
namespace {

struct Alias {
  std::string_view label, icu_name;
};
// Labels whose use in mail is wider than their registration.
constexpr std::array k_aliases = {
    Alias{"iso-8859-1", "windows-1252"},
    Alias{"latin1", "windows-1252"},
    Alias{"iso8859-1", "windows-1252"},
    Alias{"iso_8859-1", "windows-1252"},
    Alias{"iso-8859-9", "windows-1254"},
    Alias{"iso-8859-11", "windows-874"},
    Alias{"tis-620", "windows-874"},
    Alias{"gb2312", "gb18030"},
    Alias{"gb_2312-80", "gb18030"},
    Alias{"gbk", "gb18030"},
    Alias{"x-gbk", "gb18030"},
    Alias{"ks_c_5601-1987", "windows-949"},
    Alias{"euc-kr", "windows-949"},
    Alias{"korean", "windows-949"},
    Alias{"unicode-1-1-utf-7", "utf-7"},
    Alias{"cp-850", "ibm-850"},
    Alias{"iso-8859-8-i", "iso-8859-8"},
    Alias{"iso-8859-6-i", "iso-8859-6"},
    Alias{"x-unknown", ""},
    Alias{"unknown-8bit", ""},
};
constexpr std::size_t k_max_label = 64;

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

bool is_label_char(char c) {
  return is_ascii_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
         (c != '\0' && std::string_view("-_.:()+").contains(c));
}

/// The name to ask ICU for; empty for a label that is no charset's. ICU's option syntax (commas,
/// equals signs) is not let through.
std::string icu_name(std::string_view charset) {
  if (charset.empty() || charset.size() > k_max_label) return {};
  if (!std::ranges::all_of(charset, is_label_char)) return {};
  std::string label = ascii_lower(charset);
  auto alias = std::ranges::find(k_aliases, label, &Alias::label);
  return alias == k_aliases.end() ? label : std::string(alias->icu_name);
}

void forbid_files() {
  static const bool k_done = [] {
    UErrorCode status = U_ZERO_ERROR;
    udata_setFileAccess(UDATA_NO_FILES, &status);
    return true;
  }();
  static_cast<void>(k_done);
}

Converter open_converter(const std::string& name) {
  if (name.empty()) return nullptr;
  forbid_files();
  UErrorCode status = U_ZERO_ERROR;
  Converter converter(ucnv_open(name.c_str(), &status));
  return U_SUCCESS(status) ? std::move(converter) : nullptr;
}

std::string convert(UConverter& from, std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  Converter to = open_converter("utf-8");
  if (!to) return out;
  std::array<UChar, 1024> pivot;
  std::array<char, 4096> chunk;
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
  const char* source = bytes.data();
  const char* source_end = source + bytes.size();
  UErrorCode status = U_BUFFER_OVERFLOW_ERROR;
  bool first = true;
  while (status == U_BUFFER_OVERFLOW_ERROR && out.size() <= max_bytes) {
    status = U_ZERO_ERROR;
    char* target = chunk.data();
    ucnv_convertEx(to.get(), &from, &target, chunk.data() + chunk.size(), &source, source_end,
                   pivot.data(), &pivot_source, &pivot_target, pivot.data() + pivot.size(),
                   first ? 1 : 0, 1, &status);
    first = false;
    out.append(chunk.data(), target);
  }
  out.resize(truncate_utf8(out, max_bytes).size());
  return out;
}

bool is_utf8_label(std::string_view charset) {
  return iequals(charset, "utf-8") || iequals(charset, "utf8");
}

bool is_ascii_label(std::string_view charset) {
  return iequals(charset, "us-ascii") || iequals(charset, "ascii") ||
         iequals(charset, "ansi_x3.4-1968");
}

std::string copy_bounded(std::string_view utf8, std::size_t max_bytes) {
  return std::string(truncate_utf8(utf8, max_bytes));
}

}  // namespace

bool is_known_charset(std::string_view charset) {
  return is_utf8_label(charset) || is_ascii_label(charset) ||
         open_converter(icu_name(charset)) != nullptr;
}

std::optional<std::string> to_utf8(std::string_view charset, std::string_view bytes,
                                   std::size_t max_bytes) {
  if (is_utf8_label(charset)) return replace_invalid_utf8(bytes, max_bytes);
  if (is_ascii_label(charset)) return guess_to_utf8(bytes, max_bytes);
  Converter from = open_converter(icu_name(charset));
  if (!from) return std::nullopt;
  return convert(*from, bytes, max_bytes);
}

std::string guess_to_utf8(std::string_view bytes, std::size_t max_bytes) {
  if (is_valid_utf8(bytes)) return copy_bounded(bytes, max_bytes);
  if (auto text = to_utf8("windows-1252", bytes, max_bytes)) return *std::move(text);
  return replace_invalid_utf8(bytes, max_bytes);
}

std::string to_utf8_or_guess(std::string_view charset, std::string_view bytes,
                             std::size_t max_bytes) {
  if (auto text = to_utf8(charset, bytes, max_bytes)) return *std::move(text);
  return guess_to_utf8(bytes, max_bytes);
}

void load_text_tables() {
  for (std::string_view name : {"windows-1252", "gb18030", "shift_jis", "iso-2022-jp", "utf-16"}) {
    static_cast<void>(is_known_charset(name));
  }
  // One character outside ASCII makes the folding load its table.
  static_cast<void>(search_fold("\xC3\x84"));
}

}  // namespace peregrine::text
