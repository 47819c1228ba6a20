#include "smtpd/session.h"

#include <gtest/gtest.h>

#include "smtpd/session_fixture.h"
#include "sys/memfd.h"

namespace peregrine::smtpd {

void SessionFixture::serve_core(rpc::Request request) {
  if (request.method() == static_cast<std::uint16_t>(api::Method::check_recipient)) {
    api::CheckRecipientRequest asked;
    ASSERT_TRUE(asked.ParseFromString(request.payload()));
    api::CheckRecipientResponse answer;
    bool is_ours = asked.address() == "postmaster" || asked.address().ends_with("@example.test");
    bool is_known = asked.address().find("nobody") == std::string::npos;
    answer.set_verdict(!is_ours    ? api::RECIPIENT_NOT_LOCAL
                       : !is_known ? api::RECIPIENT_UNKNOWN
                                   : api::RECIPIENT_LOCAL);
    request.respond(answer.SerializeAsString());
    return;
  }
  if (request.method() == static_cast<std::uint16_t>(api::Method::charge)) {
    api::ChargeRequest used;
    ASSERT_TRUE(used.ParseFromString(request.payload()));
    EXPECT_EQ(used.peer(), facts.peer);
    charged.set_messages(charged.messages() + used.messages());
    charged.set_recipients(charged.recipients() + used.recipients());
    charged.set_unknown_recipients(charged.unknown_recipients() + used.unknown_recipients());
    charged.set_bytes(charged.bytes() + used.bytes());
    if (used.unknown_recipients() > 0 && budget.unknown_recipients_left() > 0) {
      budget.set_unknown_recipients_left(budget.unknown_recipients_left() - 1);
    }
    request.respond(budget.SerializeAsString());
    return;
  }
  if (request.method() == static_cast<std::uint16_t>(api::Method::greylist)) {
    ASSERT_TRUE(greylisted.emplace_back().ParseFromString(request.payload()));
    api::GreylistResponse answer;
    answer.set_wait_seconds(greylist_seconds);
    request.respond(answer.SerializeAsString());
    return;
  }
  ASSERT_EQ(request.method(), static_cast<std::uint16_t>(api::Method::deliver));
  api::DeliverRequest asked;
  ASSERT_TRUE(asked.ParseFromString(request.payload()));
  if (sys::Fd file = request.take_descriptor()) {
    delivered_file = sys::read_sealed(file.get(), mib(64)).value_or("");
  }
  api::DeliverResponse answer;
  for (const api::Recipient& recipient : asked.recipients()) {
    answer.add_outcomes(recipient.address().starts_with("full") ? api::DELIVER_OVER_QUOTA
                                                                : outcome);
  }
  delivered.push_back(std::move(asked));
  request.respond(answer.SerializeAsString());
}

void SessionFixture::serve_resolver(rpc::Request request) {
  ASSERT_EQ(request.method(), api::k_lookup);
  api::LookupRequest asked;
  ASSERT_TRUE(asked.ParseFromString(request.payload()));
  asked_names.push_back(asked.name());
  if (silent_names.contains(asked.name())) {
    held_.push_back(std::move(request));
    return;
  }
  api::LookupResponse answer;
  auto found = dns.find({asked.name(), static_cast<dns::Type>(asked.type())});
  bool is_known = found != dns.end();
  answer.set_status(failed_names.contains(asked.name()) ? api::DNS_FAILED
                    : is_known                          ? api::DNS_OK
                                                        : api::DNS_NO_NAME);
  if (is_known) {
    for (const Bytes& record : found->second) answer.add_records(record);
  }
  request.respond(answer.SerializeAsString());
}

namespace {

/// Final lines of replies: three digits and a space.
std::size_t count_replies(BytesView said) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < said.size();) {
    std::size_t end = said.find("\r\n", at);
    if (end == BytesView::npos) break;
    if (end - at > 3 && said[at + 3] == ' ') ++count;
    at = end + 2;
  }
  return count;
}

}  // namespace

net::Task<void> SessionFixture::talk(net::Stream& client, std::vector<Step> steps) {
  std::array<char, 4096> buffer{};
  Deadline deadline = deadline_in(std::chrono::seconds(20));
  std::size_t wanted = 0;
  for (const Step& step : steps) {
    auto sent = co_await client.write(step.send, deadline);
    if (!sent) break;
    wanted += step.replies;
    while (count_replies(said_) < wanted) {
      auto got = co_await client.read(buffer, deadline);
      if (!got) co_return;
      said_.append(buffer.data(), *got);
    }
  }
  client.shutdown_write();
  while (true) {
    auto got = co_await client.read(buffer, deadline);
    if (!got) co_return;
    said_.append(buffer.data(), *got);
  }
}

net::Task<void> SessionFixture::run_session(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  end = co_await session.run();
  is_offence = connection.is_offence;
  // The client sees the end, and ends too.
  sys::Fd socket = connection.stream.release();
}

net::Task<void> SessionFixture::finish(net::Loop& loop, net::Task<void> talk) {
  co_await talk;
  loop.post([&loop] { loop.stop(); });
}

