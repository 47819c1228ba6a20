// TLS on the way out: offers, routes, DANE, MTA-STS.
#include <gtest/gtest.h>

#include "courier/job.h"
#include "courier/job_fixture.h"
#include "proto/dns/rdata_fixture.h"

namespace peregrine::courier {
namespace {

const Exchange k_greeting{"", "220 mx.test\r\n"};
const Exchange k_offer{"EHLO", "250-mx.test\r\n250-STARTTLS\r\n250 SIZE 1\r\n"};
const Exchange k_starttls{"STARTTLS", "220 go\r\n", Then::start_tls};
const Exchange k_ehlo{"EHLO", "250-mx.test\r\n250-AUTH PLAIN LOGIN\r\n250 REQUIRETLS\r\n"};
const Script k_message{
    {"MAIL", "250 ok\r\n"}, {"RCPT", "250 ok\r\n"}, {"DATA", "354 go\r\n"}, {".", "250 ok\r\n"}};

Script script(std::vector<Exchange> opening) {
  opening.insert(opening.end(), k_message.begin(), k_message.end());
  return opening;
}
const Script k_encrypted = script({k_greeting, k_offer, k_starttls, k_ehlo});
const Script k_clear = script({k_greeting, {"EHLO", "250 mx.test\r\n"}});

class TlsJobTest : public ::testing::Test {
 protected:
  void run() { fixture.run(JobFixture::make_lease(1)); }
  void trust(const FakeServer& server) { fixture.trusted_pem = server.identity.chain_pem; }
  void route(const std::string& text) {
    auto route = config::parse_route(text);
    ASSERT_TRUE(route) << text;
    fixture.settings.outbound.routes.push_back(*route);
  }
  void expect_counted(api::TlsPolicyType policy, api::TlsResultType result, std::string host) {
    ASSERT_EQ(fixture.tls_results.size(), 1U);
    const api::TlsResult& counted = fixture.tls_results.front();
    EXPECT_EQ(counted.domain(), "dest.test");
    EXPECT_EQ(counted.policy(), policy);
    EXPECT_EQ(counted.result(), result);
    EXPECT_EQ(counted.receiving_mx(), host);
    EXPECT_EQ(counted.sessions(), 1U);
  }
  Bytes tlsa(const FakeServer& server) {
    auto facts = crypto::inspect_certificate(server.identity.chain_pem);
    return Bytes("\3\1\1") + Bytes(crypto::view(facts->key_fingerprint));
  }
  std::string tlsa_name() {
    return "_" + std::to_string(fixture.settings.outbound.port) + "._tcp.mx.test";
  }
  JobFixture fixture;
};

TEST_F(TlsJobTest, WhatIsOfferedIsUsed) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of().tls(), "TLSv1.3 TLS_AES_256_GCM_SHA384");
  // RFC 3207 section 4.2: the SIZE that was told in clear is forgotten.
  EXPECT_NE(server.received.find("MAIL FROM:<s@here.test>\r\n"), std::string::npos);
  expect_counted(api::TLS_POLICY_NONE, api::TLS_RESULT_SUCCESS, "");
}

TEST_F(TlsJobTest, WithNoneItIsNot) {
  fixture.settings.outbound.tls = config::OutboundTls::none;
  fixture.serve(2, {script({k_greeting, {"EHLO", "250-mx.test\r\n250 STARTTLS\r\n"}})});
  fixture.add_host("dest.test", "mx.test", 2);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of().tls(), "");
  EXPECT_TRUE(fixture.tls_results.empty());
}

TEST_F(TlsJobTest, WhereItIsOnlyAnOfferItsFailureIsNone) {
  Script broken{k_greeting, k_offer, {"STARTTLS", "220 go\r\n"}, {"", "no TLS at all\r\n"}};
  broken[2].then = Then::close;
  fixture.serve(2, {broken, k_clear});
  fixture.add_host("dest.test", "mx.test", 2);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of().tls(), "");
}

