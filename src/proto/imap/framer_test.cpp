#include "proto/imap/framer.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "proto/imap/parse_command.h"
#include "proto/imap/responses.h"

namespace peregrine::imap {
namespace {

using Transcript = std::vector<std::string>;

enum class OnAppend : std::uint8_t { accept, refuse };

// Plays a session: a command "i IDLE" is followed by one line, APPEND is taken or refused.
Transcript play(const Limits& limits, BytesView input, std::size_t chunk,
                OnAppend on_append = OnAppend::accept) {
  Framer framer(limits);
  Transcript seen;
  std::string message;
  bool wants_line = false;
  for (std::size_t at = 0; at < input.size(); at += chunk) {
    framer.push(input.substr(at, chunk));
    while (true) {
      FrameView view = wants_line ? framer.next_line() : framer.next();
      if (view.kind == FrameKind::need_more) break;
      wants_line = false;
      switch (view.kind) {
        case FrameKind::need_more:
          break;
        case FrameKind::command:
          seen.push_back("command " + std::string(view.text));
          wants_line = view.text == "i IDLE";
          break;
        case FrameKind::continuation:
          seen.push_back("continuation " + std::to_string(view.literal_bytes));
          break;
        case FrameKind::append:
          seen.push_back("append " + std::string(view.text));
          if (on_append == OnAppend::accept) {
            framer.accept_append();
          } else {
            framer.refuse_append();
          }
          break;
        case FrameKind::append_data:
          message += framer.take_literal(3);
          break;
        case FrameKind::append_end:
          seen.push_back("message " + message);
          seen.push_back("end " + std::string(view.text));
          message.clear();
          break;
        case FrameKind::line:
          seen.push_back("line " + std::string(view.text));
          break;
        case FrameKind::error: {
          std::string answer;
          write_frame_error(answer, view.error);
          seen.push_back(answer);
          if (view.error.is_fatal()) return seen;
          break;
        }
      }
    }
  }
  return seen;
}

// The same whatever the pieces are that the bytes arrive in.
Transcript play_all(const Limits& limits, BytesView input, OnAppend on_append = OnAppend::accept) {
  Transcript whole = play(limits, input, input.size() + 1, on_append);
  for (std::size_t chunk : std::initializer_list<std::size_t>{1, 2, 3, 7, 64}) {
    EXPECT_EQ(play(limits, input, chunk, on_append), whole) << "chunk " << chunk;
  }
  return whole;
}

const Limits k_before = Limits::before_login();
const Limits k_after = Limits::after_login(1000);

TEST(Framer, CutsPipelinedCommands) {
  EXPECT_EQ(play_all(k_after, "a NOOP\r\nb LOGOUT\r\n\r\nc NO"),
            (Transcript{"command a NOOP", "command b LOGOUT", "command "}));
}

TEST(Framer, CollectsSynchronisingLiterals) {
  // RFC 9051 section 6.2.3 with literals.
  EXPECT_EQ(play_all(k_before, "A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man\r\n"),
            (Transcript{"continuation 11", "continuation 7",
                        "command A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man"}));
}

TEST(Framer, CollectsNonSynchronisingLiterals) {
  // RFC 7888 section 3: the example.
  EXPECT_EQ(play_all(k_after, "A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n"),
            (Transcript{"command A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man"}));
}

TEST(Framer, LiteralMayHoldWhatLooksLikeCommands) {
  EXPECT_EQ(play_all(k_after, "a SEARCH TEXT {9+}\r\nx\r\n{3+}\r\n\r\nb NOOP\r\n"),
            (Transcript{"command a SEARCH TEXT {9+}\r\nx\r\n{3+}\r\n", "command b NOOP"}));
  EXPECT_EQ(play_all(k_after, "a SEARCH TEXT {2+}\r\n{3}\r\n"),
            (Transcript{"command a SEARCH TEXT {2+}\r\n{3}"}));
  EXPECT_EQ(play_all(k_after, "a SEARCH TEXT {0+}\r\n\r\n"),
            (Transcript{"command a SEARCH TEXT {0+}\r\n"}));
}

TEST(Framer, BracesThatAnnounceNothingEndTheCommand) {
  for (std::string text : {"a X {}", "a X {+}", "a X {5-}", "a X {-5}", "a X {5 }", "a X 5}",
                           "a X {5++}", "a X {5+", "a X }", "a X {0x5}"}) {
    EXPECT_EQ(play_all(k_after, text + "\r\n"), (Transcript{"command " + text}));
  }
}

TEST(Framer, BeforeLoginNoNonSynchronisingLiteralIsTaken) {
  EXPECT_EQ(play_all(k_before, "a LOGIN {1+}\r\nu p\r\n"),
            (Transcript{"* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
}

TEST(Framer, LiteralMinusTakes4096) {
  std::string data(4096, 'x');
  EXPECT_EQ(play(k_after, "a X {4096+}\r\n" + data + "\r\n", 1000),
            (Transcript{"command a X {4096+}\r\n" + data}));
  EXPECT_EQ(play_all(k_after, "a X {4097+}\r\n"),
            (Transcript{"* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
}

TEST(Framer, LiteralPlusTakesWhatTheBudgetHolds) {
  Limits limits = k_after;
  limits.non_sync = NonSync::literal_plus;
  std::string data(10000, 'x');
  EXPECT_EQ(play(limits, "a X {10000+}\r\n" + data + "\r\n", 1000),
            (Transcript{"command a X {10000+}\r\n" + data}));
  EXPECT_EQ(play_all(limits, "a X {70000+}\r\n"),
            (Transcript{"* BYE [TOOBIG] Literal is too large\r\n"}));
}

TEST(Framer, RefusesHugeLiterals) {
  for (std::string n : {"65536", "2147483648", "4294967296", "9223372036854775807",
                        "9223372036854775808", "18446744073709551615", "18446744073709551616"}) {
    EXPECT_EQ(play_all(k_after, "a X {" + n + "}\r\nb NOOP\r\n"),
              (Transcript{"a BAD [TOOBIG] Literal is too large\r\n", "command b NOOP"}));
    EXPECT_EQ(play_all(k_before, "a LOGIN {" + n + "}\r\n"),
              (Transcript{"* BYE [TOOBIG] Literal is too large\r\n"}));
    EXPECT_EQ(play_all(k_after, "a X {" + n + "+}\r\n"),
              (Transcript{"* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
  }
  std::string ten_to_40 = "1" + std::string(40, '0');
  EXPECT_EQ(play_all(k_after, "a X {" + ten_to_40 + "}\r\n"),
            (Transcript{"a BAD [TOOBIG] Literal is too large\r\n"}));
  EXPECT_EQ(play_all(k_before, "a LOGIN {2000000000+}\r\n"),
            (Transcript{"* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
}

TEST(Framer, BudgetCountsLinesAndLiteralsTogether) {
  Limits limits;
  limits.command_bytes = 20;
  // "a X {8}" CRLF is 9 bytes, 8 more make 17, 3 are left.
  EXPECT_EQ(play_all(limits, "a X {8}\r\n12345678abc\r\n"),
            (Transcript{"continuation 8", "command a X {8}\r\n12345678abc"}));
  EXPECT_EQ(play_all(limits, "a X {12}\r\n"),
            (Transcript{"a BAD [TOOBIG] Literal is too large\r\n"}));
  EXPECT_EQ(
      play_all(limits, "a X {8}\r\n12345678abcd\r\nb NOOP\r\n"),
      (Transcript{"continuation 8", "a BAD [LIMIT] Command is too long\r\n", "command b NOOP"}));
}

TEST(Framer, LineOfExactlyTheLimitIsTaken) {
  Limits limits = k_before;
  std::string line = "a " + std::string(limits.command_bytes - 2, 'x');
  EXPECT_EQ(play(limits, line + "\r\n", 1000), (Transcript{"command " + line}));
  EXPECT_EQ(play(limits, line + "x\r\n", 1000),
            (Transcript{"* BYE [LIMIT] Command is too long\r\n"}));
  // A tag without end, and no line end ever: refused as soon as the budget is used up.
  EXPECT_EQ(play(limits, std::string(kib(20), 'T'), 100),
            (Transcript{"* BYE [LIMIT] Command is too long\r\n"}));
}

TEST(Framer, AfterLoginALongLineIsSkipped) {
  Limits limits;
  limits.command_bytes = 16;
  limits.skip_bytes = 64;
  std::string longer(40, 'x');
  EXPECT_EQ(play_all(limits, "a " + longer + "\r\nb NOOP\r\n"),
            (Transcript{"a BAD [LIMIT] Command is too long\r\n", "command b NOOP"}));
  // The literal after it that a client sends unasked cannot be told from commands.
  EXPECT_EQ(play_all(limits, "a " + longer + "{7+}\r\nb NOOP\r\nc NOOP\r\n"),
            (Transcript{"a BAD [LIMIT] Command is too long\r\n",
                        "* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
  // The announcement may straddle the place where the line became too long.
  EXPECT_EQ(play_all(limits, "a xxxxxxxxxx {1234+}\r\nb NOOP\r\n"),
            (Transcript{"a BAD [LIMIT] Command is too long\r\n",
                        "* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
  // One that waits for a continuation has its answer.
  EXPECT_EQ(play_all(limits, "a " + longer + "{7}\r\nb NOOP\r\n"),
            (Transcript{"a BAD [LIMIT] Command is too long\r\n", "command b NOOP"}));
  EXPECT_EQ(play_all(limits, "a " + std::string(100, 'x')),
            (Transcript{"a BAD [LIMIT] Command is too long\r\n",
                        "* BYE [LIMIT] Command is too long\r\n"}));
}

TEST(Framer, CountsLiterals) {
  std::string command = "a X";
  for (int i = 0; i < 64; ++i) command += " {1+}\r\nx";
  EXPECT_EQ(play_all(k_after, command + "\r\n"), (Transcript{"command " + command}));
  EXPECT_EQ(play_all(k_after, command + " {1+}\r\nx\r\n"),
            (Transcript{"* BYE [LIMIT] Too many literals\r\n"}));
  EXPECT_EQ(play_all(k_after, command + " {1}\r\nb NOOP\r\n"),
            (Transcript{"a BAD [LIMIT] Too many literals\r\n", "command b NOOP"}));
}

TEST(Framer, LinesEndWithCrlfAlone) {
  EXPECT_EQ(play_all(k_after, "a NOOP\nb NOOP\r\n"),
            (Transcript{"* BYE Lines end with CRLF: LF alone is not allowed\r\n"}));
  EXPECT_EQ(play_all(k_after, "a NOOP\rb\r\n"),
            (Transcript{"* BYE Lines end with CRLF: CR alone is not allowed\r\n"}));
  EXPECT_EQ(play_all(k_after, "a NOOP\r\r\n"),
            (Transcript{"* BYE Lines end with CRLF: CR alone is not allowed\r\n"}));
  EXPECT_EQ(play_all(k_after, BytesView("a NO\0P\r\n", 8)),
            (Transcript{"* BYE NUL is not allowed\r\n"}));
}

TEST(Framer, StaysDeadAfterAFatalError) {
  Framer framer(k_before);
  framer.push("a\n");
  EXPECT_TRUE(framer.next().error.is_fatal());
  framer.push("b NOOP\r\n");
  FrameView view = framer.next();
  EXPECT_EQ(view.kind, FrameKind::error);
  EXPECT_TRUE(view.error.is_fatal());
}

TEST(Framer, IdleAndSaslLines) {
  EXPECT_EQ(play_all(k_after, "i IDLE\r\nDONE\r\nb NOOP\r\n"),
            (Transcript{"command i IDLE", "line DONE", "command b NOOP"}));
  // A line is not searched for literals.
  EXPECT_EQ(play_all(k_after, "i IDLE\r\nx {5}\r\nb NOOP\r\n"),
            (Transcript{"command i IDLE", "line x {5}", "command b NOOP"}));
  EXPECT_TRUE(is_done("done"));
  EXPECT_FALSE(is_done("DONE "));
  EXPECT_TRUE(is_cancel("*"));
}

TEST(Framer, StreamsTheMessageOfAppend) {
  // RFC 9051 section 6.3.12.
  std::string input = "A003 APPEND saved-messages (\\Seen) {10}\r\nDate: Mon,\r\nb NOOP\r\n";
  EXPECT_EQ(play_all(k_after, input), (Transcript{"append A003 APPEND saved-messages (\\Seen) {10}",
                                                  "message Date: Mon,", "end ", "command b NOOP"}));
  EXPECT_EQ(play_all(k_after, "a APPEND x {0+}\r\n\r\n"),
            (Transcript{"append a APPEND x {0+}", "message ", "end "}));
}

TEST(Framer, MailboxLiteralOfAppendIsNotItsMessage) {
  EXPECT_EQ(play_all(k_after, "a append {3}\r\nabc ~{4+}\r\nm\r\nm tail\r\n"),
            (Transcript{"continuation 3", "append a append {3}\r\nabc ~{4+}", "message m\r\nm",
                        "end  tail"}));
}

TEST(Framer, AppendLimit) {
  EXPECT_EQ(play_all(k_after, "a APPEND x {1001}\r\nb NOOP\r\n"),
            (Transcript{"a NO [TOOBIG] Literal is too large\r\n", "command b NOOP"}));
  Limits limits = k_after;
  limits.non_sync = NonSync::literal_plus;
  EXPECT_EQ(play_all(limits, "a APPEND x {1001+}\r\n"),
            (Transcript{"* BYE [TOOBIG] Literal is too large\r\n"}));
  EXPECT_EQ(play_all(k_after, "a APPEND x {5000+}\r\n"),
            (Transcript{"* BYE [TOOBIG] Non-synchronizing literal is not allowed here\r\n"}));
}

TEST(Framer, RefusedAppendIsSkipped) {
  EXPECT_EQ(play_all(k_after, "a APPEND x {5}\r\nb NOOP\r\n", OnAppend::refuse),
            (Transcript{"append a APPEND x {5}", "command b NOOP"}));
  EXPECT_EQ(play_all(k_after, "a APPEND x {8+}\r\nz NOOP\r\n\r\nb NOOP\r\n", OnAppend::refuse),
            (Transcript{"append a APPEND x {8+}", "command b NOOP"}));
}

TEST(Framer, AppendCanBeRefusedInTheMiddle) {
  Framer framer(k_after);
  framer.push("a APPEND x {10}\r\n01234");
  EXPECT_EQ(framer.next().kind, FrameKind::append);
  framer.accept_append();
  EXPECT_EQ(framer.take_literal(3), "012");
  framer.refuse_append();
  EXPECT_EQ(framer.next().kind, FrameKind::need_more);
  framer.push("56789\r\nb NOOP\r\n");
  EXPECT_EQ(framer.next().text, "b NOOP");
}

TEST(Framer, AppendTakesOneMessage) {
  EXPECT_EQ(play_all(k_after, "a APPEND x {2}\r\nhi {2}\r\nb NOOP\r\n"),
            (Transcript{"append a APPEND x {2}", "a BAD APPEND takes one message\r\n",
                        "command b NOOP"}));
  EXPECT_EQ(play_all(k_after, "a APPEND x {2}\r\nhi {2+}\r\nhi\r\n"),
            (Transcript{"append a APPEND x {2}", "* BYE APPEND takes one message\r\n"}));
}

TEST(Framer, UnreadBytesAfterStartTls) {
  Framer framer(k_before);
  framer.push("a STARTTLS\r\nb LOGIN x y\r\n");
  EXPECT_EQ(framer.next().text, "a STARTTLS");
  EXPECT_EQ(framer.unread(), "b LOGIN x y\r\n");
  Framer clean(k_before);
  clean.push("a STARTTLS\r\n");
  EXPECT_EQ(clean.next().text, "a STARTTLS");
  EXPECT_TRUE(clean.unread().empty());
}

TEST(Framer, ReadsNoTagThatCannotBeEchoed) {
  EXPECT_EQ(play_all(k_after, "+ X {99999}\r\n"),
            (Transcript{"* BAD [TOOBIG] Literal is too large\r\n"}));
  EXPECT_EQ(play_all(k_after, std::string(200, 'a') + " X {99999}\r\n"),
            (Transcript{"* BAD [TOOBIG] Literal is too large\r\n"}));
}

}  // namespace
}  // namespace peregrine::imap
