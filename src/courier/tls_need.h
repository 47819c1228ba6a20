#pragma once
// TlsNeed: what a host must show of TLS before mail goes to it, as policy.cpp works it out from the
// configuration, DANE and MTA-STS.

#include <string>
#include <vector>

#include "api/queue.pb.h"
#include "courier/failure.h"
#include "crypto/tls_client.h"

namespace peregrine::courier {

enum class TlsUse : std::uint8_t { never, when_offered, always };

struct TlsNeed {
  TlsUse use = TlsUse::when_offered;
  crypto::TlsProof proof = crypto::TlsProof::none;
  /// Whom SNI and TLSA records name, when that is not the host itself.
  std::string server_name;
  std::vector<std::string> names;
  std::vector<crypto::DaneRecord> records;
  /// What stands behind a proof: "dane", "sts" or "verify"; empty without one.
  std::string reason;
  /// What the sessions count for in reports.
  api::TlsPolicyType policy = api::TLS_POLICY_NONE;
};

/// Why a host gets no mail before anything is asked of it, and what that counts for in reports.
struct TlsRefusal {
  Failure failure;
  api::TlsPolicyType policy = api::TLS_POLICY_NONE;
  api::TlsResultType result = api::TLS_RESULT_VALIDATION_FAILURE;
};

}  // namespace peregrine::courier
