#pragma once
// Courier: what all jobs of the process share. Made once, before the sandbox; outlives every job.

#include <map>
#include <set>
#include <string>

#include "courier/address_use.h"
#include "courier/pacer.h"
#include "courier/session.h"
#include "courier/slots.h"
#include "courier/sts_cache.h"
#include "courier/transaction.h"
#include "role/worker.h"

namespace peregrine::courier {

/// Passwords for routes, by host and user: the lines of outbound.credentials.
using Credentials = std::map<std::pair<std::string, std::string>, std::string>;

/// Lines "host user password"; empty ones and those that begin with "#" are left out, as is one
/// with less than three words.
Credentials read_credentials(BytesView text);

class Job;

class Courier {
 public:
  /// `worker` must outlive it.
  Courier(role::Worker& worker, crypto::TlsClient client, Credentials credentials,
          StsOptions sts_options = {})
      : worker(worker),
        client(std::move(client)),
        credentials(std::move(credentials)),
        slots(worker.loop()),
        sts(worker.gate(), this->client, sts_options) {}
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  [[nodiscard]] const config::OutboundSettings& outbound() const {
    return worker.settings().outbound;
  }

  role::Worker& worker;
  crypto::TlsClient client;
  Credentials credentials;
  Slots slots;
  Pacer pacer;
  AddressUse address_use;
  ConversionRoom conversion_room;
  StsCache sts;
  Timeouts timeouts;
  std::set<Job*> jobs;  ///< those that run; each enters and leaves by itself
  /// How long a connection is kept for more mail to the same place.
  std::chrono::milliseconds idle = std::chrono::seconds(5);
  /// Between two tries to reach core.
  std::chrono::milliseconds core_pause = std::chrono::seconds(1);
};

}  // namespace peregrine::courier
