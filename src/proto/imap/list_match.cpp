#include "proto/imap/list_match.h"

namespace peregrine::imap {

namespace {

constexpr std::string_view k_inbox = "INBOX";
constexpr std::size_t k_word_bits = 64;

bool is_below_inbox(BytesView name) {
  return name.starts_with(k_inbox) &&
         (name.size() == k_inbox.size() || name[k_inbox.size()] == k_delimiter);
}

}  // namespace

ListPattern::ListPattern(BytesView pattern) {
  // A run of wildcards means "*" if there is one in it, else "%".
  std::string elements;
  std::size_t bytes = 0;
  for (char c : pattern) {
    bool is_wild = c == '*' || c == '%';
    if (!is_wild) ++bytes;
    if (is_wild && !elements.empty() && (elements.back() == '*' || elements.back() == '%')) {
      if (c == '*') elements.back() = '*';
    } else {
      elements += c;
    }
  }
  if (bytes > k_max_matched_bytes) {
    is_impossible_ = true;
    return;
  }
  size_ = elements.size();
  words_ = size_ / k_word_bits + 1;
  wild_.resize(words_);
  star_.resize(words_);
  rows_.resize(words_);
  for (std::size_t at = 0; at < size_; ++at) {
    char c = elements[at];
    Word bit = Word{1} << (at % k_word_bits);
    std::size_t word = at / k_word_bits;
    if (c == '*' || c == '%') {
      wild_[word] |= bit;
      if (c == '*') star_[word] |= bit;
    } else {
      rows_[row_for(c) * words_ + word] |= bit;
    }
  }
}

std::size_t ListPattern::row_for(char c) {
  auto& row = row_of_[static_cast<unsigned char>(c)];
  if (row == 0) {
    row = static_cast<std::uint16_t>(rows_.size() / words_);
    rows_.resize(rows_.size() + words_);
  }
  return row;
}

ListPattern::Word ListPattern::places_of(char c, std::size_t word) const {
  return rows_[row_of_[static_cast<unsigned char>(c)] * words_ + word];
}

bool ListPattern::matches(BytesView name) const {
  if (is_impossible_ || name.size() > k_max_matched_bytes) return false;
  // RFC 9051 section 5.1: INBOX is case-insensitive, so its name matches as either case.
  std::size_t any_case = is_below_inbox(name) ? k_inbox.size() : 0;

  // Bit p: what was read so far matches the first p elements.
  std::vector<Word> places(words_);
  places[0] = Word{1} | (wild_[0] & 1) << 1;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    char other = i < any_case ? ascii_lower(c) : c;
    const auto& staying = c == k_delimiter ? star_ : wild_;
    Word carry = 0;       // from a byte at the end of the word before
    Word wild_carry = 0;  // from a wildcard there, which may also match nothing
    Word any = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      Word stepped = places[w] & (places_of(c, w) | places_of(other, w));
      Word next = stepped << 1 | carry | (places[w] & staying[w]);
      carry = stepped >> (k_word_bits - 1);
      Word passed = next & wild_[w];
      next |= passed << 1 | wild_carry;
      wild_carry = passed >> (k_word_bits - 1);
      places[w] = next;
      any |= next;
    }
    if (any == 0) return false;
  }
  return (places[size_ / k_word_bits] >> (size_ % k_word_bits) & 1) != 0;
}

Bytes join_reference(BytesView reference, BytesView pattern) {
  Bytes joined(reference);
  joined += pattern;
  return joined;
}

}  // namespace peregrine::imap
