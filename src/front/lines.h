#pragma once
// The few lines that front itself says to a client, by service: the greeting, and why a connection
// cannot be served. They name no product and no version.

#include <cstdint>
#include <string>
#include <string_view>

#include "model/service.h"

namespace peregrine::front {

enum class Refusal : std::uint8_t {
  too_many,
  no_worker,
  stopping,
  too_slow,
  early_talk,
  banned,
  foreign
};

/// With its CRLF.
std::string greeting(Service service, std::string_view hostname);
/// RFC 5321 section 4.2.1: the lines of a reply but for the last; empty where the protocol has
/// none.
std::string greeting_start(Service service, std::string_view hostname);
std::string refusal_line(Service service, Refusal refusal);

/// The role that speaks the service's protocol first.
Role first_role(Service service);

}  // namespace peregrine::front
