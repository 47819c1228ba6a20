#pragma once
// ResponseReader: one response of HTTP/1.1 (RFC 9112), cut anywhere. What is read is bounded, and a
// response that could be read in two ways is refused (V31).
//
//   while (reader.feed(chunk) == ResponseEvent::need_more) read again; at the end reader.end()

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace peregrine::http {

struct ResponseLimits {
  std::size_t header = kib(16);
  std::size_t body = kib(64);
};

enum class ResponseEvent : std::uint8_t { need_more, complete, malformed, too_big };

struct Response {
  std::uint16_t status = 0;
  std::string content_type;  ///< lower case, without parameters
  Bytes body;
};

class ResponseReader {
 public:
  explicit ResponseReader(ResponseLimits limits = {}) : limits_(limits) {}

  /// After anything but need_more the answer stays, and nothing more is read.
  ResponseEvent feed(BytesView bytes);
  /// The server has closed: the end of a body without a length.
  ResponseEvent end();
  /// After ResponseEvent::complete.
  [[nodiscard]] const Response& response() const { return response_; }

 private:
  enum class State : std::uint8_t {
    header,
    sized_body,
    body_to_end,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    over,
  };

  ResponseEvent read_header();
  ResponseEvent read_fields(BytesView lines);
  [[nodiscard]] bool read_field(BytesView name, BytesView value);
  ResponseEvent read_body();
  ResponseEvent read_chunk_size();
  ResponseEvent read_trailer();
  ResponseEvent take_body(State next);
  ResponseEvent finish(ResponseEvent event);

  ResponseLimits limits_;
  State state_ = State::header;
  ResponseEvent result_ = ResponseEvent::need_more;
  Response response_;
  Bytes buffer_;              // not yet understood
  std::uint64_t wanted_ = 0;  // of the body or chunk being read
  std::size_t trailer_size_ = 0;
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
};

/// RFC 9112 section 3: a GET for `path` of `host`, asking that the connection be closed.
Bytes get_request(std::string_view host, std::string_view path);

}  // namespace peregrine::http
