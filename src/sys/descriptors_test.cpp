#include "sys/descriptors.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/memfd.h"
#include "sys/notify.h"

namespace peregrine::sys {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

TEST(Fd, ClosesOnceAndMoves) {
  std::size_t before = open_descriptors();
  {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    Fd moved = std::move(pipe->first);
    EXPECT_FALSE(pipe->first);
    EXPECT_TRUE(moved);
    moved = std::move(pipe->second);
    EXPECT_EQ(open_descriptors(), before + 1);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Memfd, SealedOnesArriveUnchanged) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100'000}}) {
    Bytes body(size, 'b');
    auto fd = create_sealed_memfd(body);
    ASSERT_TRUE(fd);
    EXPECT_EQ(read_sealed(fd->get(), 100'000), body);
    auto mapping = SealedMapping::open(fd->get(), 100'000);
    ASSERT_TRUE(mapping);
    SealedMapping moved = std::move(*mapping);
    fd->reset();
    EXPECT_EQ(moved.view(), body);
  }
}

TEST(Memfd, NobodyCanChangeASealedOne) {
  auto fd = create_sealed_memfd("body");
  ASSERT_TRUE(fd);
  EXPECT_EQ(::pwrite(fd->get(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(fd->get(), 0), -1);
  EXPECT_EQ(::ftruncate(fd->get(), 100), -1);
  EXPECT_EQ(::mmap(nullptr, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd->get(), 0), MAP_FAILED);
}

TEST(Memfd, RefusesWhatIsNotFullySealedOrTooLarge) {
  Fd open_one(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::write(open_one.get(), "body", 4), 4);
  EXPECT_EQ(read_sealed(open_one.get(), 10).error(), (SysError{SysCall::seals, EPERM}));
  ::fcntl(open_one.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW);
  EXPECT_EQ(SealedMapping::open(open_one.get(), 10).error(), (SysError{SysCall::seals, EPERM}));
  ::fcntl(open_one.get(), F_ADD_SEALS, F_SEAL_SHRINK);
  EXPECT_EQ(read_sealed(open_one.get(), 4), "body");
  EXPECT_EQ(read_sealed(open_one.get(), 3).error(), (SysError{SysCall::limit, EFBIG}));

  auto pipe = make_pipe();
  EXPECT_EQ(read_sealed(pipe->first.get(), 10).error(), (SysError{SysCall::seals, EPERM}));
  Fd null(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_sealed(null.get(), 10).error(), (SysError{SysCall::seals, EPERM}));
}

TEST(Descriptors, TravelAndAreCloseOnExec) {
  auto pair = socket_pair(SocketKind::seqpacket);
  auto pipe = make_pipe();
  ASSERT_TRUE(pair && pipe);
  std::array fds = {pipe->first.get(), pipe->second.get()};
  ASSERT_EQ(send_with_descriptors(pair->first.get(), "hello", fds), 5U);
  std::array<char, 16> buffer{};
  auto message = receive_with_descriptors(pair->second.get(), buffer, 2);
  ASSERT_TRUE(message);
  EXPECT_EQ(BytesView(buffer.data(), message->bytes), "hello");
  ASSERT_EQ(message->descriptors.size(), 2U);
  for (const Fd& fd : message->descriptors) EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::write(message->descriptors[1].get(), "p", 1), 1);
}

TEST(Descriptors, MoreThanExpectedAreClosedAndAnError) {
  std::size_t before = open_descriptors();
  {
    auto pair = socket_pair(SocketKind::seqpacket);
    std::array<char, 16> buffer{};
    for (std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
      std::array fds = {0, 1, 2};
      ASSERT_TRUE(send_with_descriptors(pair->first.get(), "x", fds));
      auto message = receive_with_descriptors(pair->second.get(), buffer, most);
      ASSERT_FALSE(message) << most;
      EXPECT_EQ(message.error(), (SysError{SysCall::limit, EPROTO}));
    }
    std::array<int, k_most_descriptors + 1> too_many{};
    EXPECT_FALSE(send_with_descriptors(pair->first.get(), "x", too_many));
    EXPECT_FALSE(receive_with_descriptors(pair->second.get(), buffer, k_most_descriptors + 1));
    auto nothing = receive_with_descriptors(pair->second.get(), buffer, 1);
    ASSERT_FALSE(nothing);
    EXPECT_TRUE(would_block(nothing.error()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Descriptors, ATruncatedDatagramIsAnError) {
  auto pair = socket_pair(SocketKind::seqpacket);
  ASSERT_TRUE(send_with_descriptors(pair->first.get(), "four", {}));
  std::array<char, 3> buffer{};
  EXPECT_EQ(receive_with_descriptors(pair->second.get(), buffer, 0).error(),
            (SysError{SysCall::limit, EPROTO}));
}

TEST(Descriptors, PeerIsKnown) {
  auto pair = socket_pair(SocketKind::stream);
  auto who = peer_credentials(pair->first.get());
  ASSERT_TRUE(who);
  EXPECT_EQ(who->process, ::getpid());
  EXPECT_EQ(who->user, ::getuid());
  EXPECT_EQ(who->group, ::getgid());
  EXPECT_FALSE(peer_credentials(STDIN_FILENO));
}

TEST(ServiceManager, IsToldOverItsAbstractSocket) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_FALSE(ServiceManager::from_environment().is_present());
  Fd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  address.ss_family = AF_UNIX;
  // Binding the family alone lets the kernel choose an abstract name.
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(manager.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::string name(reinterpret_cast<const char*>(&address) + sizeof(sa_family_t),
                   size - sizeof(sa_family_t));
  name[0] = '@';
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ServiceManager service = ServiceManager::from_environment();
  ::unsetenv("NOTIFY_SOCKET");
  ASSERT_TRUE(service.is_present());
  service.notify("READY=1");
  std::array<char, 32> buffer{};
  ssize_t got = ::recv(manager.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))),
            "READY=1");
}

}  // namespace
}  // namespace peregrine::sys
