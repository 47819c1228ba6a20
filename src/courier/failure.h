#pragma once
// Failure: why something was not delivered, in the form in which core is told: for one recipient,
// one message, or a whole destination.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/smtp/server_reply.h"

namespace peregrine::courier {

enum class Gravity : std::uint8_t {
  temporary,  ///< try again later
  permanent,
  not_tried,  ///< our own side could not; as if nothing had been attempted
};

struct Failure {
  Gravity gravity = Gravity::temporary;
  std::uint16_t code = 0;  ///< of the remote's reply; 0 without one
  std::string status;      ///< RFC 3463
  std::string text;        ///< one line of printable ASCII
};

inline Failure temporary(std::string_view status, std::string text) {
  return {Gravity::temporary, 0, std::string(status), std::move(text)};
}
inline Failure permanent(std::string_view status, std::string text) {
  return {Gravity::permanent, 0, std::string(status), std::move(text)};
}
inline Failure not_tried(std::string text) {
  return {Gravity::not_tried, 0, "4.3.0", std::move(text)};
}

/// What a reply that is not the one hoped for says. RFC 5321 section 4.2.1: 5yz is for good; all
/// else, a misplaced 2yz or 3yz too, may be otherwise next time.
inline Failure failure_of(const smtp::ServerReply& reply) {
  if (reply.is_permanent()) {
    return {Gravity::permanent, reply.code, reply.status_text(), reply.diagnostic()};
  }
  bool is_temporary = reply.is_temporary();
  return {Gravity::temporary, reply.code, is_temporary ? reply.status_text() : "4.5.0",
          is_temporary ? reply.diagnostic() : "unexpected reply: " + reply.diagnostic()};
}

/// The same, but for another try: what a server says of a session or of itself, not of a message.
inline Failure temporary_of(const smtp::ServerReply& reply) {
  Failure out = failure_of(reply);
  if (out.gravity == Gravity::permanent) {
    out.gravity = Gravity::temporary;
    out.status[0] = '4';
  }
  return out;
}

}  // namespace peregrine::courier
