#include "queue/srs.h"

#include <array>

#include "base/secret.h"
#include "crypto/hash.h"

namespace peregrine::queue {
namespace {

constexpr std::string_view k_tag_0 = "SRS0=";
constexpr std::string_view k_tag_1 = "SRS1=";
// Letters in one case: a local part may come back in another.
constexpr std::string_view k_digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t k_code_length = 8;  // 40 bits
constexpr std::size_t k_day_length = 2;   // days, modulo 1024
constexpr std::int64_t k_day_cycle = 1024;

std::string code_of(BytesView secret, std::string_view text) {
  crypto::Digest digest = crypto::hmac_sha256(secret, ascii_lower(text));
  std::string out;
  for (std::size_t i = 0; i < k_code_length; ++i) out.push_back(k_digits[digest.at(i) % 32]);
  return out;
}

std::int64_t day_of(UnixTime time) {
  return (time.seconds / 86400) % k_day_cycle;
}

std::string day_text(UnixTime time) {
  auto day = static_cast<std::size_t>(day_of(time));
  return {k_digits[day / 32], k_digits[day % 32]};
}

bool is_recent(std::string_view text, UnixTime now) {
  std::size_t high = k_digits.find(ascii_lower(text[0]));
  std::size_t low = k_digits.find(ascii_lower(text[1]));
  if (high == std::string_view::npos || low == std::string_view::npos) return false;
  std::int64_t age = day_of(now) - static_cast<std::int64_t>(high * 32 + low);
  if (age < 0) age += k_day_cycle;
  return age <= k_srs_days;
}

/// Cuts `text` at the first '='.
std::optional<std::string_view> take_field(std::string_view& text) {
  std::size_t end = text.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

std::optional<Address> at(std::string local, std::string_view domain) {
  // Local parts that need quotes are written with them, and no longer than RFC 5321 allows.
  std::string quoted = "\"";
  for (char c : local) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  quoted += "\"@";
  auto address = Address::parse(quoted.append(domain));
  if (!address) return std::nullopt;
  return *std::move(address);
}

bool is_code(std::string_view given, BytesView secret, std::string_view text) {
  return equal_in_constant_time(ascii_lower(given), code_of(secret, text));
}

std::optional<Address> restore_0(std::string_view rest, BytesView secret, UnixTime now) {
  auto code = take_field(rest);
  if (!code || !is_code(*code, secret, rest)) return std::nullopt;
  auto day = take_field(rest);
  auto domain = take_field(rest);
  if (!day || day->size() != k_day_length || !domain || !is_recent(*day, now)) return std::nullopt;
  return at(std::string(rest), *domain);
}

std::optional<Address> restore_1(std::string_view rest, BytesView secret, UnixTime now) {
  auto code = take_field(rest);
  if (!code || !is_code(*code, secret, rest)) return std::nullopt;
  auto day = take_field(rest);
  auto domain = take_field(rest);
  if (!day || day->size() != k_day_length || !domain || !is_recent(*day, now)) return std::nullopt;
  return at("SRS0" + std::string(rest), *domain);
}

}  // namespace

bool is_rewritten(const Address& address) {
  return istarts_with(address.local(), k_tag_0) || istarts_with(address.local(), k_tag_1);
}

std::optional<Address> rewrite_sender(const Address& sender, std::string_view domain,
                                      BytesView secret, UnixTime now) {
  const std::string& local = sender.local();
  std::string rest = day_text(now) + '=';
  std::string_view tag = k_tag_0;
  if (istarts_with(local, k_tag_0)) {
    // "SRS0=x" of another forwarder becomes "SRS1=…=forwarder==x": what is theirs stays as it is.
    tag = k_tag_1;
    rest += sender.domain() + '=' + local.substr(4);
  } else if (istarts_with(local, k_tag_1)) {
    std::string_view theirs = std::string_view(local).substr(k_tag_1.size());
    // The first forwarder and what it wrote stay; the code and the day between become ours.
    std::size_t original = theirs.find("==");
    std::size_t host =
        original == std::string_view::npos ? original : theirs.rfind('=', original - 1);
    if (original == std::string_view::npos || original == 0) return std::nullopt;
    tag = k_tag_1;
    std::string_view first = host == std::string_view::npos ? theirs : theirs.substr(host + 1);
    rest += first;
  } else {
    rest += sender.domain() + '=' + local;
  }
  return at(std::string(tag) + code_of(secret, rest) + '=' + rest, domain);
}

std::optional<Address> restore_sender(const Address& rewritten, BytesView secret, UnixTime now) {
  std::string_view local = rewritten.local();
  if (secret.empty()) return std::nullopt;
  if (istarts_with(local, k_tag_0)) return restore_0(local.substr(k_tag_0.size()), secret, now);
  if (istarts_with(local, k_tag_1)) return restore_1(local.substr(k_tag_1.size()), secret, now);
  return std::nullopt;
}

}  // namespace peregrine::queue
