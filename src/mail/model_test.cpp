// Random operations on two accounts against a naive model, with failing commits and reloads in
// between. A client that only ever asks changes_since() must see the same as one that reads all.
#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "mail/mail_fixture.h"

namespace peregrine::mail {
namespace {

struct ModelEntry {
  std::string content;
  std::uint8_t flags = 0;
  std::set<std::string> keywords;
  bool operator==(const ModelEntry&) const = default;
};
using ModelMailbox = std::map<std::uint32_t, ModelEntry>;

struct ModelAccount {
  AccountId id;
  std::map<std::string, ModelMailbox> mailboxes;
  std::map<std::string, std::uint32_t> uid_next;
};

/// What a client that resynchronises knows of a mailbox.
struct Client {
  UidValidity uid_validity;
  ModSeq known;
  std::map<std::uint32_t, std::uint8_t> flags;
};

class ModelTest : public MailTest {
 protected:
  ModelTest() {
    for (AccountId id : {alice, bob}) {
      ModelAccount model{id, {}, {}};
      for (const auto& [box, mailbox] : open(id).mailboxes()) {
        model.mailboxes[mailbox.record.name];
        model.uid_next[mailbox.record.name] = 1;
      }
      models.push_back(std::move(model));
    }
  }

  std::uint32_t pick(std::size_t count) {
    return static_cast<std::uint32_t>(random() % std::max<std::size_t>(count, 1));
  }
  ModelAccount& any_account() { return models[pick(models.size())]; }
  std::string any_name(const ModelAccount& model) {
    return std::next(model.mailboxes.begin(), pick(model.mailboxes.size()))->first;
  }
  /// Some uids of the mailbox, rising, and one that does not exist.
  std::vector<Uid> some(const ModelMailbox& mailbox) {
    std::vector<Uid> out;
    for (const auto& [uid, entry] : mailbox) {
      if (pick(3) == 0) out.emplace_back(uid);
    }
    out.emplace_back(1'000'000);
    return out;
  }
  MailboxId id_of(const ModelAccount& model, const std::string& name) {
    const Mailbox* found = open(model.id).find(name);
    EXPECT_NE(found, nullptr) << name;
    return found == nullptr ? MailboxId{} : found->id;
  }
  void add(ModelAccount& model, const std::string& name, ModelEntry entry) {
    model.mailboxes[name][model.uid_next[name]++] = std::move(entry);
  }

  void deliver();
  void copy_or_move();
  void set_flags();
  void remove();
  void change_names();
  void step();
  void compare(const ModelAccount& model);
  void follow(const ModelAccount& model);

