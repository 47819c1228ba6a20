#include "core/scram.h"

#include <algorithm>
#include <optional>

#include "base/codec.h"
#include "base/result.h"
#include "core/network.h"
#include "crypto/hash.h"
#include "text/base64.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_server_nonce = 18;
constexpr std::chrono::seconds k_sweep_interval{5};

/// Of the key that makes what names without an account seem to have. Never renumber: the salts
/// would change.
enum class Purpose : std::uint8_t { domain = 1, salt = 2, stored_key = 3, server_key = 4 };

Bytes derive(BytesView key, Purpose purpose, std::uint8_t variant, BytesView subject) {
  Bytes input = Encoder().u8(static_cast<std::uint8_t>(purpose)).u8(variant).bytes(subject).take();
  return Bytes(crypto::view(crypto::hmac_sha256(key, input)));
}

/// RFC 5802 section 5.1: the client's nonce goes on with the server's.
Bytes server_first_message(const crypto::ScramKeys& keys, BytesView client_nonce) {
  Bytes out = "r=";
  out += client_nonce;
  out += text::base64_encode(crypto::random_bytes(k_server_nonce));
  out += ",s=" + text::base64_encode(keys.salt) + ",i=" + std::to_string(keys.iterations);
  return out;
}

/// What shares a bound; empty for this machine and for what is no address, which have none.
std::string bounded_network(const std::string& peer) {
  auto address = sys::SocketAddress::parse_ip(peer, 0);
  if (!address || address->is_loopback()) return {};
  return network_text(*network_of(peer));
}

}  // namespace

/// The account that the name would be of: a name without a domain and the address that it could
/// stand for have the same salt, as those of an account have.
std::string Scram::subject_of(BytesView login_name, BytesView key) const {
  std::string text(login_name);
  std::vector<std::string> domains = directory_.domains();
  if (!text.contains('@') && !domains.empty()) {
    auto folded = Address::parse(text + "@login.invalid");
    Bytes pick = derive(key, Purpose::domain, 0, folded ? folded->key() : text);
    text += '@' + domains[Decoder(pick).fixed32() % domains.size()];
  }
  auto address = Address::parse(text);
  return address ? address->key() : text;
}

std::expected<crypto::ScramKeys, AuthError> Scram::keys_for(const Attempt& attempt,
                                                            std::optional<AccountId> account) {
  auto key = directory_.salt_key();
  if (!key) return std::unexpected(AuthError::try_later);
  // The same work with and without an account: what is made up, and one read.
  std::string subject = subject_of(attempt.login_name, *key);
  auto variant = static_cast<std::uint8_t>(attempt.hash);
  std::size_t size = crypto::size_of(attempt.hash);
  crypto::ScramKeys made{
      attempt.hash, iterations_,
      derive(*key, Purpose::salt, variant, subject).substr(0, crypto::k_scram_salt),
      derive(*key, Purpose::stored_key, variant, subject).substr(0, size),
      derive(*key, Purpose::server_key, variant, subject).substr(0, size)};
  if (!account) {
    // In place of the account's record.
    static_cast<void>(directory_.salt_key());
    return made;
  }
  auto stored = directory_.credentials(*account);
  if (!stored) return std::unexpected(AuthError::try_later);
  auto found = std::ranges::find(stored->scram, attempt.hash, &crypto::ScramKeys::hash);
  return found == stored->scram.end() ? made : *found;
}

std::expected<Scram::Begun, AuthError> Scram::begin(const Subject& subject, const Attempt& attempt,
                                                    Deadline now) {
  if (auto earlier = by_connection_.find({subject.channel, subject.connection});
      earlier != by_connection_.end()) {
    end(exchanges_.find(earlier->second));
  }
  drop_expired(now);
  std::string prefix = bounded_network(subject.peer);
  auto of_peer = by_prefix_.find(prefix);
  if (exchanges_.size() >= k_most_scram ||
      (of_peer != by_prefix_.end() && of_peer->second >= k_most_scram_of_peer)) {
    return std::unexpected(AuthError::try_later);
  }
  std::optional<AccountId> account = directory_.find_login(attempt.login_name);
  TRY(crypto::ScramKeys keys, keys_for(attempt, account));
  Begun begun{.exchange = crypto::random_u64(),
              .server_first = server_first_message(keys, attempt.client_nonce)};
  Exchange exchange{.subject = subject,
                    .prefix = prefix,
                    .account = account,
                    .keys = std::move(keys),
                    .messages = attempt.client_first_bare + ',' + begun.server_first + ',',
                    .expires = now + k_scram_life};
  exchanges_.insert_or_assign(begun.exchange, std::move(exchange));
  by_connection_[{subject.channel, subject.connection}] = begun.exchange;
  if (!prefix.empty()) ++by_prefix_[prefix];
  return begun;
}

std::expected<Scram::Proved, AuthError> Scram::finish(std::uint64_t channel, std::uint64_t number,
                                                      BytesView client_final_without_proof,
                                                      BytesView proof, Deadline now) {
  auto found = exchanges_.find(number);
  if (found == exchanges_.end() || found->second.subject.channel != channel) {
    return std::unexpected(AuthError::bad_credentials);
  }
  Exchange exchange = found->second;
  end(found);
  if (exchange.expires <= now) return std::unexpected(AuthError::bad_credentials);
  Bytes auth_message = std::move(exchange.messages);
  auth_message += client_final_without_proof;
  bool is_right = crypto::check_scram_proof(exchange.keys, auth_message, proof);
  Bytes signature = crypto::scram_server_signature(exchange.keys, auth_message);
  if (!is_right || !exchange.account) return std::unexpected(AuthError::bad_credentials);
  // The password may have been changed, or the account removed, since begin().
  auto stored = directory_.credentials(*exchange.account);
  if (!stored || std::ranges::find(stored->scram, exchange.keys) == stored->scram.end()) {
    return std::unexpected(AuthError::bad_credentials);
  }
  return Proved{std::move(exchange.subject), *exchange.account, std::move(signature)};
}

void Scram::release_channel(std::uint64_t channel) {
  for (auto it = exchanges_.begin(); it != exchanges_.end();) {
    it = it->second.subject.channel == channel ? end(it) : std::next(it);
  }
}

Scram::Exchanges::iterator Scram::end(Exchanges::iterator exchange) {
  const Exchange& ending = exchange->second;
  by_connection_.erase({ending.subject.channel, ending.subject.connection});
  if (auto of_peer = by_prefix_.find(ending.prefix);
      of_peer != by_prefix_.end() && --of_peer->second == 0) {
    by_prefix_.erase(of_peer);
  }
  return exchanges_.erase(exchange);
}

void Scram::drop_expired(Deadline now) {
  if (now < next_sweep_ && exchanges_.size() < k_most_scram) return;
  next_sweep_ = now + k_sweep_interval;
  for (auto it = exchanges_.begin(); it != exchanges_.end();) {
    it = it->second.expires <= now ? end(it) : std::next(it);
  }
}

}  // namespace peregrine::core
