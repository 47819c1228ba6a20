#include "greylist/record.h"

#include <arpa/inet.h>

#include "base/codec.h"
#include "crypto/hash.h"

namespace peregrine::greylist {
namespace {

constexpr std::uint8_t k_version = 1;
/// Second byte of a key. Never renumber: stored.
constexpr std::uint8_t k_triplets = 1;
constexpr std::size_t k_digest_size = 16;
constexpr std::size_t k_network_v4 = 3;
constexpr std::size_t k_network_v6 = 8;

}  // namespace

std::optional<Bytes> network_of(std::string_view ip) {
  std::string copy(ip);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  std::array<char, sizeof(in6_addr)> raw{};
  if (::inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) return Bytes(raw.data(), k_network_v4);
  if (::inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return Bytes(raw.data(), k_network_v6);
  return std::nullopt;
}

Bytes encode(const Record& record) {
  Encoder out;
  out.u8(k_version);
  out.fixed64(static_cast<std::uint64_t>(record.first.seconds));
  out.fixed64(static_cast<std::uint64_t>(record.expires.seconds));
  out.boolean(record.has_passed);
  return out.take();
}

std::optional<Record> decode(BytesView bytes) {
  Decoder in(bytes);
  Record out;
  if (in.u8() != k_version) return std::nullopt;
  out.first.seconds = static_cast<std::int64_t>(in.fixed64());
  out.expires.seconds = static_cast<std::int64_t>(in.fixed64());
  out.has_passed = in.boolean();
  if (!in.done() || out.expires < out.first) return std::nullopt;
  return out;
}

Bytes key_of(const Triplet& triplet) {
  Encoder fields;
  fields.bytes(triplet.network).bytes(triplet.sender_domain).bytes(triplet.recipient);
  crypto::Digest digest = crypto::sha256(fields.view());
  return first_key().append(crypto::view(digest).substr(0, k_digest_size));
}

Bytes first_key() {
  return {k_key_prefix, static_cast<char>(k_triplets)};
}

Bytes end_key() {
  return {k_key_prefix, static_cast<char>(k_triplets + 1)};
}

}  // namespace peregrine::greylist
