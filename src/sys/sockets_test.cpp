#include "sys/sockets.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace peregrine::sys {
namespace {

TEST(SocketAddress, ReadsAndWritesEveryKind) {
  for (const char* text : {"192.0.2.1:25", "[2001:db8::1]:993", "[::1]:0", "unix:/run/p/lmtp"}) {
    auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    sockaddr_storage native{};
    socklen_t size = address->to_native(native);
    EXPECT_EQ(SocketAddress::from_native(native, size), *address) << text;
  }
  EXPECT_EQ(SocketAddress().to_string(), "none");
}

TEST(SocketAddress, RefusesWhatIsNotExact) {
  for (std::string text :
       {std::string("192.0.2.1"), std::string("192.0.2.1:"), std::string("192.0.2.1:65536"),
        std::string("2001:db8::1:25"), std::string("[192.0.2.1]:25"), std::string("[::1]"),
        std::string("localhost:25"), std::string("1.2.3:25"), std::string("01.2.3.4:25"),
        std::string("[::1%eth0]:25"), std::string("unix:"), std::string(":25"), std::string(""),
        std::string("1.2.3.4\0:25", 11), "unix:" + std::string(108, 'x')}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(SocketAddress, AMappedAddressIsTheIpv4One) {
  auto mapped = SocketAddress::parse("[::ffff:192.0.2.1]:25");
  ASSERT_TRUE(mapped);
  EXPECT_EQ(*mapped, *SocketAddress::parse("192.0.2.1:25"));
  sockaddr_in6 native{};
  native.sin6_family = AF_INET6;
  native.sin6_port = htons(25);
  native.sin6_addr = in6_addr{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}}};
  sockaddr_storage storage{};
  std::memcpy(&storage, &native, sizeof native);
  EXPECT_EQ(SocketAddress::from_native(storage, sizeof native), *mapped);
}

TEST(SocketAddress, NetworkKeepsTheFirstBits) {
  auto v4 = *SocketAddress::parse("203.0.113.255:99");
  EXPECT_EQ(v4.network(24).to_string(), "203.0.113.0:0");
  EXPECT_EQ(v4.network(25).to_string(), "203.0.113.128:0");
  EXPECT_EQ(v4.network(0).to_string(), "0.0.0.0:0");
  EXPECT_EQ(v4.network(32).ip_text(), "203.0.113.255");
  auto v6 = *SocketAddress::parse("[2001:db8:1:2:3::4]:1");
  EXPECT_EQ(v6.network(64).ip_text(), "2001:db8:1:2::");
  EXPECT_EQ(v6.network(48).ip_bytes().size(), 16U);
  EXPECT_TRUE(SocketAddress::parse("127.8.9.1:1")->is_loopback());
  EXPECT_TRUE(SocketAddress::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(v6.is_loopback());
}

TEST(SocketAddress, KnowsWhatEveryoneCanReach) {
  auto is_global = [](std::string_view text) {
    auto address = SocketAddress::parse_ip(text, 25);
    return address && address->is_global();
  };
  for (std::string_view text :
       {"8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.0.1", "100.128.0.1", "172.15.0.1",
        "172.32.0.1", "192.167.0.1", "198.17.0.1", "223.255.255.254", "2a00::1", "2001:4860::1"}) {
    EXPECT_TRUE(is_global(text)) << text;
  }
  for (std::string_view text : {"0.0.0.0",
                                "0.1.2.3",
                                "10.1.2.3",
                                "100.64.0.1",
                                "127.0.0.1",
                                "127.255.255.255",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.1",
                                "192.0.2.1",
                                "192.168.1.1",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.1",
                                "203.0.113.9",
                                "224.0.0.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "::ffff:127.0.0.1",
                                "::ffff:10.0.0.1",
                                "64:ff9b::7f00:1",
                                "fe80::1",
                                "fc00::1",
                                "fd12::1",
                                "ff02::1",
                                "2001:db8::1",
                                "2002:7f00:1::1",
                                "2001::1"}) {
    EXPECT_FALSE(is_global(text)) << text;
  }
  EXPECT_FALSE(SocketAddress().is_global());
}

TEST(StartConnect, ConnectsFromTheSourceItWasGiven) {
  auto any = SocketAddress::parse("127.0.0.1:0");
  auto listener = listen_tcp(*any);
  ASSERT_TRUE(listener);
  auto peer = local_address(listener->get());
  auto source = SocketAddress::parse("127.0.0.9:0");
  auto fd = start_connect(*peer, *source);
  ASSERT_TRUE(fd);
  pollfd wait{fd->get(), POLLOUT, 0};
  ASSERT_EQ(::poll(&wait, 1, 5000), 1);
  EXPECT_EQ(connect_error(fd->get()), 0);
  EXPECT_EQ(local_address(fd->get())->ip_text(), "127.0.0.9");
  // One of another family is not used.
  EXPECT_TRUE(start_connect(*peer, *SocketAddress::parse("[::1]:0")));
  EXPECT_FALSE(start_connect(*SocketAddress::parse("unix:/tmp/x"), {}));
}

TEST(ListenTcp, AcceptedSocketsInheritNoDelay) {
  auto listener = listen_tcp(*SocketAddress::parse("127.0.0.1:0"));
  ASSERT_TRUE(listener) << describe(listener.error());
  auto none = accept_connection(listener->get());
  ASSERT_FALSE(none);
  EXPECT_TRUE(would_block(none.error()));
  auto address = local_address(listener->get());
  ASSERT_TRUE(address);
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage native{};
  socklen_t size = address->to_native(native);
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&native), size), 0);
  auto accepted = accept_connection(listener->get());
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->peer.is_loopback());
  EXPECT_EQ(accepted->peer, *local_address(client.get()));
  int value = 0;
  socklen_t value_size = sizeof value;
  ::getsockopt(accepted->fd.get(), IPPROTO_TCP, TCP_NODELAY, &value, &value_size);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(listen_tcp(*address).error(), (SysError{SysCall::bind, EADDRINUSE}));
}

TEST(ListenUnix, HasTheModeAndReplacesOnlySockets) {
  std::string directory = "/tmp/peregrine-sys-test-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  std::string path = directory + "/control";
  for (mode_t mode : {0600U, 0660U, 0666U}) {
    auto listener = listen_unix(path, mode);
    ASSERT_TRUE(listener) << describe(listener.error());
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, mode);
    auto client = connect_unix(path);
    ASSERT_TRUE(client);
    auto accepted = accept_connection(listener->get());
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->peer.kind(), AddressKind::none);
    EXPECT_EQ(listen_unix(path, mode).error(), (SysError{SysCall::bind, EADDRINUSE}));
    EXPECT_TRUE(connect_unix(path));
  }
  std::string file = directory + "/file";
  std::ofstream(file) << "mail";
  EXPECT_EQ(listen_unix(file, 0600).error(), (SysError{SysCall::bind, EEXIST}));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_FALSE(connect_unix(directory + "/nobody"));
  EXPECT_FALSE(listen_unix(directory + "/" + std::string(200, 'x'), 0600));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace peregrine::sys
