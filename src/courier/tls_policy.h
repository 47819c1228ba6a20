#pragma once
// What TLS a host must show before mail goes to it: the configuration first, then DANE (RFC 7672),
// then MTA-STS (RFC 8461). What cannot be known for want of an answer makes mail wait: nothing
// falls back to less.

#include <expected>

#include "courier/targets.h"
#include "courier/tls_need.h"
#include "proto/sts/policy.h"

namespace peregrine::courier {

/// How TLS is used for mail that takes this route (null: none).
config::OutboundTls tls_mode(const config::Settings& settings, const config::Route* route);

struct TlsQuestion {
  config::OutboundTls mode = config::OutboundTls::opportunistic;
  const Targets& targets;
  const TargetHost& host;
  const HostAddresses& addresses;
  const std::string& destination;
  const std::optional<sts::Policy>& policy;
  bool tls_optional = false;  ///< RFC 8689 section 4.2.2: the message's sender says so
};

/// `question` and what it refers to must outlive the task.
net::Task<std::expected<TlsNeed, TlsRefusal>> find_tls_need(std::shared_ptr<rpc::Channel> resolver,
                                                            const TlsQuestion& question);

}  // namespace peregrine::courier