  // --gtest_random_seed gives another run.
  std::mt19937_64 random{20260101U +
                         static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed())};
  std::vector<ModelAccount> models;
  std::map<std::pair<AccountId, MailboxId>, Client> clients;
  bool failing = false;
  int made = 0;
};

void ModelTest::deliver() {
  std::string body =
      "body " + (pick(4) == 0 ? std::to_string(pick(20)) : std::to_string(++made + 100));
  std::vector<Target> targets;
  std::vector<std::pair<ModelAccount*, std::string>> wanted;
  FlagSet flags{static_cast<std::uint8_t>(pick(32))};
  for (ModelAccount& model : models) {
    for (std::uint32_t i = pick(3); i > 0; --i) {
      std::string name = any_name(model);
      targets.push_back({model.id, {}, name, flags, {}});
      bool named = std::ranges::any_of(
          wanted, [&](const auto& one) { return one.first == &model && one.second == name; });
      if (!named) wanted.emplace_back(&model, name);
    }
  }
  auto result = accounts->deliver(targets, message("s", body));
  ASSERT_EQ(result.has_value(), !failing || targets.empty());
  if (!result) return;
  for (auto& [model, name] : wanted) add(*model, name, {body, flags.bits, {}});
}

void ModelTest::copy_or_move() {
  ModelAccount& model = any_account();
  std::string from = any_name(model);
  std::string to = any_name(model);
  std::vector<Uid> uids = some(model.mailboxes[from]);
  MailboxId from_id = id_of(model, from);
  MailboxId to_id = id_of(model, to);
  bool is_move = pick(2) == 0;
  auto result = is_move ? open(model.id).move(from_id, uids, to_id)
                        : open(model.id).copy(from_id, uids, to_id);
  ASSERT_EQ(result.has_value(), !failing || uids.size() == 1);
  if (!result) return;
  uids.pop_back();
  ASSERT_EQ(result->value.from, uids);
  for (Uid uid : uids) {
    ModelEntry entry = model.mailboxes[from][uid.value];
    if (is_move) model.mailboxes[from].erase(uid.value);
    add(model, to, std::move(entry));
  }
}

void ModelTest::set_flags() {
  ModelAccount& model = any_account();
  std::string name = any_name(model);
  std::vector<Uid> uids = some(model.mailboxes[name]);
  FlagUpdate update;
  update.change = static_cast<FlagChange>(pick(3));
  update.flags.bits = static_cast<std::uint8_t>(pick(32));
  if (pick(2) == 0) update.keywords.push_back("k" + std::to_string(pick(5)));
  MailboxId id = id_of(model, name);
  auto result = open(model.id).store_flags(id, uids, update);
  if (!result && failing) return;
  ASSERT_TRUE(result);
  for (Uid uid : uids) {
    auto found = model.mailboxes[name].find(uid.value);
    if (found == model.mailboxes[name].end()) continue;
    ModelEntry& entry = found->second;
    std::uint8_t bits = update.flags.bits;
    switch (update.change) {
      case FlagChange::replace:
        entry.flags = bits;
        entry.keywords = {update.keywords.begin(), update.keywords.end()};
        break;
      case FlagChange::add:
        entry.flags |= bits;
        entry.keywords.insert(update.keywords.begin(), update.keywords.end());
        break;
      case FlagChange::remove:
        entry.flags = static_cast<std::uint8_t>(entry.flags & ~bits);
        for (const std::string& keyword : update.keywords) entry.keywords.erase(keyword);
        break;
    }
  }
}

void ModelTest::remove() {
  ModelAccount& model = any_account();
  std::string name = any_name(model);
  MailboxId id = id_of(model, name);
  if (pick(2) == 0) {
    std::vector<Uid> uids = some(model.mailboxes[name]);
    auto result = open(model.id).remove(id, uids, UnixTime{made});
    if (!result && failing) return;
    ASSERT_TRUE(result);
    for (Uid uid : uids) model.mailboxes[name].erase(uid.value);
  } else {
    auto result = open(model.id).expunge(id, std::nullopt, UnixTime{made});
    if (!result && failing) return;
    ASSERT_TRUE(result);
    std::erase_if(model.mailboxes[name],
                  [](const auto& entry) { return FlagSet{entry.second.flags}.has(Flag::deleted); });
  }
}

void ModelTest::change_names() {
  ModelAccount& model = any_account();
  std::string name = any_name(model);
  std::string fresh = "box" + std::to_string(pick(6));
  bool is_free = !model.mailboxes.contains(fresh);
  std::uint32_t what = pick(4);
  if (what == 0) {
    bool done = open(model.id).create_mailbox(fresh).has_value();
    ASSERT_EQ(done, is_free && !failing);
    if (!done) return;
    model.mailboxes[fresh];
    model.uid_next[fresh] = 1;
  } else if (what == 1) {
    bool done = open(model.id).delete_mailbox(name).has_value();
    ASSERT_EQ(done, name != "INBOX" && !failing);
    if (done) model.mailboxes.erase(name);
  } else if (what == 2) {
    bool done = open(model.id).rename_mailbox(name, fresh).has_value();
    ASSERT_EQ(done, is_free && !failing);
    if (!done) return;
    auto entries = std::exchange(model.mailboxes[name], {});
    model.mailboxes[fresh];
    if (name == "INBOX") {
      // Its messages move, each with a new uid.
      model.uid_next[fresh] = 1;
      for (auto& [uid, entry] : entries) add(model, fresh, std::move(entry));
      return;
    }
    model.mailboxes[fresh] = std::move(entries);
    model.uid_next[fresh] = model.uid_next[name];
    model.mailboxes.erase(name);
  } else {
    auto result = open(model.id).maintain(UnixTime{made - 50}, 5);
    ASSERT_TRUE(result || failing);
  }
}

void ModelTest::step() {
  account();
  open(bob);
  failing = pick(20) == 0;
  if (failing) memory.hooks->fail_next_commit(store::StoreError::no_space);
  switch (pick(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      deliver();
      break;
    case 4:
    case 5:
      copy_or_move();
      break;
    case 6:
    case 7:
      set_flags();
      break;
    case 8:
      remove();
      break;
    case 9:
      change_names();
      break;
  }
  // The failure is used up whether or not the step came to a commit.
  if (failing) {
    store::Commit nothing;
    nothing.partitions.push_back({store::k_system_partition, std::nullopt, {{"x", "y"}}});
    (void)memory.store->commit(nothing);
  }
}

void ModelTest::compare(const ModelAccount& model) {
  Account& account = open(model.id);
  ASSERT_EQ(account.mailboxes().size(), model.mailboxes.size());
  Usage usage;
  for (const auto& [name, entries] : model.mailboxes) {
    const Mailbox* mailbox = account.find(name);
    ASSERT_NE(mailbox, nullptr);
    auto view = account.view(mailbox->id);
    ASSERT_TRUE(view);
    ASSERT_EQ((*view)->size(), entries.size()) << name;
    EXPECT_EQ(mailbox->counters.uid_next.value, model.uid_next.at(name));
    std::size_t index = 0;
    for (const auto& [uid, entry] : entries) {
      const Row& row = (*view)->at(index++);
      ASSERT_EQ(row.uid().value, uid);
      EXPECT_EQ(row.flags().bits, entry.flags);
      std::vector<std::string> keywords = Account::keyword_names(*mailbox, row.keywords());
      EXPECT_EQ(std::set<std::string>(keywords.begin(), keywords.end()), entry.keywords);
      EXPECT_EQ(read_text(*memory.store, model.id, row.message()),
                "subject: s\n\n" + entry.content);
      usage.bytes += row.size();
      ++usage.messages;
    }
  }
  EXPECT_EQ(account.usage().bytes, usage.bytes);
  EXPECT_EQ(account.usage().messages, usage.messages);
}

void ModelTest::follow(const ModelAccount& model) {
  Account& account = open(model.id);
  for (const auto& [id, mailbox] : account.mailboxes()) {
    Client& client = clients[{model.id, id}];
    auto changes = account.changes_since(id, client.known);
    auto view = account.view(id);
    ASSERT_TRUE(changes && view);
    if (changes->too_old) client.flags.clear();
    for (const UidRange& range : changes->expunged) {
      auto first = client.flags.lower_bound(range.first.value);
      client.flags.erase(first, client.flags.lower_bound(range.first.value + range.count));
    }
    for (Uid uid : changes->changed) {
      client.flags[uid.value] = (*view)->at(*(*view)->find(uid)).flags().bits;
    }
    client.known = changes->highest_modseq;
    std::map<std::uint32_t, std::uint8_t> all;
    for (const Row& row : (*view)->rows()) all[row.uid().value] = row.flags().bits;
    ASSERT_EQ(client.flags, all);
  }
}

TEST_F(ModelTest, BehavesAsTheModel) {
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    for (int i = 0; i < 20 && !HasFailure(); ++i) step();
    if (pick(4) == 0) reopen();
    for (const ModelAccount& model : models) {
      compare(model);
      follow(model);
    }
    expect_sound();
  }
  // Nothing is left of what was removed.
  for (ModelAccount& model : models) {
    for (auto& [name, entries] : model.mailboxes) {
      std::vector<Uid> all;
      for (const auto& [uid, entry] : entries) all.emplace_back(uid);
      ASSERT_TRUE(open(model.id).remove(id_of(model, name), all, UnixTime{}));
    }
    while (open(model.id).maintain(UnixTime{INT32_MAX})->value) continue;
  }
  ASSERT_TRUE(memory.store->scan_links([](const store::BlobLink& link) {
    ADD_FAILURE() << link.partition.value << " " << link.holder;
    return true;
  }));
  expect_sound();
}

}  // namespace
}  // namespace peregrine::mail
