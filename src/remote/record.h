#pragma once
// What is remembered of other servers, at rest, as docs/format/remote.md describes it. Validated on
// every read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine::remote {

/// RFC 8461 section 3.3: 64 kilobytes are the suggested maximum of a policy.
inline constexpr std::size_t k_most_policy_bytes = kib(64);
/// RFC 8461 section 3.2: max_age has an upper limit of 31557600.
inline constexpr std::uint32_t k_most_max_age = 31'557'600;
/// RFC 8461 section 3.1: an id has 1 to 32 letters and digits.
inline constexpr std::size_t k_most_id_bytes = 32;

struct PolicyRecord {
  std::string id;
  UnixTime fetched;
  std::uint32_t max_age = 0;  ///< seconds
  Bytes text;                 ///< as the domain published it

  [[nodiscard]] UnixTime expires() const { return {fetched.seconds + max_age}; }
  bool operator==(const PolicyRecord&) const = default;
};

/// Whether it may be kept.
bool is_sound(const PolicyRecord& record);

/// RFC 8460 section 4.4. Never renumber: stored.
enum class PolicyType : std::uint8_t { sts = 1, tlsa = 2, none = 3 };
/// RFC 8460 section 4.3. Never renumber: stored.
enum class ResultType : std::uint8_t {
  success = 1,
  starttls_not_supported = 2,
  certificate_host_mismatch = 3,
  certificate_expired = 4,
  certificate_not_trusted = 5,
  validation_failure = 6,
  tlsa_invalid = 7,
  dnssec_invalid = 8,
  dane_required = 9,
  sts_policy_fetch_error = 10,
  sts_policy_invalid = 11,
  sts_webpki_invalid = 12,
};
std::optional<PolicyType> policy_type_of(std::uint64_t number);
std::optional<ResultType> result_type_of(std::uint64_t number);
/// As RFC 8460 writes them: "no-policy-found", "starttls-not-supported"; "success" for that.
std::string_view name_of(PolicyType type);
std::string_view name_of(ResultType type);

/// What is counted together.
struct ResultKey {
  std::uint32_t day = 0;  ///< since 1970-01-01, UTC
  std::string domain;
  PolicyType policy = PolicyType::none;
  ResultType result = ResultType::success;
  std::string receiving_mx;  ///< may be empty
  auto operator<=>(const ResultKey&) const = default;
};

/// A domain in lower-case A-labels.
bool is_domain(std::string_view text);
/// Empty, a host's name or an address.
bool is_host_or_empty(std::string_view text);

Bytes encode(const PolicyRecord& record);
/// Nothing when malformed or of a later version.
std::optional<PolicyRecord> decode_policy(BytesView bytes);
Bytes encode_count(std::uint64_t sessions);
std::optional<std::uint64_t> decode_count(BytesView bytes);

/// First byte of these keys in the system partition.
inline constexpr char k_key_prefix = 'r';
/// Second byte of a key. Never renumber: stored.
enum class KeyFamily : std::uint8_t { policy = 1, result = 2 };
/// All keys of the family are in [first, end).
Bytes first_key(KeyFamily family);
Bytes end_key(KeyFamily family);

Bytes policy_key(std::string_view domain);
std::optional<std::string> parse_policy_key(BytesView key);
Bytes result_key(const ResultKey& key);
std::optional<ResultKey> parse_result_key(BytesView key);
/// Where the keys of that day begin, and of one domain on it.
Bytes result_day(std::uint32_t day);
Bytes result_domain(std::uint32_t day, std::string_view domain);

}  // namespace peregrine::remote
