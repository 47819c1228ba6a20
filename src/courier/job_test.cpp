#include "courier/job.h"

#include <gtest/gtest.h>

#include "courier/job_fixture.h"
#include "proto/dns/rdata_fixture.h"

namespace peregrine::courier {
namespace {

const Exchange k_greeting{"", "220 mx.test ESMTP\r\n"};
const Exchange k_bare_ehlo{"EHLO out.here.test", "250 mx.test\r\n"};
const Exchange k_ehlo{"EHLO out.here.test", "250-mx.test\r\n250-PIPELINING\r\n250 DSN\r\n"};
const Exchange k_mail{"MAIL FROM:<s@here.test>", "250 2.1.0 ok\r\n"};
const Exchange k_rcpt{"RCPT TO:<r", "250 2.1.5 ok\r\n"};
const Exchange k_data{"DATA", "354 go\r\n"};
const Exchange k_end{".", "250 2.0.0 taken as 77\r\n"};
const Script k_plain{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end};

class JobTest : public ::testing::Test {
 protected:
  JobFixture fixture;
};

TEST_F(JobTest, DeliversAMessage) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(JobFixture::make_lease(1));
  api::RecipientReport report = fixture.report_of();
  EXPECT_EQ(report.outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(report.reply_code(), 250U);
  EXPECT_EQ(report.status(), "2.0.0");
  EXPECT_EQ(report.remote_host(), "mx.test");
  EXPECT_EQ(report.remote_address(), "127.0.0.2");
  EXPECT_EQ(report.diagnostic(), "250 2.0.0 taken as 77");
  EXPECT_EQ(report.tls(), "");
  EXPECT_NE(server.received.find("DATA\r\nSubject: message 1\r\n\r\n..text\r\n.\r\n"),
            std::string::npos);
  EXPECT_TRUE(server.received.ends_with("QUIT\r\n"));
  EXPECT_TRUE(fixture.reports.back().last());
  EXPECT_FALSE(fixture.reports.back().destination_failed());
}

TEST_F(JobTest, PassesOnWhatDsnAsksFor) {
  FakeServer& server = fixture.serve(2, {{k_greeting, k_ehlo, k_mail, k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  api::LeasedMessage& message = *lease.mutable_messages(0);
  message.mutable_envelope()->set_dsn_ret("HDRS");
  message.mutable_envelope()->set_dsn_envid("id 1");
  api::Recipient& recipient = *message.mutable_recipients(0)->mutable_recipient();
  recipient.set_notify(api::NOTIFY_SUCCESS | api::NOTIFY_FAILURE);
  recipient.set_orcpt("rfc822;a+b@x.test");
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_DELIVERED);
  EXPECT_NE(server.received.find("MAIL FROM:<s@here.test> RET=HDRS ENVID=id+201\r\n"
                                 "RCPT TO:<r1@dest.test> NOTIFY=SUCCESS,FAILURE "
                                 "ORCPT=rfc822;a+2Bb@x.test\r\n"),
            std::string::npos);
}

// What a server does wrong or refuses, and what is made of it.
struct Case {
  std::string_view name;
  Script script;
  api::ReportOutcome outcome;
  std::string_view status;
};

const Case k_cases[] = {
    {"no greeting", {{"", "", Then::close}}, api::REPORT_TEMPORARY, "4.4.2"},
    {"554 for a greeting", {{"", "554 5.7.1 no\r\n"}}, api::REPORT_TEMPORARY, "4.7.1"},
    {"421 for a greeting", {{"", "421 4.3.2 busy\r\n"}}, api::REPORT_TEMPORARY, "4.3.2"},
    {"no SMTP", {{"", "SSH-2.0-x\r\n"}}, api::REPORT_TEMPORARY, "4.5.0"},
    {"a bare LF", {{"", "220 a\n220 b\r\n"}}, api::REPORT_TEMPORARY, "4.5.0"},
    {"an endless greeting", {{"", std::string(mib(1), '2')}}, api::REPORT_TEMPORARY, "4.5.0"},
    {"two codes", {k_greeting, {"EHLO", "250-a\r\n220 b\r\n"}}, api::REPORT_TEMPORARY, "4.5.0"},
    {"451 to EHLO", {k_greeting, {"EHLO", "451 no\r\n"}}, api::REPORT_TEMPORARY, "4.0.0"},
    {"no HELO either",
     {k_greeting, {"EHLO", "500 no\r\n"}, {"HELO out.here.test", "502 no\r\n"}},
     api::REPORT_TEMPORARY,
     "4.0.0"},
    {"EHLO, then away", {k_greeting, {"EHLO", "", Then::close}}, api::REPORT_TEMPORARY, "4.4.2"},
    {"itself", {k_greeting, {"EHLO", "250 OUT.here.test hi\r\n"}}, api::REPORT_PERMANENT, "5.4.6"},
    {"550 to MAIL",
     {k_greeting, k_bare_ehlo, {"MAIL", "550 5.7.1 no\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_PERMANENT,
     "5.7.1"},
    {"451 to MAIL",
     {k_greeting, k_bare_ehlo, {"MAIL", "451 later\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_TEMPORARY,
     "4.0.0"},
    {"421 to MAIL",
     {k_greeting, k_bare_ehlo, {"MAIL", "421 bye\r\n"}},
     api::REPORT_TEMPORARY,
     "4.0.0"},
    {"away at MAIL",
     {k_greeting, k_bare_ehlo, {"MAIL", "", Then::close}},
     api::REPORT_TEMPORARY,
     "4.4.2"},
    {"550 to RCPT",
     {k_greeting, k_bare_ehlo, k_mail, {"RCPT", "550 5.1.1 who\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_PERMANENT,
     "5.1.1"},
    {"450 to RCPT",
     {k_greeting, k_bare_ehlo, k_mail, {"RCPT", "450 4.2.0 later\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_TEMPORARY,
     "4.2.0"},
    {"552 to the only RCPT",
     {k_greeting, k_bare_ehlo, k_mail, {"RCPT", "552 5.5.3 many\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_TEMPORARY,
     "4.5.3"},
    {"354 to RCPT",
     {k_greeting, k_bare_ehlo, k_mail, {"RCPT", "354 go\r\n"}, {"RSET", "250 ok\r\n"}},
     api::REPORT_TEMPORARY,
     "4.5.0"},
    {"away at RCPT",
     {k_greeting, k_bare_ehlo, k_mail, {"RCPT", "", Then::close}},
     api::REPORT_TEMPORARY,
     "4.4.2"},
    {"554 to DATA",
     {k_greeting,
      k_bare_ehlo,
      k_mail,
      k_rcpt,
      {"DATA", "554 5.6.0 no\r\n"},
      {"RSET", "250 ok\r\n"}},
     api::REPORT_PERMANENT,
     "5.6.0"},
    {"250 to DATA",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, {"DATA", "250 ok\r\n"}},
     api::REPORT_TEMPORARY,
     "4.5.0"},
    {"away at DATA",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, {"DATA", "", Then::close}},
     api::REPORT_TEMPORARY,
     "4.4.2"},
    {"550 to the message",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "550 5.7.1 spam\r\n"}},
     api::REPORT_PERMANENT,
     "5.7.1"},
    {"452 to the message",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "452 4.3.1 full\r\n"}},
     api::REPORT_TEMPORARY,
     "4.3.1"},
    {"354 to the message",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "354 more\r\n"}},
     api::REPORT_TEMPORARY,
     "4.5.0"},
    {"away after the message",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "", Then::close}},
     api::REPORT_TEMPORARY,
     "4.4.2"},
    {"half a reply to the message",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "250-taken\r\n", Then::close}},
     api::REPORT_TEMPORARY,
     "4.4.2"},
    {"a reply before its question",
     {k_greeting, k_bare_ehlo, k_mail, k_rcpt, {"DATA", "354 go\r\n250 taken\r\n"}},
     api::REPORT_TEMPORARY,
     "4.5.0"},
    {"bytes behind STARTTLS",
     {k_greeting, {"EHLO", "250-a\r\n250 STARTTLS\r\n"}, {"STARTTLS", "220 go\r\n250 mx\r\n"}},
     api::REPORT_TEMPORARY,
     "4.7.0"},
};

class Misbehaving : public JobTest, public ::testing::WithParamInterface<Case> {};

TEST_P(Misbehaving, IsJudged) {
  fixture.serve(2, {GetParam().script});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(JobFixture::make_lease(1));
  api::RecipientReport report = fixture.report_of();
  EXPECT_EQ(report.outcome(), GetParam().outcome) << report.diagnostic();
  EXPECT_EQ(report.status(), GetParam().status) << report.diagnostic();
  EXPECT_LE(report.diagnostic().size(), smtp::k_max_diagnostic + 64);
  EXPECT_TRUE(fixture.reports.back().last());
}

INSTANTIATE_TEST_SUITE_P(Each, Misbehaving, ::testing::ValuesIn(k_cases), [](const auto& each) {
  std::string name;
  for (char c : each.param.name) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return name;
});

TEST_F(JobTest, SlowServersAreLeft) {
  fixture.timeouts.greeting = fixture.timeouts.command = fixture.timeouts.data_end =
      std::chrono::milliseconds(100);
  Script hangs_at_mail{k_greeting, k_bare_ehlo, {"MAIL", "25", Then::hang}};
  for (const Script& script :
       {Script{{"", "22", Then::hang}}, hangs_at_mail,
        Script{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "", Then::hang}}}) {
    JobFixture slow;
    slow.timeouts = fixture.timeouts;
    slow.timeouts.quit = std::chrono::milliseconds(10);
    slow.serve(2, {script});
    slow.add_host("dest.test", "mx.test", 2);
    slow.run(JobFixture::make_lease(1));
    EXPECT_EQ(slow.report_of().outcome(), api::REPORT_TEMPORARY);
    EXPECT_EQ(slow.report_of().status(), "4.4.2");
    EXPECT_NE(slow.report_of().diagnostic().find("too slow"), std::string::npos);
  }
}

TEST_F(JobTest, RecipientsAreJudgedOneByOne) {
  fixture.serve(2, {{k_greeting,
                     k_ehlo,
                     k_mail,
                     k_rcpt,
                     {"RCPT", "550 5.1.1 who\r\n"},
                     {"RCPT", "451 4.2.1 later\r\n"},
                     k_rcpt,
                     k_data,
                     k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(JobFixture::make_lease(1, 4));
  EXPECT_EQ(fixture.report_of(0).outcome(), api::REPORT_DELIVERED);
  EXPECT_EQ(fixture.report_of(1).outcome(), api::REPORT_PERMANENT);
  EXPECT_EQ(fixture.report_of(2).outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of(3).outcome(), api::REPORT_DELIVERED);
}

TEST_F(JobTest, TooManyRecipientsComeInRounds) {
  Exchange full{"RCPT", "452 4.5.3 too many\r\n"};
  fixture.serve(2, {{k_greeting, k_ehlo, k_mail, k_rcpt, k_rcpt, full, k_data, k_end, k_mail,
                     k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(JobFixture::make_lease(1, 3));
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(fixture.report_of(i).outcome(), api::REPORT_DELIVERED) << i;
  }
}

TEST_F(JobTest, AnnouncedLimitsAreKept) {
  Exchange limits{"EHLO", "250-mx.test\r\n250 LIMITS RCPTMAX=2 MAILMAX=1\r\n"};
  Script one{k_greeting, limits, k_mail, k_rcpt, k_data, k_end};
  FakeServer& server =
      fixture.serve(2, {{k_greeting, limits, k_mail, k_rcpt, k_rcpt, k_data, k_end}, one, one});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.more_leases.push_back(JobFixture::make_lease(2));
  fixture.run(JobFixture::make_lease(1, 3));
  EXPECT_EQ(fixture.report_of(0).outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of(2).outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.reports.back().recipients(0).outcome(), api::REPORT_RELAYED);
  // One MAIL was all that the server wanted to have in a session.
  EXPECT_EQ(server.connections, 3U);
}

TEST_F(JobTest, TheConnectionIsUsedForMore) {
  FakeServer& server = fixture.serve(
      2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end, k_mail, k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.more_leases.push_back(JobFixture::make_lease(2));
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 1U);
  EXPECT_NE(server.received.find("Subject: message 2"), std::string::npos);
  std::size_t ended = 0;
  for (const auto& report : fixture.reports) ended += report.last() ? 1U : 0U;
  EXPECT_EQ(ended, 2U);
}

// RFC 5321 section 4.5.4.1 wants the mail to be tried again; that a server closes a connection that
// rests is no failure of the mail at all.
TEST_F(JobTest, AConnectionThatWasClosedAtRestIsMadeAnew) {
  Script closing{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end};
  closing.back().then = Then::close;
  FakeServer& server = fixture.serve(2, {closing, k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse second = JobFixture::make_lease(2);
  fixture.more_leases.push_back(second);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 2U);
  EXPECT_NE(server.received.find("Subject: message 2"), std::string::npos);
  EXPECT_EQ(fixture.reports.back().recipients(0).outcome(), api::REPORT_RELAYED);
}

TEST_F(JobTest, TheLoopEndsWhatOneBeforeItLeftAndAsksWithEachReport) {
  FakeServer& server = fixture.serve(
      2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end, k_mail, k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.more_leases.push_back(JobFixture::make_lease(1));
  fixture.more_leases.push_back(JobFixture::make_lease(2));
  fixture.run_loop();
  EXPECT_EQ(server.connections, 1U);
  ASSERT_EQ(fixture.requests.size(), 4U);
  EXPECT_TRUE(fixture.requests[0].ends_all());
  EXPECT_FALSE(fixture.requests[1].ends_all() || fixture.requests[1].has_report());
  for (std::size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(fixture.requests[i].prefer_destination(), "dest.test");
    EXPECT_EQ(fixture.requests[i].report().lease(), i - 1);
    EXPECT_TRUE(fixture.requests[i].report().last());
  }
}

TEST_F(JobTest, MailLeavesFromTheAddressOfItsSender) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.sources = {*config::parse_source("@here.test 127.0.0.77")};
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.last_peer, "127.0.0.77");
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(JobTest, ARouteSaysFromWhereBeforeTheSenderDoes) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.sources = {*config::parse_source("@here.test 127.0.0.77")};
  fixture.settings.outbound.routes = {*config::parse_route("dest.test mx source=127.0.0.78")};
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.last_peer, "127.0.0.78");
}

// A connection for one sender's address, or one without the recipient's TLS, is none for others.
TEST_F(JobTest, OtherMailForTheDestinationTakesAnotherConnection) {
  FakeServer& server = fixture.serve(
      2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end, k_mail, k_rcpt, k_data, k_end},
          k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.sources = {*config::parse_source("@here.test 127.0.0.77")};
  api::LeaseResponse other = JobFixture::make_lease(2);
  other.mutable_messages(0)->mutable_envelope()->set_mail_from("s@here.test");
  other.mutable_messages(0)->mutable_envelope()->set_tls_optional(true);
  fixture.more_leases.push_back(other);
  fixture.more_leases.push_back(JobFixture::make_lease(3));
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 2U);
}

TEST_F(JobTest, AFamilyWithoutASourceIsNotUsed) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.sources = {*config::parse_source("@here.test 2001:db8::7")};
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 0U);
  EXPECT_EQ(fixture.report_of().status(), "4.4.1");
  EXPECT_EQ(fixture.report_of().diagnostic(),
            "the host has no address that the source address could reach");
}

TEST(Pacer, SpacesMessagesEvenlyAndByPlace) {
  Pacer pacer;
  Deadline now = Monotonic::now();
  auto wait = [&](const std::string& place, std::uint32_t rate) {
    return std::chrono::duration_cast<std::chrono::seconds>(pacer.take(place, rate, now) - now)
        .count();
  };
  EXPECT_EQ(wait("a", 6), 0);
  EXPECT_EQ(wait("a", 6), 10);
  EXPECT_EQ(wait("b", 6), 0);
  EXPECT_EQ(wait("a", 12), 20);
  EXPECT_EQ(wait("a", 12), 25);
  now += std::chrono::minutes(5);
  EXPECT_EQ(wait("a", 12), 0);
  EXPECT_EQ(wait("a", 12), 5);
}

// 1200 a minute: two messages are 50 ms apart, which one connection waits for.
TEST_F(JobTest, ARateHoldsMessagesApart) {
  FakeServer& server = fixture.serve(
      2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end, k_mail, k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.messages_per_minute = 1200;
  api::LeaseResponse lease = JobFixture::make_lease(1);
  *lease.add_messages() = JobFixture::make_lease(2).messages(0);
  Deadline before = Monotonic::now();
  fixture.run(lease);
  EXPECT_GE(Monotonic::now() - before, std::chrono::milliseconds(50));
  EXPECT_EQ(server.connections, 1U);
}

TEST_F(JobTest, NoConnectionRestsForLongUntilARateAllowsMore) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.messages_per_minute = 1200;
  fixture.idle = std::chrono::milliseconds(10);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  *lease.add_messages() = JobFixture::make_lease(2).messages(0);
  fixture.run(lease);
  EXPECT_EQ(server.connections, 2U);
  EXPECT_NE(server.received.find("Subject: message 2"), std::string::npos);
}

TEST_F(JobTest, TheNextHostIsTried) {
  fixture.serve(2, {{{"", "421 4.3.2 busy\r\n"}}});
  FakeServer& second = fixture.serve(3, {k_plain});
  fixture.add_host("dest.test", "mx1.test", 2);
  fixture.add_host("dest.test", "mx2.test", 3);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of().remote_host(), "mx2.test");
  EXPECT_EQ(second.connections, 1U);
  EXPECT_EQ(fixture.limit_after, 1U);
}

TEST_F(JobTest, NothingIsSentTwiceWhenThereIsNoAnswer) {
  fixture.serve(2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, {".", "", Then::close}}});
  FakeServer& second = fixture.serve(3, {k_plain});
  fixture.add_host("dest.test", "mx1.test", 2);
  fixture.add_host("dest.test", "mx2.test", 3);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(second.connections, 0U);
}