std::string SessionFixture::play(std::vector<Step> steps) {
  said_.clear();
  World& world = make_world();
  net::Loop& loop = world.loop;
  net::Gate& gate = world.gate;
  auto core = sys::socket_pair(sys::SocketKind::stream);
  auto line = sys::socket_pair(sys::SocketKind::stream);
  auto channel =
      rpc::Channel::create(gate, std::move(core->first), {.passes_descriptors = true},
                           [this](rpc::Request request) { serve_core(std::move(request)); });
  role::Start start;
  start.settings = settings;
  if (has_core) start.links.push_back({{.peer = Role::core}, std::move(core->second)});
  auto resolver = sys::socket_pair(sys::SocketKind::stream);
  auto names =
      rpc::Channel::create(gate, std::move(resolver->first), {},
                           [this](rpc::Request request) { serve_resolver(std::move(request)); });
  if (has_resolver) {
    start.links.push_back({{.peer = Role::resolver}, std::move(resolver->second)});
  }
  role::Worker& worker = world.worker.emplace(loop, std::move(start), role::Worker::Options{});
  role::Connection connection{facts, net::Stream(loop, std::move(line->first))};
  net::Stream client(loop, std::move(line->second));
  gate.spawn(run_session(worker, connection));
  gate.spawn(finish(loop, talk(client, std::move(steps))));
  loop.run();
  channel->close();
  names->close();
  held_.clear();
  return said_;
}

namespace {

TEST(Session, DeliversAMessage) {
  SessionFixture fixture;
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_data, k_text, k_quit});
  EXPECT_EQ(codes(said), "250 250 250 354 250 221");
  ASSERT_EQ(fixture.delivered.size(), 1U);
  const api::DeliverRequest& request = fixture.delivered[0];
  EXPECT_EQ(request.envelope().mail_from(), "a@remote.example");
  EXPECT_TRUE(request.content().raw().starts_with("Return-Path: <a@remote.example>\r\n"));
  EXPECT_TRUE(request.content().raw().ends_with("Subject: x\r\n\r\n.text\r\n"));
  auto summary = decode_summary(request.content().summary(), request.content().raw().size());
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->envelope.subject, "x");
  EXPECT_NE(said.find("<" + trace_text(request.trace()) + ">"), std::string::npos);
  EXPECT_FALSE(fixture.is_offence);
}

TEST(Session, TakesWhatAFrontHasRead) {
  SessionFixture fixture;
  fixture.facts.unread = "EHLO client.test\r\n";
  EXPECT_EQ(codes(fixture.play({{"", 1}, k_quit})), "250 221");
}

TEST(Session, PipelinesAfterEhlo) {
  SessionFixture fixture;
  std::string said = fixture.play(
      {k_ehlo,
       {"MAIL FROM:<>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<nobody@example.test>\r\nDATA\r\n", 4},
       {"x: y\r\n\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n", 5}});
  EXPECT_EQ(codes(said), "250 250 250 550 354 250 250 250 250 221");
}

TEST(Session, ClosesOnBytesThatNobodyAskedFor) {
  const std::vector<std::vector<Step>> bad = {
      {{"EHLO a\r\nNOOP\r\n"}},
      {{"HELO a\r\n"}, {"MAIL FROM:<>\r\nRSET\r\n"}},
      {k_ehlo, k_mail, k_rcpt, {"DATA\r\nSubject: early\r\n\r\n.\r\n"}},
      {{"GET / HTTP/1.1\r\nHost: x\r\n"}},
  };
  for (const auto& steps : bad) {
    SessionFixture fixture;
    std::string said = fixture.play(steps);
    EXPECT_TRUE(codes(said).ends_with("554")) << said;
    EXPECT_TRUE(fixture.is_offence);
    EXPECT_TRUE(fixture.delivered.empty());
  }
}

TEST(Session, BareControlIsRefusedAtTheTrueEnd) {
  SessionFixture fixture;
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_data, {"a\n.\r\nb\r\n.\r\nNOOP\r\n"}});
  EXPECT_EQ(codes(said), "250 250 250 354 554");
  EXPECT_NE(said.find("554 5.6.0 "), std::string::npos);
  EXPECT_TRUE(fixture.is_offence);
  EXPECT_TRUE(fixture.delivered.empty());
}

TEST(Session, TooBigIsReadAndRefused) {
  SessionFixture fixture;
  fixture.settings.limits.message_size = 64;
  Step big{"Subject: x\r\n\r\n" + std::string(100, 'x') + "\r\n.\r\n"};
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_data, big, k_rcpt, k_quit});
  EXPECT_EQ(codes(said), "250 250 250 354 552 503 221");
}

