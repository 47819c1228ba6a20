#include "proto/pop3/grammar.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "proto/pop3/framer.h"

namespace peregrine::pop3 {
namespace {

template <class T>
T parsed(BytesView line) {
  auto command = parse_command(line);
  EXPECT_TRUE(command && std::holds_alternative<T>(*command)) << line;
  if (!command || !std::holds_alternative<T>(*command)) return T{};
  return std::get<T>(*std::move(command));
}

CommandError error_of(BytesView line) {
  auto command = parse_command(line);
  EXPECT_FALSE(command) << line;
  return command ? CommandError{255} : command.error();
}

TEST(Pop3Framer, KeepsTheLimitOfRfc2449) {
  LineFramer framer(k_command_limits);
  framer.feed("PASS " + std::string(248, 'x') + "\r\nPASS " + std::string(249, 'x') + "\r\n");
  EXPECT_EQ(framer.next(), LineEvent::line);
  EXPECT_EQ(framer.next(), LineEvent::too_long);
  EXPECT_EQ(framer.next(), LineEvent::need_more);
}

TEST(Pop3Grammar, ReadsEveryCommandInAnyLetterCase) {
  EXPECT_EQ(parsed<User>("user anna@d.example").name, "anna@d.example");
  EXPECT_EQ(parsed<User>("USER j\xc3\xbcrgen x").name, "j\xc3\xbcrgen x");
  EXPECT_EQ(parsed<Pass>("PASS  two words ").password.reveal(), " two words ");
  EXPECT_EQ(parsed<Auth>("AUTH plain").mechanism, "PLAIN");
  EXPECT_EQ(parsed<Auth>("AUTH PLAIN AGEAYg==").initial_response->reveal(), "AGEAYg==");
  EXPECT_EQ(parsed<Auth>("AUTH PLAIN =").initial_response->reveal(), "=");
  parsed<Stls>("STLS");
  parsed<Capa>("CAPA");
  parsed<Stat>("sTaT");
  EXPECT_EQ(parsed<List>("LIST").message, std::nullopt);
  EXPECT_EQ(parsed<List>("LIST 3").message, 3U);
  EXPECT_EQ(parsed<Retr>("RETR 1").message, 1U);
  EXPECT_EQ(parsed<Dele>("DELE 1").message, 1U);
  parsed<Noop>("NOOP");
  parsed<Rset>("RSET");
  EXPECT_EQ(parsed<Top>("TOP 1 0").lines, 0U);
  EXPECT_EQ(parsed<Top>("TOP 2 999999999").message, 2U);
  EXPECT_EQ(parsed<Uidl>("UIDL").message, std::nullopt);
  EXPECT_EQ(parsed<Uidl>("UIDL 7").message, 7U);
  parsed<Quit>("QUIT");
}

TEST(Pop3Grammar, RefusesEverythingElse) {
  for (const char* line : {"", " STAT", "STATS", "APOP a b", "XTND", "GET / HTTP/1.1"}) {
    EXPECT_EQ(error_of(line), CommandError::unknown_command) << line;
  }
  for (const char* line : {"USER", "USER ", "PASS", "PASS ", "AUTH", "AUTH ", "AUTH P A B",
                           "AUTH PL*IN", "AUTH PLAIN ", "STLS x", "STAT ", "LIST ", "RETR", "RETR ",
                           "TOP", "TOP 1", "QUIT now", "AUTH 123456789012345678901"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_arguments) << line;
  }
  for (const char* line : {"LIST 1 2", "LIST  1", "RETR a", "RETR -1", "RETR +1", "RETR 1 ",
                           "TOP 1 -1", "TOP 1 ", "TOP 1 2 3", "UIDL x", "DELE 0x1"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_number) << line;
  }
  for (const char* line : {"USER a\tb", "PASS a\x7f", "LIST \xc3\xa4", "\xff\xfb\x06"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_characters) << line;
  }
}

TEST(Pop3Grammar, KeepsNumbersInTheirBounds) {
  struct Row {
    std::string text;
    bool message;
    bool lines;
  };
  for (const Row& row :
       {Row{"0", false, true}, Row{"1", true, true}, Row{"2147483647", true, true},
        Row{"2147483648", true, true}, Row{"4294967294", true, true}, Row{"4294967295", true, true},
        Row{"4294967296", false, false}, Row{"9223372036854775808", false, false},
        Row{"18446744073709551616", false, false}, Row{std::string(40, '9'), false, false},
        Row{"1" + std::string(40, '0'), false, false}}) {
    for (const char* verb : {"LIST ", "RETR ", "DELE ", "UIDL "}) {
      EXPECT_EQ(parse_command(verb + row.text).has_value(), row.message) << verb << row.text;
    }
    EXPECT_EQ(parse_command("TOP " + row.text + " 1").has_value(), row.message) << row.text;
    EXPECT_EQ(parse_command("TOP 1 " + row.text).has_value(), row.lines) << row.text;
  }
}

TEST(Pop3State, LetsEachCommandComeInItsTurn) {
  using enum State;
  auto allowed = [](Verb verb, State state, Channel channel) {
    return !refusal(verb, state, channel);
  };
  for (Channel channel : {Channel::clear, Channel::tls}) {
    bool tls = channel == Channel::tls;
    for (State state : {authorization, user_given, transaction}) {
      bool in = state == transaction;
      EXPECT_TRUE(allowed(Verb::capa, state, channel));
      EXPECT_TRUE(allowed(Verb::quit, state, channel));
      EXPECT_FALSE(allowed(Verb::unknown, state, channel));
      EXPECT_EQ(allowed(Verb::user, state, channel), !in && tls);
      EXPECT_EQ(allowed(Verb::auth, state, channel), !in && tls);
      EXPECT_EQ(allowed(Verb::pass, state, channel), state == user_given && tls);
      EXPECT_EQ(allowed(Verb::stls, state, channel), !in && !tls);
      for (Verb verb : {Verb::stat, Verb::list, Verb::retr, Verb::dele, Verb::noop, Verb::rset,
                        Verb::top, Verb::uidl}) {
        EXPECT_EQ(allowed(verb, state, channel), in);
      }
    }
  }
}

TEST(Pop3Response, IsOneCleanLine) {
  Bytes out;
  append_response(k_auth_failed, out);
  append_response(k_in_use, out);
  append_ok("2 320", out);
  append_ok(std::string("a\r\n+OK\0", 7), out);
  append_item(".hidden\n", out);
  append_challenge("", out);
  append_end(out);
  EXPECT_EQ(out,
            "-ERR [AUTH] Authentication failed\r\n"
            "-ERR [IN-USE] Mailbox is in use by another session\r\n"
            "+OK 2 320\r\n+OK a??+OK?\r\n..hidden?\r\n+ \r\n.\r\n");
  Bytes long_line;
  append_ok(std::string(1000, 'x'), long_line);
  EXPECT_EQ(long_line.size(), 512U);
}

TEST(Pop3Response, ListsOnlyWhatWorksNow) {
  Bytes clear;
  append_capabilities({.stls = true}, clear);
  EXPECT_EQ(clear,
            "+OK Capabilities follow\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\n"
            "AUTH-RESP-CODE\r\nEXPIRE NEVER\r\nSTLS\r\n.\r\n");
  Bytes tls;
  append_capabilities({.user = true, .sasl_mechanisms = {"PLAIN"}}, tls);
  EXPECT_TRUE(tls.contains("\r\nUSER\r\nSASL PLAIN\r\n.\r\n"));
  EXPECT_FALSE(tls.contains("STLS"));
  EXPECT_FALSE(tls.contains("IMPLEMENTATION"));
}

}  // namespace
}  // namespace peregrine::pop3
