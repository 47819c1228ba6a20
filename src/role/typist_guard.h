#pragma once
// TypistGuard: what a session does about a person at a terminal (V15, base/typist.h), whatever its
// protocol: the bytes of a client pass through it, its replies are told to it, and it decides by
// smtp.typists. It watches strangers in clear: telnet has no TLS, and a person with a program that
// has is not seen here.
//
//   framer_.feed(guard_.receive(client_.received(), framer_.has_buffered()));
//   if (guard_.has_to_go()) …                       // say so, and close
//   append(client_.out()); guard_.replied(client_.out());
//   co_await net::sleep_until(loop, deadline_in(guard_.take_pause()));   // before replies leave

#include <optional>

#include "base/typist.h"
#include "role/worker.h"

namespace peregrine::role {

enum class Watched : std::uint8_t {
  no,
  as_stranger,  ///< unless TLS, a loopback address, a trusted network or smtp.typists speak against
};

class TypistGuard {
 public:
  /// Both outlive it.
  TypistGuard(Worker& worker, const rpc::OpenConnection& facts, Watched watched);

  /// What is to be read of what came; `in_line`: a command has been begun before. Valid until the
  /// next call, as long as `received` is.
  BytesView receive(BytesView received, bool in_line);
  /// A typist was found for whom the policy has no patience. Once.
  [[nodiscard]] bool has_to_go() { return std::exchange(has_to_go_, false); }

  /// `out` ends with a line whose text may hold anything: where a telnet client takes the question
  /// out, and nobody else is asked.
  void replied(Bytes& out);
  /// The reply was something that a question would damage: a challenge, a list.
  void replied();
  /// How long the replies so far are to be held back.
  [[nodiscard]] std::chrono::milliseconds take_pause() { return std::exchange(pause_, {}); }

 private:
  void meet();

  Worker& worker_;
  const rpc::OpenConnection& facts_;
  std::optional<Typist> typist_;  ///< when watched
  Bytes bytes_;
  bool is_known_ = false;  ///< proven, and dealt with
  bool has_to_go_ = false;
  std::chrono::milliseconds pause_{0};
};

}  // namespace peregrine::role
