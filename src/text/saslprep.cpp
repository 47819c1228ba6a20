#include "text/saslprep.h"

#include <memory>
#include <string.h>
#include <unicode/unistr.h>
#include <unicode/usprep.h>
#include <vector>

#include "text/utf8.h"

namespace peregrine::text {
namespace {

// More is no password.
constexpr std::size_t k_max_input = 4096;

const UStringPrepProfile* profile() {
  static const UStringPrepProfile* const opened = [] {
    UErrorCode status = U_ZERO_ERROR;
    UStringPrepProfile* made = ::usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    return U_SUCCESS(status) != 0 ? made : nullptr;
  }();
  return opened;
}

}  // namespace

std::optional<std::string> saslprep(std::string_view text) {
  if (text.empty() || text.size() > k_max_input || !is_valid_utf8(text)) return std::nullopt;
  if (profile() == nullptr) return std::nullopt;
  icu::UnicodeString source =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())));
  // One character becomes at most 18 in NFKC.
  std::vector<char16_t> prepared(static_cast<std::size_t>(source.length()) * 18 + 1);
  UErrorCode status = U_ZERO_ERROR;
  // USPREP_DEFAULT: unassigned code points are refused.
  int size = ::usprep_prepare(profile(), source.getBuffer(), source.length(), prepared.data(),
                              static_cast<int>(prepared.size()), USPREP_DEFAULT, nullptr, &status);
  std::optional<std::string> out;
  if (U_SUCCESS(status) != 0 && size > 0) {
    icu::UnicodeString(prepared.data(), size).toUTF8String(out.emplace());
  }
  explicit_bzero(prepared.data(), prepared.size() * sizeof(char16_t));
  return out;
}

}  // namespace peregrine::text
