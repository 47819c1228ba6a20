#include "mail/accounts.h"

#include <utility>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::mail {

Accounts::Accounts(store::Store& store, const directory::Directory& directory, const Limits& limits)
    : shared_{store, directory, limits, {}} {}

Accounts::~Accounts() = default;

std::expected<Account*, MailError> Accounts::open(AccountId account) {
  trim(account);
  return load(account);
}

std::expected<Account*, MailError> Accounts::load(AccountId account) {
  touched_.push_back(account);
  if (auto slot = slots_.find(account); slot != slots_.end()) {
    ages_.splice(ages_.end(), ages_, slot->second.age);
    return slot->second.account.get();
  }
  if (shared_.directory.find_account(account) == nullptr) {
    return std::unexpected(MailError::not_found);
  }
  auto loaded = std::make_unique<Account>(account, shared_);
  auto result = loaded->load();
  if (!result) {
    log_event(LogLevel::error, "mail.account_unavailable",
              {{"account", account.value}, {"error", std::to_underlying(result.error())}});
    return std::unexpected(result.error());
  }
  ages_.push_back(account);
  Slot& slot = slots_[account];
  slot.account = std::move(loaded);
  slot.age = std::prev(ages_.end());
  return slot.account.get();
}

void Accounts::measure(AccountId account) {
  auto slot = slots_.find(account);
  if (slot == slots_.end()) return;
  std::size_t now = slot->second.account->memory();
  memory_ += now - slot->second.measured;
  slot->second.measured = now;
}

void Accounts::trim(AccountId keep) {
  for (AccountId account : touched_) measure(account);
  touched_.clear();
  std::size_t limit = shared_.limits.memory_bytes;
  if (memory_ <= limit) return;
  store::Sequence durable = shared_.store.durable();
  for (auto age = ages_.begin(); age != ages_.end() && memory_ > limit;) {
    AccountId account = *age++;
    Account& candidate = *slots_.at(account).account;
    // What is dropped forgets its last commit, so that must be on disk; its views may go anyway.
    if (account != keep && candidate.last_sequence() <= durable) {
      forget(account);
    } else {
      candidate.drop_views();
      measure(account);
    }
  }
}

void Accounts::forget(AccountId account) {
  auto slot = slots_.find(account);
  if (slot == slots_.end()) return;
  memory_ -= slot->second.measured;
  ages_.erase(slot->second.age);
  slots_.erase(slot);
}

bool Accounts::lock_pop3(AccountId account, SessionId session) {
  return pop3_locks_.try_emplace(account, session).first->second == session;
}

void Accounts::unlock_pop3(AccountId account, SessionId session) {
  auto found = pop3_locks_.find(account);
  if (found != pop3_locks_.end() && found->second == session) pop3_locks_.erase(found);
}

std::expected<Committed<bool>, MailError> Accounts::purge(AccountId account, std::size_t limit) {
  if (shared_.directory.find_account(account) != nullptr) {
    return std::unexpected(MailError::exists);
  }
  forget(account);
  store::PartitionId partition = partition_of(account);
  if (partition == store::k_system_partition) return std::unexpected(MailError::not_found);
  store::Commit commit;
  store::PartitionWrites writes{partition, std::nullopt, {}};
  auto unlink = [&](const store::BlobId& blob, std::uint64_t holder) {
    commit.unlinks.push_back({blob, partition, holder});
  };
  auto scanned = shared_.store.scan(partition, {}, {}, store::Scan::forward,
                                    [&](BytesView key, BytesView value) {
                                      if (writes.writes.size() >= limit) return false;
                                      auto parsed = parse_key(key);
                                      if (parsed && parsed->family == KeyFamily::message) {
                                        if (auto record = decode_message(value)) {
                                          unlink(record->blob, parsed->second);
                                          if (record->summary.blob)
                                            unlink(*record->summary.blob, parsed->second);
                                          if (record->text_blob)
                                            unlink(*record->text_blob, parsed->second);
                                        }
                                      }
                                      writes.writes.push_back({Bytes(key), std::nullopt});
                                      return true;
                                    });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  bool more = writes.writes.size() >= limit;
  if (writes.writes.empty()) return Committed<bool>{false, {}};
  commit.partitions.push_back(std::move(writes));
  auto sequence = shared_.store.commit(commit);
  if (!sequence) return std::unexpected(from_store(sequence.error()));
  return Committed<bool>{more, *sequence};
}

std::expected<std::vector<AccountId>, MailError> Accounts::orphans() {
  std::vector<AccountId> out;
  if (shared_.directory.is_damaged()) return out;
  auto partitions = shared_.store.partitions();
  if (!partitions) return std::unexpected(from_store(partitions.error()));
  for (store::PartitionId partition : *partitions) {
    AccountId account(partition.value);
    if (partition != store::k_system_partition &&
        shared_.directory.find_account(account) == nullptr) {
      out.push_back(account);
    }
  }
  return out;
}

std::expected<std::optional<store::Sequence>, MailError> Accounts::commit_index(IndexPlan plan) {
  TRY(Account * account, open(plan.account));
  const AccountHeader& header = account->header();
  if (header.index_next != plan.index_next_before || header.next_block != plan.block) {
    return std::nullopt;
  }
  Change change(*account, shared_.store);
  change.header().index_next = plan.index_next_after;
  change.header().next_block = plan.block.next();
  for (store::Write& write : plan.writes) {
    if (write.value) {
      change.put(std::move(write.key), *std::move(write.value));
    } else {
      change.remove(std::move(write.key));
    }
  }
  TRY(store::Sequence sequence, account->commit(change));
  return sequence;
}

}  // namespace peregrine::mail
