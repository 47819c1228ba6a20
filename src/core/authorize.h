#pragma once
// authorize: may this caller make this call? The one function that core asks on every call, with
// its one table, the rows of api/methods.h. A method without a row does not exist; a role that the
// row does not name is refused before the request is decoded.

#include <cstdint>

#include "api/methods.h"

namespace peregrine::core {

/// The other end of a channel. The supervisor fixed its role when it made the socket pair.
struct Caller {
  Role role = Role::mx;
  std::uint64_t channel = 0;  ///< unique over the life of core
};

/// Whether a call acts for a session: then the session must be this channel's own.
enum class Subject : std::uint8_t { role_alone, session };

constexpr bool may_call(Role role, std::uint16_t method) {
  return (api::roles_of(method) & api::role_bit(role)) != 0;
}

/// A service that accounts log in to.
constexpr bool is_login_service(std::uint32_t service) {
  return service >= static_cast<std::uint32_t>(Service::submission) &&
         service <= static_cast<std::uint32_t>(Service::pop3s);
}

/// A request message acts for a session when it names one.
template <class Request>
constexpr Subject subject_of() {
  if constexpr (requires(const Request& request) { request.session(); }) return Subject::session;
  return Subject::role_alone;
}

}  // namespace peregrine::core
