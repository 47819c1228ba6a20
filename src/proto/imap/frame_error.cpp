#include "proto/imap/frame_error.h"

namespace peregrine::imap {

std::string_view client_text(FrameErrorKind kind) {
  switch (kind) {
    case FrameErrorKind::line_too_long:
      return "Command is too long";
    case FrameErrorKind::literal_too_large:
      return "Literal is too large";
    case FrameErrorKind::too_many_literals:
      return "Too many literals";
    case FrameErrorKind::non_sync_refused:
      return "Non-synchronizing literal is not allowed here";
    case FrameErrorKind::nul_byte:
      return "NUL is not allowed";
    case FrameErrorKind::bare_cr:
      return "Lines end with CRLF: CR alone is not allowed";
    case FrameErrorKind::bare_lf:
      return "Lines end with CRLF: LF alone is not allowed";
    case FrameErrorKind::literal_after_append:
      return "APPEND takes one message";
  }
  return "Malformed command";
}

std::string_view log_text(FrameErrorKind kind) {
  switch (kind) {
    case FrameErrorKind::line_too_long:
      return "command exceeds the byte budget";
    case FrameErrorKind::literal_too_large:
      return "announced literal exceeds the byte budget";
    case FrameErrorKind::too_many_literals:
      return "command exceeds the number of literals";
    case FrameErrorKind::non_sync_refused:
      return "non-synchronising literal refused";
    case FrameErrorKind::nul_byte:
      return "NUL in a command line";
    case FrameErrorKind::bare_cr:
      return "CR without LF in a command line";
    case FrameErrorKind::bare_lf:
      return "LF without CR in a command line";
    case FrameErrorKind::literal_after_append:
      return "literal after the message of APPEND";
  }
  return "framing error";
}

std::string_view response_code(FrameErrorKind kind) {
  switch (kind) {
    // RFC 7888 section 5: BYE for such a literal SHOULD carry TOOBIG, as BAD to APPEND must.
    case FrameErrorKind::literal_too_large:
    case FrameErrorKind::non_sync_refused:
      return "TOOBIG";
    case FrameErrorKind::line_too_long:
    case FrameErrorKind::too_many_literals:
      return "LIMIT";
    default:
      return "";
  }
}

}  // namespace peregrine::imap
