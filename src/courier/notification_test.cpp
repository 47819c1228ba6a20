#include "courier/notification.h"

#include <gtest/gtest.h>

#include "courier/job_fixture.h"
#include "courier/notification_text.h"
#include "mime/structure.h"
#include "model/summary.h"
#include "proto/smtp/xtext.h"

namespace peregrine::courier {
namespace {

const Bytes k_original =
    "From: s@here.test\r\nMessage-ID: <1@here.test>\r\nSubject: hello\r\n\r\nbody text\r\n";

api::LeasedMessage make_message(std::string_view action = "failed") {
  api::LeasedMessage message;
  message.set_message(1);
  message.mutable_envelope()->set_mail_from("s@here.test");
  message.mutable_envelope()->set_dsn_envid("env 1");
  message.set_size(k_original.size());
  message.set_header_size(k_original.find("\r\n\r\n") + 4);
  message.set_arrived(1700000000);
  api::RecipientNotice& notice = *message.add_notices();
  notice.mutable_recipient()->mutable_recipient()->set_address("r@dest.test");
  notice.mutable_recipient()->mutable_recipient()->set_orcpt("rfc822;old@dest.test");
  notice.set_action(std::string(action));
  notice.set_status("5.1.1");
  notice.set_remote_host("mx.dest.test");
  notice.set_diagnostic("550 5.1.1 No such user");
  return message;
}

Bytes compose(const api::LeasedMessage& message, BytesView original = k_original) {
  auto out = compose_notification(message, original, "mx.here.test", UnixTime{1700000100});
  return out ? out->text : Bytes("none");
}

Bytes part(const Bytes& text, const Part& of) {
  return text.substr(of.body_offset, of.body_size);
}

TEST(Notification, IsAReportOfThreeParts) {
  Bytes text = compose(make_message());
  MessageSummary summary = mime::read_message(text);
  EXPECT_EQ(summary.defects, 0U);
  ASSERT_EQ(summary.parts.size(), 5U);
  EXPECT_EQ(summary.parts[0].subtype, "report");
  EXPECT_EQ(summary.parts[1].type, "text");
  EXPECT_EQ(summary.parts[2].subtype, "delivery-status");
  EXPECT_EQ(summary.parts[3].subtype, "rfc822");
  EXPECT_EQ(part(text, summary.parts[3]), k_original);
  EXPECT_EQ(part(text, summary.parts[2]),
            "Original-Envelope-Id: env 1\r\nReporting-MTA: dns; mx.here.test\r\n"
            "Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n"
            "Original-Recipient: rfc822; old@dest.test\r\nFinal-Recipient: rfc822; r@dest.test\r\n"
            "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.dest.test\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n");
  EXPECT_NE(text.find("To: <s@here.test>\r\n"), Bytes::npos);
  EXPECT_NE(text.find("Auto-Submitted: auto-replied\r\n"), Bytes::npos);
  EXPECT_NE(text.find("In-Reply-To: <1@here.test>\r\n"), Bytes::npos);
  Bytes words = part(text, summary.parts[1]);
  EXPECT_NE(words.find("<r@dest.test>"), Bytes::npos);
  EXPECT_NE(words.find("550 5.1.1 No such user"), Bytes::npos);
  EXPECT_NE(words.find("Check the address for mistakes"), Bytes::npos);
}

TEST(Notification, GivesBackWhatIsAskedFor) {
  api::LeasedMessage message = make_message();
  message.mutable_envelope()->set_dsn_ret("HDRS");
  Bytes header = k_original.substr(0, message.header_size());
  EXPECT_EQ(returned_part(message).length, header.size());
  Bytes text = compose(message, header);
  EXPECT_NE(text.find("text/rfc822-headers\r\n\r\nFrom: s@here.test"), Bytes::npos);
  EXPECT_EQ(text.find("body text"), Bytes::npos);

  message.mutable_envelope()->set_dsn_ret("");
  message.set_size(kib(65));
  EXPECT_FALSE(returned_part(message).whole);
  message.mutable_envelope()->set_dsn_ret("FULL");
  EXPECT_TRUE(returned_part(message).whole);
  message.set_size(mib(2));
  EXPECT_FALSE(returned_part(message).whole);
  EXPECT_FALSE(returned_part(make_message("delayed")).whole);

  message = make_message();
  message.mutable_envelope()->set_dsn_ret("FULL");
  message.mutable_envelope()->set_require_tls(true);
  EXPECT_FALSE(returned_part(message).whole);
}

TEST(Notification, IsForThoseWhoWantOne) {
  struct Wish {
    std::string_view action;
    std::uint32_t notify;
    bool is_wanted;
  };
  for (const Wish& wish :
       {Wish{"failed", 0, true}, Wish{"delayed", 0, true}, Wish{"delivered", 0, false},
        Wish{"failed", api::NOTIFY_NEVER, false}, Wish{"failed", api::NOTIFY_SUCCESS, false},
        Wish{"relayed", api::NOTIFY_SUCCESS, true}, Wish{"delayed", api::NOTIFY_FAILURE, false},
        Wish{"delayed", api::NOTIFY_DELAY, true}}) {
    api::LeasedMessage message = make_message(wish.action);
    message.mutable_notices(0)->mutable_recipient()->mutable_recipient()->set_notify(wish.notify);
    EXPECT_EQ(!wanted_notices(message).empty(), wish.is_wanted) << wish.action << wish.notify;
  }
}

TEST(Notification, AnswersNoNotification) {
  api::LeasedMessage message = make_message();
  message.mutable_envelope()->clear_mail_from();
  EXPECT_EQ(compose(message), "none");
}

TEST(Notification, RemoteTextAddsNothing) {
  api::LeasedMessage message = make_message();
  api::RecipientNotice& notice = *message.mutable_notices(0);
  notice.set_diagnostic("550 x\r\nAction: delivered\r\n\r\n--b\x1b[2J\xff");
  notice.set_remote_host("evil\r\nStatus: 2.0.0");
  notice.mutable_recipient()->mutable_recipient()->set_address("a\r\nb@dest.test");
  notice.mutable_recipient()->mutable_recipient()->set_orcpt("rfc822;a\r\nAction: x");
  Bytes text = compose(message);
  EXPECT_EQ(mime::read_message(text).parts.size(), 5U);
  EXPECT_EQ(text.find("\r\nAction: delivered"), Bytes::npos);
  EXPECT_EQ(text.find("\r\nAction: x"), Bytes::npos);
  EXPECT_EQ(text.find("\r\nStatus: 2"), Bytes::npos);
  EXPECT_EQ(text.find('\x1b'), Bytes::npos);
  message.mutable_envelope()->set_mail_from("s@here.test>\r\nBcc: x@y.test");
  EXPECT_EQ(compose(message), "none");
}

TEST(Notification, OddOriginalsComeBackAsEncodedHeaders) {
  for (const Bytes& odd :
       {Bytes("Subject: \xc3\xa4\r\n\r\nx\r\n"), Bytes("Subject: a\r\n\r\nb\nc\r\n"),
        Bytes("Sub\nject: a\r\n\r\nb\r\n"), Bytes("no end")}) {
    api::LeasedMessage message = make_message();
    message.set_size(odd.size());
    message.set_header_size(std::min(odd.find("\r\n\r\n"), odd.size() - 4) + 4);
    auto out = compose_notification(message, odd, "mx.here.test", UnixTime{1});
    ASSERT_TRUE(out);
    EXPECT_FALSE(out->eight_bit);
    MessageSummary summary = mime::read_message(out->text);
    bool is_whole = summary.parts[3].subtype == "rfc822";
    EXPECT_EQ(is_whole, odd == "no end") << odd;
  }
}

TEST(Notification, EightBitBodiesSayThatTheyAre) {
  Bytes original = "Subject: a\r\n\r\n\xc3\xa4\r\n";
  api::LeasedMessage message = make_message();
  message.set_size(original.size());
  message.set_header_size(original.find("\r\n\r\n") + 4);
  auto out = compose_notification(message, original, "mx.here.test", UnixTime{1});
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->eight_bit);
  EXPECT_EQ(mime::read_message(out->text).parts[3].encoding, "8bit");
}

TEST(Notification, AddressesBeyondAsciiAreSpelledOut) {
  EXPECT_EQ(smtp::encode_utf8_address("j\xc3\xb6rg+x=\\@dest.test"),
            "j\\x{F6}rg\\x{2B}x\\x{3D}\\x{5C}@dest.test");
  api::LeasedMessage message = make_message();
  message.mutable_notices(0)->mutable_recipient()->mutable_recipient()->set_address(
      "j\xc3\xb6rg@dest.test");
  Bytes text = compose(message);
  EXPECT_NE(text.find("Final-Recipient: utf-8; j\\x{F6}rg@dest.test\r\n"), Bytes::npos);
  EXPECT_EQ(mime::read_message(text).parts[1].encoding, "base64");
}

TEST(Notification, IsGivenToCoreAsAMessage) {
  JobFixture fixture;
  api::LeaseResponse lease;
  lease.set_lease(9);
  lease.set_kind(api::LEASE_NOTIFY);
  *lease.add_messages() = make_message();
  fixture.contents[1] = k_original;
  lease.add_messages()->CopyFrom(make_message());
  lease.mutable_messages(1)->mutable_envelope()->clear_mail_from();
  fixture.run_notice(lease);
  ASSERT_EQ(fixture.notified.size(), 2U);
  const api::NotifyRequest& request = fixture.notified[0];
  EXPECT_EQ(request.lease(), 9U);
  EXPECT_EQ(request.recipients_size(), 1);
  ASSERT_TRUE(request.has_content());
  auto summary = decode_summary(request.content().summary(), request.content().raw().size());
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->envelope.subject, "Your message could not be delivered");
  EXPECT_NE(request.content().raw().find("body text"), Bytes::npos);
  EXPECT_FALSE(fixture.notified[1].has_content());
}

TEST(Notification, LargeOnesTravelAsAFile) {
  JobFixture fixture;
  api::LeaseResponse lease;
  lease.set_lease(9);
  lease.set_kind(api::LEASE_NOTIFY);
  api::LeasedMessage& message = *lease.add_messages() = make_message();
  fixture.contents[1] = k_original;
  while (fixture.contents[1].size() < kib(400)) fixture.contents[1] += "more and more text\r\n";
  message.mutable_envelope()->set_dsn_ret("FULL");
  message.set_size(fixture.contents[1].size());
  fixture.run_notice(lease);
  ASSERT_EQ(fixture.notified.size(), 1U);
  EXPECT_EQ(fixture.notified[0].content().lengths_size(), 4);
  EXPECT_GT(fixture.notified_file.size(), kib(400));
}

}  // namespace
}  // namespace peregrine::courier
