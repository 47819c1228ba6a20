#include "mime/address_list.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "mime/header.h"
#include "text/header_tokens.h"

namespace peregrine::mime {
namespace {

// No address has so many words; what follows in it is dropped.
constexpr std::size_t k_max_tokens = 2000;

enum class TokenKind : std::uint8_t { word, quoted, special };

struct Token {
  std::string_view text;  ///< as written; of a quoted string with its quotes
  TokenKind kind = TokenKind::word;
  bool space_before = false;

  [[nodiscard]] bool is(char c) const {
    return kind == TokenKind::special && text.size() == 1 && text.front() == c;
  }
};
using Tokens = std::span<const Token>;

constexpr bool is_special(char c) {
  return c != '\0' && std::string_view("()<>[]:;@,.\"").contains(c);
}

void append_meaning(const Token& token, std::string& out) {
  if (token.kind != TokenKind::quoted) {
    out.append(token.text);
    return;
  }
  Cursor in(token.text);
  text::take_quoted_string(in, out);
}

/// Words with single spaces where the text had white space.
std::string phrase(Tokens tokens) {
  std::string out;
  for (const Token& token : tokens) {
    if (token.space_before && !out.empty()) out.push_back(' ');
    append_meaning(token, out);
  }
  return out;
}

/// Words and dots; the white space that RFC 5322 section 4.4 allows around dots is dropped.
std::string dotted(Tokens tokens) {
  std::string out;
  for (const Token& token : tokens) append_meaning(token, out);
  return out;
}

std::size_t find_special(Tokens tokens, char c, std::size_t from = 0) {
  std::size_t i = from;
  while (i < tokens.size() && !tokens[i].is(c)) ++i;
  return i;
}

/// The end of a domain that starts at `i`: words separated by dots.
std::size_t domain_end(Tokens tokens, std::size_t i) {
  bool word_may_follow = true;
  for (; i < tokens.size(); ++i) {
    bool dot = tokens[i].is('.');
    if (!dot && (!word_may_follow || tokens[i].kind == TokenKind::special)) break;
    word_may_follow = dot;
  }
  return i;
}

class AddressListReader {
 public:
  AddressListReader(std::string_view line, Defects& defects, const Limits& limits)
      : in_(line), defects_(defects), limit_(limits.addresses) {}

  std::vector<EnvelopeAddress> read() {
    while (!in_.at_end() && !full_) read_token();
    end_item();
    end_group();
    return std::move(out_);
  }

 private:
  enum class Angle : std::uint8_t { none, open, closed };

  void read_token() {
    char c = *in_.peek();
    if (text::is_white_space(c)) {
      in_.take();
      space_ = true;
    } else if (c == '(') {
      comment_.clear();
      has_comment_ = true;
      if (!text::take_comment(in_, &comment_)) defects_.add(Defect::malformed_address);
      space_ = true;
    } else if (c == '"') {
      std::size_t size = quoted_size();
      push(*in_.take(size), TokenKind::quoted);
    } else if (c == '[') {
      push(*in_.take(literal_size()), TokenKind::word);
    } else if (is_special(c)) {
      read_special(c);
    } else {
      push(in_.take_while([](char d) { return !is_special(d) && !text::is_white_space(d); }),
           TokenKind::word);
    }
  }

  void read_special(char c) {
    std::string_view text = *in_.take(1);
    bool in_angle = angle_ == Angle::open;
    bool in_route = in_angle && phrase_size_ < tokens_.size() && tokens_[phrase_size_].is('@');
    if (c == '<' && !in_angle) {
      // A second "<" without a comma before it begins another address.
      if (angle_ == Angle::closed) {
        defects_.add(Defect::malformed_address);
        std::vector<Token> name(tokens_.begin() + static_cast<std::ptrdiff_t>(address_end_),
                                tokens_.end());
        tokens_.resize(address_end_);
        end_item();
        tokens_ = std::move(name);
      }
      angle_ = Angle::open;
      phrase_size_ = tokens_.size();
    } else if (c == '>' && in_angle) {
      angle_ = Angle::closed;
      address_end_ = tokens_.size();
    } else if (c == ';' || (c == ',' && !in_route)) {
      end_item();
      if (c == ';') end_group();
    } else if (c == ':' && angle_ == Angle::none && !in_group_ && !tokens_.empty() && !has_at_) {
      begin_group();
    } else {
      bool expected = c == '@' || c == '.' || (in_route && (c == ',' || c == ':'));
      if (!expected) defects_.add(Defect::malformed_address);
      push(text, TokenKind::special);
    }
  }

  [[nodiscard]] std::size_t quoted_size() {
    Cursor ahead(in_.rest());
    std::string ignored;
    if (!text::take_quoted_string(ahead, ignored)) defects_.add(Defect::malformed_address);
    return ahead.position();
  }

  /// A domain literal, or the bracket alone when no other follows.
  [[nodiscard]] std::size_t literal_size() {
    if (no_more_brackets_) return 1;
    std::size_t end = in_.rest().find(']');
    no_more_brackets_ = end == std::string_view::npos;
    return no_more_brackets_ ? 1 : end + 1;
  }

