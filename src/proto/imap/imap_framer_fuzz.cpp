// The framer on any bytes: the events must not depend on the pieces the bytes arrive in, and what
// is held never exceeds the budget and one piece. The first two bytes choose limits and pieces.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/imap/framer.h"
#include "proto/imap/responses.h"

namespace {

using peregrine::imap::FrameKind;
using peregrine::imap::Framer;
using peregrine::imap::FrameView;
using peregrine::imap::Limits;

Limits limits_of(unsigned choice) {
  Limits limits = (choice & 1) != 0 ? Limits::before_login() : Limits::after_login(200);
  if ((choice & 2) != 0) limits.non_sync = peregrine::imap::NonSync::literal_plus;
  if ((choice & 4) != 0) limits.command_bytes = 64;
  if ((choice & 8) != 0) limits.skip_bytes = 100;
  if ((choice & 16) != 0) limits.literals = 3;
  return limits;
}

// Every event as text; APPEND is refused when the name asks for it, lines follow IDLE.
struct Session {
  Framer framer;
  std::string seen;
  bool wants_line = false;

  // False after a fatal error.
  bool drain() {
    while (true) {
      FrameView view = wants_line ? framer.next_line() : framer.next();
      if (view.kind == FrameKind::need_more) return true;
      wants_line = false;
      if (view.kind == FrameKind::append_data) {
        seen += framer.take_literal(5);
        continue;
      }
      seen += static_cast<char>('0' + static_cast<int>(view.kind));
      seen += view.text;
      seen += '\n';
      if (view.kind == FrameKind::command) wants_line = view.text.ends_with("IDLE");
      if (view.kind == FrameKind::append) {
        if (view.text.find("no") != std::string_view::npos) {
          framer.refuse_append();
        } else {
          framer.accept_append();
        }
      }
      if (view.kind == FrameKind::error) {
        peregrine::imap::write_frame_error(seen, view.error);
        if (view.error.is_fatal()) return false;
      }
    }
  }
};

std::string play(const Limits& limits, std::string_view input, std::size_t chunk) {
  Session session{.framer = Framer(limits), .seen = {}};
  for (std::size_t at = 0; at < input.size(); at += chunk) {
    session.framer.push(input.substr(at, chunk));
    if (!session.drain()) return session.seen;
    if (session.framer.unread().size() > limits.command_bytes + 2) std::abort();
  }
  return session.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  Limits limits = limits_of(data[0]);
  std::string whole = play(limits, input, input.size() + 1);
  if (play(limits, input, 1) != whole) std::abort();
  if (play(limits, input, 1 + data[1] % 40) != whole) std::abort();
  return 0;
}