TEST_F(JobTest, AHostThatIsAwayIsNoneToWaitFor) {
  fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx1.test", 9);  // nobody listens there
  fixture.add_host("dest.test", "mx2.test", 2);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(JobTest, ADestinationThatNobodyAnswersForHasFailed) {
  fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx1.test", 9);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of().status(), "4.4.1");
  EXPECT_EQ(fixture.report_of().remote_host(), "mx1.test");
  EXPECT_TRUE(fixture.reports.back().destination_failed());
  EXPECT_NE(fixture.reports.back().reason().find("127.0.0.9"), std::string::npos);
}

TEST_F(JobTest, WhatTheServerCannotTakeIsNotSent) {
  struct Demand {
    void (*ask)(api::LeasedMessage& message);
    std::string_view status;
  };
  const Demand demands[] = {
      {[](api::LeasedMessage& m) { m.set_size(1001); }, "5.3.4"},
      {[](api::LeasedMessage& m) { m.mutable_envelope()->set_require_tls(true); }, "5.7.30"},
      {[](api::LeasedMessage& m) {
         m.mutable_envelope()->set_smtp_utf8(true);
         m.mutable_recipients(0)->mutable_recipient()->set_address("\xc3\xa4@dest.test");
       },
       "5.6.7"},
      {[](api::LeasedMessage& m) {
         m.mutable_envelope()->set_deliver_by(1);
         m.mutable_envelope()->set_deliver_by_return(true);
       },
       "5.3.3"},
  };
  for (const Demand& demand : demands) {
    JobFixture one;
    FakeServer& server = one.serve(2, {{k_greeting, {"EHLO", "250-mx.test\r\n250 SIZE 1000\r\n"}}});
    one.add_host("dest.test", "mx.test", 2);
    api::LeaseResponse lease = JobFixture::make_lease(1);
    demand.ask(*lease.mutable_messages(0));
    one.run(lease);
    EXPECT_EQ(one.report_of().outcome(), api::REPORT_PERMANENT) << demand.status;
    EXPECT_EQ(one.report_of().status(), demand.status);
    EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
  }
}

// RFC 8689 section 4.2.1 wants each host asked before the mail is given up.
TEST_F(JobTest, WhatOneHostCannotTakeTheNextOneMay) {
  FakeServer& small = fixture.serve(2, {{k_greeting, {"EHLO", "250-mx.test\r\n250 SIZE 10\r\n"}}});
  FakeServer& large = fixture.serve(3, {k_plain});
  fixture.add_host("dest.test", "small.test", 2);
  fixture.add_host("dest.test", "large.test", 3);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(small.received.find("MAIL"), std::string::npos);
  EXPECT_EQ(large.connections, 1U);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(JobTest, ARefusalIsForGoodOnlyWhenEveryHostWasAsked) {
  fixture.serve(2, {{k_greeting, {"EHLO", "250-mx.test\r\n250 SIZE 10\r\n"}}});
  fixture.serve(3, {{{"", "", Then::close}}});
  fixture.add_host("dest.test", "small.test", 2);
  fixture.add_host("dest.test", "away.test", 3);
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
}

TEST_F(JobTest, RecipientsThatNeedNoUtf8AreNotHeldUp) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1, 2);
  lease.mutable_messages(0)->mutable_envelope()->set_smtp_utf8(true);
  lease.mutable_messages(0)->mutable_recipients(1)->mutable_recipient()->set_address(
      "\xc3\xa4@dest.test");
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of(0).outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of(1).status(), "5.6.7");
  EXPECT_EQ(server.received.find("SMTPUTF8"), std::string::npos);
}

