// Sessions of strangers, judged by what a scripted resolver and core say of them.

#include <gtest/gtest.h>

#include "proto/dns/rdata_fixture.h"
#include "smtpd/session_fixture.h"

namespace peregrine::smtpd {
namespace {

const Bytes k_own_address("\xc0\x00\x02\x01", 4);  // 192.0.2.1
const Bytes k_other_address("\xc0\x00\x02\x02", 4);
const Bytes k_listed("\x7f\x00\x00\x02", 4);
const Bytes k_list_error("\x7f\xff\xff\xfe", 4);
constexpr std::string_view k_reverse = "1.2.0.192.in-addr.arpa";
constexpr std::string_view k_in_zen = "1.2.0.192.zen.example";

class JunkTest : public testing::Test {
 protected:
  JunkTest() {
    fixture.facts.is_loopback = false;
    fixture.has_resolver = true;
    fixture.settings.junk.lookup_time = std::chrono::seconds(10);
    fixture.settings.limits.error_pause = config::Duration(0);
  }
  void answer(std::string_view name, dns::Type type, std::vector<Bytes> records) {
    fixture.dns[{std::string(name), type}] = std::move(records);
  }
  std::string message() {
    return codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_data, k_text, k_quit}));
  }
  /// In what was delivered last, with its fields in one line each.
  bool has_header(std::string_view part) {
    if (fixture.delivered.empty()) return false;
    std::string raw = fixture.delivered.back().content().raw();
    for (std::size_t at = raw.find("\r\n "); at != std::string::npos; at = raw.find("\r\n ", at)) {
      raw.erase(at, 2);
    }
    return raw.find(part) != std::string::npos;
  }
  SessionFixture fixture;
};

constexpr std::string_view k_taken = "250 250 250 354 250 221";

TEST_F(JunkTest, NothingIsHeldAgainstAnybodyByDefault) {
  EXPECT_EQ(message(), k_taken);
  EXPECT_FALSE(has_header("X-Peregrine-Checks"));
  EXPECT_EQ(fixture.asked_names, std::vector<std::string>{std::string(k_reverse)});
}

TEST_F(JunkTest, AConfirmedNameStandsInReceived) {
  answer(k_reverse, dns::Type::ptr,
         {dns::wire_name("wrong.example"), dns::wire_name("mail.example")});
  answer("wrong.example", dns::Type::a, {k_other_address});
  answer("mail.example", dns::Type::a, {k_other_address, k_own_address});
  fixture.settings.junk.no_reverse_name = 20;
  fixture.settings.junk.unconfirmed_reverse_name = 20;
  EXPECT_EQ(message(), k_taken);
  EXPECT_TRUE(has_header("(mail.example [192.0.2.1])")) << fixture.delivered.back().DebugString();
}

TEST_F(JunkTest, MissingAndUnconfirmedNamesWeigh) {
  fixture.settings.junk.no_reverse_name = 10;
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_quit})), "250 250 550 221");
  fixture.settings.junk.no_reverse_name = 0;
  fixture.settings.junk.unconfirmed_reverse_name = 6;
  answer(k_reverse, dns::Type::ptr, {dns::wire_name("mail.example")});
  EXPECT_EQ(message(), k_taken);
  EXPECT_TRUE(has_header("score=6; verdict=mark; reverse name mail.example"));
  EXPECT_FALSE(has_header("(mail.example [192.0.2.1])"));
}

TEST_F(JunkTest, WhatIsNotKnownDoesNotWeigh) {
  fixture.settings.junk.no_reverse_name = 20;
  fixture.settings.junk.unconfirmed_reverse_name = 20;
  fixture.settings.junk.unknown_hello = 20;
  fixture.settings.junk.dns_lists = {"zen.example 20"};
  for (std::string_view name : {k_reverse, k_in_zen, std::string_view("client.test")}) {
    fixture.failed_names.insert(std::string(name));
  }
  EXPECT_EQ(message(), k_taken);
  fixture.failed_names = {"mail.example", "client.test"};
  answer(k_reverse, dns::Type::ptr, {dns::wire_name("mail.example")});
  EXPECT_EQ(message(), k_taken);
  fixture.has_resolver = false;
  EXPECT_EQ(message(), k_taken);
}

