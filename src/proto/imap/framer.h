#pragma once
// Framer: cuts the bytes of an IMAP connection into commands, literals and lines. It knows bytes
// and limits, not the grammar; it stops and goes on at any byte, and its buffer grows only with
// what was received. It does no I/O: push() what was read, then call next() until `need_more`.
//
//   command       parse_command(view.text, limits); the literals stand inside, `{n}` CRLF and all
//   continuation  send "+ ..." and call next() again
//   append        parse_command(view.text, limits) gives Append up to the message's literal; then
//                 accept_append() (send "+ ..." when `sync`) or refuse_append()
//   append_data   after accept_append(): call take_literal() until literal_left() is 0
//   append_end    the message is complete; view.text is what followed it, "" in correct input
//   line          the line that next_line() was asked for (DONE, SASL responses)
//   error         answer write_frame_error(); is_fatal() ends the connection, else go on
//
// Text and data are views into the framer: valid until the next call of a non-const member.

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "proto/imap/frame_error.h"
#include "proto/imap/limits.h"

namespace peregrine::imap {

enum class FrameKind : std::uint8_t {
  need_more,
  command,
  continuation,
  append,
  append_data,
  append_end,
  line,
  error,
};

enum class Sync : bool { no, yes };

struct FrameView {
  FrameKind kind = FrameKind::need_more;
  BytesView text;
  std::uint64_t literal_bytes = 0;  ///< of append and continuation
  Sync sync = Sync::no;             ///< of append: the client waits for a continuation
  FrameError error;                 ///< of error
};

class Framer {
 public:
  explicit Framer(const Limits& limits) : limits_(limits) {}
  ~Framer();
  Framer(const Framer&) = delete;
  Framer& operator=(const Framer&) = delete;

  void push(BytesView bytes);
  [[nodiscard]] FrameView next();
  /// Gives the next line as it is instead of a command. Only between commands.
  [[nodiscard]] FrameView next_line();

  /// Takes the message that `append` announced.
  void accept_append();
  /// Declines it: the literal, if the client sends it unasked, and the rest of the line are
  /// skipped. The caller answers.
  void refuse_append();
  /// Up to `max` bytes of the message; empty when more must be pushed first.
  [[nodiscard]] BytesView take_literal(std::size_t max);
  [[nodiscard]] std::uint64_t literal_left() const { return streamed_left_; }

  /// Bytes received that no event has shown yet. Not empty after STARTTLS: the client, or someone
  /// on the path, sent commands in the clear that must not be obeyed (RFC 9051 section 6.2.1).
  [[nodiscard]] BytesView unread() const { return BytesView(in_).substr(shown_); }

 private:
  enum class State : std::uint8_t {
    line,
    literal,  // a collected literal
    append_offered,
    streaming,
    append_tail,
    skip_literal,
    skip_line,
    dead,
  };
  // How far the end of a skipped line looks like a literal's announcement.
  enum class Suffix : std::uint8_t { none, open, digits, plus, non_sync };
  struct Header {
    std::uint64_t bytes = 0;
    Sync sync = Sync::yes;
    std::size_t start = 0;  // of the "{"
  };
  enum class Scan : std::uint8_t { need_more, end, error };

  FrameView step(FrameKind wanted);
  std::optional<FrameView> read_line(FrameKind wanted);
  Scan scan_line();
  std::optional<FrameView> end_of_line(FrameKind wanted);
  std::optional<FrameView> start_literal(const Header& header);
  std::optional<FrameView> start_append(const Header& header);
  [[nodiscard]] bool find_header(Header& header) const;
  [[nodiscard]] bool is_append_message(const Header& header) const;
  [[nodiscard]] bool may_send_unasked(const Header& header) const;
  bool collect_literal();
  bool skip_literal();
  std::optional<FrameView> skip_line();
  void begin_skip_line();
  static Suffix suffix_after(Suffix suffix, char c);
  void begin_command(std::size_t position);
  FrameView need_more();
  FrameView fail(FrameErrorKind kind, FrameReply reply, std::uint64_t announced = 0);
  [[nodiscard]] std::string read_tag() const;
  [[nodiscard]] bool before_login() const { return limits_.stage == Stage::not_authenticated; }

  Limits limits_;
  Bytes in_;
  State state_ = State::line;
  Suffix suffix_ = Suffix::none;
  Sync append_sync_ = Sync::yes;
  FrameErrorKind scan_error_ = FrameErrorKind::nul_byte;
  // Positions in in_: start_ <= segment_ <= scan_ <= size, shown_ <= size.
  std::size_t shown_ = 0;    // all before it has been given out
  std::size_t start_ = 0;    // of the command
  std::size_t segment_ = 0;  // start of the line, or of its part after a literal
  std::size_t scan_ = 0;     // the next byte to look at
  std::size_t literals_ = 0;
  std::size_t literal_left_ = 0;
  std::uint64_t streamed_left_ = 0;
  std::size_t skipped_ = 0;
  std::string append_tag_;
  FrameError fatal_;
};

}  // namespace peregrine::imap
