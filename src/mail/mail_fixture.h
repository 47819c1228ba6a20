#pragma once
// What the tests of this folder share: a store in memory, a directory with two accounts, and
// messages made of a few words. For tests only.

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "mail/accounts.h"
#include "mail/read.h"
#include "mail/search.h"
#include "mail/verify.h"
#include "model/summary_fixture.h"
#include "store/memory/memory_store.h"

namespace peregrine::mail {

class MailTest : public testing::Test {
 protected:
  MailTest() {
    auto opened = directory::Directory::open(*memory.store);
    EXPECT_TRUE(opened);
    directory = *std::move(opened);
    EXPECT_TRUE(directory->add_domain("example.test"));
    alice = add_account("alice@example.test");
    bob = add_account("bob@example.test");
    reopen();
  }

  AccountId add_account(std::string_view text, const directory::Quota& quota = {}) {
    auto added = directory->add_account(*Address::parse(text), "$hash", quota);
    EXPECT_TRUE(added);
    return added ? added->value : AccountId{};
  }
  /// Forgets all that is in memory.
  void reopen() { accounts = std::make_unique<Accounts>(*memory.store, *directory, limits); }

  Account& open(AccountId id) {
    auto account = accounts->open(id);
    EXPECT_TRUE(account);
    return **account;
  }
  Account& account() { return open(alice); }
  MailboxId mailbox(std::string_view name) {
    const Mailbox* found = account().find(name);
    EXPECT_NE(found, nullptr) << name;
    return found == nullptr ? MailboxId{} : found->id;
  }
  MailboxId inbox() { return account().inbox().id; }

  /// A message whose header and text are what is given; the buffers live as long as the fixture.
  NewMessage message(const std::string& subject, const std::string& body) {
    PlainMessage plain = plain_message(subject, body);
    raws.push_back(std::move(plain.raw));
    const std::string& raw = raws.back();
    raws.push_back(encode_summary(plain.summary));
    const std::string& encoded = raws.back();
    raws.push_back("subject: " + subject + "\n\n" + body);
    return {raw, store::BlobId{crypto::sha256(raw)}, encoded, raws.back(), UnixTime{1'700'000'000}};
  }
  Delivered append(AccountId id, std::string_view name, const NewMessage& content,
                   FlagSet flags = {}) {
    Target target{id, {}, std::string(name), flags, {}};
    auto added = accounts->append(target, content);
    EXPECT_TRUE(added);
    return added ? added->value : Delivered{};
  }
  Delivered append(std::string_view name, const std::string& body) {
    return append(alice, name, message("subject", body));
  }
  std::vector<Uid> uids(MailboxId id) {
    std::vector<Uid> out;
    auto view = account().view(id);
    EXPECT_TRUE(view);
    if (!view) return out;
    for (const Row& row : (*view)->rows()) out.push_back(row.uid());
    return out;
  }
  std::vector<std::string> findings() {
    std::vector<std::string> out;
    auto report = [&](const store::Finding& finding) {
      out.push_back(finding.where + ": " + finding.what);
    };
    EXPECT_TRUE(verify(*memory.store, *directory, report));
    return out;
  }
  void expect_sound() { EXPECT_EQ(findings(), std::vector<std::string>{}); }

  Limits limits;
  store::MemoryStore memory = store::open_memory_with_hooks();
  std::unique_ptr<directory::Directory> directory;
  std::unique_ptr<Accounts> accounts;
  AccountId alice;
  AccountId bob;
  std::list<std::string> raws;
};

inline std::vector<Uid> to_uids(std::initializer_list<std::uint32_t> values) {
  std::vector<Uid> out;
  for (std::uint32_t value : values) out.emplace_back(value);
  return out;
}

constexpr FlagSet flag(Flag value) {
  return FlagSet{}.add(value);
}

}  // namespace peregrine::mail
