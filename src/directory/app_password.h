#pragma once
// AppPassword: a password of an account for one device or program: made here and never chosen,
// good for some protocols only, revoked without touching the others. It has 140 random bits, so
// that a keyed hash is enough where a chosen password needs Argon2id, and SCRAM is not offered for
// it: a client that can keep such a password needs no proof that hides it inside TLS.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "model/service.h"

namespace peregrine::directory {

/// A set of protocols, a bit each. Never renumber: stored.
using AppProtocols = std::uint32_t;
inline constexpr AppProtocols k_app_imap = 1;
inline constexpr AppProtocols k_app_pop3 = 2;
inline constexpr AppProtocols k_app_submission = 4;
inline constexpr AppProtocols k_all_app_protocols = k_app_imap | k_app_pop3 | k_app_submission;

/// The bit of a service; none for those that have no login.
AppProtocols app_protocol_of(Service service);
/// "imap,submission"
std::string protocol_names(AppProtocols protocols);
/// The opposite; nothing for an empty list and for a name that is none.
std::optional<AppProtocols> protocols_from_names(std::string_view names);

struct AppPassword {
  std::string name;  ///< see is_app_password_name()
  AppProtocols protocols = 0;
  Bytes salt;
  Bytes digest;
  UnixTime created;
  UnixTime last_used;  ///< zero: never
};

inline constexpr std::size_t k_app_password_salt = 16;
inline constexpr std::size_t k_most_app_passwords = 32;  ///< of an account
/// What a time of last use is exact to, in seconds.
inline constexpr std::int64_t k_use_resolution = 3600;

/// 1 to 64 bytes of UTF-8 without control characters.
bool is_app_password_name(std::string_view name);

/// A new password, as the user gets to see it: "abcd-efgh-…", 28 letters and digits.
std::string make_app_password();
/// The 28 characters of what a client sent, however it is spaced and cased; nothing when it cannot
/// be an app password.
std::optional<Bytes> read_app_password(BytesView sent);

/// Makes the record of a password that make_app_password() made.
AppPassword seal_app_password(std::string_view name, AppProtocols protocols, BytesView password);
/// `characters`: of read_app_password(). In constant time.
bool is_right(const AppPassword& stored, BytesView characters);

}  // namespace peregrine::directory
