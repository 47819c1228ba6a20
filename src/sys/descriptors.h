#pragma once
// Passing descriptors over Unix sockets, and asking who is at the other end. Received descriptors
// are close-on-exec and owned from the first instruction on; more of them than the caller expects
// is an error that closes them all.

#include <cstddef>
#include <span>
#include <sys/types.h>
#include <vector>

#include "base/bytes.h"
#include "sys/fd.h"

namespace peregrine::sys {

/// The most that one message may carry, in either direction.
inline constexpr std::size_t k_most_descriptors = 8;

struct ReceivedMessage {
  std::size_t bytes = 0;  ///< 0 with no descriptors: the peer has closed
  std::vector<Fd> descriptors;
};

/// Sends `bytes` (at least one) with the descriptors attached to the first of them; returns the
/// number of bytes taken, which on a stream may be fewer: send the rest without descriptors.
SysResult<std::size_t> send_with_descriptors(int socket, BytesView bytes,
                                             std::span<const int> descriptors);

/// One receive. `limit` EPROTO when more than `most` descriptors came, or a datagram larger than
/// the buffer: the message is lost and the peer is to be dropped.
SysResult<ReceivedMessage> receive_with_descriptors(int socket, std::span<char> buffer,
                                                    std::size_t most);

struct PeerCredentials {
  pid_t process;
  uid_t user;
  gid_t group;
};

/// Who made the other end of this Unix socket, as the kernel recorded it.
SysResult<PeerCredentials> peer_credentials(int socket);

}  // namespace peregrine::sys
