#include "directory/app_password.h"

#include "core/core_fixture.h"

namespace peregrine::core {
namespace {

class AppPasswordTest : public CoreTest {
 protected:
  net::Task<api::AuthOutcome> log_in_with(std::string name, std::string password, Service service) {
    api::AuthenticateRequest request;
    request.set_connection(7);
    request.set_service(static_cast<std::uint32_t>(service));
    request.set_login_name(name);
    request.set_password(password);
    auto answer = co_await api::authenticate(login, request, soon());
    EXPECT_TRUE(answer);
    co_return answer ? answer->outcome() : api::AUTH_UNSPECIFIED;
  }
  net::Task<std::string> add(std::string address, std::string name,
                             directory::AppProtocols protocols) {
    api::AppPasswordRequest request;
    request.set_address(address);
    request.set_name(name);
    request.set_protocols(protocols);
    auto added = co_await api::app_password_add(admin, request, soon());
    EXPECT_TRUE(added);
    EXPECT_EQ(added->done(), added->error().empty());
    co_return added && added->done() ? added->password() : "";
  }

  net::Task<void> scopes();
  net::Task<void> operators();

  Channel login = connect(Role::login);
  Channel admin = connect(Role::admin);
};

net::Task<void> AppPasswordTest::scopes() {
  std::string secret = co_await add("alice@example.test", "phone", directory::k_app_imap);
  EXPECT_FALSE(secret.empty());
  for (auto [service, expected] :
       {std::pair{Service::imap, api::AUTH_OK}, std::pair{Service::imaps, api::AUTH_OK},
        std::pair{Service::pop3s, api::AUTH_BAD_CREDENTIALS},
        std::pair{Service::submission, api::AUTH_BAD_CREDENTIALS}}) {
    auto outcome = co_await log_in_with("alice", secret, service);
    EXPECT_EQ(outcome, expected) << service_name(service);
  }
  // Only its own account's, and not in place of the account's own password.
  auto other = co_await log_in_with("bob", secret, Service::imap);
  EXPECT_EQ(other, api::AUTH_BAD_CREDENTIALS);
  auto nobody = co_await log_in_with("nobody", secret, Service::imap);
  EXPECT_EQ(nobody, api::AUTH_BAD_CREDENTIALS);
  auto own = co_await log_in_with("alice", "correct horse", Service::pop3);
  EXPECT_EQ(own, api::AUTH_OK);
  api::AppPasswordListRequest list;
  list.set_address("alice@example.test");
  auto listed = co_await api::app_password_list(admin, list, soon());
  EXPECT_TRUE(listed && listed->passwords_size() == 1);
  EXPECT_GT(listed->passwords(0).last_used(), 0);
  api::AppPasswordRequest remove;
  remove.set_address("alice@example.test");
  remove.set_name("phone");
  auto removed = co_await api::app_password_remove(admin, remove, soon());
  EXPECT_TRUE(removed && removed->done());
  auto after = co_await log_in_with("alice", secret, Service::imap);
  EXPECT_EQ(after, api::AUTH_BAD_CREDENTIALS);
}

TEST_F(AppPasswordTest, IsGoodForItsAccountAndProtocolsUntilItIsRemoved) {
  run(scopes());
  expect_sound();
}

net::Task<void> AppPasswordTest::operators() {
  std::string all = co_await add("alice@example.test", "all", 0);
  std::string again = co_await add("alice@example.test", "all", 0);
  EXPECT_TRUE(!all.empty() && again.empty());
  for (const char* address : {"nobody@example.test", "not an address"}) {
    std::string made = co_await add(address, "x", 0);
    EXPECT_TRUE(made.empty());
    api::AppPasswordListRequest list;
    list.set_address(address);
    auto listed = co_await api::app_password_list(admin, list, soon());
    EXPECT_TRUE(listed && !listed->error().empty());
  }
  std::string unnamed = co_await add("alice@example.test", "", 0);
  std::string control = co_await add("alice@example.test", "a\nb", 0);
  std::string no_protocol = co_await add("alice@example.test", "y", 8);
  EXPECT_TRUE(unnamed.empty() && control.empty() && no_protocol.empty());
  for (Service service : {Service::imaps, Service::pop3, Service::submissions}) {
    auto outcome = co_await log_in_with("alice@example.test", all, service);
    EXPECT_EQ(outcome, api::AUTH_OK);
  }
  api::AppPasswordRequest remove;
  remove.set_address("alice@example.test");
  remove.set_name("nothing");
  auto removed = co_await api::app_password_remove(admin, remove, soon());
  EXPECT_TRUE(removed && !removed->done() && !removed->error().empty());
}

TEST_F(AppPasswordTest, OperatorsAreToldWhatWasWrong) {
  run(operators());
}

}  // namespace
}  // namespace peregrine::core
