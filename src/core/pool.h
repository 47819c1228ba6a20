#pragma once
// Pool: threads for what may not hold up core's loop: password hashing, reading and searching
// large contents. A job takes copies and gives a value; it never touches what lives on the loop.
//
//   auto verdict = co_await run_on(pool, [hash, password] { return check(hash, password); });

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "net/event.h"
#include "net/task.h"

namespace peregrine::core {

class Pool {
 public:
  Pool(net::Loop& loop, std::size_t threads);
  /// Waits for the jobs under way; those still queued are dropped.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void submit(std::function<void()> job);
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] std::size_t threads() const { return threads_.size(); }

 private:
  void work();

  net::Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

template <class Job>
net::Task<std::invoke_result_t<Job>> run_on(Pool& pool, Job job) {
  std::optional<std::invoke_result_t<Job>> result;
  net::Waiter* waiter = nullptr;
  // The frame is suspended until the posted half has run: both may refer to it.
  pool.submit([&result, &waiter, &job, &pool] {
    result.emplace(job());
    pool.loop().post([&waiter] { waiter->finish(net::WaitResult::ready); });
  });
  static_cast<void>(co_await net::WaitFor(pool.loop(), waiter, Deadline::max()));
  co_return std::move(*result);
}

}  // namespace peregrine::core
