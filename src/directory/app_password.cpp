#include "directory/app_password.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/secret.h"
#include "crypto/hash.h"
#include "text/utf8.h"

namespace peregrine::directory {
namespace {

constexpr std::size_t k_max_name = 64;
constexpr std::size_t k_characters = 28;
constexpr std::size_t k_group = 4;
/// With spaces and hyphens, however many.
constexpr std::size_t k_longest_spelling = 64;

// 32 characters that nobody takes for one another.
constexpr std::string_view k_alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(k_alphabet.size() == 32);

constexpr std::array<std::pair<std::string_view, AppProtocols>, 3> k_protocols = {
    {{"imap", k_app_imap}, {"pop3", k_app_pop3}, {"submission", k_app_submission}}};

}  // namespace

AppProtocols app_protocol_of(Service service) {
  switch (service) {
    case Service::imap:
    case Service::imaps:
      return k_app_imap;
    case Service::pop3:
    case Service::pop3s:
      return k_app_pop3;
    case Service::submission:
    case Service::submissions:
      return k_app_submission;
    case Service::smtp:
    case Service::lmtp:
      break;
  }
  return 0;
}

std::string protocol_names(AppProtocols protocols) {
  std::string out;
  for (const auto& [name, bit] : k_protocols) {
    if ((protocols & bit) == 0) continue;
    if (!out.empty()) out += ',';
    out += name;
  }
  return out;
}

std::optional<AppProtocols> protocols_from_names(std::string_view names) {
  AppProtocols out = 0;
  while (true) {
    std::size_t comma = names.find(',');
    std::string_view name = names.substr(0, comma);
    auto found = std::ranges::find(k_protocols, name, &decltype(k_protocols)::value_type::first);
    if (found == k_protocols.end()) return std::nullopt;
    out |= found->second;
    if (comma == std::string_view::npos) return out;
    names.remove_prefix(comma + 1);
  }
}

bool is_app_password_name(std::string_view name) {
  auto is_printable = [](char c) { return (c & 0x80) != 0 || (c >= ' ' && c != '\x7f'); };
  return !name.empty() && name.size() <= k_max_name && text::is_valid_utf8(name) &&
         std::ranges::all_of(name, is_printable);
}

std::string make_app_password() {
  Bytes random = crypto::random_bytes(k_characters);
  std::string out;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i != 0 && i % k_group == 0) out += '-';
    out += k_alphabet[static_cast<unsigned char>(random[i]) % k_alphabet.size()];
  }
  explicit_bzero(random.data(), random.size());
  return out;
}

std::optional<Bytes> read_app_password(BytesView sent) {
  if (sent.size() > k_longest_spelling) return std::nullopt;
  Bytes out;
  out.reserve(k_longest_spelling);
  for (char c : sent) {
    if (c == ' ' || c == '-') continue;
    char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!k_alphabet.contains(lower)) return std::nullopt;
    out += lower;
  }
  if (out.size() != k_characters) return std::nullopt;
  return out;
}

AppPassword seal_app_password(std::string_view name, AppProtocols protocols, BytesView password) {
  AppPassword out;
  out.name = name;
  out.protocols = protocols;
  out.salt = crypto::random_bytes(k_app_password_salt);
  Bytes characters = read_app_password(password).value_or(Bytes());
  out.digest = crypto::view(crypto::hmac_sha256(out.salt, characters));
  out.created = wall_now();
  return out;
}

bool is_right(const AppPassword& stored, BytesView characters) {
  crypto::Digest digest = crypto::hmac_sha256(stored.salt, characters);
  return equal_in_constant_time(crypto::view(digest), stored.digest);
}

}  // namespace peregrine::directory
