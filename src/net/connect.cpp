#include "net/connect.h"

#include <cerrno>

namespace peregrine::net {

Task<std::expected<Stream, int>> connect_tcp(Loop& loop, sys::SocketAddress peer,
                                             sys::SocketAddress source, Deadline deadline) {
  auto fd = sys::start_connect(peer, source);
  if (!fd) co_return std::unexpected(fd.error().number);
  Stream stream(loop, std::move(*fd));
  WaitResult wait = co_await stream.writable(deadline);
  if (wait != WaitResult::ready) co_return std::unexpected(ETIMEDOUT);
  if (int error = sys::connect_error(stream.fd()); error != 0) co_return std::unexpected(error);
  co_return stream;
}

}  // namespace peregrine::net
