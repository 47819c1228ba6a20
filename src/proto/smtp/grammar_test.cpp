#include "proto/smtp/grammar.h"

#include <gtest/gtest.h>
#include <string>

#include "proto/smtp/replies.h"

namespace peregrine::smtp {
namespace {

const Extensions k_all{.pipelining = true,
                       .max_size = 10'000'000,
                       .eight_bit_mime = true,
                       .smtp_utf8 = true,
                       .enhanced_status_codes = true,
                       .auth_mechanisms = {"PLAIN"}};
const Extensions k_nothing;

std::expected<Command, CommandError> parse(BytesView line, const Extensions& offered = k_all,
                                           AllowUtf8 utf8 = AllowUtf8::no) {
  return parse_command(line, {.offered = offered, .recipient_utf8 = utf8});
}

template <class T>
T parsed(BytesView line, const Extensions& offered = k_all, AllowUtf8 utf8 = AllowUtf8::no) {
  auto command = parse(line, offered, utf8);
  EXPECT_TRUE(command && std::holds_alternative<T>(*command)) << line;
  if (!command || !std::holds_alternative<T>(*command)) return T{};
  return std::get<T>(*std::move(command));
}

CommandError error_of(BytesView line, const Extensions& offered = k_all) {
  auto command = parse(line, offered);
  EXPECT_FALSE(command) << line;
  return command ? CommandError{255} : command.error();
}

TEST(SmtpGrammar, ReadsTheVerbsInAnyLetterCase) {
  EXPECT_EQ(parse_verb("mail FROM:<>"), Verb::mail);
  EXPECT_EQ(parse_verb("QuIt"), Verb::quit);
  EXPECT_EQ(parse_verb("STARTTLS "), Verb::start_tls);
  for (const char* line : {"", " QUIT", "QUITE", "QUI", "MAILFROM:<a@b>", "DEBUG", "WIZ", "SEND x",
                           "SOML", "SAML", "TURN", "ETRN x", "XCLIENT A=B", "BDATA 1", "VERB"}) {
    EXPECT_EQ(parse_verb(line), Verb::unknown) << line;
    EXPECT_EQ(error_of(line), CommandError::unknown_command) << line;
  }
}

TEST(SmtpGrammar, ReadsSimpleCommands) {
  parsed<Data>("DATA");
  parsed<Data>("data  ");
  parsed<Rset>("RSET");
  parsed<Quit>("QUIT");
  parsed<Noop>("NOOP");
  parsed<Noop>("NOOP whatever you say");
  parsed<Help>("HELP MAIL");
  parsed<Vrfy>("VRFY anna");
  parsed<Expn>("EXPN staff");
  parsed<StartTls>("STARTTLS");
  for (const char* line : {"DATA x", "RSET x", "QUIT now", "STARTTLS x", "VRFY", "EXPN "}) {
    EXPECT_EQ(error_of(line), CommandError::bad_arguments) << line;
  }
  for (const char* line : {"NOOP \t", "NOOP \x7f", "VRFY \xc3\xa4", "HELP \xff", "\xc3\xa4",
                           "MAIL FROM:<a@b.example>\x01"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_characters) << line;
  }
}

TEST(SmtpGrammar, TakesAnyHarmlessHelloName) {
  EXPECT_EQ(parsed<Hello>("EHLO mx.example.org").name, "mx.example.org");
  EXPECT_EQ(parsed<Hello>("LHLO localhost").verb, Verb::lhlo);
  for (const char* name :
       {"x", "a_b", "[192.0.2.1]", "[IPv6:2001:db8::1]", "host:25", "-", "1.2"}) {
    EXPECT_EQ(parsed<Hello>("HELO " + std::string(name)).name, name);
  }
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("[]"), std::string("[x"), std::string("a@b"),
        std::string("<a>"), std::string("a;b"), std::string("x'"), std::string(256, 'a')}) {
    EXPECT_EQ(error_of("EHLO " + name), CommandError::bad_hello_name) << name;
  }
  EXPECT_EQ(error_of("EHLO"), CommandError::bad_hello_name);
}

