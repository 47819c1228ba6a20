// Addresses as an operator or a PROXY header writes them: what is read is written back the same.

#include <cstdlib>
#include <string_view>

#include "sys/sockets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using peregrine::sys::SocketAddress;
  auto address = SocketAddress::parse({reinterpret_cast<const char*>(data), size});
  if (!address) return 0;
  if (SocketAddress::parse(address->to_string()) != address) std::abort();
  sockaddr_storage native{};
  socklen_t native_size = address->to_native(native);
  if (SocketAddress::from_native(native, native_size) != *address) std::abort();
  if (address->network(128) != address->network(1000)) std::abort();
  return 0;
}
