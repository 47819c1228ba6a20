#include "remote/record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/codec.h"
#include "model/address.h"

namespace peregrine::remote {
namespace {

constexpr std::uint8_t k_version = 1;
constexpr std::size_t k_longest_name = 255;

// In the order of their numbers.
constexpr std::array<std::string_view, 3> k_policy_names{"sts", "tlsa", "no-policy-found"};
constexpr std::array<std::string_view, 12> k_result_names{"success",
                                                          "starttls-not-supported",
                                                          "certificate-host-mismatch",
                                                          "certificate-expired",
                                                          "certificate-not-trusted",
                                                          "validation-failure",
                                                          "tlsa-invalid",
                                                          "dnssec-invalid",
                                                          "dane-required",
                                                          "sts-policy-fetch-error",
                                                          "sts-policy-invalid",
                                                          "sts-webpki-invalid"};

bool is_letter_or_digit(char c) {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

Bytes family(KeyFamily which) {
  return {k_key_prefix, static_cast<char>(std::to_underlying(which))};
}

}  // namespace

bool is_sound(const PolicyRecord& record) {
  return !record.id.empty() && record.id.size() <= k_most_id_bytes &&
         std::ranges::all_of(record.id, is_letter_or_digit) && record.max_age <= k_most_max_age &&
         record.text.size() <= k_most_policy_bytes;
}

std::optional<PolicyType> policy_type_of(std::uint64_t number) {
  if (number == 0 || number > k_policy_names.size()) return std::nullopt;
  return static_cast<PolicyType>(number);
}

std::optional<ResultType> result_type_of(std::uint64_t number) {
  if (number == 0 || number > k_result_names.size()) return std::nullopt;
  return static_cast<ResultType>(number);
}

std::string_view name_of(PolicyType type) {
  return k_policy_names.at(std::to_underlying(type) - 1U);
}

std::string_view name_of(ResultType type) {
  return k_result_names.at(std::to_underlying(type) - 1U);
}

bool is_domain(std::string_view text) {
  if (text.size() > k_longest_name) return false;
  auto canonical = canonical_domain(text);
  return canonical && *canonical == text;
}

bool is_host_or_empty(std::string_view text) {
  return text.size() <= k_longest_name && std::ranges::all_of(text, [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == ':';
         });
}

Bytes encode(const PolicyRecord& record) {
  Encoder out;
  out.u8(k_version).bytes(record.id);
  out.fixed64(static_cast<std::uint64_t>(record.fetched.seconds));
  out.fixed32(record.max_age).bytes(record.text);
  return out.take();
}

std::optional<PolicyRecord> decode_policy(BytesView bytes) {
  Decoder in(bytes);
  PolicyRecord out;
  if (in.u8() != k_version) return std::nullopt;
  out.id = in.bytes(k_most_id_bytes);
  out.fetched.seconds = static_cast<std::int64_t>(in.fixed64());
  out.max_age = in.fixed32();
  out.text = in.bytes(k_most_policy_bytes);
  // A time far out would overflow in expires().
  bool is_time = out.fetched.seconds >= 0 && out.fetched.seconds < (std::int64_t{1} << 40U);
  if (!in.done() || !is_time || !is_sound(out)) return std::nullopt;
  return out;
}

Bytes encode_count(std::uint64_t sessions) {
  Encoder out;
  out.u8(k_version).varint(sessions);
  return out.take();
}

std::optional<std::uint64_t> decode_count(BytesView bytes) {
  Decoder in(bytes);
  if (in.u8() != k_version) return std::nullopt;
  std::uint64_t sessions = in.varint();
  if (!in.done()) return std::nullopt;
  return sessions;
}

Bytes first_key(KeyFamily which) {
  return family(which);
}

Bytes end_key(KeyFamily which) {
  Bytes out = family(which);
  ++out.back();
  return out;
}

Bytes policy_key(std::string_view domain) {
  return family(KeyFamily::policy).append(domain);
}

std::optional<std::string> parse_policy_key(BytesView key) {
  if (!key.starts_with(family(KeyFamily::policy))) return std::nullopt;
  std::string domain(key.substr(2));
  if (!is_domain(domain)) return std::nullopt;
  return domain;
}

Bytes result_day(std::uint32_t day) {
  Encoder out;
  out.raw(family(KeyFamily::result)).fixed32(day);
  return out.take();
}

Bytes result_domain(std::uint32_t day, std::string_view domain) {
  Encoder out;
  out.raw(result_day(day)).bytes(domain);
  return out.take();
}

Bytes result_key(const ResultKey& key) {
  Encoder out;
  out.raw(result_domain(key.day, key.domain));
  out.u8(std::to_underlying(key.policy)).u8(std::to_underlying(key.result)).raw(key.receiving_mx);
  return out.take();
}

std::optional<ResultKey> parse_result_key(BytesView key) {
  if (!key.starts_with(family(KeyFamily::result))) return std::nullopt;
  Decoder in(key.substr(2));
  ResultKey out;
  out.day = in.fixed32();
  out.domain = in.bytes(k_longest_name);
  auto policy = policy_type_of(in.u8());
  auto result = result_type_of(in.u8());
  out.receiving_mx = in.rest();
  if (!in.ok() || !policy || !result) return std::nullopt;
  out.policy = *policy;
  out.result = *result;
  if (!is_domain(out.domain) || !is_host_or_empty(out.receiving_mx)) return std::nullopt;
  return out;
}

}  // namespace peregrine::remote
