#pragma once
// The commands of SMTP (RFC 5321), submission and LMTP (RFC 2033) as values, made by grammar.h.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/secret.h"
#include "model/address.h"

namespace peregrine::smtp {

enum class Verb : std::uint8_t {
  unknown,
  helo,
  ehlo,
  lhlo,
  mail,
  rcpt,
  data,
  rset,
  noop,
  quit,
  help,
  vrfy,
  expn,
  start_tls,
  auth,
};

/// HELO, EHLO and LHLO. The name is what the client claims, of letters, digits and "._:-" or a
/// bracketed literal; nothing is decided by it.
struct Hello {
  Verb verb;
  std::string name;
};

enum class BodyType : std::uint8_t { seven_bit, eight_bit_mime };

struct MailFrom {
  std::optional<Address> sender;      ///< none for the null reverse-path "<>"
  std::optional<std::uint64_t> size;  ///< announced, in octets: never to allocate by
  BodyType body = BodyType::seven_bit;
  AllowUtf8 smtp_utf8 = AllowUtf8::no;
  bool spaced_path = false;  ///< spaces stood after the colon: wrong, common, tolerated
};

struct RcptTo {
  std::optional<Address> recipient;  ///< none for "<Postmaster>", RFC 5321 section 4.5.1
  bool spaced_path = false;
};

struct Auth {
  std::string mechanism;                   ///< upper case
  std::optional<Secret> initial_response;  ///< base64 as sent; "=" for an empty response
};

struct Data {};
struct Rset {};
struct Noop {};
struct Quit {};
struct Help {};
struct Vrfy {};  ///< the argument is not kept: every answer is the same
struct Expn {};
struct StartTls {};

using Command =
    std::variant<Hello, MailFrom, RcptTo, Data, Rset, Noop, Quit, Help, Vrfy, Expn, StartTls, Auth>;

}  // namespace peregrine::smtp