TEST_F(TlsJobTest, ARefusedOfferIsGoneWithoutToo) {
  fixture.serve(2, {script({k_greeting, k_offer, {"STARTTLS", "454 not now\r\n"}})});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->set_size(1);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  expect_counted(api::TLS_POLICY_NONE, api::TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx.test");
}

TEST_F(TlsJobTest, WhereItIsAMustNothingGoesInClear) {
  fixture.settings.outbound.tls = config::OutboundTls::encrypt;
  Script refused{k_greeting, k_offer, {"STARTTLS", "454 4.7.0 not now\r\n"}};
  Script broken{k_greeting, k_offer, {"STARTTLS", "220 go\r\n", Then::close}};
  for (const Script& each : {Script{k_greeting, {"EHLO", "250 mx.test\r\n"}}, refused, broken}) {
    JobFixture one;
    one.settings.outbound.tls = config::OutboundTls::encrypt;
    FakeServer& server = one.serve(2, {each});
    one.add_host("dest.test", "mx.test", 2);
    one.run(JobFixture::make_lease(1));
    EXPECT_EQ(one.report_of().outcome(), api::REPORT_TEMPORARY);
    EXPECT_EQ(one.report_of().status().substr(0, 4), "4.7.");
    EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
  }
}

TEST_F(TlsJobTest, ADomainCanBeHeldToItsName) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  route("dest.test mx tls=verify");
  fixture.add_host("dest.test", "mx.test", 2);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_EQ(fixture.report_of().tls(), "TLSv1.3 TLS_AES_256_GCM_SHA384 verify");
}

TEST_F(TlsJobTest, AnotherCertificateIsNotItsName) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  route("dest.test mx tls=verify");
  fixture.add_host("dest.test", "mx2.test", 2);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
}

TEST_F(TlsJobTest, RequiredTlsIsMoreThanAnOffer) {
  fixture.serve(2, {{k_greeting, k_offer, k_starttls, k_ehlo}});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_require_tls(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().status(), "5.7.30");
}

TEST_F(TlsJobTest, ANotificationIsNotLostForWantOfRequiredTls) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_require_tls(true);
  lease.mutable_messages(0)->mutable_envelope()->set_mail_from("");
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_NE(server.received.find("MAIL FROM:<>\r\n"), std::string::npos);
}

TEST_F(TlsJobTest, RequiredTlsGoesToAVerifiedServer) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  route("dest.test mx tls=verify");
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_require_tls(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
  EXPECT_NE(server.received.find("MAIL FROM:<s@here.test> REQUIRETLS\r\n"), std::string::npos);
}

TEST_F(TlsJobTest, APasswordGoesToTheVerifiedRelay) {
  FakeServer& server =
      fixture.serve(2, {script({k_greeting,
                                k_offer,
                                k_starttls,
                                k_ehlo,
                                {"AUTH PLAIN AG1lAHB3IHg=", "235 2.7.0 ok\r\n"}})});
  trust(server);
  fixture.answer("mx.test", dns::Type::a, {Bytes{127, 0, 0, 2}});
  route("* smtp://mx.test:" + std::to_string(server.port()) + " user=me");
  fixture.credentials = read_credentials("# passwords\nmx.test me pw x\r\nother\n");
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED) << fixture.report_of().diagnostic();
}

TEST_F(TlsJobTest, AndToNoOther) {
  FakeServer& server = fixture.serve(2, {{k_greeting, k_offer, k_starttls, k_ehlo}});
  fixture.answer("mx.test", dns::Type::a, {Bytes{127, 0, 0, 2}});
  route("* smtp://mx.test:" + std::to_string(server.port()) + " user=me");
  fixture.credentials = read_credentials("mx.test me pw\n");
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(server.received.find("AUTH"), std::string::npos);
}

TEST_F(TlsJobTest, ARelayWithTlsFromTheFirstByte) {
  FakeServer& server = fixture.serve(2, {script({k_greeting, k_ehlo})});
  server.implicit_tls = true;
  trust(server);
  fixture.answer("mx.test", dns::Type::a, {Bytes{127, 0, 0, 2}});
  route("* smtps://mx.test:" + std::to_string(server.port()));
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED) << fixture.report_of().diagnostic();
  EXPECT_TRUE(fixture.report_of().tls().ends_with(" verify"));
}

TEST_F(TlsJobTest, ARecordUnderDnssecProvesTheHost) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {tlsa(server)}, true);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED) << fixture.report_of().diagnostic();
  EXPECT_TRUE(fixture.report_of().tls().ends_with(" dane"));
}

TEST_F(TlsJobTest, AnotherKeyIsNotProved) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2, true);
  Bytes record = tlsa(server);
  record.back() ^= 1;
  fixture.answer(tlsa_name(), dns::Type::tlsa, {record}, true);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
  expect_counted(api::TLS_POLICY_TLSA, api::TLS_RESULT_CERTIFICATE_NOT_TRUSTED, "mx.test");
}

