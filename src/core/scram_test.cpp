// SCRAM as `login` asks for it, with the client's part made here.
#include "core/scram.h"

#include "core/core_fixture.h"
#include "crypto/scram_fixture.h"
#include "text/base64.h"

namespace peregrine::core {
namespace {

using crypto::ScramHash;

constexpr std::string_view k_password = "correct horse";

struct ServerFirst {
  Bytes nonce;
  Bytes salt;
  std::uint32_t iterations = 0;
};

ServerFirst read_first(const Bytes& message) {
  std::size_t salt = message.find(",s=");
  std::size_t iterations = message.find(",i=");
  EXPECT_TRUE(message.starts_with("r=") && salt != Bytes::npos && iterations != Bytes::npos);
  return {message.substr(2, salt - 2),
          text::base64_decode(message.substr(salt + 3, iterations - salt - 3)).value_or(""),
          static_cast<std::uint32_t>(std::stoul(message.substr(iterations + 3)))};
}

crypto::ScramClient client_keys(ScramHash hash, std::string_view password,
                                const ServerFirst& first) {
  return crypto::ScramClient(hash, password, first.salt, first.iterations);
}

class ScramTest : public CoreTest {
 protected:
  static api::ScramBeginRequest begin_of(const std::string& name, ScramHash hash) {
    api::ScramBeginRequest request;
    request.set_connection(7);
    request.set_service(static_cast<std::uint32_t>(Service::imaps));
    request.set_hash(static_cast<std::uint32_t>(hash));
    request.set_login_name(name);
    request.set_client_nonce("rOprNGfwEbeRWgbNEkqO");
    request.set_client_first_bare("n=" + name + ",r=rOprNGfwEbeRWgbNEkqO");
    return request;
  }
  net::Task<ServerFirst> first_of(Channel login, std::string name,
                                  ScramHash hash = ScramHash::sha256) {
    auto begun = co_await api::scram_begin(login, begin_of(name, hash), soon());
    EXPECT_TRUE(begun && begun->outcome() == api::AUTH_OK);
    co_return begun ? read_first(begun->server_first()) : ServerFirst{};
  }
  net::Task<api::ScramFinishResponse> log_in_by(Channel login, std::string name,
                                                std::string password, ScramHash hash) {
    api::ScramBeginRequest begin = begin_of(name, hash);
    auto begun = co_await api::scram_begin(login, begin, soon());
    EXPECT_TRUE(begun && begun->outcome() == api::AUTH_OK);
    if (!begun) co_return api::ScramFinishResponse{};
    ServerFirst first = read_first(begun->server_first());
    EXPECT_TRUE(first.nonce.starts_with(begin.client_nonce()));
    EXPECT_GT(first.nonce.size(), begin.client_nonce().size() + 20);
    api::ScramFinishRequest finish;
    finish.set_exchange(begun->exchange());
    finish.set_client_final_without_proof("c=biws,r=" + first.nonce);
    Bytes auth_message = begin.client_first_bare() + ',' + begun->server_first() + ',' +
                         finish.client_final_without_proof();
    crypto::ScramClient keys = client_keys(hash, password, first);
    finish.set_proof(keys.proof(auth_message));
    auto done = co_await api::scram_finish(login, finish, soon());
    EXPECT_TRUE(done);
    if (done && done->outcome() == api::AUTH_OK) {
      EXPECT_EQ(done->server_signature(), keys.server_signature(auth_message));
    }
    co_return done ? *done : api::ScramFinishResponse{};
  }

