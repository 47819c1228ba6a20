#pragma once
// The commands of POP3 as values, made by grammar.h. Message numbers are as the client wrote them,
// at least 1: whether there is such a message is the session's to say.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/secret.h"

namespace peregrine::pop3 {

enum class Verb : std::uint8_t {
  unknown,
  user,
  pass,
  auth,
  stls,
  capa,
  stat,
  list,
  retr,
  dele,
  noop,
  rset,
  top,
  uidl,
  quit,
};

struct User {
  std::string name;
};
struct Pass {
  Secret password;
};
struct Auth {
  std::string mechanism;                   ///< upper case
  std::optional<Secret> initial_response;  ///< base64 as sent; "=" for an empty response
};
struct Stls {};
struct Capa {};
struct Stat {};
struct List {
  std::optional<std::uint32_t> message;  ///< none: all of them
};
struct Retr {
  std::uint32_t message = 0;
};
struct Dele {
  std::uint32_t message = 0;
};
struct Noop {};
struct Rset {};
struct Top {
  std::uint32_t message = 0;
  std::uint32_t lines = 0;
};
struct Uidl {
  std::optional<std::uint32_t> message;
};
struct Quit {};

using Command =
    std::variant<User, Pass, Auth, Stls, Capa, Stat, List, Retr, Dele, Noop, Rset, Top, Uidl, Quit>;

}  // namespace peregrine::pop3
