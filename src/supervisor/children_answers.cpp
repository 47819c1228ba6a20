// Whether the children still take part: each is asked every few seconds, on the control line, and
// its loop answers. One that is stopped, spins or hangs in a system call does not.
//
// The supervisor judges, for the fronts too: one place decides what the log says, what the operator
// is shown and where new connections go, and a front needs no acknowledgements in its protocol with
// the workers. The price is that a connection handed over before the bound waits.

#include <algorithm>
#include <csignal>

#include "base/log.h"
#include "supervisor/children.h"

namespace peregrine::supervisor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_shortest_beat{25};
constexpr milliseconds k_longest_beat{2'500};
/// The core's loop commits, and a commit may wait for a disk that is busy.
constexpr int k_core_patience = 3;

AnswerBounds bounds_for(Role role, AnswerBounds bounds) {
  if (role == Role::core) bounds.answer *= k_core_patience;
  return bounds;
}

long long seconds(milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

net::Task<void> Children::watch_answers() {
  Deadline last = Monotonic::now();
  while (!stopping_) {
    milliseconds beat = std::clamp(bounds_.answer / 4, k_shortest_beat, k_longest_beat);
    co_await net::sleep_until(gate_.loop(), deadline_in(beat));
    Deadline now = Monotonic::now();
    // A machine that was paused, or a supervisor: nobody could have answered.
    bool was_away = now - last > beat + bounds_.answer / 2;
    last = now;
    for (Process& process : processes_) {
      if (stopping_ || !process.child || !process.is_ready) continue;
      if (was_away) process.silence.forgive(now);
      judge(process, now);
    }
  }
}

void Children::judge(Process& process, Deadline now) {
  // One question at a time: who does not read them is not sent more.
  if (!process.silence.owes_answer()) {
    process.silence.ask(now);
    send(process, role::AskStatistics{++question_});
    return;
  }
  Silence::Verdict verdict = process.silence.judge(now, bounds_for(process.slot.role, bounds_));
  if (verdict == Silence::Verdict::fine) return;
  long long silent_for = seconds(process.silence.length(now));
  if (verdict == Silence::Verdict::noticed) {
    log_event(LogLevel::error, "supervisor.not_answering",
              {{"child", role_name(process.slot.role)},
               {"index", process.slot.index},
               {"pid", process.child->pid},
               {"seconds", silent_for}});
    tell_fronts(process, role::PeerState::silent);
    return;
  }
  log_event(LogLevel::error, "supervisor.killed",
            {{"child", role_name(process.slot.role)},
             {"index", process.slot.index},
             {"pid", process.child->pid},
             {"reason", "it did not answer"},
             {"seconds", silent_for}});
  // Nothing weaker reaches a process that is stopped.
  static_cast<void>(sys::send_signal(*process.child, SIGKILL));
  // Once: one that hangs in the kernel ends later.
  process.silence.forgive(now);
}

void Children::answered(Process& process, const role::Statistics& statistics) {
  process.statistics = statistics;
  if (!process.silence.answer()) return;
  log_event(LogLevel::warning, "supervisor.answering_again",
            {{"child", role_name(process.slot.role)},
             {"index", process.slot.index},
             {"pid", process.child ? process.child->pid : 0}});
  tell_fronts(process, role::PeerState::answering);
}

void Children::tell_fronts(const Process& about, role::PeerState state) {
  for (Process& process : processes_) {
    if (process.slot.role != Role::front || !process.is_ready) continue;
    send(process, role::PeerReport{about.slot.role, about.slot.index, state});
  }
}

// One that was started again has missed the reports.
void Children::tell_of_silent(Process& front) {
  for (const Process& process : processes_) {
    if (!process.silence.is_noticed()) continue;
    send(front, role::PeerReport{process.slot.role, process.slot.index, role::PeerState::silent});
  }
}

}  // namespace peregrine::supervisor