TEST_F(JunkTest, SilenceIsWaitedForOnce) {
  fixture.settings.junk.lookup_time = std::chrono::milliseconds(200);
  fixture.settings.junk.dns_lists = {"zen.example 20", "two.example 20"};
  fixture.silent_names = {std::string(k_reverse), std::string(k_in_zen), "1.2.0.192.two.example"};
  Deadline start = Monotonic::now();
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_rcpt, k_rcpt, k_data, k_text, k_quit})),
            "250 250 250 250 250 354 250 221");
  EXPECT_GE(Monotonic::now() - start, std::chrono::milliseconds(200));
  EXPECT_LT(Monotonic::now() - start, std::chrono::seconds(10));
}

TEST_F(JunkTest, ListsWeighAndExplain) {
  fixture.settings.junk.dns_lists = {"zen.example 12", "other.example 3"};
  answer(k_in_zen, dns::Type::a, {k_listed});
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_quit});
  EXPECT_EQ(codes(said), "250 250 550 221");
  EXPECT_NE(said.find("550 5.7.1 Refused: 192.0.2.1 listed in zen.example as 127.0.0.2\r\n"),
            std::string::npos)
      << said;
  EXPECT_TRUE(fixture.delivered.empty());
  // A list of good senders makes up for it.
  fixture.settings.junk.dns_lists = {"zen.example 12", "allow.example -7"};
  answer("1.2.0.192.allow.example", dns::Type::a, {k_listed});
  EXPECT_EQ(message(), k_taken);
  EXPECT_TRUE(has_header("score=5; verdict=mark; 192.0.2.1 listed"));
}

TEST_F(JunkTest, ErrorsOfAListAreNoListings) {
  fixture.settings.junk.dns_lists = {"zen.example 12"};
  for (const Bytes& address : {k_list_error, k_own_address, Bytes("\x7f", 1), Bytes()}) {
    answer(k_in_zen, dns::Type::a, {address});
    EXPECT_EQ(message(), k_taken);
  }
}

TEST_F(JunkTest, ListsAreAskedForIpv6) {
  fixture.facts.peer = "2001:db8::1";
  fixture.settings.junk.dns_lists = {"zen.example 12"};
  answer("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example",
         dns::Type::a, {k_listed});
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_quit})), "250 250 550 221");
}

TEST_F(JunkTest, HelloIsJudgedAndMayBeMended) {
  fixture.settings.junk.bad_hello = 10;
  fixture.settings.junk.unknown_hello = 10;
  auto after = [&](std::string name) {
    return codes(fixture.play({{"EHLO " + name + "\r\n"}, k_mail, k_rcpt, k_quit}));
  };
  for (std::string name : {"mx.example.test", "localhost", "192.0.2.1", "[192.0.2.9]"}) {
    EXPECT_EQ(after(name), "250 250 550 221") << name;
  }
  EXPECT_EQ(after("[192.0.2.1]"), "250 250 250 221");
  EXPECT_EQ(after("unknown.example"), "250 250 550 221");
  answer("mail.example", dns::Type::mx, {dns::wire_mx(1, "mx.mail.example")});
  EXPECT_EQ(after("mail.example"), "250 250 250 221");
  EXPECT_EQ(codes(fixture.play(
                {{"EHLO localhost\r\n"}, {"EHLO mail.example\r\n"}, k_mail, k_rcpt, k_quit})),
            "250 250 250 250 221");
}

TEST_F(JunkTest, NamesWithoutEndAreNotLookedUp) {
  fixture.settings.junk.unknown_hello = 20;
  std::vector<Step> steps;
  for (int i = 0; i < 40; ++i) steps.push_back({"EHLO n" + std::to_string(i) + ".example\r\n"});
  fixture.play(steps);
  EXPECT_LE(fixture.asked_names.size(), 10U);
}

