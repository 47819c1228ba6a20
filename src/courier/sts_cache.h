#pragma once
// StsCache: the MTA-STS policies of domains (RFC 8461), asked for when mail goes there, fetched
// over HTTPS, and kept for as long as they say: by core on disk, so that they outlive this process,
// and here, to ask less. A domain that is never asked for costs nothing.

#include <expected>
#include <map>
#include <optional>
#include <string>

#include "api/queue.pb.h"
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

/// Whom a policy is asked of and given to.
struct StsLinks {
  std::shared_ptr<rpc::Channel> resolver;
  std::shared_ptr<rpc::Channel> core;
};

struct StsAnswer {
  std::optional<sts::Policy> policy;
  /// Why the newest policy could not be had, if it was asked for just now; for reports.
  api::TlsResultType failure = api::TLS_RESULT_UNSPECIFIED;
};

class StsCache {
 public:
  /// `gate` and `client` must outlive it.
  StsCache(net::Gate& gate, const crypto::TlsClient& client, StsOptions options = {})
      : gate_(gate), client_(client), options_(options) {}

  /// The policy that holds for `domain` now; nothing when it has none or none can be had. An error
  /// when core does not say whether it keeps one: then it is not known what holds.
  net::Task<std::expected<StsAnswer, Failure>> find(TargetFinder& finder, StsLinks links,
                                                    std::string domain);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string id;
    std::optional<sts::Policy> policy;
    Deadline expires{};
    Deadline asked{};
    Deadline fetched{};  ///< or tried to
  };
  [[nodiscard]] static bool is_aging(const Entry& entry);

  struct Fetched {
    Bytes text;
    sts::Policy policy;
  };

  net::Task<std::expected<Entry, Failure>> recall(std::shared_ptr<rpc::Channel> core,
                                                  std::string domain);
  net::Task<std::expected<Fetched, api::TlsResultType>> fetch(TargetFinder& finder,
                                                              std::string domain);
  void keep(const std::string& domain, Entry entry);

  net::Gate& gate_;
  const crypto::TlsClient& client_;
  StsOptions options_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace peregrine::courier