// What the envelope says of 8 bits is about the body.
TEST_F(JobTest, AHeaderInUtf8CountsOverABodyOfAscii) {
  fixture.serve(2, {{k_greeting, k_bare_ehlo}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.contents[1] = "Subject: gr\xc3\xbc\xc3\x9f\r\n\r\ntext\r\n";
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->set_size(fixture.contents[1].size());
  lease.mutable_messages(0)->set_header_size(fixture.contents[1].size() - 6);
  lease.mutable_messages(0)->mutable_envelope()->set_smtp_utf8(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().status(), "5.6.7");
}

// Somebody else may have the message when its lease is over.
TEST_F(JobTest, NothingIsFinishedBehindTheEndOfItsLease) {
  FakeServer& server = fixture.serve(2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data, k_end}});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  // The margin is ten seconds.
  lease.set_expires(wall_now().seconds + 11);
  fixture.content_delay = std::chrono::milliseconds(2100);
  fixture.run(lease);
  EXPECT_EQ(server.received.find("\r\n.\r\n"), std::string::npos);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of().diagnostic(), "the server takes the message too slowly");
}

TEST_F(JobTest, ContentThatCannotBeReadCountsAsAnAttempt) {
  fixture.serve(2, {{k_greeting, k_bare_ehlo, k_mail, k_rcpt, k_data}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.refuses_content = true;
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of().status(), "4.3.0");
}

TEST_F(JobTest, OneAddressGetsAPartOfAllConnections) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.settings.outbound.connections = 1;
  fixture.others_at = {"127.0.0.2", 1};
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 0U);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_NOT_TRIED);
  fixture.reports.clear();
}

