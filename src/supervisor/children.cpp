#include "supervisor/children.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/log.h"
#include "crypto/hash.h"
#include "role/ban_table.h"
#include "sys/shared_memory.h"

namespace peregrine::supervisor {
namespace {

using std::chrono::milliseconds;

// Children say little: Ready and Statistics.
constexpr std::size_t k_max_from_child = kib(4);
// So many ends before all were ready, and the server gives up: the reason stands in the log.
constexpr unsigned k_most_early_failures = 5;
constexpr milliseconds k_poll{10};

std::string_view crash_reason(int signal) {
  // What the system-call filter sends.
  if (signal == SIGSYS) return "sandbox violation: a system call that the role may not make";
  if (signal == SIGKILL) return "killed: by the supervisor, an operator or for lack of memory";
  const char* text = ::sigdescr_np(signal);
  return text == nullptr ? "signal without a name" : text;
}

void log_end(const Slot& slot, const sys::ChildExit& exit, bool expected) {
  if (exit.signal == 0) {
    log_event(expected ? LogLevel::debug : LogLevel::error, "supervisor.child_ended",
              {{"child", role_name(slot.role)},
               {"index", slot.index},
               {"pid", exit.pid},
               {"code", exit.code}});
    return;
  }
  log_event(LogLevel::error, "supervisor.child_crashed",
            {{"child", role_name(slot.role)},
             {"index", slot.index},
             {"pid", exit.pid},
             {"signal", exit.signal},
             {"reason", crash_reason(exit.signal)}});
}

}  // namespace

Children::Children(net::Gate& gate, const std::vector<Slot>& slots, Supplies supplies,
                   Handlers handlers)
    : gate_(gate),
      supplies_(std::move(supplies)),
      bounds_(supplies_.bounds),
      handlers_(std::move(handlers)) {
  std::size_t fronts = 0;
  for (const Slot& slot : slots) {
    processes_.emplace_back().slot = slot;
    if (slot.role == Role::front) ++fronts;
  }
  // Without it each front counts for itself: limits are looser then, and nothing else changes.
  auto table = sys::create_shared_memory(fronts * role::k_count_columns);
  if (table) counter_table_ = std::move(*table);
  // Without it nobody is banned. Core writes it and a front, which anybody can talk to, cannot.
  auto bans = sys::create_shared_memory(role::BanTable::k_words);
  if (bans) ban_table_ = std::move(*bans);
  auto readable = sys::read_only(ban_table_);
  if (readable) {
    readable_bans_ = std::move(*readable);
  } else {
    log_event(LogLevel::error, "supervisor.no_bans", {{"error", sys::describe(readable.error())}});
  }
  for (std::uint64_t& half : bans_.key) half = crypto::random_u64();
  for (std::uint64_t& half : counters_.key) half = crypto::random_u64();
}

bool Children::send(const Process& process, const role::ControlMessage& message,
                    sys::Fd descriptor) {
  return process.line && process.line->send(role::encode_control(message), std::move(descriptor));
}

void Children::start() {
  advance();
  gate_.spawn(watch_answers());
}

// A stage starts when the one before is ready: nobody accepts a client that nobody can serve.
void Children::advance() {
  if (serving_ || stopping_) return;
  for (unsigned stage = 0; stage < k_stages; ++stage) {
    bool complete = true;
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      Process& process = processes_[i];
      if (stage_of(process.slot.role) != stage) continue;
      if (!process.was_started) spawn(i);
      complete = complete && process.is_ready;
    }
    if (!complete) return;
  }
  serving_ = true;
  handlers_.serving();
}

void Children::spawn(std::size_t position) {
  Process& process = processes_[position];
  process.was_started = true;
  process.started = Monotonic::now();
  if (launch(position)) {
    give_start(process);
  } else {
    retry(position, milliseconds(0));
  }
}

bool Children::launch(std::size_t position) {
  Process& process = processes_[position];
  std::string name(role_name(process.slot.role));
  // The child reads its start blocking; this end is on the loop.
  auto pair = sys::socket_pair(sys::SocketKind::seqpacket, sys::Blocking::yes);
  if (!pair || !sys::set_nonblocking(pair->first.get())) {
    log_event(LogLevel::error, "supervisor.no_socket", {{"child", name}});
    return false;
  }
  auto child = sys::spawn_self({.arguments = {"peregrine", "--role", name},
                                .descriptors = {{pair->second.get(), role::k_control_descriptor}},
                                .standard_error = {}});
  if (!child) {
    log_event(LogLevel::error, "supervisor.not_started",
              {{"child", name}, {"error", sys::describe(child.error())}});
    return false;
  }
  pid_t pid = child->pid;
  process.child = std::move(*child);
  process.line = rpc::Datagrams::create(
      gate_, std::move(pair->first), k_max_from_child,
      [this, position](BytesView datagram, sys::Fd) { receive(position, datagram); },
      [this, position, pid] { line_closed(position, pid); });
  log_event(LogLevel::debug, "supervisor.started",
            {{"child", name}, {"index", process.slot.index}, {"pid", pid}});
  return true;
}