  net::Task<void> right_and_wrong();
  net::Task<void> strangers();
  net::Task<void> foreign_exchanges();
  net::Task<void> changed_password();
  net::Task<void> old_records();
  net::Task<void> malformed();
};

net::Task<void> ScramTest::right_and_wrong() {
  Channel login = connect(Role::login);
  Channel imap = connect(Role::imap);
  for (ScramHash hash : {ScramHash::sha1, ScramHash::sha256}) {
    for (const char* name : {"alice@example.test", "alice", "ALICE@Example.Test"}) {
      auto done = co_await log_in_by(login, name, std::string(k_password), hash);
      EXPECT_EQ(done.outcome(), api::AUTH_OK) << name;
      api::RedeemRequest redeem;
      redeem.set_connection(7);
      redeem.set_service(static_cast<std::uint32_t>(Service::imaps));
      redeem.set_ticket(done.ticket());
      auto session = co_await api::redeem(imap, redeem, soon());
      EXPECT_TRUE(session && session->address() == "alice@example.test");
    }
    for (const char* name : {"alice@example.test", "nobody@example.test", "nobody"}) {
      auto done = co_await log_in_by(login, name, "wrong", hash);
      EXPECT_EQ(done.outcome(), api::AUTH_BAD_CREDENTIALS) << name;
      EXPECT_TRUE(done.ticket().empty() && done.server_signature().empty());
    }
    auto done = co_await log_in_by(login, "nobody", std::string(k_password), hash);
    EXPECT_EQ(done.outcome(), api::AUTH_BAD_CREDENTIALS);
  }
  EXPECT_EQ(core->scram.open(), 0U);
}

TEST_F(ScramTest, OnlyTheOwnersPasswordOpensAnAccount) {
  run(right_and_wrong());
}

net::Task<void> ScramTest::strangers() {
  Channel login = connect(Role::login);
  ServerFirst alice = co_await first_of(login, "alice@example.test");
  ServerFirst nobody = co_await first_of(login, "nobody@example.test");
  EXPECT_EQ(nobody.salt.size(), alice.salt.size());
  EXPECT_EQ(nobody.iterations, alice.iterations);
  // Asked again, in another spelling, or without its domain: the same, as for an account.
  for (const char* name : {"nobody@example.test", "NOBODY@example.test", "nobody"}) {
    ServerFirst again = co_await first_of(login, name);
    EXPECT_EQ(again.salt, nobody.salt) << name;
    EXPECT_NE(again.nonce, nobody.nonce);
  }
  for (const char* name : {"alice@example.test", "ALICE@example.test", "alice"}) {
    ServerFirst again = co_await first_of(login, name);
    EXPECT_EQ(again.salt, alice.salt) << name;
  }
  ServerFirst other_hash = co_await first_of(login, "nobody@example.test", ScramHash::sha1);
  ServerFirst other_name = co_await first_of(login, "noone@example.test");
  EXPECT_NE(other_hash.salt, nobody.salt);
  EXPECT_NE(other_name.salt, nobody.salt);
}

TEST_F(ScramTest, ANameWithoutAnAccountLooksLikeOne) {
  run(strangers());
}

net::Task<void> ScramTest::foreign_exchanges() {
  Channel login = connect(Role::login, 0);
  Channel hostile = connect(Role::login, 1);
  api::ScramBeginRequest begin = begin_of("alice@example.test", ScramHash::sha256);
  auto begun = co_await api::scram_begin(login, begin, soon());
  EXPECT_TRUE(begun);
  ServerFirst first = read_first(begun->server_first());
  api::ScramFinishRequest finish;
  finish.set_exchange(begun->exchange());
  finish.set_client_final_without_proof("c=biws,r=" + first.nonce);
  crypto::ScramClient keys = client_keys(ScramHash::sha256, k_password, first);
  finish.set_proof(keys.proof(begin.client_first_bare() + ',' + begun->server_first() + ',' +
                              finish.client_final_without_proof()));
  // Another process gets nothing out of it, not even with the right proof, and ends nothing.
  for (int i = 0; i < 3; ++i) {
    auto stolen = co_await api::scram_finish(hostile, finish, soon());
    EXPECT_TRUE(stolen && stolen->outcome() == api::AUTH_BAD_CREDENTIALS);
    EXPECT_TRUE(stolen->ticket().empty() && stolen->server_signature().empty());
  }
  auto own = co_await api::scram_finish(login, finish, soon());
  EXPECT_TRUE(own && own->outcome() == api::AUTH_OK);
  // Once.
  auto replayed = co_await api::scram_finish(login, finish, soon());
  EXPECT_TRUE(replayed && replayed->outcome() == api::AUTH_BAD_CREDENTIALS);
  // In another exchange the nonce is another.
  auto next = co_await api::scram_begin(login, begin, soon());
  finish.set_exchange(next->exchange());
  replayed = co_await api::scram_finish(login, finish, soon());
  EXPECT_TRUE(replayed && replayed->outcome() == api::AUTH_BAD_CREDENTIALS);
  // One exchange a connection, and none without its channel.
  auto third = co_await api::scram_begin(login, begin, soon());
  auto fourth = co_await api::scram_begin(login, begin, soon());
  EXPECT_TRUE(third && fourth);
  EXPECT_EQ(core->scram.open(), 1U);
  links->close_all();
  EXPECT_EQ(core->scram.open(), 0U);
}

TEST_F(ScramTest, AnExchangeIsItsChannelsAndGoodOnce) {
  run(foreign_exchanges());
}

net::Task<void> ScramTest::changed_password() {
  Channel login = connect(Role::login);
  api::ScramBeginRequest begin = begin_of("alice@example.test", ScramHash::sha256);
  auto begun = co_await api::scram_begin(login, begin, soon());
  ServerFirst first = read_first(begun->server_first());
  auto fresh = make_credentials("new password", credential_cost(core->settings));
  EXPECT_TRUE(core->model.directory->set_credentials(id_of("alice@example.test"), *fresh));
  api::ScramFinishRequest finish;
  finish.set_exchange(begun->exchange());
  finish.set_client_final_without_proof("c=biws,r=" + first.nonce);
  crypto::ScramClient keys = client_keys(ScramHash::sha256, k_password, first);
  finish.set_proof(keys.proof(begin.client_first_bare() + ',' + begun->server_first() + ',' +
                              finish.client_final_without_proof()));
  auto done = co_await api::scram_finish(login, finish, soon());
  EXPECT_TRUE(done && done->outcome() == api::AUTH_BAD_CREDENTIALS);
  auto with_new =
      co_await log_in_by(login, "alice@example.test", "new password", ScramHash::sha256);
  EXPECT_EQ(with_new.outcome(), api::AUTH_OK);
}

TEST_F(ScramTest, APasswordThatWasChangedMeanwhileIsNone) {
  run(changed_password());
}

net::Task<void> ScramTest::old_records() {
  Channel login = connect(Role::login);
  AccountId alice = id_of("alice@example.test");
  std::string hash = core->model.directory->credentials(alice)->password_hash;
  EXPECT_TRUE(core->model.directory->set_credentials(alice, directory::Credentials(hash)));
  auto before = co_await log_in_by(login, "alice", std::string(k_password), ScramHash::sha256);
  EXPECT_EQ(before.outcome(), api::AUTH_BAD_CREDENTIALS);
  api::AuthenticateRequest plain;
  plain.set_connection(7);
  plain.set_service(static_cast<std::uint32_t>(Service::imaps));
  plain.set_login_name("alice");
  plain.set_password(std::string(k_password));
  auto answer = co_await api::authenticate(login, plain, soon());
  EXPECT_TRUE(answer && answer->outcome() == api::AUTH_OK);
  for (ScramHash each : {ScramHash::sha1, ScramHash::sha256}) {
    auto after = co_await log_in_by(login, "alice", std::string(k_password), each);
    EXPECT_EQ(after.outcome(), api::AUTH_OK);
  }
  EXPECT_EQ(core->model.directory->credentials(alice)->password_hash, hash);
}

TEST_F(ScramTest, ALoginWithThePasswordMakesTheMissingKeys) {
  run(old_records());
}

net::Task<void> ScramTest::malformed() {
  for (auto spoil : std::vector<void (*)(api::ScramBeginRequest&)>{
           [](api::ScramBeginRequest& request) { request.set_hash(0); },
           [](api::ScramBeginRequest& request) { request.set_hash(3); },
           [](api::ScramBeginRequest& request) { request.set_service(1); },
           [](api::ScramBeginRequest& request) { request.set_service(99); },
           [](api::ScramBeginRequest& request) { request.set_client_nonce(""); },
           [](api::ScramBeginRequest& request) { request.set_client_nonce(Bytes(513, 'n')); },
           [](api::ScramBeginRequest& request) { request.set_login_name(Bytes(1025, 'n')); },
           [](api::ScramBeginRequest& request) {
             request.set_client_first_bare(Bytes(4097, 'n'));
           }}) {
    Channel login = connect(Role::login);
    api::ScramBeginRequest request = begin_of("alice", ScramHash::sha256);
    spoil(request);
    auto begun = co_await api::scram_begin(login, request, soon());
    EXPECT_TRUE(refused_with(begun, api::ErrorCode::malformed));
  }
  Channel login = connect(Role::login);
  api::ScramFinishRequest finish;
  finish.set_client_final_without_proof(Bytes(4097, 'c'));
  auto done = co_await api::scram_finish(login, finish, soon());
  EXPECT_TRUE(refused_with(done, api::ErrorCode::malformed));
}

TEST_F(ScramTest, WhatNoLoginSendsEndsTheChannel) {
  run(malformed());
}

TEST_F(ScramTest, ExchangesAreBoundedAndEnd) {
  Deadline now = Deadline{} + std::chrono::hours(1);
  auto begin = [&](std::uint64_t connection, std::string peer) {
    return core->scram.begin({.channel = 1, .connection = ConnectionId(connection), .peer = peer},
                             {.login_name = "alice", .client_nonce = "n"}, now);
  };
  for (std::size_t i = 0; i < k_most_scram_of_peer; ++i) ASSERT_TRUE(begin(i, "192.0.2.1"));
  EXPECT_EQ(begin(9999, "192.0.2.1").error(), AuthError::try_later);
  EXPECT_TRUE(begin(9999, "192.0.2.2"));
  EXPECT_TRUE(begin(0, "192.0.2.1"));  // in place of its connection's
  now += k_scram_life;
  auto late = begin(5000, "192.0.2.1");
  ASSERT_TRUE(late);
  EXPECT_EQ(core->scram.open(), 1U);
  EXPECT_FALSE(core->scram.finish(1, late->exchange, "c", "p", now + k_scram_life));
  EXPECT_EQ(core->scram.open(), 0U);
  for (std::size_t i = 0; i < k_most_scram; ++i) ASSERT_TRUE(begin(i, "127.0.0.1"));
  EXPECT_FALSE(begin(k_most_scram, "127.0.0.1"));
  core->scram.release_channel(1);
  EXPECT_TRUE(begin(k_most_scram, "127.0.0.1"));
}

}  // namespace
}  // namespace peregrine::core
