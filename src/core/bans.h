#pragma once
// Bans: networks that are turned away for a time. An offence is reported by whoever saw it; enough
// of them within an hour make a ban, each further one within a day is twice as long, and every ban
// ends by itself. An operator can add and lift them. The fronts read them in a table in shared
// memory (role/ban_table.h). Bounded, and forgotten when core starts anew.
//
// Never banned: loopback, smtp.trusted_networks, listen.proxy_from.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/settings.h"
#include "core/network.h"
#include "core/recent.h"
#include "role/ban_table.h"

namespace peregrine::core {

struct Ban {
  Deadline until;
  std::uint32_t times = 1;  ///< the how manieth within a day
  std::string reason;
  bool is_by_operator = false;
};

enum class BanError : std::uint8_t { not_an_address, exempt, too_long };

class Bans {
 public:
  static constexpr std::size_t k_most_bans = 4096;

  /// `settings` outlives it and may change meanwhile.
  explicit Bans(const config::Settings& settings) : settings_(settings) {}

  /// From now on the bans stand in `table` too.
  void publish_to(role::BanTable table);

  /// Returns whether this offence made a ban.
  bool report(std::string_view address, std::string_view reason, Deadline now);
  /// Of an operator. `span` zero: bans.time. Replaces a ban that there is.
  std::expected<void, BanError> add(std::string_view address, std::chrono::seconds span,
                                    Deadline now);
  /// Whether there was one. Its offences are forgotten too.
  std::expected<bool, BanError> lift(std::string_view address, Deadline now);

  [[nodiscard]] bool is_banned(std::string_view address, Deadline now) const;
  [[nodiscard]] const std::map<sys::SocketAddress, Ban>& list(Deadline now);

 private:
  struct Offences {
    std::uint32_t count = 0;
    Deadline hour_end;
    std::uint32_t bans = 0;
    Deadline day_end;  ///< until then `bans` counts
  };

  [[nodiscard]] bool is_exempt(const sys::SocketAddress& network, std::string_view address) const;
  void set(const sys::SocketAddress& network, Ban ban, Deadline now);
  void drop_ended(Deadline now);

  const config::Settings& settings_;
  std::optional<role::BanTable> table_;
  std::map<sys::SocketAddress, Ban> bans_;
  RecentMap<sys::SocketAddress, Offences> offences_{65536};
};

}  // namespace peregrine::core
