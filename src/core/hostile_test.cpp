// A worker that has been taken over: whatever it sends, it gets nothing beyond its row, and core
// and everybody else go on (V09, V29, V49).
#include <fcntl.h>
#include <sys/mman.h>

#include "core/core_fixture.h"

namespace peregrine::core {
namespace {

constexpr Role k_roles[] = {Role::login,      Role::mx,      Role::imap, Role::pop3,
                            Role::submission, Role::courier, Role::admin};
constexpr std::uint16_t k_methods = 99;

bool names_session(std::uint16_t method) {
  switch (static_cast<api::Method>(method)) {
#define PEREGRINE_NAMES_SESSION(number, name, Request, Response, roles) \
  case api::Method::name:                                               \
    return subject_of<api::Request>() == Subject::session;
    PEREGRINE_CALLS(PEREGRINE_NAMES_SESSION, PEREGRINE_NAMES_SESSION)
#undef PEREGRINE_NAMES_SESSION
  }
  return false;
}

class Hostile : public CoreTest {
 protected:
  /// Alice has a session on an honest channel, and a message.
  net::Task<void> begin() {
    victim = connect(Role::imap, 1);
    session = co_await log_in(victim, "alice@example.test", Role::imap);
    Channel mx = connect(Role::mx, 1);
    co_await deliver_to(mx, "alice@example.test", content_of("secret", "of alice"));
  }
  /// All of it is still as it was.
  net::Task<void> expect_unharmed() {
    api::StatusRequest request;
    request.set_session(session);
    request.set_name("INBOX");
    auto status = co_await api::status(victim, request, soon());
    EXPECT_TRUE(status && status->mailbox().messages() == 1 && status->mailbox().unseen() == 1);
    EXPECT_EQ(core->admin.domain_list().domains_size(), 1);
    EXPECT_EQ(core->admin.accounts_of({}).size(), 2U);
  }

  net::Task<std::expected<Bytes, rpc::CallFailure>> call(Channel channel, std::uint16_t method,
                                                         Bytes payload) {
    auto answer = co_await channel->call(method, std::move(payload), soon());
    co_return answer;
  }

  net::Task<void> beyond_the_row();
  net::Task<void> garbage();
  net::Task<void> foreign_sessions();
  net::Task<void> wrong_contents();
  net::Task<void> raw_bytes();
  net::Task<void> too_much();

