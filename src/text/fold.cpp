#include "text/fold.h"

#include <algorithm>
#include <array>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "text/utf8.h"

namespace peregrine::text {
namespace {

// The Stream-Safe Text Format of Unicode annex 15.
constexpr int k_max_combining_run = 30;
constexpr char k_dropped = '\0';

constexpr auto make_ascii_table() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    char c = static_cast<char>(i);
    table[i] = i >= ' ' && i != 0x7F ? ascii_lower(c) : k_dropped;
  }
  for (char c : {' ', '\t', '\r', '\n', '\f', '\v'}) table[static_cast<unsigned char>(c)] = ' ';
  return table;
}
constexpr auto k_ascii_table = make_ascii_table();

constexpr std::size_t k_block = 32;
using Block = std::array<char, k_block>;

/// Folds a block in which each byte stays one byte: no control and no two spaces in a row. Answers
/// whether it is one. Without branches, so that it becomes vector code.
bool fold_plain(Block& block, bool after_space) {
  unsigned unplain = after_space && block[0] == ' ' ? 1 : 0;
  for (std::size_t i = 1; i < k_block; ++i) {
    unplain |= static_cast<unsigned>(block[i] == ' ') & static_cast<unsigned>(block[i - 1] == ' ');
  }
  for (char& c : block) {
    auto byte = static_cast<unsigned char>(c);
    unplain |= static_cast<unsigned>(byte < ' ') | static_cast<unsigned>(byte == 0x7F);
    c = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
  }
  return unplain == 0;
}

/// Lower case and single spaces; bytes from 0x80 on pass. `text` may be `out` itself.
void squeeze(std::string_view text, std::string& out, std::size_t max_bytes) {
  std::size_t size = 0;
  bool after_space = false;
  if (out.size() < text.size()) out.resize(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = text.size();
    if (end - i >= k_block) {
      end = i + k_block;
      Block block;
      std::copy_n(text.data() + i, k_block, block.begin());
      if (fold_plain(block, after_space)) {
        std::ranges::copy(block, out.data() + size);
        size += k_block;
        i = end;
        after_space = block.back() == ' ';
        continue;
      }
    }
    for (; i < end; ++i) {
      char folded = k_ascii_table[static_cast<unsigned char>(text[i])];
      bool space = folded == ' ';
      out[size] = folded;
      if (folded != k_dropped && !(space && after_space)) ++size;
      if (folded != k_dropped) after_space = space;
    }
  }
  out.resize(size);
  if (size > max_bytes) out.resize(truncate_utf8(out, max_bytes).size());
}

/// Takes what ICU writes, up to a limit: one character can fold into eighteen.
class BoundedSink : public icu::ByteSink {
 public:
  BoundedSink(std::string& out, std::size_t max_bytes) : out_(out), max_bytes_(max_bytes) {}
  void Append(const char* bytes, std::int32_t count) override {
    std::string_view piece(bytes, static_cast<std::size_t>(std::max(count, 0)));
    if (full_ || piece.size() > max_bytes_ - out_.size()) {
      out_.append(truncate_utf8(piece, full_ ? 0 : max_bytes_ - out_.size()));
      full_ = true;
      return;
    }
    out_.append(piece);
  }

 private:
  std::string& out_;
  std::size_t max_bytes_;
  bool full_ = false;
};

/// Valid UTF-8 in which no more than k_max_combining_run combining marks follow each other:
/// normalisation sorts such a run, and is linear only while runs are short.
std::string stream_safe(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes));
  int run = 0;
  for (std::size_t i = 0; i < text.size() && out.size() < max_bytes;) {
    CodePoint point = decode_utf8(text, i);
    i += point.size;
    bool combining =
        point.value >= 0x300 && u_getCombiningClass(static_cast<UChar32>(point.value)) != 0;
    run = combining ? run + 1 : 0;
    if (run <= k_max_combining_run) append_utf8(out, point.value);
  }
  return out;
}

}  // namespace

std::string search_fold(std::string_view utf8, std::size_t max_bytes) {
  std::string out;
  if (is_ascii(utf8)) {
    squeeze(utf8, out, max_bytes);
    return out;
  }
  std::string safe = stream_safe(utf8, max_bytes);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_SUCCESS(status)) {
    BoundedSink sink(out, max_bytes);
    fold->normalizeUTF8(0, icu::StringPiece(safe.data(), static_cast<int32_t>(safe.size())), sink,
                        nullptr, status);
  }
  if (U_FAILURE(status)) out = std::move(safe);
  std::string_view folded = out;
  squeeze(folded, out, max_bytes);
  return out;
}

}  // namespace peregrine::text
