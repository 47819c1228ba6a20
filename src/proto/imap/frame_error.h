#pragma once
// What the framer refuses, as a value: which answer it wants, whether the connection goes on after
// it, and one text for the client and one for the log.

#include <cstdint>
#include <string>
#include <string_view>

namespace peregrine::imap {

enum class FrameErrorKind : std::uint8_t {
  line_too_long,
  literal_too_large,  ///< or the command's budget would be exceeded by it
  too_many_literals,
  non_sync_refused,  ///< `{n+}` where the limits do not allow one so large
  nul_byte,          ///< outside a literal
  bare_cr,
  bare_lf,
  literal_after_append,  ///< a second message in APPEND
};

enum class FrameReply : std::uint8_t { no, bad, bye };

struct FrameError {
  FrameErrorKind kind = FrameErrorKind::line_too_long;
  FrameReply reply = FrameReply::bye;
  std::string tag;              ///< of the command, "" when it could not be read
  std::uint64_t announced = 0;  ///< the literal's announced size, for the log

  [[nodiscard]] bool is_fatal() const { return reply == FrameReply::bye; }
};

/// What the client may read.
std::string_view client_text(FrameErrorKind kind);
/// What the log says.
std::string_view log_text(FrameErrorKind kind);
/// The response code that goes with it, without brackets, or "".
std::string_view response_code(FrameErrorKind kind);

}  // namespace peregrine::imap
