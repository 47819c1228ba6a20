#include "core/core.h"

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "base/log.h"

namespace peregrine::core {
namespace {

std::size_t cores() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
}

AuthLimits auth_limits(const config::Settings& settings) {
  return {.cost = credential_cost(settings), .cache_time = settings.auth.cache_time};
}

[[noreturn]] void end_for_failed_disk() {
  log_event(LogLevel::error, "core.disk_failed",
            {{"remedy", "see the store's events before this one; the server starts core again"}});
  // What was committed and is not durable must not be seen by anybody: nothing is answered any
  // more.
  ::_exit(1);
}

}  // namespace

Core::Core(net::Gate& the_gate, config::Settings the_settings, Model opened)
    : gate(the_gate),
      loop(the_gate.loop()),
      settings(std::move(the_settings)),
      model(std::move(opened)),
      hashing(loop, std::max<std::size_t>(1, cores() / 2)),
      reading(loop, cores()),
      scanning(loop, std::max<std::size_t>(1, cores() / 2)),
      authenticator(hashing, *model.directory, auth_limits(settings)),
      scram(*model.directory),
      durability(
          loop, *model.store, [this](store::Sequence durable) { watchers.advance(durable); },
          end_for_failed_disk),
      admin(model, settings),
      bans(settings) {
  scram.set_iterations(settings.auth.scram_iterations);
}

void Core::apply(config::Settings fresh) {
  settings = std::move(fresh);
  model.apply(settings);
  authenticator.set_limits(auth_limits(settings));
  scram.set_iterations(settings.auth.scram_iterations);
}

store::Sequence Core::sequence_of(AccountId account) {
  auto opened = model.accounts->open(account);
  return std::max(opened ? (*opened)->last_sequence() : store::Sequence{},
                  model.directory->last_sequence());
}

void Core::settle() {
  for (const auto& [account, sequence] : model.accounts->drain_changed()) {
    watchers.note(account, sequence);
    changed.insert(account);
  }
  watchers.advance(model.store->durable());
}

void Core::unlock(const Sessions::Redeemed& ended) {
  model.accounts->unlock_pop3(ended.account, ended.session);
  watchers.wake(ended.account);
}

bool Core::release(SessionId session, std::uint64_t channel) {
  auto account = sessions.account_of(session, channel);
  if (!account) return false;
  sessions.release(session, channel);
  unlock({session, *account});
  return true;
}

void Core::release_account(AccountId account) {
  std::vector<Sessions::Redeemed> ended = sessions.release_account(account);
  for (const Sessions::Redeemed& session : ended) unlock(session);
  if (ended.empty()) return;
  log_event(LogLevel::info, "core.sessions_ended",
            {{"account", account.value}, {"sessions", ended.size()}});
}

void Core::release_channel(std::uint64_t channel) {
  for (const Sessions::Redeemed& ended : sessions.release_channel(channel)) unlock(ended);
  scram.release_channel(channel);
}

}  // namespace peregrine::core
