#include "core/upkeep.h"

#include "base/log.h"

namespace peregrine::core {
namespace {

constexpr std::chrono::seconds k_pause{5};
constexpr std::chrono::hours k_round{24};
constexpr std::size_t k_accounts_a_turn = 32;
constexpr std::size_t k_greylist_a_turn = 1000;
constexpr std::size_t k_remote_a_turn = 1000;

}  // namespace

net::Task<void> purge_orphans(Core& core, std::function<bool()> stops) {
  auto orphans = core.model.accounts->orphans();
  if (!orphans) co_return;
  for (AccountId account : *orphans) {
    bool more = true;
    while (more && !stops()) {
      auto purged = core.model.accounts->purge(account);
      more = purged && purged->value;
      co_await net::sleep_until(core.loop, Monotonic::now());
    }
  }
}

Upkeep::Upkeep(Core& core) : core_(core), wake_(core.loop), next_round_(Monotonic::now()) {}

void Upkeep::stop() {
  stopping_ = true;
  wake_.notify();
}

net::Task<void> Upkeep::run() {
  while (!stopping_) {
    static_cast<void>(co_await wake_.wait(deadline_in(k_pause)));
    if (stopping_) break;
    // A check of everything compares what must not move under it.
    if (core_.is_verifying) continue;
    co_await turn();
  }
}

net::Task<void> Upkeep::turn() {
  if (Monotonic::now() >= next_round_) {
    next_round_ = Monotonic::now() + k_round;
    for (const directory::AccountInfo& account : core_.model.directory->accounts()) {
      due_.insert(account.id);
    }
  }
  collect();
  purge_greylist();
  purge_remote();
  co_await tend_queue();
  co_await purge();
  std::set<AccountId> now;
  now.swap(core_.changed);
  for (std::size_t i = 0; i < k_accounts_a_turn && !due_.empty(); ++i) {
    now.insert(due_.extract(due_.begin()).value());
  }
  for (AccountId account : now) {
    if (stopping_ || core_.is_verifying) break;
    co_await tend(account);
  }
}

void Upkeep::collect() {
  auto collected = core_.model.store->collect(wall_now().seconds);
  if (collected && *collected > 0) {
    log_event(LogLevel::debug, "core.blobs_collected", {{"count", *collected}});
  }
}

void Upkeep::purge_greylist() {
  // A failure of the store is heard of by those who wait for it.
  static_cast<void>(core_.model.greylist->purge(wall_now(), k_greylist_a_turn));
}

void Upkeep::purge_remote() {
  UnixTime now = wall_now();
  static_cast<void>(core_.model.sts_policies->purge(now, k_remote_a_turn));
  static_cast<void>(core_.model.tls_results->purge(now, k_remote_a_turn));
}

net::Task<void> Upkeep::tend_queue() {
  bool more = true;
  bool has_changed = false;
  while (more && !stopping_) {
    store::Sequence before = core_.model.queue->last_sequence();
    auto step = core_.model.queue->tend(wall_now());
    more = step && *step;
    has_changed = has_changed || core_.model.queue->last_sequence() != before;
    co_await net::sleep_until(core_.loop, Monotonic::now());
  }
  if (has_changed) core_.courier_waits.wake_one({});
}

net::Task<void> Upkeep::purge() {
  // To look for them costs a read for each account: only after the directory has changed.
  store::Sequence changed = core_.model.directory->last_sequence();
  if (purged_ == changed) co_return;
  co_await purge_orphans(core_, [this] { return stopping_; });
  if (!stopping_) purged_ = changed;
}

net::Task<void> Upkeep::tend(AccountId account) {
  auto history =
      std::chrono::duration_cast<std::chrono::seconds>(core_.settings.limits.expunge_history);
  UnixTime keep_from{wall_now().seconds - history.count()};
  bool more = true;
  while (more && !stopping_) {
    auto opened = core_.model.accounts->open(account);
    if (!opened) co_return;
    auto step = (*opened)->maintain(keep_from);
    more = step && step->value;
    co_await net::sleep_until(core_.loop, Monotonic::now());
  }
  co_await index(account);
}

net::Task<void> Upkeep::index(AccountId account) {
  bool more = true;
  while (more && !stopping_) {
    store::Store& store = *core_.model.store;
    auto job = [&store, account] { return mail::plan_index(store, account); };
    auto plan = co_await run_on(core_.scanning, job);
    if (!plan || !*plan) co_return;
    auto committed = core_.model.accounts->commit_index(std::move(**plan));
    more = committed && committed->has_value();
  }
}

}  // namespace peregrine::core