TEST(SmtpGrammar, ReadsMail) {
  MailFrom mail = parsed<MailFrom>("MAIL FROM:<Anna@Example.org> SIZE=1000 body=8bitmime");
  EXPECT_EQ(mail.sender->to_string(), "Anna@example.org");
  EXPECT_EQ(mail.size, 1000U);
  EXPECT_EQ(mail.body, BodyType::eight_bit_mime);
  EXPECT_EQ(mail.smtp_utf8, AllowUtf8::no);
  EXPECT_FALSE(mail.spaced_path);

  EXPECT_FALSE(parsed<MailFrom>("MAIL FROM:<>").sender);
  EXPECT_TRUE(parsed<MailFrom>("MAIL FROM:  <a@b.example>").spaced_path);
  EXPECT_EQ(parsed<MailFrom>("mail from:<\"a>b\"@c.example>").sender->local(), "a>b");
  EXPECT_EQ(parsed<MailFrom>("MAIL FROM:<\"a\\\">b\"@c.example>").sender->local(), "a\">b");
  parsed<MailFrom>("MAIL FROM:<a@b.example> AUTH=<>");
  parsed<MailFrom>("MAIL FROM:<a@b.example> AUTH=c+40d.example");
  parsed<MailFrom>("MAIL FROM:<a@b.example>   BODY=7BIT  ");

  for (const char* line : {"MAIL", "MAIL FROM", "MAIL FROM:", "MAIL TO:<a@b.example>",
                           "MAIL FROM:a@b.example", "MAIL FROM:<a@b.example", "MAIL FROM :<a@b.c>",
                           "MAIL FROM:<a@b.example>SIZE=1", "MAIL FROM:<a@b.example> =1",
                           "MAIL FROM:<a@b.example> -X=1", "MAIL FROM:\"x\" <a@b.example>"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_arguments) << line;
  }
  for (const char* path : {"a", "@b.example", "a@b..example", " a@b.example", "a@b.example ",
                           "<a@b.example>", "a(c)@b.example", "a\"b\"@c.example"}) {
    EXPECT_FALSE(parse("MAIL FROM:<" + std::string(path) + ">")) << path;
  }
  EXPECT_EQ(error_of("MAIL FROM:<@a.example:b@c.example>"), CommandError::source_route);
}

TEST(SmtpGrammar, TakesAParameterOnlyWhenItsExtensionWasOffered) {
  for (const char* parameter : {"SIZE=1", "BODY=7BIT", "SMTPUTF8", "AUTH=<>"}) {
    std::string line = "MAIL FROM:<a@b.example> " + std::string(parameter);
    parsed<MailFrom>(line);
    EXPECT_EQ(error_of(line, k_nothing), CommandError::unknown_parameter) << parameter;
  }
  EXPECT_EQ(error_of("MAIL FROM:<a@b.example> RET=FULL"), CommandError::unknown_parameter);
  EXPECT_EQ(error_of("RCPT TO:<a@b.example> NOTIFY=NEVER"), CommandError::unknown_parameter);
  for (const char* parameter :
       {"SIZE=1 size=2", "SIZE", "SIZE=", "SIZE=-1", "SIZE=+1", "SIZE=1x", "SIZE=0x1", "BODY=9BIT",
        "BODY", "BODY=BINARYMIME", "SMTPUTF8=1", "AUTH=a+4", "AUTH=a+4x", "AUTH", "BODY=7BIT=8"}) {
    EXPECT_FALSE(parse("MAIL FROM:<a@b.example> " + std::string(parameter))) << parameter;
  }
  std::string many = "MAIL FROM:<a@b.example>";
  for (int i = 0; i < 17; ++i) many += " X" + std::to_string(i);
  EXPECT_EQ(error_of(many), CommandError::bad_parameter);
}

TEST(SmtpGrammar, KeepsTheSizeInItsBounds) {
  struct Row {
    std::string value;
    std::optional<CommandError> error;
  };
  for (std::uint64_t maximum : {std::uint64_t{10'000'000}, UINT64_MAX}) {
    Extensions offered = k_all;
    offered.max_size = maximum;
    bool all = maximum == UINT64_MAX;
    auto over = all ? std::optional<CommandError>() : CommandError::too_big;
    for (const Row& row : {
             Row{"0", {}},
             Row{"1", {}},
             Row{"9999999", {}},
             Row{"10000000", {}},
             Row{"00000000000000000001", {}},
             Row{"10000001", over},
             Row{"2147483648", over},
             Row{"4294967296", over},
             Row{"9223372036854775808", over},
             Row{"18446744073709551615", over},
             Row{"18446744073709551616", CommandError::too_big},
             Row{"99999999999999999999", CommandError::too_big},
             Row{std::string(40, '9'), CommandError::bad_parameter},
             Row{"1" + std::string(40, '0'), CommandError::bad_parameter},
         }) {
      auto command = parse("MAIL FROM:<> SIZE=" + row.value, offered);
      EXPECT_EQ(command.has_value(), !row.error) << row.value;
      if (!command) EXPECT_EQ(command.error(), row.error) << row.value;
    }
  }
  EXPECT_EQ(reply_to(CommandError::too_big).code, 552);
}

TEST(SmtpGrammar, HoldsNonAsciiToSmtpUtf8) {
  EXPECT_EQ(error_of("MAIL FROM:<j\xc3\xbcrgen@b.example>"), CommandError::non_ascii_sender);
  EXPECT_EQ(parsed<MailFrom>("MAIL FROM:<j\xc3\xbcrgen@b\xc3\xbc"
                             "cher.example> SMTPUTF8")
                .sender->to_string(),
            "j\xc3\xbcrgen@xn--bcher-kva.example");
  EXPECT_EQ(error_of("RCPT TO:<j\xc3\xbcrgen@b.example>"), CommandError::non_ascii_recipient);
  EXPECT_TRUE(parsed<RcptTo>("RCPT TO:<j\xc3\xbcrgen@b.example>", k_all, AllowUtf8::yes).recipient);
  EXPECT_FALSE(parse("MAIL FROM:<\xff@b.example> SMTPUTF8"));
  EXPECT_EQ(reply_to(CommandError::non_ascii_sender).code, 550);
  EXPECT_EQ(reply_to(CommandError::non_ascii_recipient).code, 553);
}

