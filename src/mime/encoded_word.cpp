#include "mime/encoded_word.h"

#include <optional>

#include "text/base64.h"
#include "text/charset.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

namespace peregrine::mime {
namespace {

constexpr std::size_t k_max_charset = 64;
// Opening a converter costs far more than the few bytes of a word. No person's text changes its
// charset more often than this.
constexpr int k_max_charset_changes = 256;
constexpr std::size_t k_npos = std::string_view::npos;

struct Word {
  std::string_view charset;
  bool base64 = false;
  std::string_view text;
  std::size_t size = 0;  ///< from "=?" to "?="
};

/// The encoded word that starts at the head of `text`.
std::optional<Word> word_at(std::string_view text) {
  std::size_t charset_end = text.substr(0, k_max_charset + 3).find('?', 2);
  if (charset_end == k_npos || charset_end == 2 || charset_end + 3 > text.size()) {
    return std::nullopt;
  }
  char encoding = ascii_lower(text[charset_end + 1]);
  if ((encoding != 'b' && encoding != 'q') || text[charset_end + 2] != '?') return std::nullopt;
  std::size_t start = charset_end + 3;
  std::size_t end = text.find("?=", start);
  if (end == k_npos) return std::nullopt;
  Word word;
  // RFC 2231 section 5: a language may follow the charset, after "*".
  word.charset = text.substr(2, charset_end - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));
  word.base64 = encoding == 'b';
  word.text = text.substr(start, end - start);
  word.size = end + 2;
  return word;
}

bool is_blank_text(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == k_npos;
}

/// Joins the bytes of neighbouring words in one charset before they become characters: programs
/// split words in the middle of a character, though RFC 2047 section 5 forbids it.
class WordDecoder {
 public:
  explicit WordDecoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] bool full() const { return out_.size() >= max_bytes_; }
  [[nodiscard]] bool in_words() const { return !charset_.empty(); }

  void plain(std::string_view text) {
    flush();
    out_.append(text::guess_to_utf8(text, left()));
  }
  /// False when the charset is unknown; then nothing was taken.
  bool word(const Word& word) {
    if (!iequals(word.charset, charset_)) {
      if (changes_ >= k_max_charset_changes) return false;
      ++changes_;
      if (!text::is_known_charset(word.charset)) return false;
      flush();
      charset_ = word.charset;
    }
    bytes_.append(word.base64 ? text::base64_decode_lenient(word.text, left())
                              : text::q_decode(word.text));
    return true;
  }
  std::string take() {
    flush();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::size_t left() const { return full() ? 0 : max_bytes_ - out_.size(); }

  void flush() {
    if (!in_words()) return;
    std::string text = text::to_utf8_or_guess(charset_, bytes_, left());
    for (char& c : text) {
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    }
    out_.append(text);
    bytes_.clear();
    charset_ = {};
  }

  std::size_t max_bytes_;
  std::string out_, bytes_;
  std::string_view charset_;
  int changes_ = 0;
};

}  // namespace

std::string decode_words(std::string_view text, std::size_t max_bytes) {
  if (text.find("=?") == k_npos) return text::guess_to_utf8(text, max_bytes);
  WordDecoder decoder(max_bytes);
  // Past the last "?=" no word can end; looking there again and again would be quadratic.
  std::size_t last_end = text.rfind("?=");
  std::size_t plain = 0, search = 0;
  while (!decoder.full()) {
    std::size_t start = text.find("=?", search);
    if (start == k_npos || last_end == k_npos || start + 2 > last_end) break;
    auto word = word_at(text.substr(start));
    std::string_view between = text.substr(plain, start - plain);
    if (!word) {
      search = start + 1;
      continue;
    }
    // RFC 2047 section 6.2: white space between two encoded words is not shown.
    if (!between.empty() && !(decoder.in_words() && is_blank_text(between))) {
      decoder.plain(between);
      plain = start;
    }
    if (decoder.word(*word)) plain = start + word->size;
    search = start + word->size;
  }
  if (plain < text.size()) decoder.plain(text.substr(plain));
  return decoder.take();
}

std::string encode_words(std::string_view utf8) {
  if (text::is_ascii(utf8) && utf8.find("=?") == k_npos) return std::string(utf8);
  constexpr std::string_view k_open = "=?UTF-8?B?", k_close = "?=";
  constexpr std::size_t k_word_bytes = (75 - k_open.size() - k_close.size()) / 4 * 3;
  std::string out;
  std::string valid = text::replace_invalid_utf8(utf8);
  std::string_view rest = valid;
  while (!rest.empty()) {
    std::string_view piece = text::truncate_utf8(rest, k_word_bytes);
    if (!out.empty()) out.push_back(' ');
    out.append(k_open).append(text::base64_encode(piece)).append(k_close);
    rest.remove_prefix(piece.size());
  }
  return out;
}

}  // namespace peregrine::mime
