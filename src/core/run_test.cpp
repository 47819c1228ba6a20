// The core process as the supervisor starts it, inside its sandbox, on a store on disk.
#include "core/run.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"
#include "core/model.h"
#include "crypto/hash.h"
#include "rpc/datagrams.h"

namespace peregrine::core {
namespace {

constexpr std::chrono::seconds k_patience{20};

/// A child process that runs core, with our end of its control line.
class Child {
 public:
  explicit Child(const config::Settings& settings) : gate(loop) {
    auto line = sys::socket_pair(sys::SocketKind::seqpacket);
    process = ::fork();
    if (process == 0) {
      line->first.reset();
      ::dup2(line->second.get(), role::k_control_descriptor);
      ::_exit(run({.role = Role::core, .settings = settings}));
    }
    line->second.reset();
    control = rpc::Datagrams::create(
        gate, std::move(line->first), role::k_max_control,
        [this](BytesView datagram, const sys::Fd&) {
          auto message = role::decode_control(datagram);
          if (message && std::holds_alternative<role::Ready>(*message)) ready.notify();
        },
        [] {});
  }

  /// The process's exit status, or -1.
  int wait() const {
    int status = 0;
    if (::waitpid(process, &status, 0) != process || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
  }

  net::Loop loop;
  net::Gate gate;
  net::Event ready{loop};
  std::shared_ptr<rpc::Datagrams> control;  // owners: this and its reader
  pid_t process = -1;
};

net::Task<void> use_core(Child& child, std::uint64_t& accounts) {
  net::WaitResult ready = co_await child.ready.wait(deadline_in(k_patience));
  EXPECT_EQ(ready, net::WaitResult::ready);
  auto sockets = sys::socket_pair(sys::SocketKind::stream);
  EXPECT_TRUE(
      child.control->send(role::encode_control(role::Operator{}), std::move(sockets->first)));
  auto admin = rpc::Channel::create(child.gate, std::move(sockets->second), {});
  api::DomainRequest domain;
  domain.set_domain("example.test");
  auto added = co_await api::domain_add(admin, domain, deadline_in(k_patience));
  EXPECT_TRUE(added);
  api::AccountRequest account;
  account.set_address("alice@example.test");
  account.set_password("correct horse");
  auto made = co_await api::account_add(admin, account, deadline_in(k_patience));
  EXPECT_TRUE(made);
  auto counts = co_await api::counts(admin, {}, deadline_in(k_patience));
  EXPECT_TRUE(counts && counts->free_bytes() > 0);
  accounts = counts ? counts->accounts() : 0;
  child.control->send(role::encode_control(role::Stop{2000}));
  child.loop.stop();
}

/// As `init` does; in a child of its own, since the store has threads.
bool make_store(const config::Settings& settings) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(open_model(settings, store::Create::yes) ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

// The suffix makes it run first: a child must not be forked where the store has had threads.
TEST(RunDeathTest, ServesInItsSandboxAndKeepsWhatItAcknowledged) {
#ifdef PEREGRINE_SANITIZED
  GTEST_SKIP() << "the sanitizer asks the kernel what the sandbox refuses";
#endif
  auto directory = std::filesystem::temp_directory_path() /
                   ("peregrine_core_" + std::to_string(crypto::random_u64()));
  config::Settings settings;
  settings.server.data_directory = directory.string();
  settings.store.low_water_mark = mib(1);
  settings.auth.argon2_memory = mib(8);
  settings.auth.argon2_passes = 1;
  std::filesystem::create_directory(directory);
  ASSERT_TRUE(make_store(settings));
  for (int round = 0; round < 2; ++round) {
    Child child(settings);
    std::uint64_t accounts = 0;
    child.gate.spawn(use_core(child, accounts));
    child.loop.run();
    EXPECT_EQ(accounts, 1U);
    EXPECT_EQ(child.wait(), 0);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace peregrine::core