TEST_F(JobTest, ARouteWithoutItsPasswordWaits) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.settings.outbound.routes = {
      *config::parse_route("* smtp://127.0.0.2:" + std::to_string(server.port()) + " user=me")};
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(server.connections, 0U);
  EXPECT_EQ(fixture.report_of().status(), "4.7.8");
  EXPECT_EQ(fixture.report_of().diagnostic(),
            "outbound.credentials has no password of me for 127.0.0.2");
}

api::LeaseResponse lease_of(JobFixture& fixture, const Bytes& content) {
  api::LeaseResponse lease = JobFixture::make_lease(1);
  fixture.contents[1] = content;
  api::LeasedMessage& message = *lease.mutable_messages(0);
  message.set_size(content.size());
  message.set_header_size(content.find("\r\n\r\n") + 4);
  message.mutable_envelope()->set_eight_bit(true);
  return lease;
}

TEST_F(JobTest, EightBitTextIsConvertedForAServerThatTakesNone) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(lease_of(fixture, "MIME-Version: 1.0\r\n\r\ngr\xc3\xbc\xc3\x9f\x65\r\n"));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(server.received.find("BODY="), std::string::npos);
  EXPECT_NE(server.received.find("DATA\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                                 "MIME-Version: 1.0\r\n\r\ngr=C3=BC=C3=9Fe\r\n.\r\n"),
            std::string::npos);
}

