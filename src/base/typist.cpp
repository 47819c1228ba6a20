#include "base/typist.h"

namespace peregrine {
namespace {

using namespace std::chrono_literals;

// A mail program sends its EHLO as soon as it has the greeting, and each command in one write.
constexpr std::chrono::milliseconds k_slow_first_line = 3s;
constexpr std::chrono::milliseconds k_slow_command = 1s;
constexpr std::chrono::milliseconds k_between_keys = 200ms;

constexpr char k_interpret = '\xff';
constexpr char k_will = '\xfb';
constexpr char k_wont = '\xfc';
constexpr char k_timing_mark = '\x06';

/// Whether `c` may stand at `place` of the answer.
bool is_next(std::size_t place, char c) {
  if (place == 0) return c == k_interpret;
  if (place == 1) return c == k_will || c == k_wont;
  return c == k_timing_mark;
}

}  // namespace

void Typist::first_line_took(std::chrono::milliseconds time) {
  if (time >= k_slow_first_line) ++suspicion_;
}

void Typist::receive(Bytes& bytes, bool in_line, Deadline now) {
  if (in_line) {
    // The rest of a line that was begun: a segment boundary, or the next key.
    if (now - last_piece_ >= k_between_keys) ++suspicion_;
  } else if (now - answered_ >= k_slow_command) {
    ++suspicion_;
  }
  last_piece_ = now;
  if (is_asked_ && !is_proven_) take_answer(bytes);
}

/// RFC 860: IAC WILL or WONT TIMING-MARK, which the client sends as soon as it reads the question.
void Typist::take_answer(Bytes& bytes) {
  Bytes rest;
  rest.reserve(bytes.size() + pending_.size());
  for (char c : bytes) {
    if (!is_proven_ && is_next(pending_.size(), c)) {
      pending_ += c;
      if (pending_.size() < 3) continue;
      is_proven_ = true;
      pending_.clear();
      continue;
    }
    // It was something else.
    rest += pending_;
    pending_.clear();
    if (!is_proven_ && is_next(0, c)) {
      pending_ += c;
    } else {
      rest += c;
    }
  }
  bytes = std::move(rest);
}

}  // namespace peregrine
