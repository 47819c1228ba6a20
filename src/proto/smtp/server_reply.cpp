#include "proto/smtp/server_reply.h"

#include "base/cursor.h"

namespace peregrine::smtp {
namespace {

std::optional<std::uint16_t> read_code(BytesView line) {
  auto code = parse_number(line.substr(0, 3), 999);
  // RFC 5321 section 4.2: no reply begins with another digit than 2 to 5.
  if (line.size() < 3 || !code || *code < 200 || *code > 599) return std::nullopt;
  return static_cast<std::uint16_t>(*code);
}

std::string write_status(EnhancedStatus status) {
  return std::to_string(status.status_class) + '.' + std::to_string(status.subject) + '.' +
         std::to_string(status.detail);
}

}  // namespace

std::string printable(BytesView text, std::size_t maximum) {
  std::string out(text.substr(0, maximum));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

EnhancedStatus status_of(std::uint16_t code, BytesView text) {
  Cursor in(text);
  // RFC 3463 section 2: class, subject and detail, the latter of at most three digits.
  auto status_class = take_number(in, 5);
  if (!status_class || *status_class != code / 100U || !in.skip('.')) return {};
  auto subject = take_number(in, 999);
  if (!subject || !in.skip('.')) return {};
  auto detail = take_number(in, 999);
  if (!detail || (!in.at_end() && !in.next_is(' '))) return {};
  return {static_cast<std::uint8_t>(*status_class), static_cast<std::uint16_t>(*subject),
          static_cast<std::uint16_t>(*detail)};
}

std::string ServerReply::status_text() const {
  if (status.status_class != 0) return write_status(status);
  return std::to_string(code / 100) + ".0.0";
}

std::string ServerReply::diagnostic() const {
  std::string out = std::to_string(code);
  std::string again = write_status(status) + ' ';
  for (std::size_t i = 0; i < lines.size() && out.size() < k_max_diagnostic; ++i) {
    BytesView line = lines[i];
    // RFC 2034 section 4: the status stands on every line; once is enough.
    if (i > 0 && line.starts_with(again)) line.remove_prefix(again.size());
    if (!line.empty()) out += ' ' + printable(line, k_max_diagnostic - out.size());
  }
  out.resize(std::min(out.size(), k_max_diagnostic));
  return out;
}

ReplyEvent ReplyReader::next() {
  while (failure_ == ReplyEvent::need_more) {
    LineEvent event = framer_.next();
    if (event == LineEvent::need_more) return ReplyEvent::need_more;
    // RFC 5321 section 2.3.8: a CR or a LF alone ends no line; who sends one may mean two replies
    // where we see one (V12).
    ReplyEvent told = event == LineEvent::line ? take_line(framer_.line()) : ReplyEvent::bad_line;
    if (told == ReplyEvent::reply) return told;
    if (told != ReplyEvent::need_more) failure_ = told;
  }
  return failure_;
}

ReplyEvent ReplyReader::take_line(BytesView line) {
  auto code = read_code(line);
  if (!code) return ReplyEvent::bad_code;
  // RFC 5321 section 4.2: the code alone, without a space behind it, is to be taken as well.
  bool is_last = line.size() == 3 || line[3] == ' ';
  if (!is_last && line[3] != '-') return ReplyEvent::bad_line;
  if (!is_within_) reply_ = {.code = *code};
  if (*code != reply_.code) return ReplyEvent::bad_code;
  if (reply_.lines.size() == k_most_reply_lines) return ReplyEvent::too_many_lines;
  BytesView text = line.substr(std::min<std::size_t>(4, line.size()));
  if (reply_.status.status_class == 0) reply_.status = status_of(*code, text);
  reply_.lines.emplace_back(text);
  is_within_ = !is_last;
  return is_last ? ReplyEvent::reply : ReplyEvent::need_more;
}

}  // namespace peregrine::smtp
