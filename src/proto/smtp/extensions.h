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

struct Extensions {
  bool pipelining = false;                   ///< RFC 2920
  std::optional<std::uint64_t> max_size;     ///< RFC 1870 SIZE, in octets
  bool eight_bit_mime = false;               ///< RFC 6152
  bool smtp_utf8 = false;                    ///< RFC 6531
  bool enhanced_status_codes = false;        ///< RFC 2034
  bool start_tls = false;                    ///< RFC 3207; never within TLS
  std::vector<std::string> auth_mechanisms;  ///< RFC 4954; never in clear

  /// The keyword lines in the order in which they are sent.
  [[nodiscard]] std::vector<std::string> keywords() const;
};

/// 250 to EHLO or LHLO: our name, then one line an extension.
Reply hello_reply(std::string_view host, const Extensions& offered);

}  // namespace peregrine::smtp
