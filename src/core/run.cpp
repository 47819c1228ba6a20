#include "core/run.h"

#include <sys/stat.h>

#include "base/log.h"
#include "core/core.h"
#include "core/links.h"
#include "core/upkeep.h"
#include "crypto/hash.h"
#include "sys/sandbox.h"

namespace peregrine::core {
namespace {

/// The store's files, a channel a worker, and contents on their way.
constexpr std::uint64_t k_open_files = 8192;
/// Of the store; a message's own file is far smaller.
constexpr std::uint64_t k_largest_file = std::uint64_t{1} << 40;

class Process {
 public:
  Process(net::Loop& loop, role::Start start, Model model)
      : loop_(loop),
        lines_(loop),
        calls_(loop),
        core_(calls_, std::move(start.settings), std::move(model)),
        links_(core_),
        upkeep_(core_),
        control_(lines_, sys::Fd(role::k_control_descriptor), handlers()) {
    auto table = role::BanTable::open(start.ban_table, {start.bans.key[0], start.bans.key[1]},
                                      sys::Access::read_write);
    if (table) core_.bans.publish_to(std::move(*table));
    core_.refused = [this](Role role, std::uint32_t index) {
      control_.report({role, index, role::PeerState::refused});
    };
    for (role::LinkedSocket& link : start.links) links_.add(std::move(link));
  }

  int run() {
    calls_.spawn(upkeep_.run());
    control_.ready();
    loop_.run();
    return 0;
  }

 private:
  role::Control::Handlers handlers() {
    return {
        .link = [this](role::LinkedSocket link) { links_.add(std::move(link)); },
        .reload = [this](
                      config::Settings settings,
                      const std::vector<role::TlsIdentity>&) { core_.apply(std::move(settings)); },
        .stop = [this](std::chrono::milliseconds grace) { lines_.spawn(stop(grace)); },
        .statistics =
            [this] {
              return role::Statistics{.connections = core_.sessions.open(),
                                      .served = core_.calls_served,
                                      .offences = core_.calls_refused};
            },
        .operator_connection = [this](sys::Fd socket) { links_.add_operator(std::move(socket)); },
        .peer_report = {},
    };
  }

  /// Calls that have committed wait for the disk, whether or not somebody still reads the answer.
  net::Task<void> stop(std::chrono::milliseconds grace) {
    if (std::exchange(core_.is_stopping, true)) co_return;
    upkeep_.stop();
    links_.close_all();
    bool all_ended = co_await calls_.drained(deadline_in(grace));
    log_event(LogLevel::info, "core.stopped", {{"orderly", all_ended}});
    loop_.stop();
  }

  net::Loop& loop_;
  net::Gate lines_;  // the supervisor's
  net::Gate calls_;
  Core core_;
  Links links_;
  Upkeep upkeep_;
  role::Control control_;
};

/// Nobody but core uses the directory, and nobody else may look into it.
void make_directory(const std::string& path) {
  static_cast<void>(::mkdir(path.c_str(), 0700));
}

bool enter(const config::Settings& settings) {
  auto sealed = sys::enter_sandbox(policy(settings));
  if (sealed) return true;
  log_event(LogLevel::error, "core.no_sandbox",
            {{"step", sys::step_name(sealed.error().step)},
             {"errno", sealed.error().number},
             {"data_directory", settings.server.data_directory}});
  return false;
}

}  // namespace

sys::SandboxPolicy policy(const config::Settings& settings) {
  sys::SandboxPolicy out;
  out.data_directory = settings.server.data_directory;
  out.may_write_files = true;
  out.may_create_threads = true;
  out.limits.open_files = k_open_files;
  out.limits.file_bytes = k_largest_file;
  return out;
}

int run(role::Start start) {
  crypto::warm_up();
  net::Loop loop;
  make_directory(start.settings.server.data_directory);
  // From here on: the data directory, the descriptors that came with the start, threads.
  if (!enter(start.settings)) return 1;
  auto model = open_model(start.settings);
  if (!model) {
    log_event(LogLevel::error, "core.store_not_opened", {{"reason", model.error()}});
    return 1;
  }
  Process process(loop, std::move(start), std::move(*model));
  return process.run();
}

}  // namespace peregrine::core
