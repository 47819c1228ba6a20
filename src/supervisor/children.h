#pragma once
// Children: the table of processes. It starts them stage by stage, gives each its start and its
// sockets to the living peers, restarts what ends, and ends all in order. Runs on the supervisor's
// one loop; the gate must outlive it.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "net/gate.h"
#include "role/control.h"
#include "rpc/datagrams.h"
#include "supervisor/backoff.h"
#include "supervisor/inputs.h"
#include "supervisor/layout.h"
#include "supervisor/silence.h"
#include "supervisor/status.h"
#include "sys/process.h"

namespace peregrine::supervisor {

/// What children are given.
struct Supplies {
  Bytes settings;  ///< config::encode
  std::vector<BoundListener> listeners;
  std::vector<role::TlsIdentity> identities;
  AnswerBounds bounds;
};

class Children {
 public:
  struct Handlers {
    std::function<void()> serving;   ///< once: all are ready
    std::function<void()> hopeless;  ///< once: they keep failing before all were ready
  };

  Children(net::Gate& gate, const std::vector<Slot>& slots, Supplies supplies, Handlers handlers);

  void start();
  /// A child was reaped.
  void ended(const sys::ChildExit& exit);
  void reload(Bytes settings, std::vector<role::TlsIdentity> identities, AnswerBounds bounds);
  /// Done when all have ended. At most k_stop_bound and a moment.
  net::Task<void> stop();

  /// False: there is no core to talk to.
  bool pass_operator(sys::Fd connection);
  /// Waits for answers until `deadline`; who is silent is reported with its last numbers, and not
  /// waited for when that is known already.
  net::Task<std::vector<ChildReport>> ask_statistics(Deadline deadline);

  [[nodiscard]] const std::vector<BoundListener>& listeners() const { return supplies_.listeners; }

  static constexpr std::chrono::milliseconds k_grace{10'000};
  static constexpr std::chrono::milliseconds k_worker_bound{15'000};
  static constexpr std::chrono::milliseconds k_stop_bound{20'000};

 private:
  struct Process {
    Slot slot;
    std::optional<sys::Child> child;
    std::shared_ptr<rpc::Datagrams> line;  // owners: this, and its reader while it runs
    Backoff backoff;
    Deadline started;
    bool was_started = false;
    bool is_ready = false;
    std::uint32_t restarts = 0;
    role::Statistics statistics;
    Silence silence;
  };

  // children_answers.cpp
  net::Task<void> watch_answers();
  void judge(Process& process, Deadline now);
  void answered(Process& process, const role::Statistics& statistics);
  void replace_refused(const role::PeerReport& report);
  void tell_fronts(const Process& about, role::PeerState state);
  void tell_of_silent(Process& front);

  static bool send(const Process& process, const role::ControlMessage& message,
                   sys::Fd descriptor = {});
  void advance();
  void spawn(std::size_t position);
  bool launch(std::size_t position);
  void give_start(Process& process);
  void connect(Process& process, Process& peer);
  void retry(std::size_t position, std::chrono::milliseconds lifetime);
  net::Task<void> restart_after(std::size_t position, std::chrono::milliseconds delay);
  void receive(std::size_t position, BytesView datagram);
  void line_closed(std::size_t position, pid_t pid);
  void kill_all(unsigned from_stage);
  [[nodiscard]] bool any_alive(unsigned from_stage) const;
  net::Task<void> wait_ended(unsigned from_stage, Deadline deadline);

  net::Gate& gate_;
  Supplies supplies_;
  AnswerBounds bounds_;
  Handlers handlers_;
  role::Counters counters_;
  sys::Fd counter_table_;
  role::Bans bans_;
  sys::Fd ban_table_;
  sys::Fd readable_bans_;           ///< the same memory, for those who may only read it
  std::vector<Process> processes_;  // never resized; the core stands first
  std::uint32_t question_ = 0;
  unsigned early_failures_ = 0;
  bool serving_ = false;
  bool stopping_ = false;
};

}  // namespace peregrine::supervisor
