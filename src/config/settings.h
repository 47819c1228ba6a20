#pragma once
// Settings: every option of the server as a plain member, `settings.limits.message_size` being
// what the file calls `limits.message_size`. The members, with their defaults and texts, come from
// options.def, the one place where an option is declared. A Settings from parse.h has been checked
// as a whole and its paths are absolute; a default-constructed one lacks a host name and listeners.
// A plain value: copy, compare and hand it around freely.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "config/route.h"
#include "config/source.h"
#include "config/types.h"

namespace peregrine::config {

#define PEREGRINE_SECTION(name, Type, text) struct Type {
#define PEREGRINE_OPTION(section, member, Type, initial, rule, reload, text) Type member = initial;
#define PEREGRINE_SECTION_END(name, Type)       \
  bool operator==(const Type&) const = default; \
  }                                             \
  ;
#include "config/options.def"

struct Settings {
#define PEREGRINE_SECTION(name, Type, text) Type name;
#define PEREGRINE_OPTION(section, member, Type, initial, rule, reload, text)
#define PEREGRINE_SECTION_END(name, Type)
#include "config/options.def"

  bool operator==(const Settings&) const = default;
};

/// A socket to listen on.
struct Listener {
  Service service = Service::smtp;
  std::string ip;          ///< empty for a Unix socket
  std::uint16_t port = 0;  ///< with the offset added
  std::string path;        ///< of a Unix socket
  FileMode mode;           ///< of a Unix socket
  bool operator==(const Listener&) const = default;
};

/// All listeners, in the order of `Service`. A service without one does not exist.
std::vector<Listener> listeners(const Settings& settings);

/// How fast mail may go to one destination.
struct Pace {
  std::uint32_t connections = 0;
  std::uint32_t messages_per_minute = 0;  ///< from one source address; 0: any number
};
/// By outbound and the route that fits. `destination` is a domain in lower case, a literal, or the
/// next hop that an operator named.
Pace pace_of(const OutboundSettings& outbound, std::string_view destination);

/// The names of the options that differ and do not reload: what a reload cannot put into effect.
std::vector<std::string_view> restart_needed(const Settings& running, const Settings& loaded);

/// For handing to processes of the same build; not a format for the disk.
Bytes encode(const Settings& settings);

enum class DecodeError : std::uint8_t { malformed, other_build, out_of_range };

/// Reads what encode() wrote; every value is held to its rule again.
std::expected<Settings, DecodeError> decode(BytesView bytes);

}  // namespace peregrine::config
