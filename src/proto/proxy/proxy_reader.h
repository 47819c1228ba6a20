#pragma once
// ProxyReader: the PROXY header at the start of a connection, taken without a byte too many.
//
//   ProxyReader reader;
//   while (reader.wants() > 0) reader.feed(read at most reader.wants() octets);
//   if (reader.status() == ProxyStatus::done) … reader.source()

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace peregrine::proxy {

enum class ProxyStatus : std::uint8_t { reading, done, malformed };

/// Where the client is that the proxy speaks for.
struct ProxySource {
  std::array<std::uint8_t, 16> ip{};
  std::size_t size = 0;  ///< 4 or 16
  std::uint16_t port = 0;
  bool operator==(const ProxySource&) const = default;
};

class ProxyReader {
 public:
  /// How many octets may be read next; 0 once the header is done or malformed.
  [[nodiscard]] std::size_t wants() const;
  /// `in`: at most wants() octets.
  void feed(BytesView in);

  [[nodiscard]] ProxyStatus status() const { return status_; }
  /// Of a header that is done; none when the proxy speaks for itself, as in a health check.
  [[nodiscard]] const std::optional<ProxySource>& source() const { return source_; }

 private:
  void look();
  void look_at_line();
  void look_at_block();

  Bytes header_;
  ProxyStatus status_ = ProxyStatus::reading;
  std::optional<ProxySource> source_;
};

}  // namespace peregrine::proxy