TEST_F(TlsJobTest, StrippedTlsIsNoWayAroundARecord) {
  FakeServer& server = fixture.serve(2, {k_clear});
  server.scripts = {{k_greeting, {"EHLO", "250 mx.test\r\n"}}};
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {tlsa(server)}, true);
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.4");
  expect_counted(api::TLS_POLICY_TLSA, api::TLS_RESULT_STARTTLS_NOT_SUPPORTED, "mx.test");
}

TEST_F(TlsJobTest, NoAnswerAboutRecordsIsNone) {
  fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer_status(tlsa_name(), dns::Type::tlsa, api::DNS_BOGUS);
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  expect_counted(api::TLS_POLICY_TLSA, api::TLS_RESULT_DNSSEC_INVALID, "mx.test");
}

// RFC 7672 section 2.1.2: to suppress one answer must not lead around the records.
TEST_F(TlsJobTest, NoAnswerAboutOneFamilyIsNone) {
  FakeServer& server = fixture.serve(2, {k_clear});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {tlsa(server)}, true);
  fixture.answer_status("mx.test", dns::Type::aaaa, api::DNS_BOGUS);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_TEMPORARY);
  EXPECT_EQ(server.connections, 0U);
}

TEST_F(TlsJobTest, AFamilyThatIsNotUsedIsNotAsked) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.settings.outbound.ipv6 = false;
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {tlsa(server)}, true);
  fixture.answer_status("mx.test", dns::Type::aaaa, api::DNS_BOGUS);
  run();
  EXPECT_TRUE(fixture.report_of().tls().ends_with(" dane"));
}

// RFC 8689 section 4.2.2: the sender would rather have it arrive than be encrypted.
TEST_F(TlsJobTest, WhereTheSenderSaysSoTlsIsNoDemand) {
  FakeServer& server = fixture.serve(2, {k_clear});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {tlsa(server)}, true);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_tls_optional(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(TlsJobTest, WhatTheOperatorDemandsStays) {
  FakeServer& server = fixture.serve(2, {{k_greeting, {"EHLO", "250 mx.test\r\n"}}});
  route("dest.test mx tls=verify");
  fixture.add_host("dest.test", "mx.test", 2);
  api::LeaseResponse lease = JobFixture::make_lease(1);
  lease.mutable_messages(0)->mutable_envelope()->set_tls_optional(true);
  fixture.run(lease);
  EXPECT_EQ(fixture.report_of().status(), "4.7.4");
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
}

TEST_F(TlsJobTest, RecordsWithoutDnssecMeanNothing) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2, false);
  Bytes record = tlsa(server);
  record.back() ^= 1;
  fixture.answer(tlsa_name(), dns::Type::tlsa, {record}, true);
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(TlsJobTest, UnusableRecordsStillMeanTls) {
  FakeServer& server = fixture.serve(2, {{k_greeting, {"EHLO", "250 mx.test\r\n"}}});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {"\1" + tlsa(server).substr(1)}, true);
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.4");
}

TEST_F(TlsJobTest, WhereRecordsAreDemandedTheyMustBe) {
  fixture.serve(2, {k_encrypted});
  route("dest.test mx tls=dane");
  fixture.add_host("dest.test", "mx.test", 2, true);
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  expect_counted(api::TLS_POLICY_TLSA, api::TLS_RESULT_DANE_REQUIRED, "mx.test");
}

// The policy's server at 127.0.0.5; the mail's at 127.0.0.2.
class StsJobTest : public TlsJobTest {
 protected:
  void publish(const std::string& policy) {
    fixture.settings.outbound.mta_sts = true;
    auto& web = fixture.serve(5, {{{"GET /.well-known/mta-sts.txt HTTP/1.1", ""},
                                   {"Host: mta-sts.dest.test", ""},
                                   {"Accept:", ""},
                                   {"Connection:", ""},
                                   {"", ""},
                                   {"\r\n", answer_with(policy), Then::close}}});
    web.implicit_tls = true;
    web.identity = *crypto::make_self_signed({"mta-sts.dest.test"}, 2);
    fixture.trusted_pem += web.identity.chain_pem;
    fixture.sts.port = web.port();
    fixture.answer("_mta-sts.dest.test", dns::Type::txt, {dns::wire_string("v=STSv1; id=1;")});
    fixture.answer("mta-sts.dest.test", dns::Type::a, {Bytes{127, 0, 0, 5}});
  }
  static std::string answer_with(const std::string& policy) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(policy.size()) + "\r\n\r\n" + policy;
  }
};

