#pragma once
// Questions to the resolver. Every way in which there is no answer, a resolver that is away
// included, is one of the answer's statuses: a caller decides by status alone.

#include <memory>
#include <string>
#include <vector>

#include "api/resolver.pb.h"
#include "base/bytes.h"
#include "net/task.h"
#include "proto/dns/rdata.h"
#include "rpc/channel.h"

namespace peregrine::role {

struct DnsAnswer {
  api::DnsStatus status = api::DNS_FAILED;
  bool secure = false;         ///< validated by DNSSEC, also the denial of a name or a type
  std::vector<Bytes> records;  ///< rdata for the readers of proto/dns; only with DNS_OK
  std::uint32_t ttl = 0;       ///< seconds
  std::string canonical_name;  ///< where CNAMEs led, or empty
  std::string reason;          ///< for the log

  [[nodiscard]] bool has_records() const { return status == api::DNS_OK; }
  /// The name or its records are known not to be there.
  [[nodiscard]] bool is_denied() const {
    return status == api::DNS_NO_DATA || status == api::DNS_NO_NAME;
  }
};

/// `name` in A-labels without a trailing dot.
net::Task<DnsAnswer> lookup(std::shared_ptr<rpc::Channel> resolver, std::string name,
                            dns::Type type, Deadline deadline);

}  // namespace peregrine::role
