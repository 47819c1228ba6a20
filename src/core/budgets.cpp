#include "core/budgets.h"

namespace peregrine::core {
namespace {

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return used < limit ? limit - used : 0;
}

/// What a worker says is not believed to be sensible: it stays where it is instead of wrapping.
void add(std::uint64_t& total, std::uint64_t more) {
  total = more > UINT64_MAX - total ? UINT64_MAX : total + more;
}

}  // namespace

Budgets::Answer Budgets::charge(const sys::SocketAddress& network, const Usage& used,
                                const config::LimitSettings& limits, Deadline now) {
  Hour& hour = hours_[network];
  if (hour.end <= now) hour = {.end = now + std::chrono::hours(1), .used = {}};
  Answer answer;
  answer.is_over = used.messages > left(limits.messages_per_address, hour.used.messages);
  if (!answer.is_over) add(hour.used.messages, used.messages);
  add(hour.used.recipients, used.recipients);
  add(hour.used.unknown_recipients, used.unknown_recipients);
  add(hour.used.bytes, used.bytes);
  answer.left = {.messages = left(limits.messages_per_address, hour.used.messages),
                 .recipients = left(limits.recipients_per_address, hour.used.recipients),
                 .unknown_recipients =
                     left(limits.unknown_recipients_per_address, hour.used.unknown_recipients),
                 .bytes = left(limits.bytes_per_address, hour.used.bytes)};
  return answer;
}

}  // namespace peregrine::core
