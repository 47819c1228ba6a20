#pragma once
// POP3 responses: +OK and -ERR with their response codes, and the answer to CAPA. Like the replies
// of SMTP they are printable ASCII and at most 512 octets a line, whatever they were made from.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace peregrine::pop3 {

enum class Status : std::uint8_t { ok, err };

enum class ResponseCode : std::uint8_t {
  none,
  login_delay,  ///< RFC 2449 section 8.1.1
  in_use,       ///< RFC 2449 section 8.1.2
  sys_temp,     ///< RFC 3206 section 4
  sys_perm,     ///< RFC 3206 section 4
  auth,         ///< RFC 3206 section 5: the credentials are wrong
};

struct FixedResponse {
  Status status;
  ResponseCode code;
  std::string_view text;  ///< of static storage

  bool operator==(const FixedResponse&) const = default;
};

/// Appends the response as it goes on the wire: the first line, if more follow.
void append_response(const FixedResponse& response, Bytes& out);
void append_ok(std::string_view text, Bytes& out);

/// One line of a multi-line response that is not a message: LIST, UIDL.
void append_item(std::string_view text, Bytes& out);
/// The line that ends a multi-line response.
void append_end(Bytes& out);
/// "+ " and a challenge that is already in base64 (RFC 5034 section 4).
void append_challenge(std::string_view base64, Bytes& out);

/// RFC 2449 section 6. There is no IMPLEMENTATION: the program does not say what it is.
struct Capabilities {
  bool top = true;
  bool uidl = true;
  bool pipelining = true;
  bool user = false;                         ///< never in clear
  bool stls = false;                         ///< never within TLS
  std::vector<std::string> sasl_mechanisms;  ///< never in clear
};

/// The answer to CAPA, whole. Response codes are always listed.
void append_capabilities(const Capabilities& capabilities, Bytes& out);

// The fixed texts that clients see.
inline constexpr FixedResponse k_greeting{Status::ok, ResponseCode::none, "POP3 ready"};
inline constexpr FixedResponse k_ok{Status::ok, ResponseCode::none, "OK"};
inline constexpr FixedResponse k_goodbye{Status::ok, ResponseCode::none, "Goodbye"};
inline constexpr FixedResponse k_send_password{Status::ok, ResponseCode::none, "Send password"};
inline constexpr FixedResponse k_logged_in{Status::ok, ResponseCode::none, "Logged in"};
inline constexpr FixedResponse k_begin_tls{Status::ok, ResponseCode::none, "Begin TLS negotiation"};
inline constexpr FixedResponse k_deleted{Status::ok, ResponseCode::none, "Marked for deletion"};
inline constexpr FixedResponse k_message_follows{Status::ok, ResponseCode::none, "Message follows"};
inline constexpr FixedResponse k_list_follows{Status::ok, ResponseCode::none, "List follows"};

inline constexpr FixedResponse k_unknown_command{Status::err, ResponseCode::none,
                                                 "Command not recognized"};
inline constexpr FixedResponse k_bad_characters{Status::err, ResponseCode::none,
                                                "Invalid characters"};
inline constexpr FixedResponse k_bad_line_end{Status::err, ResponseCode::none,
                                              "Lines end with CR LF only"};
inline constexpr FixedResponse k_line_too_long{Status::err, ResponseCode::none, "Line too long"};
inline constexpr FixedResponse k_bad_arguments{Status::err, ResponseCode::none,
                                               "Invalid arguments"};
inline constexpr FixedResponse k_bad_number{Status::err, ResponseCode::none, "Invalid number"};
inline constexpr FixedResponse k_wrong_state{Status::err, ResponseCode::none,
                                             "Command not valid in this state"};
inline constexpr FixedResponse k_user_first{Status::err, ResponseCode::none, "Send USER first"};
inline constexpr FixedResponse k_tls_required{Status::err, ResponseCode::none,
                                              "Encryption required to log in"};
inline constexpr FixedResponse k_tls_active{Status::err, ResponseCode::none,
                                            "TLS is already active"};
inline constexpr FixedResponse k_no_such_message{Status::err, ResponseCode::none,
                                                 "No such message"};
inline constexpr FixedResponse k_unknown_mechanism{Status::err, ResponseCode::none,
                                                   "Unrecognized mechanism"};
inline constexpr FixedResponse k_auth_cancelled{Status::err, ResponseCode::none,
                                                "Authentication cancelled"};
inline constexpr FixedResponse k_auth_failed{Status::err, ResponseCode::auth,
                                             "Authentication failed"};
inline constexpr FixedResponse k_in_use{Status::err, ResponseCode::in_use,
                                        "Mailbox is in use by another session"};
inline constexpr FixedResponse k_local_error{Status::err, ResponseCode::sys_temp,
                                             "Local error, try again later"};
inline constexpr FixedResponse k_shutting_down{Status::err, ResponseCode::sys_temp,
                                               "Service is shutting down"};
inline constexpr FixedResponse k_no_interactive{Status::err, ResponseCode::none,
                                                "Interactive sessions are not allowed"};
inline constexpr FixedResponse k_session_revoked{Status::err, ResponseCode::auth,
                                                 "Account was removed or its password changed"};
inline constexpr FixedResponse k_too_many_errors{Status::err, ResponseCode::none,
                                                 "Too many errors"};
inline constexpr FixedResponse k_timeout{Status::err, ResponseCode::none,
                                         "Timed out waiting for the client"};
inline constexpr FixedResponse k_not_all_deleted{Status::err, ResponseCode::sys_temp,
                                                 "Some messages were not deleted"};

}  // namespace peregrine::pop3
