#pragma once
// What a server answers to us as its client: ServerReply, and ReplyReader that cuts received bytes
// into replies. RFC 5321 section 4.2. The server is as hostile as any peer: lines, their number and
// the text kept are bounded, and after the first broken rule nothing more is read.
//
//   reader.feed(chunk);
//   while (true) switch (reader.next()) {
//     case ReplyEvent::need_more: read again
//     case ReplyEvent::reply: handle(reader.reply());
//     default: end the session

#include <cstdint>
#include <string>
#include <vector>

#include "base/line_framer.h"
#include "proto/smtp/reply.h"

namespace peregrine::smtp {

/// A line with its CRLF: RFC 5321 section 4.5.3.1.5 has 512, and real servers have more.
inline constexpr LineLimits k_server_line_limits{.max_line = 2048, .max_overlong = 2048};
inline constexpr std::size_t k_most_reply_lines = 100;
/// Of ServerReply::diagnostic(), in bytes.
inline constexpr std::size_t k_max_diagnostic = 400;

struct ServerReply {
  std::uint16_t code = 0;          ///< 200 to 599
  EnhancedStatus status;           ///< RFC 2034, of the first line that has one of the code's class
  std::vector<std::string> lines;  ///< behind code and separator; any bytes but CR, LF and NUL

  [[nodiscard]] bool is_ok() const { return code < 300; }
  [[nodiscard]] bool is_intermediate() const { return code >= 300 && code < 400; }
  [[nodiscard]] bool is_temporary() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool is_permanent() const { return code >= 500; }
  /// RFC 3463: the server's own, or what the code says without one: "5.0.0".
  [[nodiscard]] std::string status_text() const;
  /// Code and text in one line of printable ASCII, cut to k_max_diagnostic.
  [[nodiscard]] std::string diagnostic() const;
};

enum class ReplyEvent : std::uint8_t {
  need_more,
  reply,  ///< complete, see reply()
  // The rest ends the session: each is told again by every later call.
  bad_line,  ///< no code, a bare CR, a bare LF, a NUL, or a line over the limit
  bad_code,  ///< a code outside 200 to 599, or another one within a reply
  too_many_lines,
};

class ReplyReader {
 public:
  ReplyReader() : framer_(k_server_line_limits) {}

  void feed(BytesView bytes) { framer_.feed(bytes); }
  [[nodiscard]] ReplyEvent next();
  /// After ReplyEvent::reply; valid until the next call of next().
  [[nodiscard]] const ServerReply& reply() const { return reply_; }
  /// Bytes behind the last reply, or a reply begun: before TLS an injection (V13).
  [[nodiscard]] bool has_buffered() const { return framer_.has_buffered() || is_within_; }

 private:
  ReplyEvent take_line(BytesView line);

  LineFramer framer_;
  ServerReply reply_;
  bool is_within_ = false;  // lines of a reply have been read, its last one not
  ReplyEvent failure_ = ReplyEvent::need_more;
};

/// `text` with every byte that is not printable ASCII as "?", cut to `maximum`.
std::string printable(BytesView text, std::size_t maximum);

/// "5.1.1 ..." at the start of a reply's text; none when there is no status of the code's class.
EnhancedStatus status_of(std::uint16_t code, BytesView text);

}  // namespace peregrine::smtp
