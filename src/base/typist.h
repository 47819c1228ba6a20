#pragma once
// Typist: tells a person at a terminal from a mail program (V15). A telnet client that is used by
// lines sends exactly what a program sends, so it takes three steps: what gives itself away at once
// (a telnet command, the keys of a terminal); pace, which makes a client suspect and no more; and
// then proof: a suspect is asked for a TIMING-MARK within a reply, which every telnet client
// answers by itself and no mail program knows. A client that is not suspect is never asked: the
// question is not ASCII.
//
// Pure: it is told what came and when. One a session.

#include <chrono>
#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine {

class Typist {
 public:
  /// RFC 854 IAC DO, RFC 860 TIMING-MARK: to be put into a reply's text.
  static constexpr std::string_view k_question{"\xff\xfd\x06", 3};

  /// The client had been greeted, or had an answer; from now on it is its turn.
  void answered(Deadline now) { answered_ = now; }
  /// How long the client took for its first line, before the session began.
  void first_line_took(std::chrono::milliseconds time);

  /// What came, in one piece, while `in_line` says whether a line was begun before. Takes the
  /// answer to the question out of `bytes`.
  void receive(Bytes& bytes, bool in_line, Deadline now);

  /// Suspect, and not yet asked. The caller asks.
  [[nodiscard]] bool should_ask() const { return suspicion_ >= k_suspect && !is_asked_; }
  void asked() { is_asked_ = true; }
  /// It is a telnet client.
  [[nodiscard]] bool is_proven() const { return is_proven_; }

 private:
  static constexpr std::uint32_t k_suspect = 2;
  void take_answer(Bytes& bytes);

  Deadline answered_;
  Deadline last_piece_;
  std::uint32_t suspicion_ = 0;
  Bytes pending_;  ///< the octets of the answer at the end of what came
  bool is_asked_ = false;
  bool is_proven_ = false;
};

}  // namespace peregrine
