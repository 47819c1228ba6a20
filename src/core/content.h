#pragma once
// Content: a message that a worker sends, checked before any of it is used (V09). The worker is
// hostile: lengths are held against the sizes that are there, the memfd against its seals, and the
// summary against the raw message.

#include "core/call.h"
#include "crypto/hash.h"
#include "mail/accounts.h"
#include "sys/memfd.h"

namespace peregrine::core {

/// What a message may be larger than limits.message_size: fields that the receiver adds.
inline constexpr std::size_t k_trace_allowance = kib(64);

class Content {
 public:
  /// `malformed` for what no honest worker sends, `limit` for a message that is too large.
  static Answer<Content> open(api::Content&& content, sys::Fd descriptor,
                              std::uint64_t message_size);

  [[nodiscard]] BytesView raw() const { return raw_; }
  /// Up to and with the blank line, as the summary says.
  [[nodiscard]] std::uint64_t header_size() const { return header_size_; }
  /// Octets at the start of raw() that do not leave this server.
  [[nodiscard]] std::uint64_t return_path_size() const { return return_path_size_; }
  /// `digest`: the SHA-256 of raw(). Borrows this.
  [[nodiscard]] mail::NewMessage message(const crypto::Digest& digest, UnixTime date) const;

 private:
  Content() = default;

  // The views below point into one of the two.
  std::unique_ptr<api::Content> inline_;
  sys::SealedMapping mapping_;
  BytesView summary_;
  BytesView raw_;
  Bytes search_text_;
  std::uint64_t header_size_ = 0;
  std::uint64_t return_path_size_ = 0;
};

/// SHA-256 of the raw message; of a large one on a pool. `content` outlives the task.
net::Task<crypto::Digest> digest_of(Core& core, const Content& content);

}  // namespace peregrine::core
