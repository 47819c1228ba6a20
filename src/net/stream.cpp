#include "net/stream.h"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace peregrine::net {
namespace {

NetError error_of(WaitResult result) {
  return result == WaitResult::timed_out ? NetError::timed_out : NetError::cancelled;
}

}  // namespace

Stream::ReadResult Stream::try_read(std::span<char> buffer) {
  while (true) {
    ssize_t n = ::read(fd(), buffer.data(), buffer.size());
    if (n > 0) return {Read::data, static_cast<std::size_t>(n)};
    if (n == 0) return {Read::end};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? Read::would_block : Read::error};
  }
}

Task<std::expected<std::size_t, NetError>> Stream::read(std::span<char> buffer, Deadline deadline) {
  while (true) {
    ReadResult result = try_read(buffer);
    if (result.kind == Read::data) co_return result.size;
    if (result.kind == Read::end) co_return std::unexpected(NetError::closed);
    if (result.kind == Read::error) co_return std::unexpected(NetError::reset);
    WaitResult wait = co_await readable(deadline);
    if (wait != WaitResult::ready) co_return std::unexpected(error_of(wait));
  }
}

std::expected<std::size_t, NetError> Stream::try_write(BytesView data) {
  while (true) {
    ssize_t n = ::send(fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    return std::unexpected(errno == EPIPE ? NetError::closed : NetError::reset);
  }
}

Task<std::expected<void, NetError>> Stream::write(BytesView data, Deadline deadline) {
  while (!data.empty()) {
    auto n = try_write(data);
    if (!n) co_return std::unexpected(n.error());
    data.remove_prefix(*n);
    if (*n > 0) continue;
    WaitResult wait = co_await writable(deadline);
    if (wait != WaitResult::ready) co_return std::unexpected(error_of(wait));
  }
  co_return std::expected<void, NetError>{};
}

void Stream::shutdown_write() {
  ::shutdown(fd(), SHUT_WR);
}

}  // namespace peregrine::net
