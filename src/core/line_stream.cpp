#include "core/line_stream.h"

#include <utility>

#include "base/bytes.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_most_waiting = kib(256);

}  // namespace

LineStream::LineStream(net::Loop& loop, std::function<void(const Out&)> produce)
    : loop_(loop), event_(loop), thread_([this, produce = std::move(produce)] {
        produce([this](std::string_view line) { put(line); });
        std::lock_guard lock(mutex_);
        is_ended_ = true;
        tell();
      }) {}

LineStream::~LineStream() {
  abandon();
  thread_.join();
}

// With the mutex held.
void LineStream::tell() {
  if (std::exchange(is_told_, true)) return;
  loop_.post([this] { event_.notify(); });
}

void LineStream::put(std::string_view line) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return is_abandoned_ || bytes_ < k_most_waiting; });
  if (is_abandoned_) return;
  lines_.emplace_back(line);
  bytes_ += line.size();
  tell();
}

void LineStream::abandon() {
  std::lock_guard lock(mutex_);
  is_abandoned_ = true;
  room_.notify_all();
}

net::Task<std::vector<std::string>> LineStream::next() {
  static_cast<void>(co_await event_.wait(Deadline::max()));
  std::lock_guard lock(mutex_);
  is_told_ = false;
  bytes_ = 0;
  if (is_ended_ && !lines_.empty()) tell();
  room_.notify_all();
  co_return std::exchange(lines_, {});
}

}  // namespace peregrine::core
