// Where mail goes, and where it never goes.
#include "courier/targets.h"

#include <gtest/gtest.h>

#include "courier/job_fixture.h"
#include "proto/dns/rdata_fixture.h"

namespace peregrine::courier {
namespace {

using namespace std::literals;

const Script k_plain{{"", "220 mx.test\r\n"}, {"EHLO", "250 mx.test\r\n"}, {"MAIL", "250 ok\r\n"},
                     {"RCPT", "250 ok\r\n"},  {"DATA", "354 go\r\n"},      {".", "250 ok\r\n"}};

class TargetsTest : public ::testing::Test {
 protected:
  TargetsTest() { server = &fixture.serve(2, {k_plain}); }
  void expect(api::ReportOutcome outcome, std::string_view status) {
    fixture.run(JobFixture::make_lease(1));
    EXPECT_EQ(fixture.report_of().outcome(), outcome) << fixture.report_of().diagnostic();
    EXPECT_EQ(fixture.report_of().status(), status) << fixture.report_of().diagnostic();
  }
  JobFixture fixture;
  FakeServer* server = nullptr;
};

TEST_F(TargetsTest, WithoutExchangersTheDomainIsTheHost) {
  fixture.answer_status("dest.test", dns::Type::mx, api::DNS_NO_DATA);
  fixture.answer("dest.test", dns::Type::a, {"\x7f\0\0\2"s});
  expect(api::REPORT_RELAYED, "2.0.0");
}

TEST_F(TargetsTest, NoDomainIsForGood) {
  expect(api::REPORT_PERMANENT, "5.1.2");
}

TEST_F(TargetsTest, NoAnswerIsNot) {
  fixture.answer_status("dest.test", dns::Type::mx, api::DNS_FAILED);
  expect(api::REPORT_TEMPORARY, "4.4.3");
}

TEST_F(TargetsTest, NorIsABogusOne) {
  fixture.answer_status("dest.test", dns::Type::mx, api::DNS_BOGUS);
  expect(api::REPORT_TEMPORARY, "4.4.3");
}

TEST_F(TargetsTest, ANullExchangerTakesNoMail) {
  fixture.answer("dest.test", dns::Type::mx, {dns::wire_mx(0, "")});
  expect(api::REPORT_PERMANENT, "5.1.10");
}

TEST_F(TargetsTest, HostsWithoutAnAddressAreForGood) {
  fixture.answer("dest.test", dns::Type::mx, {dns::wire_mx(0, "mx.test")});
  expect(api::REPORT_PERMANENT, "5.4.4");
}

TEST_F(TargetsTest, OneHostWithoutAnAnswerKeepsTheMail) {
  fixture.answer("dest.test", dns::Type::mx,
                 {dns::wire_mx(0, "mx1.test"), dns::wire_mx(1, "mx2.test")});
  fixture.answer_status("mx1.test", dns::Type::a, api::DNS_FAILED);
  expect(api::REPORT_TEMPORARY, "4.4.3");
}

TEST_F(TargetsTest, OurselvesAreNoTarget) {
  fixture.add_host("dest.test", "out.here.test", 2);
  fixture.add_host("dest.test", "mx2.test", 2);
  expect(api::REPORT_PERMANENT, "5.4.6");
  EXPECT_EQ(server->connections, 0U);
}

TEST_F(TargetsTest, HostsBeforeOurselvesAre) {
  fixture.add_host("dest.test", "mx1.test", 2);
  fixture.add_host("dest.test", "out.here.test", 3);
  expect(api::REPORT_RELAYED, "2.0.0");
}

TEST_F(TargetsTest, NoRecordLeadsIntoTheNetworkBehindUs) {
  fixture.settings.outbound.allow_loopback = false;
  fixture.add_host("dest.test", "mx1.test", 2);
  fixture.answer("dest.test", dns::Type::mx, {dns::wire_mx(50, "mx2.test")});
  fixture.answer("mx2.test", dns::Type::a, {"\x0a\0\0\1"s, "\xa9\xfe\xa9\xfe"s});
  expect(api::REPORT_PERMANENT, "5.4.4");
  EXPECT_EQ(server->connections, 0U);
}

TEST_F(TargetsTest, NorDoesALiteral) {
  fixture.settings.outbound.allow_loopback = false;
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.set_destination("[127.0.0.2]");
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().status(), "5.4.4");
  EXPECT_EQ(server->connections, 0U);
}

TEST_F(TargetsTest, LiteralsAreAddresses) {
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.set_destination("[127.0.0.2]");
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(literal_address("[IPv6:2001:db8::1]"), "2001:db8::1");
  for (std::string_view bad : {"[]", "[x]", "127.0.0.1", "[127.0.0.1", "[IPv6:]", "[1.2.3.4.5]"}) {
    EXPECT_FALSE(literal_address(bad)) << bad;
  }
}

TEST_F(TargetsTest, TheOperatorsRouteGoesAnywhere) {
  fixture.settings.outbound.allow_loopback = false;
  auto route = config::parse_route(
      "dest.test smtp://[127.0.0.2]:" + std::to_string(server->port()) + " source=127.0.0.8");
  ASSERT_TRUE(route);
  fixture.settings.outbound.routes = {*route};
  expect(api::REPORT_RELAYED, "2.0.0");
}

TEST_F(TargetsTest, ADestinationCanBeTheNextHopItself) {
  fixture.settings.outbound.allow_loopback = false;
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.set_destination("smtp://[127.0.0.2]:" + std::to_string(server->port()));
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(TargetsTest, AnAddressThatIsAwayIsPassedBy) {
  fixture.answer("dest.test", dns::Type::mx, {dns::wire_mx(0, "mx.test")});
  // One that refuses and one that works; the order among them does not matter.
  fixture.answer("mx.test", dns::Type::a, {"\x7f\0\0\x09"s, "\x7f\0\0\x02"s});
  expect(api::REPORT_RELAYED, "2.0.0");
  EXPECT_EQ(fixture.report_of().remote_address(), "127.0.0.2");
}

}  // namespace
}  // namespace peregrine::courier
