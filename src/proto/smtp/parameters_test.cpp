// The parameters of MAIL and RCPT, and BDAT.

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "proto/smtp/grammar.h"
#include "proto/smtp/replies.h"
#include "proto/smtp/timestamp.h"
#include "proto/smtp/xtext.h"

namespace peregrine::smtp {
namespace {

constexpr std::int64_t k_now = 1'800'000'000;
const std::vector<std::string> k_none_disabled;

Extensions everything() {
  return make_offer({.disabled = k_none_disabled,
                     .is_submission = true,
                     .is_encrypted = true,
                     .max_size = 10'000'000,
                     .limits = {.messages = 100, .recipients = 1000},
                     .now = k_now,
                     .auth_mechanisms = {"PLAIN"}});
}
const Extensions k_everything = everything();

std::expected<Command, CommandError> parse(BytesView line, const Extensions& offered = k_everything,
                                           AllowUtf8 utf8 = AllowUtf8::no) {
  return parse_command(line, {.offered = offered, .recipient_utf8 = utf8});
}
MailFrom mail(const std::string& parameters) {
  auto command = parse("MAIL FROM:<a@b.example> " + parameters);
  EXPECT_TRUE(command) << parameters;
  return command ? std::get<MailFrom>(*command) : MailFrom{};
}
RcptTo rcpt(const std::string& parameters, AllowUtf8 utf8 = AllowUtf8::no) {
  auto command = parse("RCPT TO:<a@b.example> " + parameters, k_everything, utf8);
  EXPECT_TRUE(command) << parameters;
  return command ? std::get<RcptTo>(*command) : RcptTo{};
}
/// The code of what refuses the line, 250 when nothing does.
int code(const std::string& line, const Extensions& offered = k_everything) {
  auto command = parse(line, offered);
  return command ? 250 : reply_to(command.error()).code;
}

TEST(SmtpParameters, ReadsThoseOfDsn) {
  EXPECT_EQ(mail("RET=FULL").dsn_return, DsnReturn::full);
  EXPECT_EQ(mail("ret=hdrs ENVID=a+2Bb").envelope_id, "a+b");
  EXPECT_EQ(mail("SIZE=1").dsn_return, DsnReturn::unsaid);
  EXPECT_EQ(rcpt("NOTIFY=never").notify, (DsnNotify{.never = true}));
  EXPECT_EQ(rcpt("NOTIFY=SUCCESS,DELAY,FAILURE").notify,
            (DsnNotify{.success = true, .failure = true, .delay = true}));
  EXPECT_EQ(rcpt("ORCPT=rfc822;a+2Bb@c.example").original_recipient, "rfc822;a+b@c.example");
  EXPECT_EQ(rcpt("ORCPT=utf-8;\xc3\xa4@c.example", AllowUtf8::yes).original_recipient,
            "utf-8;\xc3\xa4@c.example");
}

// S-DSN-FIELD: what is decoded comes back as a header field, so nothing but printable ASCII may
// come out of it.
TEST(SmtpParameters, RefusesDamagedDsn) {
  for (const char* bad : {"RET=ALL", "RET", "ENVID", "ENVID=a+00", "ENVID=a+0D+0ABcc:x",
                          "ENVID=+zz", "ENVID=+2b", "ENVID=+2", "RET=FULL RET=HDRS", "ENVID=+FF"}) {
    EXPECT_EQ(code(std::string("MAIL FROM:<> ") + bad), 501) << bad;
  }
  EXPECT_EQ(code("MAIL FROM:<> ENVID=" + std::string(101, 'x')), 501);
  EXPECT_EQ(code("MAIL FROM:<> ENVID=" + std::string(100, 'x')), 250);
  for (const char* bad :
       {"NOTIFY", "NOTIFY=", "NOTIFY=NEVER,FAILURE", "NOTIFY=SUCCESS,", "NOTIFY=,SUCCESS",
        "NOTIFY=ALWAYS", "ORCPT=rfc822", "ORCPT=rfc822;", "ORCPT=;a@b.example",
        "ORCPT=rfc822;a+00b", "ORCPT=rfc822;a+0D+0Ab", "ORCPT=rfc822;\xc3\xa4@b.example",
        "ORCPT=utf-8;\xc3\xa4@b.example", "NOTIFY=DELAY NOTIFY=DELAY"}) {
    EXPECT_EQ(code(std::string("RCPT TO:<a@b.example> ") + bad), 501) << bad;
  }
  EXPECT_EQ(code("RCPT TO:<a@b.example> ORCPT=rfc822;" + std::string(500, 'x')), 501);
}

TEST(SmtpParameters, ReadsTheOthers) {
  EXPECT_EQ(mail("BODY=BINARYMIME").body, BodyType::binary_mime);
  EXPECT_TRUE(mail("REQUIRETLS").require_tls);
  EXPECT_TRUE(mail("PRDR").per_recipient_replies);
  EXPECT_EQ(mail("MT-PRIORITY=-9").priority, -9);
  EXPECT_EQ(mail("MT-PRIORITY=0").priority, 0);
  EXPECT_EQ(std::get<HoldFor>(mail("HOLDFOR=86400").hold).seconds, 86400U);
  EXPECT_EQ(std::get<HoldUntil>(mail("HOLDUNTIL=2027-01-16T00:00:00+01:00").hold).time,
            1'800'054'000);
  auto by = mail("BY=120;RT").deliver_by;
  ASSERT_TRUE(by);
  EXPECT_EQ(by->seconds, 120);
  EXPECT_TRUE(by->is_return && by->wants_trace);
  EXPECT_EQ(mail("BY=-5;n").deliver_by->seconds, -5);
}

TEST(SmtpParameters, RefusesDamage) {
  for (const char* bad : {"REQUIRETLS=1",
                          "PRDR=1",
                          "MT-PRIORITY",
                          "MT-PRIORITY=10",
                          "MT-PRIORITY=-0",
                          "MT-PRIORITY=+1",
                          "MT-PRIORITY=x",
                          "HOLDFOR=",
                          "HOLDFOR=x",
                          "HOLDFOR=1000000000",
                          "HOLDFOR=99999999",
                          "HOLDFOR=1 HOLDUNTIL=2027-01-16T00:00:00Z",
                          "HOLDUNTIL=tomorrow",
                          "HOLDUNTIL=2099-01-01T00:00:00Z",
                          "BY=5",
                          "BY=5;",
                          "BY=5;X",
                          "BY=0;R",
                          "BY=-1;R",
                          "BY=;R",
                          "BY=1234567890;N",
                          "BY=5;NTX",
                          "BODY=9BIT"}) {
    EXPECT_EQ(code(std::string("MAIL FROM:<> ") + bad), 501) << bad;
  }
}

TEST(SmtpParameters, ExistOnlyWhenOffered) {
  const std::vector<std::string> all = {"BINARYMIME",    "CHUNKING",    "DELIVERBY", "DSN",
                                        "LIMITS",        "MT-PRIORITY", "PRDR",      "REQUIRETLS",
                                        "FUTURERELEASE", "8BITMIME"};
  Extensions bare =
      make_offer({.disabled = all, .is_submission = true, .is_encrypted = true, .max_size = 1000});
  for (const char* parameter :
       {"BODY=8BITMIME", "RET=FULL", "ENVID=x", "REQUIRETLS", "PRDR", "MT-PRIORITY=1", "HOLDFOR=1",
        "HOLDUNTIL=2027-01-16T00:00:00Z", "BY=5;N"}) {
    EXPECT_EQ(code(std::string("MAIL FROM:<> ") + parameter, bare), 555) << parameter;
  }
  EXPECT_EQ(code("RCPT TO:<a@b.example> NOTIFY=NEVER", bare), 555);
  EXPECT_EQ(code("RCPT TO:<a@b.example> ORCPT=rfc822;x", bare), 555);
  Extensions eight_bit = make_offer({.disabled = {"CHUNKING"}, .max_size = 1000});
  EXPECT_EQ(code("MAIL FROM:<> BODY=BINARYMIME", eight_bit), 501);
  EXPECT_EQ(code("MAIL FROM:<> BODY=8BITMIME", eight_bit), 250);
}

TEST(SmtpParameters, TheOfferFollowsTheService) {
  auto has = [](const Extensions& offered, std::string_view word) {
    auto lines = offered.keywords();
    return std::ranges::any_of(lines, [&](const auto& l) { return l.starts_with(word); });
  };
  Extensions mx = make_offer({.disabled = k_none_disabled, .can_start_tls = true, .now = k_now});
  Extensions lmtp = make_offer({.disabled = k_none_disabled, .is_lmtp = true, .now = k_now});
  EXPECT_TRUE(has(mx, "STARTTLS") && has(mx, "CHUNKING") && has(mx, "DSN") && has(mx, "PRDR"));
  EXPECT_TRUE(has(mx, "LIMITS MAILMAX=0 RCPTMAX=0"));
  EXPECT_FALSE(has(mx, "REQUIRETLS") || has(mx, "FUTURERELEASE") || has(mx, "DELIVERBY"));
  EXPECT_FALSE(has(lmtp, "PRDR") || has(lmtp, "STARTTLS"));
  EXPECT_TRUE(has(k_everything, "REQUIRETLS") && has(k_everything, "DELIVERBY"));
  EXPECT_TRUE(has(k_everything, "FUTURERELEASE 31536000 2028-01-15T08:00:00Z"));
  EXPECT_FALSE(has(k_everything, "STARTTLS"));
}

TEST(SmtpParameters, BdatHasASizeOrNothingIsCertain) {
  auto bdat = [](BytesView line) { return std::get<Bdat>(parse(line).value()); };
  EXPECT_EQ(bdat("BDAT 0").size, 0U);
  EXPECT_EQ(bdat("bdat 18446744073709551615").size, UINT64_MAX);
  EXPECT_FALSE(bdat("BDAT 7").is_last);
  EXPECT_TRUE(bdat("BDAT 7 last ").is_last);
  for (const char* line : {"BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 1x", "BDAT 1 LASTS",
                           "BDAT 18446744073709551616", "BDAT 1 2", "BDAT LAST", "BDAT 0x10"}) {
    auto command = parse(line);
    ASSERT_FALSE(command) << line;
    EXPECT_EQ(command.error(), CommandError::bad_chunk) << line;
  }
}

TEST(Xtext, RoundTrips) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_xtext(encode_xtext(all)), all);
  for (const char* bad : {"+", "+4", "+4g", "a b", "a=b", "+4a", "\xff"}) {
    EXPECT_EQ(decode_xtext(bad), std::nullopt) << bad;
  }
}

TEST(Timestamp, ReadsRfc3339) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_rfc3339("2000-02-29t12:00:00.25-01:30"), 951'831'000);
  EXPECT_EQ(parse_rfc3339(format_rfc3339(k_now)), k_now);
  for (const char* bad :
       {"", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00+1", "1969-12-31T23:59:59Z",
        "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z", "+026-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace peregrine::smtp
