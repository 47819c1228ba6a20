#include <gtest/gtest.h>

#include "core/authenticator.h"
#include "core/authorize.h"
#include "core/sessions.h"
#include "net/gate.h"
#include "store/store.h"

namespace peregrine::core {
namespace {

const Deadline k_now = Deadline{} + std::chrono::hours(1);

TEST(Authorize, GivesEachRoleItsRowsAndNoOther) {
  EXPECT_TRUE(may_call(Role::login, 1));
  EXPECT_FALSE(may_call(Role::mx, 1));
  EXPECT_TRUE(may_call(Role::mx, 11));
  EXPECT_FALSE(may_call(Role::imap, 11));
  EXPECT_FALSE(may_call(Role::pop3, 30));
  // Nobody but the operator changes accounts; front makes no call at all.
  for (std::uint16_t method = 0; method < 300; ++method) {
    EXPECT_FALSE(may_call(Role::front, method)) << method;
    EXPECT_FALSE(may_call(Role::core, method)) << method;
    if (method >= 50) EXPECT_FALSE(may_call(Role::imap, method)) << method;
  }
  EXPECT_FALSE(may_call(Role::admin, 11));
  EXPECT_FALSE(may_call(Role::admin, 9999));
}

TEST(Authorize, KnowsWhichCallsActForASession) {
  EXPECT_EQ(subject_of<api::FetchRequest>(), Subject::session);
  EXPECT_EQ(subject_of<api::DeliverRequest>(), Subject::role_alone);
}

struct Logins : testing::Test {
  Sessions sessions;
  const AccountId alice{7};
  const ConnectionId connection{40};
  Bytes ticket = *sessions.issue_ticket(alice, connection, Service::imap, k_now);
};

TEST_F(Logins, ATicketIsGoodOnce) {
  auto redeemed = sessions.redeem(ticket, connection, Service::imap, 1, k_now);
  ASSERT_TRUE(redeemed.has_value());
  EXPECT_EQ(redeemed->account, alice);
  EXPECT_FALSE(sessions.redeem(ticket, connection, Service::imap, 1, k_now).has_value());
}

TEST_F(Logins, ATicketIsForItsConnectionAndServiceAndTime) {
  EXPECT_FALSE(sessions.redeem(ticket, ConnectionId(41), Service::imap, 1, k_now).has_value());
  // Shown for the wrong connection it is used up.
  EXPECT_FALSE(sessions.redeem(ticket, connection, Service::imap, 1, k_now).has_value());
  ticket = *sessions.issue_ticket(alice, connection, Service::imap, k_now);
  EXPECT_FALSE(sessions.redeem(ticket, connection, Service::pop3, 1, k_now).has_value());
  ticket = *sessions.issue_ticket(alice, connection, Service::imap, k_now);
  Deadline late = k_now + k_ticket_life;
  EXPECT_FALSE(sessions.redeem(ticket, connection, Service::imap, 1, late).has_value());
  EXPECT_FALSE(sessions.redeem("guess", connection, Service::imap, 1, k_now).has_value());
}

TEST_F(Logins, ASessionBelongsToItsChannel) {
  SessionId session = sessions.redeem(ticket, connection, Service::imap, 1, k_now)->session;
  EXPECT_EQ(sessions.account_of(session, 1), alice);
  EXPECT_EQ(sessions.account_of(session, 2), std::nullopt);
  EXPECT_FALSE(sessions.release(session, 2));
  EXPECT_EQ(sessions.release_channel(2).size(), 0U);
  EXPECT_EQ(sessions.release_channel(1).size(), 1U);
  EXPECT_EQ(sessions.account_of(session, 1), std::nullopt);
}

TEST_F(Logins, TicketsAreBounded) {
  for (std::size_t i = 1; i < k_max_tickets; ++i) {
    ASSERT_TRUE(sessions.issue_ticket(alice, connection, Service::imap, k_now).has_value());
  }
  EXPECT_FALSE(sessions.issue_ticket(alice, connection, Service::imap, k_now).has_value());
  Deadline later = k_now + k_ticket_life;
  EXPECT_TRUE(sessions.issue_ticket(alice, connection, Service::imap, later).has_value());
}

net::Task<void> check_logins(net::Loop& loop, Authenticator& authenticator, AccountId alice) {
  auto right =
      co_await authenticator.check("alice@example.test", Secret::take("secret"), Service::imap);
  EXPECT_TRUE(right.has_value() && *right == alice);
  auto again = co_await authenticator.check("alice", Secret::take("secret"), Service::imap);
  EXPECT_TRUE(again.has_value() && *again == alice);
  auto wrong = co_await authenticator.check("alice", Secret::take("Secret"), Service::imap);
  EXPECT_FALSE(wrong.has_value());
  if (!wrong) EXPECT_EQ(wrong.error(), AuthError::bad_credentials);
  auto nobody =
      co_await authenticator.check("bob@example.test", Secret::take("secret"), Service::imap);
  EXPECT_FALSE(nobody.has_value());
  if (!nobody) EXPECT_EQ(nobody.error(), AuthError::bad_credentials);
  loop.stop();
}

TEST(Authenticator, TellsAnUnknownAccountAndAWrongPasswordAlike) {
  auto store = store::open_memory();
  auto directory = directory::Directory::open(*store);
  ASSERT_TRUE(directory.has_value());
  constexpr crypto::PasswordCost k_cheap{.memory_kib = 64, .passes = 1};
  ASSERT_TRUE((*directory)->add_domain("example.test").has_value());
  auto hash = crypto::hash_password("secret", k_cheap);
  auto alice = (*directory)->add_account(*Address::parse("alice@example.test"), *hash);
  ASSERT_TRUE(alice.has_value());
  net::Loop loop;
  net::Gate gate(loop);
  Pool pool(loop, 2);
  Authenticator authenticator(pool, **directory,
                              {.cost = {.argon2 = k_cheap}, .cache_time = std::chrono::minutes(1)});
  gate.spawn(check_logins(loop, authenticator, alice->value));
  loop.run();
}

}  // namespace
}  // namespace peregrine::core
