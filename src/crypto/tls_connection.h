#pragma once
// What a TlsConnection keeps, on either side. Internal to this module.

#include <memory>

#include "crypto/openssl_handles.h"
#include "crypto/tls.h"

namespace peregrine::crypto {

struct TlsConnection::Impl {
  std::shared_ptr<const void> kept;  // owners: the service or client, and its connections
  SslHandle ssl;
  bool broken = false;  // after a fatal error OpenSSL must not be asked for anything more
};

}  // namespace peregrine::crypto
