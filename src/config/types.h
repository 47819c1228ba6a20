#pragma once
// The value types of options. Each has one spelling in the configuration file; value.h reads,
// writes, encodes and checks them. An option's C++ type decides its kind: std::uint64_t (Size) is
// bytes and std::uint32_t is a plain number.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/log.h"
#include "model/service.h"

namespace peregrine::config {

using Size = std::uint64_t;                  ///< bytes; "50 MiB"
using Duration = std::chrono::milliseconds;  ///< "60 s", "5 min", "90 days"

/// How many processes a role has: a number, or "auto" for one a core.
struct ProcessCount {
  std::uint32_t value = 0;  ///< 0: auto
  /// The number itself, or `cores` (at least 1) when automatic.
  [[nodiscard]] constexpr std::uint32_t resolve(std::uint32_t cores) const {
    if (value != 0) return value;
    return cores == 0 ? 1 : cores;
  }
  bool operator==(const ProcessCount&) const = default;
};

/// Permission bits of a file; "0660".
struct FileMode {
  std::uint32_t bits = 0;
  bool operator==(const FileMode&) const = default;
};

/// Where a service listens; "192.0.2.1", "[2001:db8::1]:2525".
struct ListenAddress {
  std::string ip;          ///< IPv4 or IPv6 in canonical text, without brackets
  std::uint16_t port = 0;  ///< 0: the service's standard port plus listen.port_offset
  bool operator==(const ListenAddress&) const = default;
};

/// The addresses that share their first `bits` bits; "192.0.2.0/24", "2001:db8::/32", "192.0.2.1".
struct Network {
  std::string ip;  ///< canonical text, the bits behind the first `bits` all zero
  std::uint8_t bits = 0;
  bool operator==(const Network&) const = default;
};

/// A DNS list and what a listing in it weighs; "zen.example.org 5".
struct DnsList {
  std::string zone;
  int weight = 0;
  bool operator==(const DnsList&) const = default;
};
inline constexpr int k_max_list_weight = 1000;
/// Reads an entry of junk.dns_lists.
std::optional<DnsList> parse_dns_list(std::string_view text);

/// A certificate chain and its private key, both PEM files.
struct Certificate {
  std::string chain;
  std::string key;
  bool operator==(const Certificate&) const = default;
};

/// Never renumber any of these: sent between processes, and in the order of their words below.
enum class TlsVersion : std::uint8_t { tls_1_2 = 0, tls_1_3 = 1 };
enum class PasswordPolicy : std::uint8_t { refuse = 0, warn = 1 };
/// How mail leaves. `verify`: the certificate is for the host that was asked for, by a trusted
/// authority. `dane`: TLSA records under DNSSEC decide, and mail waits when there are none.
enum class OutboundTls : std::uint8_t {
  none = 0,
  opportunistic = 1,
  encrypt = 2,
  verify = 3,
  dane = 4,
};

/// What happens to a person who types at a mail port.
enum class TypistPolicy : std::uint8_t { close = 0, delay = 1, log = 2, allow = 3 };

inline constexpr std::string_view k_tls_versions[] = {"1.2", "1.3"};
inline constexpr std::string_view k_password_policies[] = {"refuse", "warn"};
inline constexpr std::string_view k_typist_policies[] = {"close", "delay", "log", "allow"};
inline constexpr std::string_view k_outbound_tls[] = {"none", "opportunistic", "encrypt", "verify",
                                                      "dane"};
inline constexpr std::string_view k_log_formats[] = {"text", "json"};
inline constexpr std::string_view k_log_levels[] = {"debug", "info", "warning", "error"};

/// The extensions that each protocol's option `disabled_extensions` can take away.
inline constexpr std::string_view k_smtp_extensions[] = {
    "8BITMIME", "BINARYMIME",  "CHUNKING",   "DELIVERBY", "DSN",        "FUTURERELEASE",
    "LIMITS",   "MT-PRIORITY", "PIPELINING", "PRDR",      "REQUIRETLS", "SMTPUTF8"};
inline constexpr std::string_view k_imap_extensions[] = {
    "APPENDLIMIT", "BINARY",        "CONDSTORE",   "ESEARCH",  "ID",
    "IDLE",        "LIST-EXTENDED", "LIST-STATUS", "LITERAL+", "MOVE",
    "MULTIAPPEND", "NAMESPACE",     "OBJECTID",    "QRESYNC",  "SEARCHRES",
    "SPECIAL-USE", "STATUS=SIZE",   "UIDPLUS",     "UNSELECT"};
inline constexpr std::string_view k_pop3_extensions[] = {"PIPELINING", "TOP", "UIDL", "UTF8"};

/// True when one of `networks` holds the address `ip`, which is canonical text; never for what is
/// no address. An IPv4 address is in no IPv6 network.
bool contains(const std::vector<Network>& networks, std::string_view ip);

/// True when `word` (in its upper-case spelling) is in `words`.
bool has_word(const std::vector<std::string>& words, std::string_view word);

}  // namespace peregrine::config