TEST(Session, LargeMessagesTravelAsAMemoryFile) {
  SessionFixture fixture;
  std::string line = std::string(998, 'y') + "\r\n";
  std::string body = "Subject: large\r\n\r\n";
  for (int i = 0; i < 600; ++i) body += line;
  fixture.play({k_ehlo, k_mail, k_rcpt, k_data, {body + ".\r\n"}, k_quit});
  ASSERT_EQ(fixture.delivered.size(), 1U);
  const api::Content& content = fixture.delivered[0].content();
  EXPECT_TRUE(content.raw().empty());
  ASSERT_EQ(content.lengths_size(), 4);
  EXPECT_TRUE(BytesView(fixture.delivered_file).ends_with(body));
  std::uint64_t total = 0;
  for (std::uint64_t length : content.lengths()) total += length;
  EXPECT_EQ(total, fixture.delivered_file.size());
}

TEST(Session, StartTlsOnlyWhereItCan) {
  SessionFixture fixture;
  EXPECT_EQ(codes(fixture.play({k_ehlo, {"STARTTLS\r\n"}, k_quit})), "250 502 221");

  SessionFixture able;
  able.settings.tls.certificates.push_back({.chain = "a", .key = "b"});
  std::string said = able.play({k_ehlo, {"STARTTLS\r\n"}});
  EXPECT_NE(said.find("STARTTLS"), std::string::npos);
  EXPECT_EQ(codes(said), "250 220");
  EXPECT_TRUE(std::holds_alternative<role::BeginTls>(able.end));

  SessionFixture injected;
  injected.settings.tls.certificates.push_back({.chain = "a", .key = "b"});
  injected.play({k_ehlo, {"STARTTLS\r\nEHLO evil.test\r\n"}});
  EXPECT_TRUE(std::holds_alternative<role::Closed>(injected.end));
  EXPECT_TRUE(injected.is_offence);
}

TEST(Session, LmtpAnswersForEachRecipient) {
  SessionFixture fixture;
  fixture.facts.service = Service::lmtp;
  Step full{"RCPT TO:<full@example.test>\r\n"};
  Step text = k_text;
  text.replies = 2;
  std::string said = fixture.play({{"LHLO a\r\n"}, k_mail, k_rcpt, full, k_data, text, k_quit});
  EXPECT_EQ(codes(said), "250 250 250 250 354 250 452 221");
  EXPECT_EQ(codes(SessionFixture().play({{"LHLO a\r\n"}, k_quit})), "500 221");
}

TEST(Session, AllRecipientsFailed) {
  SessionFixture fixture;
  fixture.outcome = api::DELIVER_NO_SPACE;
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_data, k_text, k_quit});
  EXPECT_EQ(codes(said), "250 250 250 354 452 221");
}

TEST(Session, WithoutCoreEverythingIsTemporary) {
  SessionFixture fixture;
  fixture.has_core = false;
  EXPECT_EQ(codes(fixture.play({k_ehlo, k_mail, k_rcpt, k_data, k_quit})), "250 250 451 503 221");
}

TEST(Session, GuessesAreCounted) {
  SessionFixture fixture;
  std::string guesses;
  for (int i = 0; i < 25; ++i)
    guesses += "RCPT TO:<nobody" + std::to_string(i) + "@example.test>\r\n";
  std::string said = fixture.play({k_ehlo, k_mail, {guesses, 25}});
  EXPECT_TRUE(codes(said).ends_with("550 550 421"));
  EXPECT_EQ(count_replies(said), 2U + 20 + 1);
}

TEST(Session, ErrorsAreCounted) {
  SessionFixture fixture;
  std::string errors;
  for (int i = 0; i < 12; ++i) errors += "FROB\r\n";
  std::string said = fixture.play({k_ehlo, {errors, 12}});
  EXPECT_EQ(count_replies(said), 1U + 10 + 1);
  EXPECT_NE(said.find("421 4.7.0 "), std::string::npos);
}

TEST(Session, LoopsEnd) {
  SessionFixture fixture;
  std::string text;
  for (int i = 0; i < 101; ++i) text += "Received: by x; Thu, 1 Jan 1970 00:00:00 +0000\r\n";
  std::string said = fixture.play({k_ehlo, k_mail, k_rcpt, k_data, {text + "\r\n.\r\n"}, k_quit});
  EXPECT_NE(said.find("554 5.4.6 "), std::string::npos);
}

TEST(Session, DisabledExtensionsAreNotThere) {
  SessionFixture fixture;
  fixture.settings.smtp.disabled_extensions = {"SMTPUTF8", "8BITMIME", "PIPELINING"};
  std::string said = fixture.play({k_ehlo, {"MAIL FROM:<> SMTPUTF8\r\n"}, k_quit});
  EXPECT_EQ(said.find("SMTPUTF8"), std::string::npos);
  EXPECT_EQ(said.find("PIPELINING"), std::string::npos);
  EXPECT_EQ(codes(said), "250 555 221");
}

TEST(Session, SilenceEndsIt) {
  SessionFixture fixture;
  fixture.settings.limits.smtp_idle = std::chrono::milliseconds(50);
  EXPECT_EQ(codes(fixture.play({k_ehlo, {"", 1}})), "250 421");
}

}  // namespace
}  // namespace peregrine::smtpd