TEST_F(JobTest, WithoutRoomToConvertItWaits) {
  fixture.serve(2, {{k_greeting, k_bare_ehlo}});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease =
      lease_of(fixture, "MIME-Version: 1.0\r\n\r\ngr\xc3\xbc\xc3\x9f\x65\r\n");
  fixture.conversion_room.bytes = 3 * lease.messages(0).size() - 1;
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().status(), "4.3.1");
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
}

TEST_F(JobTest, WhatIsSignedIsReturnedInstead) {
  FakeServer& server = fixture.serve(2, {{k_greeting, {"EHLO", "250 mx.test\r\n"}}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.run(lease_of(fixture, "DKIM-Signature: v=1\r\nMIME-Version: 1.0\r\n\r\n\xc3\xbc\r\n"));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_PERMANENT);
  EXPECT_EQ(fixture.report_of().status(), "5.6.3");
  EXPECT_NE(fixture.report_of().diagnostic().find("signed"), std::string::npos);
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
}

TEST_F(JobTest, SmtpUtf8IsNotNeededForAsciiAlone) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_smtp_utf8(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(server.received.find("SMTPUTF8"), std::string::npos);
}

TEST_F(JobTest, NoBareLineEndLeavesInData) {
  FakeServer& server = fixture.serve(2, {k_plain});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.contents[1] = "a: b\r\n\r\n" + std::string(3000, 'x') + "\n.\r\nMAIL FROM:<x@y.test>\r\n";
  fixture.run(JobFixture::make_lease(1));
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_PERMANENT);
  EXPECT_EQ(fixture.report_of().status(), "5.6.0");
  EXPECT_EQ(server.received.find("\n.\r\n"), std::string::npos);
  EXPECT_EQ(server.received.find("QUIT"), std::string::npos);
}

