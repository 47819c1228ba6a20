#pragma once
// TLS as a client: connections to other servers, TLS 1.2 and 1.3. No session outlives its
// connection, so that nothing learned from one destination is used for another. What the other end
// must prove is said for each connection: nothing, a name under the trust store, or a key that TLSA
// records name.
//
//   auto client = TlsClient::create(pem_of_authorities);
//   TlsConnection tls = client->connect({.host = "mx.example.org"}, fd);

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/tls.h"

namespace peregrine::crypto {

enum class TlsProof : std::uint8_t {
  none,  ///< any certificate; older keys and digests too, since the alternative is no TLS
  name,  ///< one for a name of `names`, from an authority of the trust store
  dane,  ///< one that a usable record of `records` matches
};

/// RFC 6698 section 2.1.
struct DaneRecord {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching = 0;
  Bytes data;
};
/// RFC 7672 section 3.1: only DANE-TA (2) and DANE-EE (3) mean something between mail servers.
bool is_usable(const DaneRecord& record);

struct TlsTarget {
  /// Who is asked for: sent as SNI unless it is an IP address.
  std::string host;
  TlsProof proof = TlsProof::none;
  /// The names that a certificate may be for, `host` not included unless listed. Also of `dane`
  /// with usage 2.
  std::vector<std::string> names;
  std::vector<DaneRecord> records;  ///< of TlsProof::dane: at least one usable
  std::string alpn;                 ///< offered when not empty
};

class TlsClient {
 public:
  /// `authorities_pem` may be empty: then no name can be proved. Certificates in it that cannot be
  /// read are left out.
  static std::expected<TlsClient, TlsSetupError> create(BytesView authorities_pem);
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;
  ~TlsClient();

  /// A connection that has yet to do its handshake, which fails when the proof does. `fd` stays the
  /// caller's and must outlive it.
  [[nodiscard]] TlsConnection connect(const TlsTarget& target, int fd) const;
  /// Authorities that were read.
  [[nodiscard]] std::size_t authorities() const;

 private:
  struct Impl;
  explicit TlsClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // owners: this and its connections
};

}  // namespace peregrine::crypto