TEST_F(StsJobTest, APolicyDemandsTheHostsCertificate) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  fixture.add_host("dest.test", "mx.test", 2);
  publish("version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED) << fixture.report_of().diagnostic();
  EXPECT_TRUE(fixture.report_of().tls().ends_with(" sts"));
  expect_counted(api::TLS_POLICY_STS, api::TLS_RESULT_SUCCESS, "");
}

TEST_F(StsJobTest, AnUntrustedHostGetsNothing) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  publish("version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
  expect_counted(api::TLS_POLICY_STS, api::TLS_RESULT_CERTIFICATE_NOT_TRUSTED, "mx.test");
}

TEST_F(StsJobTest, NorDoesAHostThatThePolicyDoesNotName) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  fixture.add_host("dest.test", "mx.test", 2);
  publish("version: STSv1\nmode: enforce\nmx: *.dest.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  EXPECT_EQ(server.connections, 0U);
  expect_counted(api::TLS_POLICY_STS, api::TLS_RESULT_VALIDATION_FAILURE, "mx.test");
}

// RFC 8461 section 2: only records that prove something come before a policy.
TEST_F(StsJobTest, UnusableRecordsLeadAroundNoPolicy) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2, true);
  fixture.answer(tlsa_name(), dns::Type::tlsa, {"\1" + tlsa(server).substr(1)}, true);
  publish("version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
}

TEST_F(StsJobTest, AFetchedPolicyIsKept) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  fixture.add_host("dest.test", "mx.test", 2);
  std::string text = "version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n";
  publish(text);
  run();
  const api::StsGetResponse& kept = fixture.policies["dest.test"];
  EXPECT_EQ(kept.id(), "1");
  EXPECT_EQ(kept.policy(), text);
  EXPECT_EQ(kept.seconds_left(), 1000U);
}

// RFC 8461 section 5.1: neither the record nor the policy's host has to be there for it to hold.
TEST_F(StsJobTest, AKeptPolicyHoldsWhileItsHostIsAway) {
  fixture.settings.outbound.mta_sts = true;
  FakeServer& server = fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  api::StsGetResponse& kept = fixture.policies["dest.test"];
  kept.set_id("1");
  kept.set_policy("version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n");
  kept.set_seconds_left(500);
  run();
  EXPECT_EQ(fixture.report_of().status(), "4.7.5");
  EXPECT_EQ(server.received.find("MAIL"), std::string::npos);
}

class AgingPolicy : public StsJobTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(AgingPolicy, IsFetchedAgainWhenHalfOfItsTimeIsGone) {
  FakeServer& server = fixture.serve(2, {k_encrypted});
  trust(server);
  fixture.add_host("dest.test", "mx.test", 2);
  std::string text = "version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 1000\n";
  publish(text);
  api::StsGetResponse& kept = fixture.policies["dest.test"];
  kept.set_id("1");
  kept.set_policy(text);
  kept.set_seconds_left(GetParam());
  run();
  EXPECT_EQ(kept.seconds_left(), GetParam() < 500 ? 1000U : GetParam());
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

INSTANTIATE_TEST_SUITE_P(SecondsLeft, AgingPolicy, ::testing::Values(600, 400));

TEST_F(StsJobTest, AKeptPolicyThatIsOverHoldsNoMore) {
  fixture.settings.outbound.mta_sts = true;
  fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  api::StsGetResponse& kept = fixture.policies["dest.test"];
  kept.set_id("1");
  kept.set_policy("version: STSv1\nmode: enforce\nmx: other.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(StsJobTest, ATestIsNoDemand) {
  fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  publish("version: STSv1\nmode: testing\nmx: *.dest.test\nmax_age: 1000\n");
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

TEST_F(StsJobTest, APolicyFromAnybodyElseIsNone) {
  fixture.serve(2, {k_encrypted});
  fixture.add_host("dest.test", "mx.test", 2);
  publish("version: STSv1\nmode: enforce\nmx: other.test\nmax_age: 1000\n");
  fixture.trusted_pem.clear();
  run();
  EXPECT_EQ(fixture.report_of().outcome(), api::REPORT_RELAYED);
}

}  // namespace
}  // namespace peregrine::courier
