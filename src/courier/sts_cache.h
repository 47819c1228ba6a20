#pragma once
// StsCache: the MTA-STS policies of domains (RFC 8461), asked for when mail goes there, fetched
// over HTTPS, and kept in memory for as long as they say. A domain that is never asked for costs
// nothing.

#include <map>
#include <optional>

#include "courier/targets.h"
#include "crypto/tls_client.h"
#include "net/gate.h"
#include "proto/sts/policy.h"

namespace peregrine::courier {

struct StsOptions {
  std::uint16_t port = 443;
  std::size_t most_domains = 10000;
  /// How long the answer about a domain, also that there is none, is used without asking again.
  std::chrono::milliseconds fresh = std::chrono::minutes(5);
};

class StsCache {
 public:
  /// `gate` and `client` must outlive it.
  StsCache(net::Gate& gate, const crypto::TlsClient& client, StsOptions options = {})
      : gate_(gate), client_(client), options_(options) {}

  /// The policy that holds for `domain` now; nothing when it has none or none can be had.
  net::Task<std::optional<sts::Policy>> find(TargetFinder& finder,
                                             std::shared_ptr<rpc::Channel> resolver,
                                             std::string domain);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string id;
    std::optional<sts::Policy> policy;
    Deadline expires{};
    Deadline asked{};
  };

  net::Task<std::optional<sts::Policy>> fetch(TargetFinder& finder, std::string domain);
  void keep(const std::string& domain, Entry entry);

  net::Gate& gate_;
  const crypto::TlsClient& client_;
  StsOptions options_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace peregrine::courier
