// What operators ask, over a channel and on a stopped server.
#include <filesystem>

#include "core/core_fixture.h"
#include "core/offline.h"
#include "core/upkeep.h"

namespace peregrine::core {
namespace {

class AdminCalls : public CoreTest {
 protected:
  net::Task<void> changes();
  net::Task<void> reports();
  net::Task<void> upkeep();

  net::Task<std::vector<api::TextLine>> lines(api::TypedStream<api::TextLine>& stream) {
    std::vector<api::TextLine> out;
    while (true) {
      auto item = co_await stream.next(soon());
      EXPECT_TRUE(item);
      if (!item || !*item) break;
      out.push_back(**item);
    }
    co_return out;
  }
};

net::Task<void> AdminCalls::changes() {
  Channel admin = connect(Role::admin);
  api::DomainRequest domain;
  domain.set_domain("Second.TEST");
  auto added = co_await api::domain_add(admin, domain, soon());
  EXPECT_TRUE(added && added->done());
  added = co_await api::domain_add(admin, domain, soon());
  EXPECT_TRUE(added && !added->done() && !added->error().empty());
  domain.set_domain("not a domain");
  added = co_await api::domain_add(admin, domain, soon());
  EXPECT_TRUE(added && !added->done());

  api::AccountRequest account;
  account.set_address("carol@second.test");
  account.set_password("short");
  auto made = co_await api::account_add(admin, account, soon());
  EXPECT_TRUE(made && made->done() && !made->warning().empty());
  core->settings.auth.short_password = config::PasswordPolicy::refuse;
  made = co_await api::account_password(admin, account, soon());
  EXPECT_TRUE(made && !made->done());
  account.set_password("long enough now");
  made = co_await api::account_password(admin, account, soon());
  EXPECT_TRUE(made && made->done() && made->warning().empty());
  account.set_password(std::string("long\0enough", 11));
  made = co_await api::account_password(admin, account, soon());
  EXPECT_TRUE(made && made->error().find("NUL") != std::string::npos);
  account.set_address("dave@third.test");
  made = co_await api::account_add(admin, account, soon());
  EXPECT_TRUE(made && made->error().find("peregrine domain add third.test") != std::string::npos);

  api::AliasRequest alias;
  alias.set_address("info@second.test");
  alias.add_targets("carol@second.test");
  auto aliased = co_await api::alias_add(admin, alias, soon());
  EXPECT_TRUE(aliased && aliased->done() && aliased->warning().empty());
  alias.set_address("out@second.test");
  alias.clear_targets();
  alias.add_targets("x@elsewhere.test");
  aliased = co_await api::alias_add(admin, alias, soon());
  EXPECT_TRUE(aliased && aliased->done() && !aliased->warning().empty());
  auto aliases = co_await api::alias_list(admin, {}, soon());
  EXPECT_TRUE(aliases && aliases->aliases_size() == 2);

  api::AccountListRequest of_domain;
  of_domain.set_domain("second.test");
  auto listed = co_await api::account_list(admin, of_domain, soon());
  EXPECT_TRUE(listed && listed->accounts_size() == 1 && listed->accounts(0).quota() > 0);
  auto counted = co_await api::counts(admin, {}, soon());
  EXPECT_TRUE(counted && counted->accounts() == 3 && counted->domains() == 2);
  account.set_address("carol@second.test");
  auto removed = co_await api::account_remove(admin, account, soon());
  EXPECT_TRUE(removed && removed->done());
  if (removed) EXPECT_NE(removed->warning().find("info@second.test"), std::string::npos);
  removed = co_await api::account_remove(admin, account, soon());
  EXPECT_TRUE(removed && !removed->done());
}

TEST_F(AdminCalls, ChangeAndList) {
  run(changes());
  // An alias that leads to the removed account is no damage.
  expect_sound();
}

net::Task<void> AdminCalls::reports() {
  Channel admin = connect(Role::admin);
  Channel mx = connect(Role::mx);
  for (int i = 0; i < 100; ++i) {
    co_await deliver_to(mx, "alice@example.test", content_of("dumped", std::to_string(i)));
  }
  auto everything = api::dump(admin, {});
  auto dumped = co_await lines(everything);
  EXPECT_GT(dumped.size(), 200U);
  api::DumpRequest request;
  request.set_filter("nobody@example.test");
  auto nothing = api::dump(admin, request);
  auto problem = co_await lines(nothing);
  EXPECT_TRUE(problem.size() == 1 && problem[0].is_problem());
  auto check = api::verify(admin, {});
  auto checked = co_await lines(check);
  EXPECT_EQ(checked.size(), 1U);
  if (!checked.empty()) EXPECT_EQ(checked[0].text(), "no problem found");

  store::BlobId blob{crypto::sha256(content_of("dumped", "7").raw())};
  EXPECT_TRUE(hooks->flip_blob_bit(blob));
  auto second = api::verify(admin, {});
  auto found = co_await lines(second);
  EXPECT_TRUE(found.size() == 2 && found[0].is_problem() && !found[1].is_problem());
  if (found.size() == 2) EXPECT_EQ(found[1].text(), "1 problem found");
}

TEST_F(AdminCalls, DumpAndVerify) {
  run(reports());
}

net::Task<void> AdminCalls::upkeep() {
  Channel mx = connect(Role::mx);
  Channel admin = connect(Role::admin);
  co_await deliver_to(mx, "bob@example.test", content_of("left", "behind"));
  api::AccountRequest request;
  request.set_address("bob@example.test");
  auto removed = co_await api::account_remove(admin, request, soon());
  EXPECT_TRUE(removed && removed->done());
  auto outcome = co_await deliver_to(mx, "bob@example.test", content_of("too", "late"));
  EXPECT_EQ(outcome, api::DELIVER_UNKNOWN);
  Upkeep upkeep(*core);
  co_await upkeep.turn();
  auto orphans = core->model.accounts->orphans();
  EXPECT_TRUE(orphans && orphans->empty());
}

TEST_F(AdminCalls, UpkeepRemovesWhatARemovedAccountLeft) {
  run(upkeep());
  expect_sound();
}

TEST(Offline, ChangesAreThereForTheNextStart) {
  auto directory = std::filesystem::temp_directory_path() /
                   ("peregrine_offline_" + std::to_string(crypto::random_u64()));
  std::filesystem::create_directory(directory);
  config::Settings settings;
  settings.server.data_directory = directory.string();
  settings.store.low_water_mark = mib(1);
  settings.auth.argon2_memory = kib(64);
  settings.auth.argon2_passes = 1;
  api::DomainRequest domain;
  domain.set_domain("example.test");
  api::AccountRequest account;
  account.set_address("alice@example.test");
  account.set_password("correct horse");
  {
    EXPECT_FALSE(Offline::open(settings)) << "a store where none was made";
    auto offline = Offline::open(settings, store::Create::yes);
    ASSERT_TRUE(offline) << offline.error();
    EXPECT_TRUE((*offline)->domain_add(domain).done());
    EXPECT_TRUE((*offline)->account_add(account).done());
    // One at a time.
    EXPECT_FALSE(Offline::open(settings));
  }
  auto offline = Offline::open(settings);
  ASSERT_TRUE(offline) << offline.error();
  EXPECT_EQ((*offline)->account_list({}).accounts_size(), 1);
  EXPECT_EQ((*offline)->counts().accounts(), 1U);
  std::vector<std::string> lines;
  (*offline)->verify([&](const api::TextLine& line) { lines.push_back(line.text()); });
  EXPECT_EQ(lines, std::vector<std::string>{"no problem found"});
  EXPECT_TRUE((*offline)->account_remove(account).done());
  EXPECT_TRUE((*offline)->domain_remove(domain).done());
  offline->reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace peregrine::core
