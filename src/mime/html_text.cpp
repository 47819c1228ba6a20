#include "mime/html_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/cursor.h"
#include "text/header_tokens.h"
#include "text/utf8.h"

namespace peregrine::mime {
namespace {

constexpr std::size_t k_npos = std::string_view::npos;

struct Entity {
  std::string_view name;
  char32_t code_point;
};
// The named references that texts in European languages use.
constexpr std::array k_entities = {
    Entity{"amp", '&'},      Entity{"lt", '<'},        Entity{"gt", '>'},
    Entity{"quot", '"'},     Entity{"apos", '\''},     Entity{"nbsp", ' '},
    Entity{"shy", 0xAD},     Entity{"copy", 0xA9},     Entity{"reg", 0xAE},
    Entity{"deg", 0xB0},     Entity{"middot", 0xB7},   Entity{"laquo", 0xAB},
    Entity{"raquo", 0xBB},   Entity{"iexcl", 0xA1},    Entity{"iquest", 0xBF},
    Entity{"pound", 0xA3},   Entity{"yen", 0xA5},      Entity{"sect", 0xA7},
    Entity{"para", 0xB6},    Entity{"frac12", 0xBD},   Entity{"times", 0xD7},
    Entity{"Agrave", 0xC0},  Entity{"Aacute", 0xC1},   Entity{"Acirc", 0xC2},
    Entity{"Atilde", 0xC3},  Entity{"Auml", 0xC4},     Entity{"Aring", 0xC5},
    Entity{"AElig", 0xC6},   Entity{"Ccedil", 0xC7},   Entity{"Egrave", 0xC8},
    Entity{"Eacute", 0xC9},  Entity{"Ecirc", 0xCA},    Entity{"Euml", 0xCB},
    Entity{"Igrave", 0xCC},  Entity{"Iacute", 0xCD},   Entity{"Icirc", 0xCE},
    Entity{"Iuml", 0xCF},    Entity{"Ntilde", 0xD1},   Entity{"Ograve", 0xD2},
    Entity{"Oacute", 0xD3},  Entity{"Ocirc", 0xD4},    Entity{"Otilde", 0xD5},
    Entity{"Ouml", 0xD6},    Entity{"Oslash", 0xD8},   Entity{"Ugrave", 0xD9},
    Entity{"Uacute", 0xDA},  Entity{"Ucirc", 0xDB},    Entity{"Uuml", 0xDC},
    Entity{"szlig", 0xDF},   Entity{"agrave", 0xE0},   Entity{"aacute", 0xE1},
    Entity{"acirc", 0xE2},   Entity{"atilde", 0xE3},   Entity{"auml", 0xE4},
    Entity{"aring", 0xE5},   Entity{"aelig", 0xE6},    Entity{"ccedil", 0xE7},
    Entity{"egrave", 0xE8},  Entity{"eacute", 0xE9},   Entity{"ecirc", 0xEA},
    Entity{"euml", 0xEB},    Entity{"igrave", 0xEC},   Entity{"iacute", 0xED},
    Entity{"icirc", 0xEE},   Entity{"iuml", 0xEF},     Entity{"ntilde", 0xF1},
    Entity{"ograve", 0xF2},  Entity{"oacute", 0xF3},   Entity{"ocirc", 0xF4},
    Entity{"otilde", 0xF5},  Entity{"ouml", 0xF6},     Entity{"oslash", 0xF8},
    Entity{"ugrave", 0xF9},  Entity{"uacute", 0xFA},   Entity{"ucirc", 0xFB},
    Entity{"uuml", 0xFC},    Entity{"ndash", 0x2013},  Entity{"mdash", 0x2014},
    Entity{"lsquo", 0x2018}, Entity{"rsquo", 0x2019},  Entity{"sbquo", 0x201A},
    Entity{"ldquo", 0x201C}, Entity{"rdquo", 0x201D},  Entity{"bdquo", 0x201E},
    Entity{"bull", 0x2022},  Entity{"hellip", 0x2026}, Entity{"euro", 0x20AC},
    Entity{"trade", 0x2122},
};
constexpr std::size_t k_max_reference = 12;

// Tags inside a word: they leave nothing behind.
constexpr std::array<std::string_view, 20> k_inline_tags = {
    "a",    "abbr", "b",     "big",  "code",   "del",    "em",  "font", "i",  "ins",
    "mark", "s",    "small", "span", "strike", "strong", "sub", "sup",  "tt", "u"};

bool is_letter(char c) {
  return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}
bool is_name_char(char c) {
  return is_letter(c) || is_ascii_digit(c);
}

std::optional<char32_t> numeric_reference(std::string_view digits) {
  bool hexadecimal = digits.starts_with('x') || digits.starts_with('X');
  if (!hexadecimal) {
    auto value = parse_number(digits, 0x10FFFF);
    return value ? std::optional(static_cast<char32_t>(*value)) : std::nullopt;
  }
  digits.remove_prefix(1);
  char32_t value = 0;
  if (digits.empty() || digits.size() > 6) return std::nullopt;
  for (char c : digits) {
    char lower = ascii_lower(c);
    if (!is_ascii_digit(c) && !(lower >= 'a' && lower <= 'f')) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(is_ascii_digit(c) ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

std::optional<char32_t> reference_value(std::string_view name) {
  if (name.starts_with('#')) return numeric_reference(name.substr(1));
  auto found = std::ranges::find(k_entities, name, &Entity::name);
  return found == k_entities.end() ? std::nullopt : std::optional(found->code_point);
}

class HtmlReader {
 public:
  HtmlReader(std::string_view html, std::size_t max_bytes) : html_(html), max_bytes_(max_bytes) {}

  std::string read() {
    while (position_ < html_.size() && out_.size() < max_bytes_) {
      std::size_t next = std::min(html_.find_first_of("<&", position_), html_.size());
      next = std::min(next, position_ + max_bytes_ - out_.size());
      out_.append(html_.substr(position_, next - position_));
      position_ = next;
      if (position_ >= html_.size()) break;
      if (html_[position_] == '<') {
        read_markup();
      } else if (html_[position_] == '&') {
        read_reference();
      }
    }
    out_.resize(text::truncate_utf8(out_, max_bytes_).size());
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return html_.substr(position_); }

  void read_reference() {
    std::size_t end = rest().substr(0, k_max_reference).find(';');
    auto value = end == k_npos ? std::nullopt : reference_value(rest().substr(1, end - 1));
    if (value) text::append_utf8(out_, *value == 0 ? text::k_replacement_character : *value);
    if (!value) out_.push_back('&');
    position_ += value ? end + 1 : 1;
  }

  void read_markup() {
    if (rest().starts_with("<!--")) {
      skip_past("-->", 4);
      return;
    }
    char next = position_ + 1 < html_.size() ? html_[position_ + 1] : '\0';
    bool closing = next == '/';
    if (!is_letter(next) && !closing && next != '!' && next != '?') {
      out_.push_back('<');
      ++position_;
      return;
    }
    std::string_view after = rest().substr(closing ? 2 : 1);
    std::size_t size = 0;
    while (size < after.size() && size < 16 && is_name_char(after[size])) ++size;
    std::string name = ascii_lower(after.substr(0, size));
    skip_tag();
    if (std::ranges::find(k_inline_tags, name) == k_inline_tags.end()) out_.push_back(' ');
    if (!closing && (name == "script" || name == "style")) skip_raw_text("</" + name);
  }

  /// Steps past the ">" of a tag; one inside a quoted attribute value does not count.
  void skip_tag() {
    char quote = '\0';
    bool after_equals = false;
    for (; position_ < html_.size(); ++position_) {
      char c = html_[position_];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if (after_equals && (c == '"' || c == '\'')) {
        quote = c;
      } else if (c == '>') {
        ++position_;
        return;
      }
      if (!text::is_white_space(c)) after_equals = c == '=';
    }
  }

  void skip_past(std::string_view end, std::size_t from) {
    std::size_t found = html_.find(end, position_ + from);
    position_ = found == k_npos ? html_.size() : found + end.size();
  }

  /// Steps to the closing tag of an element whose content is no text.
  void skip_raw_text(std::string_view closing) {
    while (position_ < html_.size()) {
      position_ = std::min(html_.find('<', position_), html_.size());
      if (istarts_with(rest(), closing)) return;
      position_ = std::min(position_ + 1, html_.size());
    }
  }

  std::string_view html_;
  std::size_t max_bytes_;
  std::size_t position_ = 0;
  std::string out_;
};

}  // namespace

std::string html_to_text(std::string_view html, std::size_t max_bytes) {
  return HtmlReader(html, max_bytes).read();
}

}  // namespace peregrine::mime
