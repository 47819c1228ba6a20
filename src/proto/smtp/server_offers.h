#pragma once
// ServerOffers: what a server says in its answer to EHLO. Nothing of one connection state holds in
// the next: after STARTTLS it is read anew (V13).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/smtp/server_reply.h"

namespace peregrine::smtp {

struct ServerOffers {
  bool pipelining = false;                   ///< RFC 2920
  bool size = false;                         ///< RFC 1870
  std::uint64_t max_size = 0;                ///< its limit; 0: none was told
  bool eight_bit_mime = false;               ///< RFC 6152
  bool binary_mime = false;                  ///< RFC 3030
  bool chunking = false;                     ///< RFC 3030
  bool smtp_utf8 = false;                    ///< RFC 6531
  bool dsn = false;                          ///< RFC 3461
  bool start_tls = false;                    ///< RFC 3207
  bool require_tls = false;                  ///< RFC 8689
  bool enhanced_status = false;              ///< RFC 2034
  bool priority = false;                     ///< RFC 6710, MT-PRIORITY
  bool future_release = false;               ///< RFC 4865
  bool deliver_by = false;                   ///< RFC 2852
  std::uint64_t deliver_by_minimum = 0;      ///< seconds
  std::uint64_t most_messages = 0;           ///< RFC 9422 MAILMAX; 0: none was told
  std::uint64_t most_recipients = 0;         ///< RFC 9422 RCPTMAX; 0: none was told
  std::vector<std::string> auth_mechanisms;  ///< upper case, at most 32

  [[nodiscard]] bool has_auth(std::string_view mechanism) const;
};

/// Of a positive answer to EHLO. Keywords that are unknown or wrongly formed offer nothing.
ServerOffers read_offers(const ServerReply& reply);

}  // namespace peregrine::smtp
