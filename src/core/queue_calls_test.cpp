// Outgoing mail over channels: an account submits, a scripted courier leases, reads, reports and
// notifies; one that has been taken over gets nothing.
#include "core/core_fixture.h"
#include "core/offline.h"
#include "core/upkeep.h"

namespace peregrine::core {
namespace {

class QueueCalls : public CoreTest {
 protected:
  QueueCalls() { core->settings.outbound.enabled = true; }

  net::Task<void> begin() {
    submission = connect(Role::submission);
    session = co_await log_in(submission, "alice@example.test", Role::submission);
    courier = connect(Role::courier);
    admin = connect(Role::admin);
  }

  api::SubmitRequest message(std::vector<std::string> recipients,
                             const std::string& from = "alice@example.test") {
    api::SubmitRequest request;
    request.set_session(session);
    request.set_trace(0xabc);
    request.mutable_envelope()->set_mail_from(from);
    for (const std::string& each : recipients) request.add_recipients()->set_address(each);
    *request.mutable_content() = content_of("subject", "body\r\n");
    return request;
  }
  net::Task<api::SubmitResponse> send_as(api::SubmitRequest request) {
    auto answer = co_await api::submit(submission, request, soon());
    EXPECT_TRUE(answer);
    co_return answer ? *answer : api::SubmitResponse{};
  }
  net::Task<api::LeaseResponse> take() {
    api::LeaseRequest request;
    request.set_most_messages(10);
    auto answer = co_await api::lease(courier, request, soon());
    EXPECT_TRUE(answer);
    co_return answer ? *answer : api::LeaseResponse{};
  }
  net::Task<Bytes> read(std::uint64_t lease, std::uint64_t message, std::uint64_t offset = 0) {
    api::QueueContentRequest request;
    request.set_lease(lease);
    request.set_message(message);
    request.set_offset(offset);
    auto stream = api::queue_content(courier, request);
    Bytes out;
    while (true) {
      auto item = co_await stream.next(soon());
      if (!item) co_return "refused";
      if (!*item) break;
      EXPECT_LE((*item)->bytes().size(), k_item_bytes);
      out += (*item)->bytes();
    }
    co_return out;
  }
  net::Task<void> say(api::LeaseResponse lease, api::ReportOutcome outcome) {
    api::ReportRequest request;
    request.set_lease(lease.lease());
    request.set_last(true);
    for (const api::LeasedMessage& each : lease.messages()) {
      for (const api::LeasedRecipient& recipient : each.recipients()) {
        api::RecipientReport& result = *request.add_recipients();
        result.set_message(each.message());
        result.set_index(recipient.index());
        result.set_outcome(outcome);
        result.set_status(outcome == api::REPORT_PERMANENT ? "5.1.1" : "2.0.0");
        result.set_remote_host("mx.there.test");
        result.set_diagnostic("as scripted");
      }
    }
    auto answer = co_await api::report(courier, request, soon());
    EXPECT_TRUE(answer);
  }
  net::Task<std::uint32_t> messages_of(std::string address) {
    Channel imap = connect(Role::imap, 9);
    api::StatusRequest request;
    auto own = co_await log_in(imap, address, Role::imap);
    request.set_session(own);
    request.set_name("INBOX");
    auto status = co_await api::status(imap, request, soon());
    EXPECT_TRUE(status);
    co_return status ? status->mailbox().messages() : 0;
  }
  net::Task<std::vector<api::QueueMessageInfo>> list(api::QueueListRequest request) {
    auto stream = api::queue_list(admin, request);
    std::vector<api::QueueMessageInfo> out;
    while (true) {
      auto item = co_await stream.next(soon());
      EXPECT_TRUE(item);
      if (!item || !*item) break;
      out.push_back(**item);
    }
    co_return out;
  }
  net::Task<std::vector<std::string>> story(std::string of) {
    api::TraceRequest request;
    request.set_id_or_address(of);
    auto stream = api::trace(admin, request);
    std::vector<std::string> out;
    while (true) {
      auto item = co_await stream.next(soon());
      if (!item || !*item) break;
      out.push_back((*item)->event());
    }
    co_return out;
  }
  std::uint64_t queued() { return (*core->model.queue->change().header())->messages; }

