#include <gtest/gtest.h>

#include "directory/directory.h"
#include "store/memory/memory_store.h"

namespace peregrine::directory {
namespace {

const Address k_alice = *Address::parse("alice@example.test");

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    reopen();
    EXPECT_TRUE(directory->add_domain("example.test"));
    alice = directory->add_account(k_alice, "$argon2id$hash")->value;
  }
  void reopen() { directory = *Directory::open(*memory.store); }
  std::vector<std::string> findings() {
    std::vector<std::string> out;
    EXPECT_TRUE(verify(*memory.store, [&](const store::Finding& finding) {
      out.push_back(finding.where + ": " + finding.what);
    }));
    return out;
  }
  void put(const Bytes& key, const Bytes& value) {
    store::Commit commit;
    commit.partitions.push_back({store::k_system_partition, std::nullopt, {{key, value}}});
    EXPECT_TRUE(memory.store->commit(commit));
  }

  store::MemoryStore memory = store::open_memory_with_hooks();
  std::unique_ptr<Directory> directory;
  AccountId alice;
};

crypto::ScramKeys keys_of(crypto::ScramHash hash) {
  return {hash, 4096, "salt", Bytes(crypto::size_of(hash), 's'), Bytes(crypto::size_of(hash), 'k')};
}

TEST_F(CredentialsTest, KeysAreKeptBesideTheHashAndGoWithIt) {
  Credentials both("$argon2id$x",
                   {keys_of(crypto::ScramHash::sha1), keys_of(crypto::ScramHash::sha256)});
  EXPECT_TRUE(directory->set_credentials(alice, both));
  EXPECT_TRUE(directory->set_quota(alice, {.bytes = 5, .messages = 6}));
  reopen();
  EXPECT_EQ(*directory->credentials(alice), both);
  // A new password leaves nothing of the old one behind.
  EXPECT_TRUE(directory->set_credentials(alice, "$argon2id$new"));
  EXPECT_TRUE(directory->credentials(alice)->scram.empty());
}

TEST_F(CredentialsTest, OnlyWholeKeysAreStored) {
  crypto::ScramKeys good = keys_of(crypto::ScramHash::sha256);
  for (auto spoil : std::vector<void (*)(crypto::ScramKeys&)>{
           [](crypto::ScramKeys& keys) { keys.salt.clear(); },
           [](crypto::ScramKeys& keys) { keys.salt.assign(65, 's'); },
           [](crypto::ScramKeys& keys) { keys.iterations = 0; },
           [](crypto::ScramKeys& keys) { keys.iterations = 10'000'001; },
           [](crypto::ScramKeys& keys) { keys.stored_key.pop_back(); },
           [](crypto::ScramKeys& keys) { keys.server_key += 'x'; },
           [](crypto::ScramKeys& keys) { keys.hash = crypto::ScramHash::sha1; },
           [](crypto::ScramKeys& keys) { keys.hash = static_cast<crypto::ScramHash>(3); }}) {
    crypto::ScramKeys bad = good;
    spoil(bad);
    EXPECT_EQ(directory->set_credentials(alice, {"$h", {bad}}).error(), DirectoryError::bad_name);
  }
  EXPECT_FALSE(directory->set_credentials(alice, {"$h", {good, good}}));
  EXPECT_FALSE(directory->set_credentials(alice, {"$h", {good, keys_of(crypto::ScramHash::sha1)}}));
  EXPECT_TRUE(directory->set_credentials(alice, {"$h", {good}}));
}

TEST_F(CredentialsTest, RecordsFromBeforeScramAreRead) {
  Encoder old = begin_record(1);
  old.bytes("alice@example.test").bytes("$argon2id$old").varint(7).varint(8).fixed64(9);
  put(account_key(alice), old.take());
  reopen();
  EXPECT_FALSE(directory->is_damaged());
  EXPECT_EQ(*directory->credentials(alice), Credentials("$argon2id$old"));
  EXPECT_EQ(directory->find_account(alice)->quota, (Quota{7, 8}));
}

TEST_F(CredentialsTest, AppPasswordsAreNamedAndBoundedAndRevoked) {
  std::string secret = make_app_password();
  AppPassword phone = seal_app_password("phone", k_app_imap | k_app_submission, secret);
  EXPECT_TRUE(directory->add_app_password(alice, phone));
  EXPECT_EQ(directory->add_app_password(alice, phone).error(), DirectoryError::exists);
  EXPECT_EQ(directory->add_app_password(AccountId(99), phone).error(), DirectoryError::not_found);
  EXPECT_EQ(directory->add_app_password(alice, seal_app_password("", 1, secret)).error(),
            DirectoryError::bad_name);
  reopen();
  auto stored = directory->app_passwords(alice);
  ASSERT_TRUE(stored && stored->size() == 1);
  EXPECT_EQ(stored->front().name, "phone");
  EXPECT_EQ(stored->front().protocols, k_app_imap | k_app_submission);
  EXPECT_TRUE(is_right(stored->front(), *read_app_password(secret)));
  EXPECT_EQ(findings(), std::vector<std::string>{});
  EXPECT_TRUE(directory->remove_app_password(alice, "phone"));
  EXPECT_EQ(directory->remove_app_password(alice, "phone").error(), DirectoryError::not_found);
  EXPECT_TRUE(directory->app_passwords(alice)->empty());
  for (std::size_t i = 0; i < k_most_app_passwords; ++i) {
    EXPECT_TRUE(
        directory->add_app_password(alice, seal_app_password(std::to_string(i), 1, secret)));
  }
  EXPECT_EQ(directory->add_app_password(alice, phone).error(), DirectoryError::over_limit);
}

