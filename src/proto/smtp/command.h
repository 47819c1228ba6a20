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
  bdat,
  rset,
  noop,
  quit,
  help,
  vrfy,
  expn,
  start_tls,
  auth,
};
inline constexpr std::size_t k_verb_count = static_cast<std::size_t>(Verb::auth) + 1;

/// HELO, EHLO and LHLO. The name is what the client claims, of letters, digits and "._:-" or a
/// bracketed literal; nothing is decided by it.
struct Hello {
  Verb verb;
  std::string name;
};

enum class BodyType : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };

/// RFC 3461 section 4.3: what a notification of failure returns.
enum class DsnReturn : std::uint8_t { unsaid, full, headers };

/// RFC 3461 section 4.1. All false: the client said nothing.
struct DsnNotify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;

  bool operator==(const DsnNotify&) const = default;
};

/// RFC 2852 section 4: what becomes of a message that is late.
struct DeliverBy {
  std::int32_t seconds = 0;  ///< from now; negative in mode "N" when it is late already
  bool is_return = false;    ///< "R": it goes back; else "N": the sender is told
  bool wants_trace = false;  ///< "T"
};

/// RFC 4865 section 3: not before.
struct HoldFor {
  std::uint32_t seconds = 0;
};
struct HoldUntil {
  std::int64_t time = 0;  ///< Unix seconds
};

struct MailFrom {
  std::optional<Address> sender;      ///< none for the null reverse-path "<>"
  std::optional<std::uint64_t> size;  ///< announced, in octets: never to allocate by
  BodyType body = BodyType::seven_bit;
  AllowUtf8 smtp_utf8 = AllowUtf8::no;
  bool spaced_path = false;  ///< spaces stood after the colon: wrong, common, tolerated
  DsnReturn dsn_return = DsnReturn::unsaid;
  std::string envelope_id;              ///< RFC 3461 ENVID, decoded: printable ASCII
  bool require_tls = false;             ///< RFC 8689
  std::optional<std::int8_t> priority;  ///< RFC 6710, -9 to 9
  bool per_recipient_replies = false;   ///< PRDR
  std::variant<std::monostate, HoldFor, HoldUntil> hold;
  std::optional<DeliverBy> deliver_by;
};

struct RcptTo {
  std::optional<Address> recipient;  ///< none for "<Postmaster>", RFC 5321 section 4.5.1
  bool spaced_path = false;
  DsnNotify notify;
  std::string original_recipient;  ///< RFC 3461 ORCPT, decoded: "rfc822;a@b.example"
};

/// RFC 3030 section 2: the command after whose line so many octets of the message follow.
struct Bdat {
  std::uint64_t size = 0;
  bool is_last = false;
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

using Command = std::variant<Hello, MailFrom, RcptTo, Data, Bdat, Rset, Noop, Quit, Help, Vrfy,
                             Expn, StartTls, Auth>;

}  // namespace peregrine::smtp