void Children::give_start(Process& process) {
  send(process, role::Identify{process.slot.role, process.slot.index, supplies_.settings});
  for (Process& peer : processes_) connect(process, peer);
  if (process.slot.role == Role::front) {
    for (const BoundListener& listener : supplies_.listeners) {
      process.line->send_borrowed(
          role::encode_control(role::Listen{listener.service, listener.address}),
          listener.socket.get());
    }
    for (const role::TlsIdentity& identity : supplies_.identities) {
      send(process, role::Identity{identity});
    }
    if (counter_table_) {
      process.line->send_borrowed(role::encode_control(counters_), counter_table_.get());
    }
  }
  const sys::Fd& bans = process.slot.role == Role::core ? ban_table_ : readable_bans_;
  if (bans && (process.slot.role == Role::core || process.slot.role == Role::front)) {
    process.line->send_borrowed(role::encode_control(bans_), bans.get());
  }
  send(process, role::Begin{});
}

// Whichever of two starts later brings the pair: the earlier one gets its end like any new peer.
void Children::connect(Process& process, Process& peer) {
  auto kind = link_kind(process.slot.role, peer.slot.role);
  if (!kind || !peer.child || !peer.line) return;
  auto pair = sys::socket_pair(*kind);
  if (!pair) {
    log_event(LogLevel::error, "supervisor.no_socket",
              {{"child", role_name(process.slot.role)}, {"peer", role_name(peer.slot.role)}});
    return;
  }
  send(process, role::Link{peer.slot.role, peer.slot.index}, std::move(pair->first));
  send(peer, role::Link{process.slot.role, process.slot.index}, std::move(pair->second));
}

void Children::ended(const sys::ChildExit& exit) {
  auto found = std::ranges::find_if(
      processes_, [&](const Process& p) { return p.child && p.child->pid == exit.pid; });
  if (found == processes_.end()) return;
  log_end(found->slot, exit, stopping_);
  found->child.reset();
  found->is_ready = false;
  found->statistics = {};
  found->silence = {};
  if (auto line = std::exchange(found->line, nullptr)) line->close();
  if (stopping_) return;
  auto lifetime = std::chrono::duration_cast<milliseconds>(Monotonic::now() - found->started);
  retry(static_cast<std::size_t>(found - processes_.begin()), lifetime);
}

void Children::retry(std::size_t position, milliseconds lifetime) {
  if (!serving_ && ++early_failures_ == k_most_early_failures) handlers_.hopeless();
  if (stopping_) return;
  gate_.spawn(restart_after(position, processes_[position].backoff.next(lifetime)));
}

net::Task<void> Children::restart_after(std::size_t position, milliseconds delay) {
  co_await net::sleep_until(gate_.loop(), deadline_in(delay));
  // A worker without a core can do nothing; the core has its own back-off.
  while (!stopping_ && position != 0 && !processes_.front().child) {
    co_await net::sleep_until(gate_.loop(), deadline_in(Backoff::k_shortest));
  }
  if (stopping_) co_return;
  ++processes_[position].restarts;
  spawn(position);
}

void Children::receive(std::size_t position, BytesView datagram) {
  Process& process = processes_[position];
  auto message = role::decode_control(datagram);
  if (!message) return;
  if (std::holds_alternative<role::Ready>(*message)) {
    process.is_ready = true;
    if (process.slot.role == Role::front) tell_of_silent(process);
    advance();
  } else if (auto* statistics = std::get_if<role::Statistics>(&*message)) {
    answered(process, *statistics);
  } else if (auto* report = std::get_if<role::PeerReport>(&*message)) {
    if (process.slot.role == Role::core) replace_refused(*report);
  }
}

