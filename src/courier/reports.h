#pragma once
// Reports: what happened to each recipient, told to core before anything more is sent, and to the
// log: one event a fact.

#include "api/client.h"
#include "courier/courier.h"
#include "courier/transaction.h"

namespace peregrine::courier {

/// Where an attempt went.
struct Place {
  std::string host;  ///< empty when nobody was reached
  std::string address;
  std::string tls;
};

/// Of one recipient whose state is settled, at `place`.
api::RecipientReport make_report(const api::LeasedMessage& message, std::size_t recipient,
                                 const RecipientState& state, const Place& place);

/// courier.delivered, courier.deferred or courier.failed.
void log_report(const api::LeasedMessage& message, std::size_t recipient,
                const std::string& destination, const api::RecipientReport& report);

/// Makes the call, again and again while core is away: what was delivered must not be forgotten.
/// False when core refused it or stayed away.
net::Task<bool> send_report(Courier& courier, api::ReportRequest request);

}  // namespace peregrine::courier
