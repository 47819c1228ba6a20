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

TEST_F(Logins, AnAccountLosesItsSessionsAndTickets) {
  Bytes other = *sessions.issue_ticket(AccountId(8), connection, Service::imap, k_now);
  Bytes unused = *sessions.issue_ticket(alice, connection, Service::imap, k_now);
  SessionId hers = sessions.redeem(ticket, connection, Service::imap, 1, k_now)->session;
  SessionId his = sessions.redeem(other, connection, Service::imap, 1, k_now)->session;
  auto ended = sessions.release_account(alice);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].session, hers);
  EXPECT_EQ(sessions.account_of(hers, 1), std::nullopt);
  EXPECT_EQ(sessions.account_of(his, 1), AccountId(8));
  EXPECT_FALSE(sessions.redeem(unused, connection, Service::imap, 1, k_now).has_value());
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

struct AuthenticatorTest : testing::Test {
  static constexpr crypto::PasswordCost k_cheap{.memory_kib = 64, .passes = 1};

  AuthenticatorTest() {
    EXPECT_TRUE((*directory)->add_domain("example.test"));
    auto made = make_credentials("secret", {.argon2 = k_cheap});
    auto added = (*directory)->add_account(*Address::parse("alice@example.test"), *made);
    EXPECT_TRUE(added);
    if (added) alice = added->value;
  }

  std::unique_ptr<store::Store> store = store::open_memory();
  std::expected<std::unique_ptr<directory::Directory>, directory::DirectoryError> directory =
      directory::Directory::open(*store);
  AccountId alice;
  net::Loop loop;
  net::Gate gate{loop};
};

TEST_F(AuthenticatorTest, TellsAnUnknownAccountAndAWrongPasswordAlike) {
  Pool pool(loop, 2);
  Authenticator authenticator(pool, **directory,
                              {.cost = {.argon2 = k_cheap}, .cache_time = std::chrono::minutes(1)});
  gate.spawn(check_logins(loop, authenticator, alice));
  loop.run();
}

// V34: a hundred addresses guess at once, and one that is quiet logs in.
struct Flood {
  net::Loop& loop;
  Authenticator& authenticator;
  std::size_t answered = 0;
  std::size_t before_the_quiet_one = 0;
  static constexpr std::size_t k_guessers = 100;
};

net::Task<void> log_in(Flood& flood, std::string password, std::string peer) {
  bool is_quiet = password == "secret";
  auto result =
      co_await flood.authenticator.check("alice", Secret(password), Service::imap, std::move(peer));
  EXPECT_EQ(result.has_value(), is_quiet);
  if (is_quiet) flood.before_the_quiet_one = flood.answered;
  if (++flood.answered == Flood::k_guessers + 1) flood.loop.stop();
}

TEST_F(AuthenticatorTest, AFloodFromManyAddressesDoesNotDelayAQuietOne) {
  Pool pool(loop, 1);
  Authenticator authenticator(pool, **directory, {.cost = {.argon2 = k_cheap}});
  Flood flood{loop, authenticator};
  for (std::size_t i = 0; i < Flood::k_guessers; ++i) {
    gate.spawn(log_in(flood, "guess" + std::to_string(i), "127.0.1." + std::to_string(i)));
  }
  gate.spawn(log_in(flood, "secret", "127.0.0.7"));
  loop.run();
  EXPECT_LE(flood.before_the_quiet_one, 1U);
}

net::Task<void> change_meanwhile(net::Loop& loop, Authenticator& authenticator,
                                 directory::Directory& directory, AccountId alice) {
  auto fresh = crypto::hash_password("other", AuthenticatorTest::k_cheap);
  loop.post(
      [&directory, alice, hash = *fresh] { EXPECT_TRUE(directory.set_credentials(alice, hash)); });
  auto old = co_await authenticator.check("alice", Secret::take("secret"), Service::imap);
  EXPECT_FALSE(old.has_value());
  loop.stop();
}

TEST_F(AuthenticatorTest, APasswordThatChangesMeanwhileIsTheOldOne) {
  Pool pool(loop, 1);
  Authenticator authenticator(pool, **directory, {.cost = {.argon2 = k_cheap}});
  gate.spawn(change_meanwhile(loop, authenticator, **directory, alice));
  loop.run();
}

}  // namespace
}  // namespace peregrine::core