TEST_F(JobTest, AChunkHoldsAnything) {
  Exchange offers{"EHLO", "250-mx.test\r\n250-BINARYMIME\r\n250-8BITMIME\r\n250 CHUNKING\r\n"};
  FakeServer& server = fixture.serve(2, {{k_greeting,
                                          offers,
                                          {"MAIL FROM:<s@here.test> BODY=BINARYMIME", "250 ok\r\n"},
                                          k_rcpt,
                                          {"BDAT", "250 ok\r\n"}}});
  fixture.add_host("dest.test", "mx.test", 2);
  fixture.contents[1] = "a: b\r\n\r\n\n.\r\n.\r\nMAIL\r\n" + std::string(5000, '\0');
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_binary(true);
  lease.mutable_messages(0)->set_size(fixture.contents[1].size());
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_NE(server.received.find(fixture.contents[1]), std::string::npos);
}

TEST_F(JobTest, AMessageThatIsNotAsLongAsSaidIsNotFinished) {
  Exchange offers{"EHLO", "250-mx.test\r\n250 CHUNKING\r\n"};
  for (std::int64_t change : {-1, 1}) {
    JobFixture one;
    one.serve(2, {{k_greeting, offers, k_mail, k_rcpt, {"BDAT", "", Then::hang}}});
    one.add_host("dest.test", "mx.test", 2);
    api::LeaseResponse lease = JobFixture::make_lease(1);
    auto size = static_cast<std::int64_t>(JobFixture::content_of(1).size()) + change;
    lease.mutable_messages(0)->set_size(static_cast<std::uint64_t>(size));
    one.run(lease);
    EXPECT_EQ(one.report_of().outcome(), api::REPORT_NOT_TRIED);
  }
}

}  // namespace
}  // namespace peregrine::courier
