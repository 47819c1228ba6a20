#include "smtpd/trace.h"

#include <gtest/gtest.h>

namespace peregrine::smtpd {
namespace {

rpc::OpenConnection from(std::string peer) {
  rpc::OpenConnection facts;
  facts.peer = std::move(peer);
  return facts;
}

TraceInfo info() {
  return {.mail_from = "a@remote.example",
          .helo = "client.test",
          .hostname = "mx.example.test",
          .recipient = "b@example.test",
          .transport = {.extended = true},
          .trace = 0xabc,
          .time = UnixTime{0}};
}

TEST(Trace, NamesOfTransports) {
  EXPECT_EQ(protocol_name({}), "SMTP");
  EXPECT_EQ(protocol_name({.extended = true}), "ESMTP");
  EXPECT_EQ(protocol_name({.extended = true, .tls = true}), "ESMTPS");
  EXPECT_EQ(protocol_name({.extended = true, .utf8 = true}), "UTF8SMTP");
  EXPECT_EQ(protocol_name({.extended = true, .utf8 = true, .tls = true}), "UTF8SMTPS");
  EXPECT_EQ(protocol_name({.lmtp = true, .extended = true}), "LMTP");
  EXPECT_EQ(protocol_name({.lmtp = true, .extended = true, .utf8 = true}), "UTF8LMTP");
}

TEST(Trace, ReturnPathThenReceived) {
  auto fields = trace_fields(info(), from("192.0.2.1"));
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->starts_with("Return-Path: <a@remote.example>\r\nReceived: from client.test"));
  EXPECT_TRUE(fields->ends_with("\r\n"));
  EXPECT_NE(fields->find("[192.0.2.1]"), std::string::npos);
  EXPECT_NE(fields->find("0000000000000abc"), std::string::npos);
  EXPECT_NE(fields->find("for <b@example.test>"), std::string::npos);
}

TEST(Trace, NullSenderSeveralRecipientsAndTls) {
  TraceInfo several = info();
  several.mail_from = {};
  several.recipient = {};
  several.transport.tls = true;
  rpc::OpenConnection facts = from("2001:db8::1");
  facts.tls = rpc::TlsFacts{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
  auto fields = trace_fields(several, facts);
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields->starts_with("Return-Path: <>\r\n"));
  EXPECT_NE(fields->find("[IPv6:2001:db8::1]"), std::string::npos);
  EXPECT_NE(fields->find("with ESMTPS"), std::string::npos);
  EXPECT_NE(fields->find("(TLSv1.3 TLS_AES_256_GCM_SHA384)"), std::string::npos);
  EXPECT_EQ(fields->find(" for "), std::string::npos);
}

TEST(Trace, PostmasterWithoutDomainIsNoPath) {
  TraceInfo postmaster = info();
  postmaster.recipient = "postmaster";
  auto fields = trace_fields(postmaster, from("192.0.2.1"));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->find(" for "), std::string::npos);
}

TEST(Trace, NoValueAddsAField) {
  TraceInfo forged = info();
  forged.mail_from = "\"a\r\nBcc: x\"@remote.example";
  EXPECT_FALSE(trace_fields(forged, from("192.0.2.1")));
}

TEST(Trace, CountsReceivedFieldsOnly) {
  EXPECT_EQ(read_passage("").received, 0U);
  EXPECT_EQ(read_passage("Received: a\r\n\tb\r\nreceived:c\r\nX-Received: d\r\n\r\n").received, 2U);
  EXPECT_EQ(read_passage("Subject: x\r\n Received: folded\r\n").received, 0U);
}

TEST(Trace, FindsWhereAMessageWasDelivered) {
  BytesView header = "Delivered-To: <A@example.test>\r\ndelivered-to:\tb@example.test \r\n\r\n";
  PassageView passage = read_passage(header);
  EXPECT_TRUE(passage.was_delivered_to("a@example.test"));
  EXPECT_TRUE(passage.was_delivered_to("b@example.test"));
  EXPECT_FALSE(passage.was_delivered_to("example.test"));
  EXPECT_FALSE(read_passage("X-Delivered-To: a@b\r\nDelivered-To:").was_delivered_to("a@b"));
  EXPECT_TRUE(read_passage("Delivered-To:\r\n a@b\r\nX: y\r\n").was_delivered_to("a@b"));
  std::string many = "Delivered-To: a@b\r\n";
  for (int i = 0; i < 1000; ++i) many += "Delivered-To: x@y\r\n";
  EXPECT_EQ(read_passage(many).delivered_to.size(), 100U);
  EXPECT_TRUE(read_passage(many).was_delivered_to("a@b"));
}

}  // namespace
}  // namespace peregrine::smtpd
