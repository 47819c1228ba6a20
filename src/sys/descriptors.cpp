#include "sys/descriptors.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace peregrine::sys {
namespace {

struct alignas(cmsghdr) ControlBuffer {
  std::array<char, CMSG_SPACE(sizeof(int) * k_most_descriptors)> bytes;
};

std::vector<Fd> adopt_descriptors(msghdr& message) {
  std::vector<Fd> out;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      out.emplace_back(number);
    }
  }
  return out;
}

}  // namespace

SysResult<std::size_t> send_with_descriptors(int socket, BytesView bytes,
                                             std::span<const int> descriptors) {
  if (bytes.empty() || descriptors.size() > k_most_descriptors) {
    return sys_error(SysCall::limit, E2BIG);
  }
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  if (sent < 0) return last_error(SysCall::send);
  return static_cast<std::size_t>(sent);
}

SysResult<ReceivedMessage> receive_with_descriptors(int socket, std::span<char> buffer,
                                                    std::size_t most) {
  if (most > k_most_descriptors) return sys_error(SysCall::limit, E2BIG);
  iovec part{buffer.data(), buffer.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  // Exactly `most`: what does not fit is never installed in this process.
  message.msg_control = most == 0 ? nullptr : control.bytes.data();
  message.msg_controllen = most == 0 ? 0 : CMSG_LEN(sizeof(int) * most);
  ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got < 0) return last_error(SysCall::receive);
  ReceivedMessage out{static_cast<std::size_t>(got), adopt_descriptors(message)};
  if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0 || out.descriptors.size() > most) {
    return sys_error(SysCall::limit, EPROTO);
  }
  return out;
}

SysResult<PeerCredentials> peer_credentials(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0) {
    return last_error(SysCall::getsockopt);
  }
  return PeerCredentials{who.pid, who.uid, who.gid};
}

}  // namespace peregrine::sys