  void push(std::string_view text, TokenKind kind) {
    if (tokens_.size() >= k_max_tokens) {
      defects_.add(Defect::over_limit);
      return;
    }
    tokens_.push_back({text, kind, std::exchange(space_, false)});
    has_at_ = has_at_ || tokens_.back().is('@');
  }

  void begin_group() {
    // RFC 9051 section 7.5.2: the start marker holds the group's name and no host.
    if (add({std::nullopt, phrase(tokens_), std::nullopt}, 2)) in_group_ = true;
    clear_item();
  }
  void end_group() {
    if (!in_group_) return;
    in_group_ = false;
    out_.emplace_back();
  }

  /// Adds an entry if there is room for it, and for the end marker of the group it is in or opens.
  bool add(EnvelopeAddress address, std::size_t room = 1) {
    if (out_.size() + room + (in_group_ ? 1 : 0) > limit_) {
      full_ = true;
      defects_.add(Defect::over_limit);
      return false;
    }
    out_.push_back(std::move(address));
    return true;
  }

  void end_item() {
    if (angle_ == Angle::none) {
      end_bare_item();
    } else {
      end_angle_item();
    }
    clear_item();
  }

  void end_angle_item() {
    Tokens all(tokens_);
    if (angle_ == Angle::open) {
      defects_.add(Defect::malformed_address);
      address_end_ = all.size();
    }
    Tokens address = all.subspan(phrase_size_, address_end_ - phrase_size_);
    if (!address.empty() && address.front().is('@')) {
      // RFC 5322 section 4.4: the route is to be ignored.
      std::size_t colon = find_special(address, ':');
      if (colon < address.size()) address = address.subspan(colon + 1);
    }
    std::size_t at = address.size();
    while (at > 0 && !address[at - 1].is('@')) --at;
    EnvelopeAddress out;
    Tokens local = at == 0 ? address : address.first(at - 1);
    out.mailbox = dotted(local);
    out.host = at == 0 ? std::string() : dotted(address.subspan(at));
    if (at == 0 || find_special(local, '@') < local.size()) {
      defects_.add(Defect::malformed_address);
    }
    Tokens before = all.first(phrase_size_), after = all.subspan(address_end_);
    out.name = display_name(before.empty() ? after : before);
    if (out.name || !out.mailbox->empty() || !out.host->empty()) add(std::move(out));
  }

  /// Addresses without angle brackets: one, or more with their commas forgotten.
  void end_bare_item() {
    Tokens rest(tokens_);
    bool first = true;
    while (!rest.empty() && !full_) {
      std::size_t at = find_special(rest, '@');
      std::size_t end = rest.size();
      if (at == rest.size()) {
        defects_.add(Defect::malformed_address);
        if (first) add({display_name({}), phrase(rest), std::string()});
        return;
      }
      end = domain_end(rest, at + 1);
      // "a@b@c": the last "@" separates, as in SMTP.
      while (end < rest.size() && rest[end].is('@')) {
        defects_.add(Defect::malformed_address);
        at = end;
        end = domain_end(rest, at + 1);
      }
      add({display_name({}), phrase_or_dotted(rest.first(at)),
           dotted(rest.subspan(at + 1, end - at - 1))});
      if (end < rest.size()) defects_.add(Defect::malformed_address);
      rest = rest.subspan(end);
      first = false;
    }
  }

  /// A local part: white space counts only between two words, where it has no business to be.
  static std::string phrase_or_dotted(Tokens local) {
    bool has_dot_or_one = local.size() < 2 || find_special(local, '.') < local.size();
    return has_dot_or_one ? dotted(local) : phrase(local);
  }

  [[nodiscard]] std::optional<std::string> display_name(Tokens words) {
    if (!words.empty()) return phrase(words);
    if (!has_comment_) return std::nullopt;
    std::string name = unfold(comment_);
    return name.empty() ? std::nullopt : std::optional(std::move(name));
  }

  void clear_item() {
    tokens_.clear();
    comment_.clear();
    has_comment_ = space_ = has_at_ = false;
    angle_ = Angle::none;
    phrase_size_ = address_end_ = 0;
  }

  Cursor in_;
  Defects& defects_;
  std::size_t limit_;
  std::vector<EnvelopeAddress> out_;
  std::vector<Token> tokens_;
  std::string comment_;
  std::size_t phrase_size_ = 0;  ///< tokens before "<"
  std::size_t address_end_ = 0;  ///< tokens before ">"
  Angle angle_ = Angle::none;
  bool has_comment_ = false;
  bool has_at_ = false;
  bool space_ = false;
  bool in_group_ = false;
  bool full_ = false;
  bool no_more_brackets_ = false;
};

}  // namespace

std::vector<EnvelopeAddress> parse_address_list(std::string_view value, Defects& defects,
                                                const Limits& limits) {
  std::string line = unfold(value);
  return AddressListReader(line, defects, limits).read();
}

}  // namespace peregrine::mime
