#pragma once
// Extensions: what a session offers in its answer to EHLO or LHLO. The same value goes to the
// grammar, so that a parameter works exactly when its extension was offered. Before EHLO, and after
// HELO, nothing is offered: a default-made value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/smtp/reply.h"

namespace peregrine::smtp {

/// RFC 9422 sections 4.1 and 4.2.
struct Limits {
  std::uint32_t messages = 0;    ///< MAILMAX, of a session
  std::uint32_t recipients = 0;  ///< RCPTMAX, of a message
};

/// RFC 4865 section 3: how far ahead a message may be held.
struct FutureRelease {
  std::uint32_t max_seconds = 0;
  std::int64_t max_time = 0;  ///< Unix seconds
};

struct Extensions {
  bool pipelining = false;                      ///< RFC 2920
  std::optional<std::uint64_t> max_size;        ///< RFC 1870 SIZE, in octets
  bool eight_bit_mime = false;                  ///< RFC 6152
  bool smtp_utf8 = false;                       ///< RFC 6531
  bool enhanced_status_codes = false;           ///< RFC 2034
  bool chunking = false;                        ///< RFC 3030
  bool binary_mime = false;                     ///< RFC 3030 section 3: only with chunking
  bool dsn = false;                             ///< RFC 3461
  bool per_recipient_replies = false;           ///< PRDR, draft-hall-prdr
  bool priority = false;                        ///< RFC 6710 MT-PRIORITY
  bool require_tls = false;                     ///< RFC 8689; within TLS alone
  std::optional<Limits> limits;                 ///< RFC 9422
  std::optional<FutureRelease> future_release;  ///< RFC 4865, submission
  bool deliver_by = false;                      ///< RFC 2852, submission
  bool start_tls = false;                       ///< RFC 3207; never within TLS
  std::vector<std::string> auth_mechanisms;     ///< RFC 4954; never in clear

  /// The keyword lines in the order in which they are sent.
  [[nodiscard]] std::vector<std::string> keywords() const;
};

/// What decides the offer of a session.
struct Offer {
  const std::vector<std::string>& disabled;  ///< keywords taken away by the operator
  bool is_lmtp = false;
  bool is_submission = false;
  bool is_encrypted = false;
  bool can_start_tls = false;
  std::uint64_t max_size = 0;
  Limits limits;
  std::int64_t now = 0;                      ///< Unix seconds
  std::vector<std::string> auth_mechanisms;  ///< that this session may use
};

Extensions make_offer(const Offer& offer);

/// 250 to EHLO or LHLO: our name, then one line an extension.
Reply hello_reply(std::string_view host, const Extensions& offered);

}  // namespace peregrine::smtp