  Channel victim;
  std::uint64_t session = 0;
  std::vector<Role> refused;
};

net::Task<void> Hostile::beyond_the_row() {
  co_await begin();
  core->refused = [this](Role role, std::uint32_t index) {
    EXPECT_EQ(index, 0U);
    refused.push_back(role);
  };
  for (Role role : k_roles) {
    for (std::uint16_t method = 0; method < k_methods; ++method) {
      if (may_call(role, method)) continue;
      Channel channel = connect(role);
      auto answer = co_await call(channel, method, "");
      EXPECT_TRUE(refused_with(answer, api::ErrorCode::not_authorized))
          << role_name(role) << method;
      auto after = co_await call(channel, 2, "");
      EXPECT_TRUE(!after && after.error().kind == rpc::CallFailure::Kind::disconnected);
    }
  }
  co_await expect_unharmed();
}

TEST_F(Hostile, ACallWithoutARowEndsTheChannel) {
  run(beyond_the_row());
  EXPECT_GT(core->calls_refused, 100U);
  // An operator's command is no process to be replaced.
  EXPECT_GT(refused.size(), 100U);
  EXPECT_TRUE(std::ranges::none_of(refused, [](Role role) { return role == Role::admin; }));
}

net::Task<void> Hostile::garbage() {
  co_await begin();
  const Bytes bytes[] = {"\xff", Bytes(1000, '\x0a'),
                         "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                         Bytes("\x0a\xff\xff\xff\x7f", 5)};
  for (Role role : k_roles) {
    for (std::uint16_t method = 0; method < k_methods; ++method) {
      if (!may_call(role, method)) continue;
      for (const Bytes& payload : bytes) {
        Channel channel = connect(role);
        auto answer = co_await call(channel, method, payload);
        EXPECT_TRUE(refused_with(answer, api::ErrorCode::malformed)) << role_name(role) << method;
        EXPECT_FALSE(core->sessions.open() > 1);
      }
    }
  }
  co_await expect_unharmed();
}

TEST_F(Hostile, ARequestThatCannotBeReadEndsTheChannel) {
  run(garbage());
}

net::Task<void> Hostile::foreign_sessions() {
  co_await begin();
  for (Role role : {Role::imap, Role::pop3, Role::submission}) {
    Channel channel = connect(role);
    for (std::uint16_t method = 0; method < k_methods; ++method) {
      if (!may_call(role, method) || !names_session(method)) continue;
      for (std::uint64_t named : {session, session + 1, std::uint64_t{0}}) {
        // Each request that has a session has it as its first field.
        api::ReleaseRequest request;
        request.set_session(named);
        auto answer = co_await call(channel, method, request.SerializeAsString());
        EXPECT_TRUE(refused_with(answer, api::ErrorCode::not_authorized)) << method;
      }
    }
    EXPECT_TRUE(channel->is_open());
  }
  co_await expect_unharmed();
}

TEST_F(Hostile, AnothersSessionIsNone) {
  run(foreign_sessions());
}

sys::Fd unsealed_memfd(const Bytes& bytes) {
  sys::Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

net::Task<void> Hostile::wrong_contents() {
  co_await begin();
  api::Content good = content_of("x", "y");
  api::Content packed = good;
  Bytes bytes = pack(packed);
  std::vector<std::pair<api::Content, sys::Fd>> wrong;
  auto add = [&](const api::Content& content, sys::Fd fd) {
    wrong.emplace_back(content, std::move(fd));
  };
  auto sealed = [](const Bytes& content) { return std::move(*sys::create_sealed_memfd(content)); };
  add(packed, unsealed_memfd(bytes));
  add(packed, sealed(bytes + "x"));
  add(packed, sealed(bytes.substr(1)));
  add(packed, sys::Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC)));
  add(good, sealed(bytes));
  add(packed, sys::Fd());
  api::Content lengths = packed;
  lengths.set_lengths(0, UINT64_MAX);
  lengths.set_lengths(1, bytes.size() + 1);
  add(lengths, sealed(bytes));
  lengths = packed;
  lengths.add_lengths(0);
  add(lengths, sealed(bytes));
  add(packed, sealed(Bytes(mib(20), 'x')));
  api::Content content = good;
  content.set_summary("junk");
  add(content, sys::Fd());
  content = good;
  content.mutable_raw()->pop_back();
  add(content, sys::Fd());
  for (auto& [each, fd] : wrong) {
    Channel mx = connect(Role::mx);
    api::DeliverRequest request;
    request.add_recipients()->set_address("alice@example.test");
    *request.mutable_content() = each;
    auto answer = co_await api::deliver(mx, request, soon(), std::move(fd));
    EXPECT_FALSE(answer);
    EXPECT_TRUE(refused_with(answer, api::ErrorCode::malformed));
  }
  co_await expect_unharmed();
}

TEST_F(Hostile, ContentsAreCheckedBeforeTheyAreUsed) {
  run(wrong_contents());
  expect_sound();
}

net::Task<void> Hostile::raw_bytes() {
  co_await begin();
  Bytes long_frame;
  rpc::append_frame(long_frame, {.call = 1, .kind = rpc::FrameKind::request, .method = 11}, "x");
  long_frame[0] = '\x7f';  // of the length
  long_frame[1] = '\x7f';
  long_frame[2] = '\x7f';
  long_frame[3] = '\x7f';
  Bytes announced;
  rpc::append_frame(
      announced, {.call = 1, .kind = rpc::FrameKind::request, .has_descriptor = true, .method = 11},
      "x");
  Bytes answers;
  rpc::append_frame(answers, {.call = 9, .kind = rpc::FrameKind::response, .method = 11}, "x");
  rpc::append_frame(answers, {.call = 9, .kind = rpc::FrameKind::credit, .method = 11}, "\xff");
  for (const Bytes& bytes : {long_frame, announced, answers, Bytes(5000, '\xee')}) {
    auto sockets = sys::socket_pair(sys::SocketKind::stream);
    links->add({{Role::mx, 5}, std::move(sockets->first)});
    net::Stream stream(loop, std::move(sockets->second));
    EXPECT_TRUE(stream.try_write(bytes));
    std::array<char, 256> buffer{};
    auto end = co_await stream.read(buffer, soon());
    EXPECT_FALSE(end);
    if (!end) EXPECT_NE(end.error(), net::NetError::timed_out);
  }
  co_await expect_unharmed();
}

TEST_F(Hostile, WhatIsNoFrameEndsTheChannel) {
  run(raw_bytes());
}

net::Task<void> Hostile::too_much() {
  co_await begin();
  // Asks, and never reads: core stops taking requests instead of keeping answers.
  auto sockets = sys::socket_pair(sys::SocketKind::stream);
  links->add({{Role::imap, 0}, std::move(sockets->first)});
  net::Stream stream(loop, std::move(sockets->second));
  Bytes frame;
  api::ReleaseRequest request;
  request.set_session(1);
  for (std::uint32_t call = 1; call <= 1000; ++call) {
    rpc::append_frame(frame, {.call = call, .kind = rpc::FrameKind::request, .method = 20},
                      request.SerializeAsString());
  }
  std::size_t written = 0;
  for (int i = 0; i < 50'000; ++i) {
    auto wrote = stream.try_write(frame);
    if (!wrote) break;
    written += *wrote;
    if (*wrote == 0) {
      net::WaitResult wait = co_await stream.writable(deadline_in(std::chrono::milliseconds(300)));
      if (wait != net::WaitResult::ready) break;
    }
  }
  EXPECT_LT(written, mib(64));
  co_await expect_unharmed();
}

TEST_F(Hostile, AnswersThatNobodyReadsStopTheQuestions) {
  run(too_much());
}

}  // namespace
}  // namespace peregrine::core
