#include "directory/directory.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "store/memory/memory_store.h"

namespace peregrine::directory {
namespace {

Address address(std::string_view text) {
  auto parsed = Address::parse(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    reopen();
    EXPECT_TRUE(directory->add_domain("example.test"));
  }

  void reopen() {
    auto opened = Directory::open(*memory.store);
    ASSERT_TRUE(opened);
    directory = *std::move(opened);
  }
  AccountId add(std::string_view text) {
    auto added = directory->add_account(address(text), "$argon2id$hash");
    EXPECT_TRUE(added) << text;
    return added ? added->value : AccountId{};
  }
  void alias(std::string_view source, std::vector<Address> targets) {
    EXPECT_TRUE(directory->add_alias(address(source), targets)) << source;
  }
  Resolution resolve(std::string_view text) { return directory->resolve(address(text)); }
  std::vector<std::string> findings() {
    std::vector<std::string> out;
    EXPECT_TRUE(verify(*memory.store, [&](const store::Finding& finding) {
      out.push_back(finding.where + ": " + finding.what);
    }));
    return out;
  }

  store::MemoryStore memory = store::open_memory_with_hooks();
  std::unique_ptr<Directory> directory;
};

TEST_F(DirectoryTest, DomainsAreCanonicalAndRemovedOnlyWhenEmpty) {
  EXPECT_EQ(directory->add_domain("EXAMPLE.test").error(), DirectoryError::exists);
  EXPECT_EQ(directory->add_domain("not a domain").error(), DirectoryError::bad_name);
  EXPECT_TRUE(
      directory->add_domain("b\xc3\xbc"
                            "cher.test"));
  EXPECT_TRUE(directory->is_local_domain("xn--bcher-kva.test"));
  add("alice@example.test");
  EXPECT_EQ(directory->remove_domain("example.test").error(), DirectoryError::not_empty);
  EXPECT_TRUE(directory->remove_account(address("alice@example.test")));
  EXPECT_TRUE(directory->remove_domain("example.test"));
  EXPECT_EQ(directory->remove_domain("example.test").error(), DirectoryError::not_found);
  reopen();
  EXPECT_EQ(directory->domains(), std::vector<std::string>{"xn--bcher-kva.test"});
}

TEST_F(DirectoryTest, AccountIdsAreNotUsedAgain) {
  AccountId first = add("alice@example.test");
  EXPECT_EQ(directory->remove_account(address("alice@example.test"))->value, first);
  reopen();
  EXPECT_NE(add("alice@example.test"), first);
}

TEST_F(DirectoryTest, AccountsSurviveReopening) {
  AccountId alice = add("alice@example.test");
  EXPECT_TRUE(directory->set_credentials(alice, "$argon2id$new"));
  EXPECT_TRUE(directory->set_quota(alice, {1000, 20}));
  reopen();
  EXPECT_EQ(directory->credentials(alice)->password_hash, "$argon2id$new");
  ASSERT_NE(directory->find_account(alice), nullptr);
  EXPECT_EQ(directory->find_account(alice)->quota, (Quota{1000, 20}));
  EXPECT_EQ(directory->accounts().size(), 1U);
  EXPECT_TRUE(findings().empty());
}

TEST_F(DirectoryTest, RefusesWhatIsNoAccount) {
  auto refused = [&](std::string_view text, std::string_view hash = "$h") {
    return directory->add_account(address(text), std::string(hash)).error();
  };
  add("alice@example.test");
  EXPECT_EQ(refused("ALICE@example.test"), DirectoryError::exists);
  EXPECT_EQ(refused("bob@elsewhere.test"), DirectoryError::unknown_domain);
  EXPECT_EQ(refused("*@example.test"), DirectoryError::bad_name);
  EXPECT_EQ(refused("bob@example.test", "two words\n"), DirectoryError::bad_name);
  EXPECT_EQ(directory->credentials(AccountId{99}).error(), DirectoryError::not_found);
}

TEST_F(DirectoryTest, OddLocalPartsRoundTrip) {
  // V08: nothing in a local part has a meaning for the store.
  for (std::string_view text :
       {"a'b@example.test", "\"a;b\"@example.test", "a--b@example.test", "\"a\\\\b\"@example.test",
        "\"a\\\"b\"@example.test", "\"a b\"@example.test", "a%b@example.test", "a!b@example.test",
        "\"a/../b\"@example.test", "\"a@b\"@example.test"}) {
    AccountId id = add(text);
    EXPECT_EQ(resolve(text).accounts, std::vector{id}) << text;
    EXPECT_EQ(directory->find_login(text), id) << text;
  }
  reopen();
  EXPECT_EQ(directory->accounts().size(), 10U);
  EXPECT_FALSE(directory->is_damaged());
}

TEST_F(DirectoryTest, ResolvesAccountsAndSubaddresses) {
  AccountId alice = add("alice@example.test");
  AccountId plus = add("bob+work@example.test");
  EXPECT_EQ(resolve("Alice@EXAMPLE.test").accounts, std::vector{alice});
  EXPECT_EQ(resolve("alice+lists@example.test").accounts, std::vector{alice});
  EXPECT_EQ(resolve("bob+work@example.test").accounts, std::vector{plus});
  EXPECT_EQ(resolve("bob+other@example.test").kind, ResolutionKind::unknown);
  EXPECT_EQ(resolve("+alice@example.test").kind, ResolutionKind::unknown);
  EXPECT_EQ(resolve("alice@elsewhere.test").kind, ResolutionKind::not_local_domain);
  EXPECT_EQ(resolve("alice@[192.0.2.1]").kind, ResolutionKind::not_local_domain);
}

TEST_F(DirectoryTest, AliasesAreFollowedOnceEach) {
  AccountId alice = add("alice@example.test");
  AccountId bob = add("bob@example.test");
  alias("team@example.test", {address("alice@example.test"), address("all@example.test"),
                              address("carol@elsewhere.test")});
  alias("all@example.test", {address("bob@example.test"), address("team@example.test"),
                             address("alice@example.test"), address("carol@elsewhere.test")});
  Resolution found = resolve("all+x@example.test");
  EXPECT_EQ(found.kind, ResolutionKind::local);
  EXPECT_EQ(found.accounts, (std::vector{alice, bob}));
  ASSERT_EQ(found.remotes.size(), 1U);
  EXPECT_EQ(found.remotes[0].to_string(), "carol@elsewhere.test");
  EXPECT_EQ(directory->add_alias(address("alice@example.test"), found.remotes).error(),
            DirectoryError::exists);
  EXPECT_EQ(directory->add_account(address("team@example.test"), "$h").error(),
            DirectoryError::exists);
  EXPECT_TRUE(directory->remove_alias(address("all@example.test")));
  EXPECT_EQ(resolve("team@example.test").accounts, std::vector{alice});
  EXPECT_TRUE(findings().empty());  // team still names all, which is no damage
}

TEST_F(DirectoryTest, AliasesThatLeadNowhereAreUnknown) {
  alias("a@example.test", {address("b@example.test")});
  EXPECT_EQ(resolve("a@example.test").kind, ResolutionKind::unknown);
  EXPECT_TRUE(findings().empty());
}

TEST_F(DirectoryTest, AliasesThatLeadInCirclesAreRefused) {
  std::vector targets{address("self@example.test")};
  EXPECT_EQ(directory->add_alias(targets[0], targets).error(), DirectoryError::circular);
  alias("a@example.test", {address("b@example.test")});
  targets = {address("a@example.test")};
  EXPECT_EQ(directory->add_alias(address("b@example.test"), targets).error(),
            DirectoryError::circular);
  EXPECT_EQ(directory->aliases().size(), 1U);
  EXPECT_EQ(resolve("b@example.test").kind, ResolutionKind::unknown);
}

TEST_F(DirectoryTest, AliasChainsAreBounded) {
  AccountId alice = add("alice@example.test");
  // The end first: then no alias is too far from what is there when it is added.
  for (int i = 11; i > 0; --i) {
    alias("step" + std::to_string(i) + "@example.test",
          {address("step" + std::to_string(i - 1) + "@example.test")});
  }
  alias("step0@example.test", {address("alice@example.test")});
  EXPECT_EQ(resolve("step9@example.test").accounts, std::vector{alice});
  EXPECT_EQ(resolve("step11@example.test").kind, ResolutionKind::unavailable);
  std::vector<Address> many;
  for (int i = 0; i < 600; ++i) many.push_back(address("r" + std::to_string(i) + "@r.test"));
  alias("one@example.test", many);
  for (Address& target : many) target = address(target.local() + "@s.test");
  alias("two@example.test", many);
  EXPECT_EQ(resolve("one@example.test").remotes.size(), 600U);
  std::vector both{address("one@example.test"), address("two@example.test")};
  EXPECT_EQ(directory->add_alias(address("both@example.test"), both).error(),
            DirectoryError::over_limit);
  std::vector far{address("step11@example.test")};
  EXPECT_EQ(directory->add_alias(address("step12@example.test"), far).error(),
            DirectoryError::over_limit);
}

TEST_F(DirectoryTest, CatchAllTakesWhatNothingElseDoes) {
  AccountId alice = add("alice@example.test");
  AccountId bob = add("bob@example.test");
  alias("*@example.test", {address("bob@example.test")});
  EXPECT_EQ(resolve("anything@example.test").accounts, std::vector{bob});
  EXPECT_EQ(resolve("alice+x@example.test").accounts, std::vector{alice});
  EXPECT_EQ(resolve("postmaster@example.test").accounts, std::vector{bob});
}

TEST_F(DirectoryTest, PostmasterReachesSomebody) {
  EXPECT_EQ(resolve("postmaster@example.test").kind, ResolutionKind::unknown);
  AccountId alice = add("alice@example.test");
  AccountId bob = add("bob@example.test");
  EXPECT_EQ(resolve("PostMaster@example.test").accounts, std::vector{alice});
  EXPECT_EQ(directory->resolve_postmaster().accounts, std::vector{alice});
  EXPECT_TRUE(directory->set_postmaster(bob));
  reopen();
  EXPECT_EQ(directory->resolve_postmaster().accounts, std::vector{bob});
  AccountId own = add("postmaster@example.test");
  EXPECT_EQ(directory->resolve_postmaster().accounts, std::vector{own});
}

TEST_F(DirectoryTest, LoginsAreAddressesOrUniqueLocalParts) {
  AccountId alice = add("alice@example.test");
  EXPECT_EQ(directory->find_login("ALICE@example.test"), alice);
  EXPECT_EQ(directory->find_login("Alice"), alice);
  EXPECT_EQ(directory->find_login("alice@elsewhere.test"), std::nullopt);
  EXPECT_EQ(directory->find_login(""), std::nullopt);
  EXPECT_EQ(directory->find_login(std::string_view("alice\0", 6)), std::nullopt);
  EXPECT_EQ(directory->find_login("alice+x"), std::nullopt);
  ASSERT_TRUE(directory->add_domain("other.test"));
  AccountId other = add("alice@other.test");
  EXPECT_EQ(directory->find_login("alice"), std::nullopt);
  EXPECT_EQ(directory->find_login("alice@other.test"), other);
  ASSERT_TRUE(directory->remove_account(address("alice@other.test")));
  EXPECT_EQ(directory->find_login("alice"), alice);
  // Aliases are no logins.
  alias("sales@example.test", {address("alice@example.test")});
  EXPECT_EQ(directory->find_login("sales"), std::nullopt);
}

TEST_F(DirectoryTest, AFailedCommitChangesNothing) {
  memory.hooks->fail_next_commit(store::StoreError::no_space);
  EXPECT_EQ(directory->add_account(address("alice@example.test"), "$h").error(),
            DirectoryError::no_space);
  EXPECT_EQ(resolve("alice@example.test").kind, ResolutionKind::unknown);
  AccountId alice = add("alice@example.test");
  memory.hooks->fail_next_commit(store::StoreError::no_space);
  EXPECT_FALSE(directory->remove_account(address("alice@example.test")));
  EXPECT_EQ(resolve("alice@example.test").accounts, std::vector{alice});
}

TEST_F(DirectoryTest, ADamagedAccountIsUnavailableAndTheRestGoesOn) {
  AccountId alice = add("alice@example.test");
  AccountId bob = add("bob@example.test");
  ASSERT_TRUE(memory.hooks->flip_bit(store::k_system_partition, account_key(alice)));
  reopen();
  EXPECT_TRUE(directory->is_damaged());
  EXPECT_EQ(resolve("alice@example.test").kind, ResolutionKind::unavailable);
  EXPECT_EQ(resolve("bob@example.test").accounts, std::vector{bob});
  EXPECT_EQ(resolve("x@elsewhere.test").kind, ResolutionKind::not_local_domain);
  EXPECT_EQ(directory->remove_domain("example.test").error(), DirectoryError::not_empty);
}

TEST_F(DirectoryTest, ADamagedDomainRefusesNothingForGood) {
  ASSERT_TRUE(memory.hooks->flip_bit(store::k_system_partition, domain_key("example.test")));
  reopen();
  EXPECT_EQ(resolve("x@elsewhere.test").kind, ResolutionKind::unavailable);
}

TEST_F(DirectoryTest, ADamagedHeaderStopsEverything) {
  add("alice@example.test");
  ASSERT_TRUE(memory.hooks->flip_bit(store::k_system_partition, header_key()));
  EXPECT_EQ(Directory::open(*memory.store).error(), DirectoryError::corrupt);
}

TEST_F(DirectoryTest, DumpShowsNoSecrets) {
  add("alice@example.test");
  alias("sales@example.test", {address("alice@example.test")});
  std::string all;
  ASSERT_TRUE(
      dump(*memory.store, [&](std::string_view line) { all.append(line).push_back('\n'); }));
  EXPECT_EQ(std::ranges::count(all, '\n'), 3);
  EXPECT_NE(all.find("\"source\":\"sales@example.test\""), std::string::npos);
  EXPECT_EQ(all.find("argon2"), std::string::npos);
}

TEST(DirectoryRecord, RefusesWhatItDidNotWrite) {
  AccountRecord record{address("alice@example.test"), "$h", {}, {1}};
  Bytes good = encode(record);
  EXPECT_TRUE(decode_account(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_account(BytesView(good).substr(0, size)));
  }
  EXPECT_FALSE(decode_account(good + '\0'));
  Bytes newer = good;
  newer.front() = 3;
  EXPECT_EQ(decode_account(newer).error(), RecordError::newer_format);
  Bytes spelling = good;
  spelling.replace(spelling.find("alice"), 5, "al\xffia");
  EXPECT_FALSE(decode_account(spelling));
  EXPECT_FALSE(decode_header(encode(HeaderRecord{AccountId{1}, AccountId{1}})));
}

}  // namespace
}  // namespace peregrine::directory
