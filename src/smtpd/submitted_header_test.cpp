#include "smtpd/submitted_header.h"

#include <gtest/gtest.h>

#include "mime/header.h"

namespace peregrine::smtpd {
namespace {

constexpr Submitter k_alice{.address = "alice@example.test",
                            .hostname = "mx.example.test",
                            .trace = 0xabc,
                            .time = UnixTime{0}};

std::string ready(std::string_view message) {
  Bytes trace = "Received: x\r\n";
  Bytes out = trace + Bytes(message);
  auto done = complete_header(out, trace.size(), k_alice);
  if (!done) EXPECT_EQ(out, trace + Bytes(message));
  return done ? out : "refused";
}

TEST(SubmittedHeader, ACompleteHeaderStaysAsItIs) {
  std::string message = "From: a@b\r\nDate: x\r\nMessage-ID: <y>\r\nTo: c@d\r\n\r\nbody\r\n";
  EXPECT_EQ(ready(message), "Received: x\r\n" + message);
}

TEST(SubmittedHeader, WhatIsMissingIsAdded) {
  EXPECT_EQ(ready("Subject: s\r\n\r\nbody\r\n"),
            "Received: x\r\nFrom: <alice@example.test>\r\n"
            "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
            "Message-ID: <0.0000000000000abc@mx.example.test>\r\nSubject: s\r\n\r\nbody\r\n");
}

TEST(SubmittedHeader, BlindCopiesAreTakenOut) {
  EXPECT_EQ(ready("From: a@b\r\nBCC: x@y,\r\n z@y\r\nDate: x\r\nResent-Bcc: q@y\r\n"
                  "Return-Path: <a@b>\r\nMessage-ID: <y>\r\n\r\nBcc: body\r\n"),
            "Received: x\r\nFrom: a@b\r\nDate: x\r\nMessage-ID: <y>\r\n\r\nBcc: body\r\n");
}

TEST(SubmittedHeader, AMessageWithoutHeaderGetsOne) {
  for (std::string body : {"hello there\r\n", "\r\nhello\r\n", ""}) {
    std::string out = ready(body);
    mime::HeaderReader reader(out);
    std::size_t fields = 0;
    while (reader.next()) ++fields;
    EXPECT_EQ(fields, 4U);
    EXPECT_TRUE(reader.ended_by_blank_line()) << body;
    std::string_view text = std::string_view(body).substr(body.starts_with("\r\n") ? 2 : 0);
    EXPECT_EQ(out.substr(reader.body_offset()), text);
  }
}

TEST(SubmittedHeader, AHeaderWithoutEndGetsOne) {
  EXPECT_TRUE(ready("From: a@b\r\nDate: x\r\nMessage-ID: <y>\r\n").ends_with("<y>\r\n\r\n"));
}

TEST(SubmittedHeader, SeveralFromAreRefused) {
  EXPECT_EQ(ready("From: a@b\r\nfrom : c@d\r\n\r\n"), "refused");
}

TEST(SubmittedHeader, FieldsThatNobodyLookedAtAreRefused) {
  std::string message;
  for (int i = 0; i < 100'000; ++i) message += "X: y\r\n";
  EXPECT_EQ(ready(message + "Bcc: a@b\r\n\r\n"), "refused");
}

}  // namespace
}  // namespace peregrine::smtpd
