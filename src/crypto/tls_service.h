#pragma once
// What a TlsService keeps, for its connections. Internal to this module.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "crypto/openssl_handles.h"
#include "crypto/tls.h"

namespace peregrine::crypto {

struct TlsService::Impl {
  struct Identity {
    ContextHandle context;
    Digest fingerprint;
  };
  // The callbacks of the contexts point here.
  struct Shared {
    std::string name;
    std::vector<std::string> alpn;
    std::vector<Identity> identities;
    std::map<std::string, std::size_t, std::less<>> by_name;
  };
  std::shared_ptr<Shared> shared;  // owners: the service and every connection made from it
};

}  // namespace peregrine::crypto
