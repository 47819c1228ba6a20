#include "proto/http/response.h"

#include <algorithm>

#include "base/cursor.h"

namespace peregrine::http {
namespace {

constexpr std::size_t k_max_chunk_line = 256;

bool is_token(char c) {
  constexpr std::string_view k_marks = "!#$%&'*+-.^_`|~";
  char lower = ascii_lower(c);
  return is_ascii_digit(c) || (lower >= 'a' && lower <= 'z') ||
         k_marks.find(c) != std::string_view::npos;
}

bool is_field_byte(char c) {
  return c == '\t' || (c != 0x7f && static_cast<unsigned char>(c) >= ' ');
}

BytesView trimmed(BytesView text) {
  constexpr BytesView k_blank = " \t";
  std::size_t begin = std::min(text.find_first_not_of(k_blank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(k_blank) + 1);
}

/// "HTTP/1.1 200 OK": the status.
std::optional<std::uint16_t> read_status(BytesView line) {
  // RFC 9112 section 4: HTTP-version SP status-code SP [ reason-phrase ].
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return std::nullopt;
  auto status = parse_number(line.substr(9, 3), 599);
  if (!status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
  return static_cast<std::uint16_t>(*status);
}

std::optional<std::uint64_t> read_hexadecimal(BytesView digits) {
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : digits) {
    char lower = ascii_lower(c);
    bool is_letter = lower >= 'a' && lower <= 'f';
    if (!is_letter && !is_ascii_digit(c)) return std::nullopt;
    value = value * 16 + static_cast<std::uint64_t>(is_letter ? lower - 'a' + 10 : c - '0');
  }
  return value;
}

}  // namespace

ResponseEvent ResponseReader::finish(ResponseEvent event) {
  state_ = State::over;
  result_ = event;
  buffer_.clear();
  return event;
}

ResponseEvent ResponseReader::feed(BytesView bytes) {
  if (state_ == State::over) return result_;
  buffer_ += bytes;
  while (state_ != State::over) {
    ResponseEvent event = state_ == State::header ? read_header() : read_body();
    if (event == ResponseEvent::need_more) return event;
    if (event != ResponseEvent::complete) return finish(event);
  }
  return result_;
}

ResponseEvent ResponseReader::end() {
  if (state_ == State::over) return result_;
  return finish(state_ == State::body_to_end ? ResponseEvent::complete : ResponseEvent::malformed);
}

// In these `complete` means that the next state can be tried.

ResponseEvent ResponseReader::read_header() {
  std::size_t end = buffer_.find("\r\n\r\n");
  if (end == Bytes::npos) {
    // The blank line's own bytes do not count.
    return buffer_.size() > limits_.header + 3 ? ResponseEvent::too_big : ResponseEvent::need_more;
  }
  if (end > limits_.header) return ResponseEvent::too_big;
  ResponseEvent read = read_fields(BytesView(buffer_).substr(0, end + 2));
  if (read != ResponseEvent::complete) return read;
  buffer_.erase(0, end + 4);
  // RFC 9110 section 15.2: an interim response stands before the real one.
  if (response_.status < 200) return response_ = {}, ResponseEvent::complete;
  // RFC 9112 section 6.3: with both, the length may be a smuggler's.
  if (chunked_ && length_) return ResponseEvent::malformed;
  if (length_ && *length_ > limits_.body) return ResponseEvent::too_big;
  wanted_ = length_.value_or(0);
  state_ = chunked_ ? State::chunk_size : length_ ? State::sized_body : State::body_to_end;
  return ResponseEvent::complete;
}

ResponseEvent ResponseReader::read_fields(BytesView lines) {
  std::size_t end = lines.find("\r\n");
  auto status = read_status(lines.substr(0, end));
  if (!status) return ResponseEvent::malformed;
  response_.status = *status;
  for (lines.remove_prefix(end + 2); !lines.empty(); lines.remove_prefix(end + 2)) {
    end = lines.find("\r\n");
    BytesView line = lines.substr(0, end);
    std::size_t colon = line.find(':');
    // RFC 9112 section 5.1: no space before the colon; section 5.2: no folding.
    if (colon == BytesView::npos || colon == 0) return ResponseEvent::malformed;
    if (!std::ranges::all_of(line.substr(0, colon), is_token) ||
        !std::ranges::all_of(line.substr(colon + 1), is_field_byte) ||
        !read_field(line.substr(0, colon), trimmed(line.substr(colon + 1)))) {
      return ResponseEvent::malformed;
    }
  }
  return ResponseEvent::complete;
}

bool ResponseReader::read_field(BytesView name, BytesView value) {
  if (iequals(name, "Transfer-Encoding")) {
    if (chunked_ || !iequals(value, "chunked")) return false;
    chunked_ = true;
  } else if (iequals(name, "Content-Length")) {
    auto length = parse_number(value, UINT32_MAX);
    if (!length || (length_ && *length_ != *length)) return false;
    length_ = *length;
  } else if (iequals(name, "Content-Type")) {
    response_.content_type = ascii_lower(trimmed(value.substr(0, value.find(';'))));
  } else if (iequals(name, "Content-Encoding")) {
    return iequals(value, "identity");
  }
  return true;
}

ResponseEvent ResponseReader::read_body() {
  switch (state_) {
    case State::sized_body:
      return take_body(State::over);
    case State::chunk:
      return take_body(State::chunk_end);
    case State::chunk_size:
      return read_chunk_size();
    case State::chunk_end:
      if (buffer_.size() < 2) return ResponseEvent::need_more;
      if (!buffer_.starts_with("\r\n")) return ResponseEvent::malformed;
      buffer_.erase(0, 2);
      state_ = State::chunk_size;
      return ResponseEvent::complete;
    case State::trailer:
      return read_trailer();
    case State::body_to_end:
      if (response_.body.size() + buffer_.size() > limits_.body) return ResponseEvent::too_big;
      response_.body += buffer_;
      buffer_.clear();
      return ResponseEvent::need_more;
    case State::header:
    case State::over:
      break;
  }
  return ResponseEvent::malformed;
}

ResponseEvent ResponseReader::take_body(State next) {
  std::size_t size = std::min<std::uint64_t>(wanted_, buffer_.size());
  response_.body.append(buffer_, 0, size);
  buffer_.erase(0, size);
  wanted_ -= size;
  if (wanted_ > 0) return ResponseEvent::need_more;
  if (next == State::over) return finish(ResponseEvent::complete);
  state_ = next;
  return ResponseEvent::complete;
}

ResponseEvent ResponseReader::read_chunk_size() {
  std::size_t end = buffer_.find("\r\n");
  if (end == Bytes::npos) {
    bool is_long = buffer_.size() > k_max_chunk_line;
    return is_long ? ResponseEvent::malformed : ResponseEvent::need_more;
  }
  // RFC 9112 section 7.1.1: extensions of a chunk mean nothing to us, and are refused.
  auto size = read_hexadecimal(BytesView(buffer_).substr(0, end));
  if (!size) return ResponseEvent::malformed;
  if (*size > limits_.body - response_.body.size()) return ResponseEvent::too_big;
  buffer_.erase(0, end + 2);
  wanted_ = *size;
  state_ = *size == 0 ? State::trailer : State::chunk;
  return ResponseEvent::complete;
}

ResponseEvent ResponseReader::read_trailer() {
  std::size_t end = buffer_.find("\r\n");
  std::size_t size = end == Bytes::npos ? buffer_.size() : end + 2;
  if (trailer_size_ + size > limits_.header) return ResponseEvent::too_big;
  if (end == Bytes::npos) return ResponseEvent::need_more;
  trailer_size_ += size;
  buffer_.erase(0, size);
  return end == 0 ? finish(ResponseEvent::complete) : ResponseEvent::complete;
}

Bytes get_request(std::string_view host, std::string_view path) {
  Bytes out = "GET ";
  out.append(path).append(" HTTP/1.1\r\nHost: ").append(host);
  return out + "\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
}

}  // namespace peregrine::http