TEST(SmtpGrammar, ReadsRcpt) {
  EXPECT_EQ(parsed<RcptTo>("RCPT TO:<anna@d.example>").recipient->key(), "anna@d.example");
  EXPECT_FALSE(parsed<RcptTo>("RCPT TO:<postMASTER>").recipient);
  EXPECT_TRUE(parsed<RcptTo>("RCPT TO: <a@d.example>").spaced_path);
  EXPECT_EQ(error_of("RCPT TO:<>"), CommandError::bad_recipient);
  EXPECT_EQ(error_of("RCPT TO:<a>"), CommandError::bad_recipient);
  EXPECT_EQ(error_of("RCPT TO:a@d.example"), CommandError::bad_arguments);
  EXPECT_EQ(error_of("RCPT FROM:<a@d.example>"), CommandError::bad_arguments);
}

// The forms that open relays fall for (V17): e is a stranger's domain, d ours. Each is refused, or
// is an address at exactly the domain behind its last "@".
TEST(SmtpGrammar, ReadsNoRelayFormAsAnotherDomain) {
  struct Row {
    const char* path;
    const char* domain;  // null for refused
  };
  for (const Row& row : {
           Row{"<u@e.example>", "e.example"},  // plainly foreign: for the policy to refuse
           Row{"<x@[192.0.2.1]>", "[192.0.2.1]"},
           Row{"<x@localhost>", "localhost"},
           Row{"<x>", nullptr},
           Row{"<u%e.example@d.example>", "d.example"},
           Row{"<u%e.example@[192.0.2.1]>", "[192.0.2.1]"},
           Row{"<u%e.example>", nullptr},
           Row{"<\"u@e.example\">", nullptr},
           Row{"<\"u%e.example\">", nullptr},
           Row{"<\"u@e.example\"@d.example>", "d.example"},
           Row{"<\"u@e.example\"@[192.0.2.1]>", "[192.0.2.1]"},
           Row{"<u@e.example@d.example>", nullptr},
           Row{"<u@e.example@[192.0.2.1]>", nullptr},
           Row{"<@d.example:u@e.example>", nullptr},
           Row{"<@[192.0.2.1]:u@e.example>", nullptr},
           Row{"<@e.example,@d.example:u@e.example>", nullptr},
           Row{"<e.example!u>", nullptr},
           Row{"<e.example!u@d.example>", "d.example"},
           Row{"<e.example!u@[192.0.2.1]>", "[192.0.2.1]"},
           Row{"<u@e.example.>", nullptr},
           Row{"<u@d.example.>", nullptr},
           Row{"<u@e.example%d.example>", nullptr},
           Row{"<=?utf-8?q?u=40e.example?=@d.example>", "d.example"},
           Row{"<u\\@e.example@d.example>", nullptr},
           Row{"< u@e.example>", nullptr},
           Row{"u@e.example", nullptr},
           Row{"<u@d.example:25>", nullptr},
           Row{"<u@sub.d.example>", "sub.d.example"},
           Row{"<u@[IPv6:2001:db8::1]>", "[IPv6:2001:db8::1]"},
           Row{"<SRS0=hash=tt=e.example=u@d.example>", "d.example"},
           Row{"<u+e.example@d.example>", "d.example"},
           Row{"<u@d.example> <u@e.example>", nullptr},
           Row{"<u@d.example>,<u@e.example>", nullptr},
           Row{"<u@d.example,u@e.example>", nullptr},
           Row{"<u@e.example>@d.example", nullptr},
           Row{"<<u@e.example>@d.example>", nullptr},
           Row{"<u@e.example(@d.example)>", nullptr},
           Row{"<u@[d.example]>", nullptr},
       }) {
    auto command = parse("RCPT TO:" + std::string(row.path));
    EXPECT_EQ(command.has_value(), row.domain != nullptr) << row.path;
    if (command && row.domain != nullptr) {
      EXPECT_EQ(std::get<RcptTo>(*command).recipient->domain(), row.domain) << row.path;
    }
  }
}

TEST(SmtpGrammar, ReadsAuth) {
  Auth auth = parsed<Auth>("AUTH plain AGEAYg==");
  EXPECT_EQ(auth.mechanism, "PLAIN");
  EXPECT_EQ(auth.initial_response->reveal(), "AGEAYg==");
  EXPECT_FALSE(parsed<Auth>("AUTH PLAIN").initial_response);
  EXPECT_EQ(parsed<Auth>("AUTH PLAIN =").initial_response->reveal(), "=");
  for (const char* line : {"AUTH", "AUTH  PLAIN", "AUTH PLAIN  x", "AUTH PLAIN a b",
                           "AUTH 123456789012345678901", "AUTH PL(AIN"}) {
    EXPECT_EQ(error_of(line), CommandError::bad_arguments) << line;
  }
}

}  // namespace
}  // namespace peregrine::smtp
