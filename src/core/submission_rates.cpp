#include "core/submission_rates.h"

namespace peregrine::core {
namespace {

constexpr std::chrono::hours k_hour{1};

}  // namespace

void SubmissionRates::Window::advance(Deadline now, std::chrono::milliseconds span) {
  if (now - start < span) return;
  previous = now - start < 2 * span ? current : 0;
  current = 0;
  start = now - start < 2 * span ? start + span : now;
}

double SubmissionRates::Window::sum(Deadline now, std::chrono::milliseconds span) const {
  double past = std::chrono::duration<double>(now - start) / std::chrono::duration<double>(span);
  return current + previous * (past < 1 ? 1 - past : 0);
}

void SubmissionRates::make_room(Deadline now) {
  if (accounts_.size() < most_) return;
  std::erase_if(accounts_,
                [now](const auto& entry) { return now - entry.second.last >= 2 * k_hour; });
  if (accounts_.size() >= most_) accounts_.erase(accounts_.begin());
}

SubmissionRates::Verdict SubmissionRates::count(AccountId account, std::size_t recipients,
                                                const config::SubmissionSettings& limits,
                                                Deadline now) {
  if (!accounts_.contains(account)) make_room(now);
  auto [entry, is_new] = accounts_.try_emplace(account);
  Counts& counts = entry->second;
  if (is_new) counts.messages.start = counts.recipients.start = counts.burst.start = now;
  counts.messages.advance(now, k_hour);
  counts.recipients.advance(now, k_hour);
  counts.burst.advance(now, limits.burst_time);
  counts.last = now;
  auto more = static_cast<double>(recipients);
  if (counts.messages.sum(now, k_hour) + 1 > limits.messages_per_hour ||
      counts.recipients.sum(now, k_hour) + more > limits.recipients_per_hour) {
    return Verdict::refuse;
  }
  counts.messages.current += 1;
  counts.recipients.current += more;
  counts.burst.current += more;
  return counts.burst.sum(now, limits.burst_time) > limits.burst_recipients ? Verdict::hold
                                                                            : Verdict::pass;
}

}  // namespace peregrine::core