/// Without a channel to core a worker is of no use, and after what it did it is not to be trusted.
void Children::replace_refused(const role::PeerReport& report) {
  if (report.state != role::PeerState::refused) return;
  for (Process& process : processes_) {
    if (process.slot != Slot{report.peer, report.index} || !process.child || stopping_) continue;
    log_event(LogLevel::error, "supervisor.killed",
              {{"child", role_name(process.slot.role)},
               {"index", process.slot.index},
               {"pid", process.child->pid},
               {"reason", "core refused its calls"}});
    static_cast<void>(sys::send_signal(*process.child, SIGKILL));
  }
}

// A child that nobody can talk to is of no use; one that is ending may take its time.
void Children::line_closed(std::size_t position, pid_t pid) {
  Process& process = processes_[position];
  if (stopping_ || !process.child || process.child->pid != pid) return;
  static_cast<void>(sys::send_signal(*process.child, SIGKILL));
}

void Children::reload(Bytes settings, std::vector<role::TlsIdentity> identities,
                      AnswerBounds bounds) {
  bounds_ = bounds;
  supplies_.settings = std::move(settings);
  supplies_.identities = std::move(identities);
  for (Process& process : processes_) {
    if (!process.child) continue;
    send(process, role::Reload{supplies_.settings});
    if (process.slot.role == Role::front) {
      for (const role::TlsIdentity& identity : supplies_.identities) {
        send(process, role::Identity{identity});
      }
    }
    send(process, role::Begin{});
  }
}

bool Children::any_alive(unsigned from_stage) const {
  return std::ranges::any_of(
      processes_, [&](const Process& p) { return p.child && stage_of(p.slot.role) >= from_stage; });
}

void Children::kill_all(unsigned from_stage) {
  for (Process& process : processes_) {
    if (!process.child || stage_of(process.slot.role) < from_stage) continue;
    log_event(LogLevel::warning, "supervisor.killed",
              {{"child", role_name(process.slot.role)}, {"index", process.slot.index}});
    static_cast<void>(sys::send_signal(*process.child, SIGKILL));
  }
}

net::Task<void> Children::wait_ended(unsigned from_stage, Deadline deadline) {
  while (any_alive(from_stage) && Monotonic::now() < deadline) {
    co_await net::sleep_until(gate_.loop(), deadline_in(k_poll));
  }
}

net::Task<void> Children::stop() {
  stopping_ = true;
  Deadline worker_bound = deadline_in(k_worker_bound);
  Deadline bound = deadline_in(k_stop_bound);
  auto grace = static_cast<std::uint32_t>(k_grace.count());
  for (Process& process : processes_) {
    if (process.slot.role != Role::core) send(process, role::Stop{grace});
  }
  // The core goes last: what others acknowledge while they end must still reach the disk.
  co_await wait_ended(1, worker_bound);
  kill_all(1);
  auto rest = std::chrono::duration_cast<milliseconds>(bound - Monotonic::now());
  rest = std::clamp(rest, milliseconds(0), k_grace);
  send(processes_.front(), role::Stop{static_cast<std::uint32_t>(rest.count())});
  co_await wait_ended(0, bound);
  kill_all(0);
  co_await wait_ended(0, deadline_in(std::chrono::seconds(1)));
}

bool Children::pass_operator(sys::Fd connection) {
  Process& core = processes_.front();
  return core.is_ready && send(core, role::Operator{}, std::move(connection));
}

net::Task<std::vector<ChildReport>> Children::ask_statistics(Deadline deadline) {
  std::uint32_t question = ++question_;
  for (Process& process : processes_) {
    if (!process.silence.is_noticed()) send(process, role::AskStatistics{question});
  }
  // Questions may overlap: an answer to a later one is as good.
  auto waiting = [&] {
    return std::ranges::any_of(processes_, [&](const Process& p) {
      return p.is_ready && !p.silence.is_noticed() && p.statistics.question < question;
    });
  };
  while (waiting() && Monotonic::now() < deadline) {
    co_await net::sleep_until(gate_.loop(), deadline_in(k_poll));
  }
  std::vector<ChildReport> out;
  Deadline now = Monotonic::now();
  for (const Process& process : processes_) {
    ChildReport& report = out.emplace_back();
    report.slot = process.slot;
    report.pid = process.child ? process.child->pid : 0;
    report.restarts = process.restarts;
    report.connections = process.statistics.connections;
    report.served = process.statistics.served;
    report.offences = process.statistics.offences;
    report.banned = process.statistics.banned;
    report.typists = process.statistics.typists;
    report.is_ready = process.is_ready;
    if (process.silence.is_noticed()) report.silent_for = process.silence.length(now);
  }
  co_return out;
}

}  // namespace peregrine::supervisor
