// Arbitrary bytes as encoded words, as a body in each encoding, and as modified UTF-7: what comes
// out is valid UTF-8 and bounded, and what is written is read back.
#include <cstdint>
#include <cstdlib>

#include "mime/encoded_word.h"
#include "mime/html_text.h"
#include "mime/transfer.h"
#include "text/base64.h"
#include "text/fold.h"
#include "text/mutf7.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string words = mime::decode_words(bytes);
  if (!text::is_valid_utf8(words)) std::abort();
  if (mime::decode_words(bytes, 20).size() > 20) std::abort();
  if (mime::decode_words(mime::encode_words(words)) != words) {
    // Control characters that a decoded word may not hold are the one thing that changes.
    if (words.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos) std::abort();
  }
  std::string folded = text::search_fold(words);
  if (!text::is_valid_utf8(folded) || folded.find('\n') != std::string::npos) std::abort();
  std::string html = mime::html_to_text(words);
  if (!text::is_valid_utf8(html)) std::abort();
  for (auto encoding : {mime::TransferEncoding::base64, mime::TransferEncoding::quoted_printable,
                        mime::TransferEncoding::uuencode}) {
    if (mime::decode_body(bytes, encoding, 10)->size() > 10) std::abort();
    mime::decode_body(bytes, encoding);
  }
  if (auto decoded = text::base64_decode(bytes)) {
    if (text::base64_encode(*decoded) != bytes) std::abort();
    if (text::base64_decode_lenient(bytes) != *decoded) std::abort();
  }
  if (text::quoted_printable_decode(text::quoted_printable_encode(bytes)) != bytes) {
    // A bare CR before an encoded line end is the one thing that has no spelling.
    if (bytes.find('\r') == std::string_view::npos && bytes.find('\n') == std::string_view::npos) {
      std::abort();
    }
  }
  if (auto utf8 = text::mutf7_to_utf8(bytes)) {
    if (text::utf8_to_mutf7(*utf8) != bytes) std::abort();
  }
  return 0;
}
