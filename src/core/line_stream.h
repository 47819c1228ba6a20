#pragma once
// LineStream: lines that a thread of its own makes and a coroutine sends on. The thread waits while
// the reader is behind; once the reader has gone, the rest is dropped as it is made.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "net/event.h"
#include "net/task.h"

namespace peregrine::core {

class LineStream {
 public:
  using Out = std::function<void(std::string_view)>;
  /// Starts `produce` on a thread; it ends by returning.
  LineStream(net::Loop& loop, std::function<void(const Out&)> produce);
  /// Call next() until it gives nothing before that: then there is no thread left to wait for.
  ~LineStream();
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  /// The lines that have come since; none at the end.
  net::Task<std::vector<std::string>> next();
  /// The reader has gone: nothing more is kept.
  void abandon();

 private:
  void put(std::string_view line);
  void tell();

  net::Loop& loop_;
  net::Event event_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<std::string> lines_;
  std::size_t bytes_ = 0;
  bool is_told_ = false;
  bool is_abandoned_ = false;
  bool is_ended_ = false;
  std::jthread thread_;
};

}  // namespace peregrine::core