TEST_F(CredentialsTest, AppPasswordsGoWithTheirAccountAndWithNoOther) {
  AccountId bob = directory->add_account(*Address::parse("bob@example.test"), "$h")->value;
  AppPassword phone = seal_app_password("phone", k_app_imap, make_app_password());
  EXPECT_TRUE(directory->add_app_password(alice, phone));
  EXPECT_TRUE(directory->add_app_password(bob, phone));
  EXPECT_TRUE(directory->remove_account(k_alice));
  EXPECT_EQ(directory->app_passwords(bob)->size(), 1U);
  EXPECT_TRUE(directory->app_passwords(alice)->empty());
  EXPECT_EQ(findings(), std::vector<std::string>{});
  put(app_password_key(alice, "left"), encode(phone));
  put(app_password_key(bob, "torn"), "\x01junk");
  EXPECT_EQ(findings().size(), 2U);
  EXPECT_EQ(directory->app_passwords(bob)->size(), 1U);
}

TEST_F(CredentialsTest, TheTimeOfUseIsKeptWithoutAWait) {
  AppPassword phone = seal_app_password("phone", k_app_imap, make_app_password());
  EXPECT_TRUE(directory->add_app_password(alice, phone));
  store::Sequence before = directory->last_sequence();
  directory->note_use(alice, phone, {10 * k_use_resolution + 5});
  EXPECT_EQ(directory->last_sequence(), before);
  AppPassword used = directory->app_passwords(alice)->front();
  EXPECT_EQ(used.last_used.seconds, 10 * k_use_resolution);
  // Within the hour nothing is written.
  directory->note_use(alice, used, {11 * k_use_resolution - 1});
  EXPECT_EQ(directory->app_passwords(alice)->front().last_used.seconds, 10 * k_use_resolution);
}

TEST_F(CredentialsTest, TheSaltKeyIsDrawnOnce) {
  Bytes key = *directory->salt_key();
  EXPECT_EQ(key.size(), 32U);
  reopen();
  EXPECT_EQ(*directory->salt_key(), key);
  put(salt_key_key(), "\x01short");
  EXPECT_EQ(directory->salt_key().error(), DirectoryError::corrupt);
}

TEST(AppPassword, IsReadHoweverItIsSpelled) {
  std::string made = make_app_password();
  EXPECT_EQ(made.size(), 34U);
  EXPECT_NE(made, make_app_password());
  Bytes plain = *read_app_password(made);
  EXPECT_EQ(plain.size(), 28U);
  std::string shouted = made;
  for (char& c : shouted) c = c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  EXPECT_EQ(read_app_password(shouted), plain);
  EXPECT_EQ(read_app_password(plain), plain);
  EXPECT_FALSE(read_app_password(plain + "a"));
  EXPECT_FALSE(read_app_password(plain.substr(1)));
  EXPECT_FALSE(read_app_password(plain.substr(1) + "l"));
  EXPECT_FALSE(read_app_password(plain + std::string(64, '-')));
  EXPECT_FALSE(read_app_password("correct horse"));
  AppPassword sealed = seal_app_password("x", 1, made);
  EXPECT_TRUE(is_right(sealed, plain));
  EXPECT_FALSE(is_right(sealed, *read_app_password(make_app_password())));
}

TEST(AppPassword, ProtocolsHaveNames) {
  EXPECT_EQ(protocols_from_names("imap,submission"), k_app_imap | k_app_submission);
  EXPECT_EQ(protocols_from_names("pop3"), k_app_pop3);
  for (const char* wrong : {"", "imap,", "IMAP", "smtp", "imap pop3", ",imap"}) {
    EXPECT_FALSE(protocols_from_names(wrong)) << wrong;
  }
  EXPECT_EQ(protocol_names(k_all_app_protocols), "imap,pop3,submission");
  EXPECT_EQ(app_protocol_of(Service::smtp), 0U);
  EXPECT_EQ(app_protocol_of(Service::submissions), k_app_submission);
}

}  // namespace
}  // namespace peregrine::directory