  net::Task<void> there_and_here();
  net::Task<void> a_new_courier();
  net::Task<void> senders();
  net::Task<void> bounced();
  net::Task<void> forwarded();
  net::Task<void> refused();
  net::Task<void> limited();
  net::Task<void> waits();
  net::Task<void> hostile_courier();
  net::Task<void> operators();
  net::Task<void> told_of_success();

  Channel submission;
  Channel courier;
  Channel admin;
  std::uint64_t session = 0;
};

net::Task<void> QueueCalls::there_and_here() {
  co_await begin();
  auto sent = co_await send_as(message({"bob@example.test", "x@there.test", "y@there.test"}));
  EXPECT_EQ(sent.outcome(), api::SUBMIT_OK);
  EXPECT_EQ(sent.outcomes_size(), 3);
  EXPECT_FALSE(sent.held());
  auto here = co_await messages_of("bob@example.test");
  EXPECT_EQ(here, 1U);
  auto lease = co_await take();
  EXPECT_EQ(lease.kind(), api::LEASE_SEND);
  EXPECT_EQ(lease.destination(), "there.test");
  EXPECT_EQ(lease.messages_size(), 1);
  if (lease.messages_size() != 1) co_return;
  const api::LeasedMessage& leased = lease.messages(0);
  EXPECT_EQ(leased.recipients_size(), 2);
  EXPECT_EQ(leased.envelope().mail_from(), "alice@example.test");
  EXPECT_EQ(leased.submitter(), "alice@example.test");
  Bytes raw = content_of("subject", "body\r\n").raw();
  EXPECT_EQ(leased.size(), raw.size());
  EXPECT_EQ(leased.header_size(), raw.find("\r\n\r\n") + 4);
  auto whole = co_await read(lease.lease(), leased.message());
  EXPECT_EQ(whole, raw);
  auto rest = co_await read(lease.lease(), leased.message(), 5);
  EXPECT_EQ(rest, raw.substr(5));
  co_await say(lease, api::REPORT_DELIVERED);
  EXPECT_EQ(queued(), 0U);
  auto gone = co_await read(lease.lease(), leased.message());
  EXPECT_EQ(gone, "refused");
  auto events = co_await story("x@there.test");
  EXPECT_EQ(events,
            (std::vector<std::string>{"received", "stored", "queued", "delivered", "delivered"}));
  auto same = co_await story("0000000000000abc");
  EXPECT_EQ(same, events);
}

TEST_F(QueueCalls, OneMessageGoesThereAndHere) {
  run(there_and_here());
  expect_sound();
}

net::Task<void> QueueCalls::a_new_courier() {
  co_await begin();
  co_await send_as(message({"x@there.test"}));
  api::LeaseResponse lease = co_await take();
  EXPECT_EQ(lease.messages_size(), 1);
  api::LeaseRequest request;
  request.set_ends_all(true);
  auto none = co_await api::lease(courier, request, soon());
  EXPECT_TRUE(none && none->lease() == 0);
  if (lease.messages_size() != 1) co_return;
  EXPECT_EQ(co_await read(lease.lease(), lease.messages(0).message()), "refused");
  // It rests first; what the one before did is believed.
  api::LeaseResponse again = co_await take();
  EXPECT_EQ(again.lease(), 0U);
  co_await say(lease, api::REPORT_DELIVERED);
  EXPECT_EQ(queued(), 0U);
}

TEST_F(QueueCalls, ANewCourierEndsTheLeasesOfTheOneBefore) {
  run(a_new_courier());
  expect_sound();
}

net::Task<void> QueueCalls::senders() {
  co_await begin();
  api::AliasRequest alias;
  alias.set_address("sales@example.test");
  alias.add_targets("alice@example.test");
  auto added = co_await api::alias_add(admin, alias, soon());
  EXPECT_TRUE(added && added->done());
  const std::pair<std::string, api::SubmitOutcome> cases[] = {
      {"alice@example.test", api::SUBMIT_OK},      {"Alice+x@Example.Test", api::SUBMIT_OK},
      {"sales@example.test", api::SUBMIT_OK},      {"", api::SUBMIT_OK},
      {"bob@example.test", api::SUBMIT_NOT_OWNER}, {"nobody@example.test", api::SUBMIT_NOT_OWNER},
      {"alice@there.test", api::SUBMIT_NOT_OWNER}, {"not an address", api::SUBMIT_NOT_OWNER}};
  for (const auto& [from, expected] : cases) {
    api::CheckSenderRequest request;
    request.set_session(session);
    request.set_mail_from(from);
    auto answer = co_await api::check_sender(submission, request, soon());
    EXPECT_TRUE(answer && answer->outcome() == expected) << from;
    if (from == "not an address") continue;
    auto sent = co_await send_as(message({"x@there.test"}, from));
    EXPECT_EQ(sent.outcome(), expected) << from;
  }
  EXPECT_EQ(queued(), 4U);
}

TEST_F(QueueCalls, AnAccountSendsAsItself) {
  run(senders());
  expect_sound();
}

net::Task<void> QueueCalls::bounced() {
  co_await begin();
  co_await send_as(message({"x@there.test"}));
  auto lease = co_await take();
  co_await say(lease, api::REPORT_PERMANENT);
  auto notices = co_await take();
  EXPECT_EQ(notices.kind(), api::LEASE_NOTIFY);
  EXPECT_EQ(notices.messages_size(), 1);
  if (notices.messages_size() != 1 || notices.messages(0).notices_size() != 1) co_return;
  const api::RecipientNotice& notice = notices.messages(0).notices(0);
  EXPECT_EQ(notice.action(), "failed");
  EXPECT_EQ(notice.status(), "5.1.1");
  EXPECT_EQ(notice.diagnostic(), "as scripted");
  auto original = co_await read(notices.lease(), notices.messages(0).message());
  EXPECT_NE(original, "refused");
  api::NotifyRequest request;
  request.set_lease(notices.lease() + 2);
  request.set_message(notices.messages(0).message());
  request.add_recipients(0);
  *request.mutable_content() = content_of("Undelivered", "sorry\r\n");
  auto foreign = co_await api::notify(courier, request, soon());
  EXPECT_TRUE(refused_with(foreign, api::ErrorCode::not_found));
  request.set_lease(notices.lease());
  auto told = co_await api::notify(courier, request, soon());
  EXPECT_TRUE(told);
  EXPECT_EQ(queued(), 0U);
  auto again = co_await api::notify(courier, request, soon());
  EXPECT_TRUE(refused_with(again, api::ErrorCode::not_found));
  auto here = co_await messages_of("alice@example.test");
  EXPECT_EQ(here, 1U);
}

TEST_F(QueueCalls, ANotificationComesToTheSender) {
  run(bounced());
  expect_sound();
}

net::Task<void> QueueCalls::forwarded() {
  co_await begin();
  api::AliasRequest alias;
  alias.set_address("away@example.test");
  alias.add_targets("me@elsewhere.test");
  alias.add_targets("bob@example.test");
  auto added = co_await api::alias_add(admin, alias, soon());
  EXPECT_TRUE(added && added->done() && added->warning().empty());
  Channel mx = connect(Role::mx);
  api::DeliverRequest request;
  request.mutable_envelope()->set_mail_from("stranger@origin.test");
  request.mutable_envelope()->set_require_tls(true);
  request.add_recipients()->set_address("away@example.test");
  *request.mutable_content() = content_of("forward", "me\r\n");
  request.set_sender_verified(true);
  auto delivered = co_await api::deliver(mx, request, soon());
  EXPECT_TRUE(delivered && delivered->outcomes(0) == api::DELIVER_OK);
  auto here = co_await messages_of("bob@example.test");
  EXPECT_EQ(here, 1U);
  auto lease = co_await take();
  EXPECT_EQ(lease.destination(), "elsewhere.test");
  if (lease.messages_size() != 1) co_return;
  std::string sender = lease.messages(0).envelope().mail_from();
  EXPECT_TRUE(sender.starts_with("SRS0=") && sender.ends_with("@example.test")) << sender;
  co_await say(lease, api::REPORT_PERMANENT);
  // The way back: a bounce to the rewritten sender goes on to who it was.
  api::CheckRecipientRequest check;
  check.set_address(sender);
  auto verdict = co_await api::check_recipient(mx, check, soon());
  EXPECT_TRUE(verdict && verdict->verdict() == api::RECIPIENT_LOCAL);
  sender[7] = sender[7] == 'a' ? 'b' : 'a';
  check.set_address(sender);
  verdict = co_await api::check_recipient(mx, check, soon());
  EXPECT_TRUE(verdict && verdict->verdict() == api::RECIPIENT_UNKNOWN);
  auto notices = co_await take();
  EXPECT_EQ(notices.kind(), api::LEASE_NOTIFY);
  api::NotifyRequest notify;
  notify.set_lease(notices.lease());
  notify.set_message(notices.messages(0).message());
  notify.add_recipients(0);
  *notify.mutable_content() = content_of("Undelivered", "sorry\r\n");
  auto told = co_await api::notify(courier, notify, soon());
  EXPECT_TRUE(told);
  auto back = co_await take();
  EXPECT_EQ(back.destination(), "origin.test");
  EXPECT_EQ(back.messages(0).envelope().mail_from(), "");
  // RFC 8689 section 5.
  EXPECT_TRUE(back.messages(0).envelope().require_tls());
  co_await say(back, api::REPORT_PERMANENT);
  EXPECT_EQ(queued(), 0U);
  // V44: a sender that nobody vouches for is told nothing.
  request.set_sender_verified(false);
  delivered = co_await api::deliver(mx, request, soon());
  EXPECT_TRUE(delivered && delivered->outcomes(0) == api::DELIVER_OK);
  auto doubtful = co_await take();
  EXPECT_EQ(doubtful.messages(0).recipients(0).recipient().notify(), 1U);
  co_await say(doubtful, api::REPORT_PERMANENT);
  EXPECT_EQ(queued(), 0U);
}

TEST_F(QueueCalls, AnAliasLeadsElsewhereAndItsBouncesBack) {
  run(forwarded());
  expect_sound();
}

net::Task<void> QueueCalls::refused() {
  co_await begin();
  auto sent = co_await send_as(message({"bob@example.test", "nobody@example.test"}));
  EXPECT_EQ(sent.outcome(), api::SUBMIT_BAD_RECIPIENT);
  EXPECT_EQ(sent.outcomes(0), api::DELIVER_OK);
  EXPECT_EQ(sent.outcomes(1), api::DELIVER_UNKNOWN);
  core->settings.outbound.enabled = false;
  sent = co_await send_as(message({"bob@example.test", "x@there.test"}));
  EXPECT_EQ(sent.outcome(), api::SUBMIT_BAD_RECIPIENT);
  EXPECT_EQ(sent.outcomes(1), api::DELIVER_NO_RELAY);
  auto here = co_await messages_of("bob@example.test");
  EXPECT_EQ(here, 0U);
  EXPECT_EQ(queued(), 0U);
  core->settings.outbound.enabled = true;
  hooks->fail_next_commit(store::StoreError::no_space);
  sent = co_await send_as(message({"x@there.test"}));
  EXPECT_EQ(sent.outcome(), api::SUBMIT_NO_SPACE);
  for (auto spoil :
       {+[](api::SubmitRequest& request) { request.clear_recipients(); },
        +[](api::SubmitRequest& request) {
          request.mutable_recipients(0)->set_orcpt("a\r\nRCPT TO:<b>");
        },
        +[](api::SubmitRequest& request) { request.mutable_envelope()->set_dsn_envid("a\nb"); },
        +[](api::SubmitRequest& request) { request.mutable_envelope()->set_priority(99); },
        +[](api::SubmitRequest& request) { request.mutable_recipients(0)->set_notify(99); }}) {
    co_await begin();
    api::SubmitRequest request = message({"x@there.test"});
    spoil(request);
    auto answer = co_await api::submit(submission, request, soon());
    EXPECT_TRUE(refused_with(answer, api::ErrorCode::malformed));
  }
  EXPECT_EQ(queued(), 0U);
}

TEST_F(QueueCalls, AllRecipientsOrNone) {
  run(refused());
  expect_sound();
}

net::Task<void> QueueCalls::limited() {
  co_await begin();
  core->settings.submission.burst_recipients = 4;
  core->settings.submission.messages_per_hour = 3;
  auto first = co_await send_as(message({"1@there.test", "2@there.test", "3@there.test"}));
  EXPECT_TRUE(first.outcome() == api::SUBMIT_OK && !first.held());
  auto second = co_await send_as(message({"1@there.test", "2@there.test"}));
  EXPECT_TRUE(second.outcome() == api::SUBMIT_OK && second.held());
  auto third = co_await send_as(message({"1@there.test"}));
  EXPECT_TRUE(third.outcome() == api::SUBMIT_OK && third.held());
  auto fourth = co_await send_as(message({"1@there.test"}));
  EXPECT_EQ(fourth.outcome(), api::SUBMIT_RATE_LIMITED);
  auto lease = co_await take();
  EXPECT_EQ(lease.messages_size(), 1);
  auto nothing = co_await take();
  EXPECT_EQ(nothing.lease(), 0U);
  api::QueueChangeRequest release;
  release.mutable_filter()->set_only_held(true);
  release.set_action(api::QUEUE_RELEASE);
  auto released = co_await api::queue_change(admin, release, soon());
  EXPECT_TRUE(released && released->messages() == 2 && released->error().empty());
  auto more = co_await take();
  EXPECT_EQ(more.messages_size(), 2);
}

TEST_F(QueueCalls, ABurstIsHeldAndTooMuchIsRefused) {
  run(limited());
  expect_sound();
}

net::Task<void> QueueCalls::waits() {
  co_await begin();
  api::LeaseRequest request;
  request.set_wait_milliseconds(20'000);
  request.set_most_messages(1);
  net::Event done(loop);
  std::optional<api::LeaseResponse> leased;
  auto wait_for_mail = [](QueueCalls& test, api::LeaseRequest asked, net::Event& event,
                          std::optional<api::LeaseResponse>& out) -> net::Task<void> {
    auto answer = co_await api::lease(test.courier, asked, soon());
    if (answer) out = *answer;
    event.notify();
  };
  gate.spawn(wait_for_mail(*this, request, done, leased));
  co_await net::sleep_until(loop, Monotonic::now());
  EXPECT_FALSE(leased);
  co_await send_as(message({"x@there.test"}));
  net::WaitResult result = co_await done.wait(soon());
  EXPECT_EQ(result, net::WaitResult::ready);
  EXPECT_TRUE(leased && leased->destination() == "there.test");
  // A courier that ends while it waits leaves nothing behind.
  gate.spawn(wait_for_mail(*this, request, done, leased));
  co_await net::sleep_until(loop, Monotonic::now());
  courier->close();
  result = co_await done.wait(soon());
  EXPECT_EQ(result, net::WaitResult::ready);
}

TEST_F(QueueCalls, ALeaseWaitsForMail) {
  run(waits());
  expect_sound();
}

net::Task<void> QueueCalls::hostile_courier() {
  co_await begin();
  co_await send_as(message({"x@there.test"}));
  co_await send_as(message({"y@other.test"}));
  auto lease = co_await take();
  std::uint64_t mine = lease.messages(0).message();
  std::uint64_t other = mine == 1 ? 2 : 1;
  for (std::uint64_t named : {lease.lease(), lease.lease() + 2, std::uint64_t{0}, UINT64_MAX}) {
    for (std::uint64_t wanted : {mine, other, std::uint64_t{0}, UINT64_MAX}) {
      if (named == lease.lease() && wanted == mine) continue;
      auto content = co_await read(named, wanted);
      EXPECT_EQ(content, "refused");
      api::ReportRequest request;
      request.set_lease(named);
      request.set_destination("other.test");
      request.set_destination_failed(true);
      for (std::uint32_t index : {0U, 7U, UINT32_MAX}) {
        api::RecipientReport& result = *request.add_recipients();
        result.set_message(wanted);
        result.set_index(index);
        result.set_outcome(api::REPORT_DELIVERED);
      }
      auto reported = co_await api::report(courier, request, soon());
      EXPECT_TRUE(reported);
      api::NotifyRequest notify;
      notify.set_lease(named);
      notify.set_message(wanted);
      notify.add_recipients(0);
      *notify.mutable_content() = content_of("forged", "x\r\n");
      auto told = co_await api::notify(courier, notify, soon());
      EXPECT_FALSE(told);
    }
  }
  EXPECT_EQ(queued(), 2U);
  auto here = co_await messages_of("alice@example.test");
  EXPECT_EQ(here, 0U);
  auto rest = co_await take();
  EXPECT_EQ(rest.messages_size(), 1);
  EXPECT_EQ(rest.messages(0).message(), other);
  api::ReportRequest request;
  request.set_lease(rest.lease());
  request.add_recipients()->set_outcome(static_cast<api::ReportOutcome>(99));
  auto wrong = co_await api::report(courier, request, soon());
  EXPECT_TRUE(refused_with(wrong, api::ErrorCode::malformed));
}

TEST_F(QueueCalls, ACourierTakenOverGetsNothingBeyondItsLeases) {
  run(hostile_courier());
  expect_sound();
}

net::Task<void> QueueCalls::operators() {
  co_await begin();
  for (int i = 0; i < 120; ++i) {
    co_await send_as(message({std::to_string(i) + "@there.test"}));
  }
  api::QueueListRequest all;
  auto listed = co_await list(all);
  EXPECT_EQ(listed.size(), 120U);
  api::QueueListRequest one;
  one.mutable_filter()->set_recipient("7@there.test");
  auto found = co_await list(one);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(found.at(0).recipients(0).state(), "waiting");
  api::QueueChangeRequest change;
  change.set_action(api::QUEUE_DROP);
  change.mutable_filter()->set_sender("@example.test");
  change.mutable_filter()->set_recipient("7@there.test");
  auto dropped = co_await api::queue_change(admin, change, soon());
  EXPECT_TRUE(dropped && dropped->messages() == 1);
  change.mutable_filter()->set_sender("no address");
  auto wrong = co_await api::queue_change(admin, change, soon());
  EXPECT_TRUE(wrong && wrong->messages() == 0 && !wrong->error().empty());
  EXPECT_EQ(queued(), 119U);
  change.clear_filter();
  change.set_action(api::QUEUE_ROUTE);
  change.set_route("relay.test");
  auto routed = co_await api::queue_change(admin, change, soon());
  EXPECT_TRUE(routed && routed->messages() == 119);
  auto lease = co_await take();
  EXPECT_EQ(lease.destination(), "relay.test");
}

TEST_F(QueueCalls, OperatorsListAndChange) {
  run(operators());
  expect_sound();
}

net::Task<void> QueueCalls::told_of_success() {
  co_await begin();
  api::SubmitRequest request = message({"bob@example.test"});
  request.mutable_recipients(0)->set_notify(api::NOTIFY_SUCCESS);
  auto sent = co_await send_as(request);
  EXPECT_EQ(sent.outcome(), api::SUBMIT_OK);
  auto notices = co_await take();
  EXPECT_EQ(notices.kind(), api::LEASE_NOTIFY);
  EXPECT_EQ(notices.messages(0).notices(0).action(), "delivered");
  Upkeep upkeep(*core);
  co_await upkeep.turn();
  EXPECT_EQ(queued(), 1U);
}

TEST_F(QueueCalls, ADeliveryHereIsToldWhenAsked) {
  run(told_of_success());
  expect_sound();
}

TEST(SubmissionRates, CountOverSlidingWindowsAndForget) {
  SubmissionRates rates(2);
  config::SubmissionSettings limits;
  limits.messages_per_hour = 10;
  limits.burst_recipients = 1000;
  Deadline now = Monotonic::now();
  using Verdict = SubmissionRates::Verdict;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(rates.count(AccountId(1), 1, limits, now), Verdict::pass);
  }
  EXPECT_EQ(rates.count(AccountId(1), 1, limits, now), Verdict::refuse);
  now += std::chrono::minutes(90);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(rates.count(AccountId(1), 1, limits, now), Verdict::pass);
  }
  EXPECT_EQ(rates.count(AccountId(1), 1, limits, now), Verdict::refuse);
  for (std::uint64_t id = 2; id < 10; ++id) rates.count(AccountId(id), 1, limits, now);
  EXPECT_LE(rates.accounts(), 2U);
}

}  // namespace
}  // namespace peregrine::core
