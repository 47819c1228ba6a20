#include "smtpd/junk_score.h"

#include <gtest/gtest.h>

namespace peregrine::smtpd {
namespace {

TEST(JunkScore, SumsAndExplains) {
  config::Settings settings;
  settings.server.hostname = "mx.example.test";
  JunkScore score;
  EXPECT_FALSE(score.field(settings));
  EXPECT_EQ(score.verdict(settings.junk), JunkVerdict::pass);
  score.add("no reverse name", 3);
  score.add("a check that is off", 0);
  EXPECT_EQ(score.verdict(settings.junk), JunkVerdict::pass);
  score.add("listed in zen.example", 5);
  EXPECT_EQ(score.total(), 8);
  EXPECT_EQ(score.verdict(settings.junk), JunkVerdict::mark);
  EXPECT_EQ(score.text(), "no reverse name (3), listed in zen.example (5)");
  score.add("EHLO gives a bare address", 2);
  EXPECT_EQ(score.verdict(settings.junk), JunkVerdict::refuse);
  score.add("listed in allow.example", -4);
  EXPECT_EQ(score.verdict(settings.junk), JunkVerdict::mark);
  EXPECT_EQ(score.refusal_text(),
            "Refused: no reverse name, listed in zen.example, EHLO gives a bare address");
  EXPECT_EQ(score.field(settings),
            "X-Peregrine-Checks: mx.example.test; score=6; verdict=mark; no reverse name\r\n"
            " (3), listed in zen.example (5), EHLO gives a bare address (2), listed in\r\n"
            " allow.example (-4)\r\n");
}

TEST(JunkScore, WhatIsSaidIsBounded) {
  JunkScore score;
  for (int i = 0; i < 1000; ++i) score.add(std::string(100, 'x'), 1);
  EXPECT_EQ(score.total(), 1000);
  EXPECT_LT(score.text().size(), 4000U);
  EXPECT_LT(score.refusal_text().size(), 512U);
}

TEST(JunkScore, FieldsOfOthersGetAnotherName) {
  Bytes message =
      "X-Peregrine-Checks: ours\r\n"
      "Subject: x\r\n"
      "x-peregrine-checks: forged\r\n"
      "X-Peregrine-Checks \t: forged\r\n"
      "X-Peregrine-Checks-Not: kept\r\n"
      "Note: a\r\n"
      " X-Peregrine-Checks: folded\r\n"
      "\r\n"
      "X-Peregrine-Checks: text\r\n";
  Bytes expected =
      "X-Peregrine-Checks: ours\r\n"
      "Subject: x\r\n"
      "X-Elsewhere-Checks: forged\r\n"
      "X-Elsewhere-Checks \t: forged\r\n"
      "X-Peregrine-Checks-Not: kept\r\n"
      "Note: a\r\n"
      " X-Peregrine-Checks: folded\r\n"
      "\r\n"
      "X-Peregrine-Checks: text\r\n";
  EXPECT_EQ(rename_foreign_checks(message, message.find("Subject")), 2U);
  EXPECT_EQ(message, expected);
  Bytes cut = "X-Peregrine-Checks";
  EXPECT_EQ(rename_foreign_checks(cut, 0), 0U);
  EXPECT_EQ(rename_foreign_checks(cut, 100), 0U);
  Bytes last = "X-Peregrine-Checks:";
  EXPECT_EQ(rename_foreign_checks(last, 0), 1U);
}

}  // namespace
}  // namespace peregrine::smtpd