TEST_F(JunkTest, ReverseNamesWithoutEndAreNotLookedUp) {
  std::vector<Bytes> names;
  for (int i = 0; i < 200; ++i)
    names.push_back(dns::wire_name("n" + std::to_string(i) + ".example"));
  answer(k_reverse, dns::Type::ptr, names);
  EXPECT_EQ(message(), k_taken);
  EXPECT_LE(fixture.asked_names.size(), 6U);
}

TEST_F(JunkTest, ThePostmasterHearsFromEverybody) {
  fixture.settings.junk.no_reverse_name = 50;
  fixture.settings.junk.greylist = true;
  fixture.greylist_seconds = 300;
  EXPECT_EQ(codes(fixture.play({k_ehlo,
                                k_mail,
                                {"RCPT TO:<Postmaster>\r\n"},
                                {"RCPT TO:<postmaster@example.test>\r\n"},
                                k_rcpt,
                                k_quit})),
            "250 250 250 250 550 221");
}

TEST_F(JunkTest, UnknownRecipientsAreUnknownFirst) {
  fixture.settings.junk.no_reverse_name = 50;
  std::string said = fixture.play({k_ehlo, k_mail, {"RCPT TO:<nobody@example.test>\r\n"}, k_quit});
  EXPECT_NE(said.find("550 5.1.1"), std::string::npos);
}

TEST_F(JunkTest, KnownNetworksAreNotJudged) {
  fixture.settings.junk.no_reverse_name = 50;
  fixture.settings.junk.greylist = true;
  fixture.greylist_seconds = 300;
  fixture.settings.smtp.trusted_networks = {{"192.0.2.0", 24}};
  EXPECT_EQ(message(), k_taken);
  fixture.settings.smtp.trusted_networks.clear();
  fixture.facts.is_loopback = true;
  EXPECT_EQ(message(), k_taken);
  EXPECT_TRUE(fixture.asked_names.empty());
  EXPECT_TRUE(fixture.greylisted.empty());
  fixture.settings.junk.check_loopback = true;
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_quit})), "250 250 550 221");
}

TEST_F(JunkTest, StrangersArePutOff) {
  fixture.settings.junk.greylist = true;
  fixture.greylist_seconds = 287;
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_quit});
  EXPECT_EQ(codes(said), "250 250 451 221");
  EXPECT_NE(said.find("451 4.7.1 New sender here, please try again in 287 seconds\r\n"),
            std::string::npos);
  ASSERT_EQ(fixture.greylisted.size(), 1U);
  EXPECT_EQ(fixture.greylisted[0].peer(), "192.0.2.1");
  EXPECT_EQ(fixture.greylisted[0].sender_domain(), "remote.example");
  EXPECT_EQ(fixture.greylisted[0].recipient(), "b@example.test");
  fixture.greylist_seconds = 0;
  EXPECT_EQ(message(), k_taken);
  // Whom a list speaks well of is not put off.
  fixture.greylist_seconds = 300;
  fixture.settings.junk.dns_lists = {"allow.example -1"};
  answer("1.2.0.192.allow.example", dns::Type::a, {k_listed});
  EXPECT_EQ(message(), k_taken);
}

TEST_F(JunkTest, ForgedFieldsAreRenamed) {
  EXPECT_EQ(codes(fixture.play({k_ehlo,
                                k_mail,
                                k_rcpt,
                                k_data,
                                {"X-Peregrine-Checks: mx.example.test; score=-9\r\n\r\nx\r\n.\r\n"},
                                k_quit})),
            k_taken);
  EXPECT_FALSE(has_header("X-Peregrine-Checks"));
  EXPECT_TRUE(has_header("\r\nX-Elsewhere-Checks: mx.example.test; score=-9\r\n"));
}

TEST_F(JunkTest, ARefusedClientIsShownOut) {
  fixture.settings.junk.no_reverse_name = 50;
  std::vector<Step> steps{k_ehlo, k_mail};
  for (int i = 0; i < 20; ++i) steps.push_back(k_rcpt);
  std::string said = fixture.play(steps);
  EXPECT_TRUE(codes(said).ends_with("550 421")) << said;
  EXPECT_TRUE(fixture.is_offence);
}

}  // namespace
}  // namespace peregrine::smtpd
