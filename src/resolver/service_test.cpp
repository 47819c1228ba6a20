// The call of the resolver, by askers of all kinds. No name server ever answers here; what the
// library knows by itself is enough for the rest.
#include "resolver/service.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>

#include "api/methods.h"
#include "sys/sockets.h"

namespace peregrine::resolver {
namespace {

constexpr std::chrono::seconds k_patience{20};

/// A socket of the loopback that takes questions and answers none, and its port.
sys::Fd open_silent_server(std::uint16_t& port) {
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket.get(), raw, size), 0);
  EXPECT_EQ(::getsockname(socket.get(), raw, &size), 0);
  port = ntohs(address.sin_port);
  return socket;
}

class ServiceTest : public testing::Test {
 protected:
  using Channel = std::shared_ptr<rpc::Channel>;  // owners: the test, and the channel's reader

  ServiceTest() : gate(loop), silent(open_silent_server(port)) {
    config::DnsSettings settings;
    settings.forwarders = {{"127.0.0.1", port}};
    settings.timeout = std::chrono::milliseconds(300);
    auto made = Resolver::create(gate, settings);
    EXPECT_TRUE(made) << made.error();
    resolver = std::move(*made);
    service = std::make_unique<Service>(gate, *resolver);
  }

  Channel connect(Role role, std::uint32_t index = 0) {
    auto pair = sys::socket_pair(sys::SocketKind::stream);
    EXPECT_TRUE(pair);
    service->add({{.peer = role, .index = index}, std::move(pair->first)});
    return rpc::Channel::create(gate, std::move(pair->second), {.max_payload = mib(2)});
  }

  net::Task<std::expected<Bytes, rpc::CallFailure>> send(Channel channel, std::uint16_t method,
                                                         Bytes payload) {
    auto answer = co_await channel->call(method, std::move(payload), deadline_in(k_patience));
    co_return answer;
  }
  net::Task<api::LookupResponse> look_up(Channel channel, std::string name, std::uint32_t type) {
    api::LookupRequest request;
    request.set_name(name);
    request.set_type(type);
    auto answer = co_await send(channel, api::k_lookup, request.SerializeAsString());
    api::LookupResponse response;
    if (answer) EXPECT_TRUE(response.ParseFromString(*answer));
    co_return response;
  }
  net::Task<void> count_one(Channel channel, std::string name,
                            std::map<std::string, int>& reasons) {
    api::LookupResponse response = co_await look_up(channel, std::move(name), 1);
    ++reasons[response.reason()];
  }

  void run(net::Task<void> test) {
    tests.spawn(finish(std::move(test)));
    loop.run();
  }
  net::Task<void> finish(net::Task<void> test) {
    co_await test;
    resolver->stop();
    service->close_all();
    bool all_ended = co_await gate.drained(deadline_in(k_patience));
    EXPECT_TRUE(all_ended);
    loop.stop();
  }

  net::Task<void> answers();
  net::Task<void> nonsense();
  net::Task<void> too_many();
  net::Task<void> wrong_role();
  net::Task<void> asker_that_leaves();
  net::Task<void> stop_while_asked();

  net::Loop loop;
  net::Gate tests{loop};
  net::Gate gate;
  std::uint16_t port = 0;
  sys::Fd silent;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<Service> service;
};

net::Task<void> ServiceTest::answers() {
  for (Role role : {Role::mx, Role::courier}) {
    Channel channel = connect(role);
    api::LookupResponse known = co_await look_up(channel, "LocalHost", 1);
    EXPECT_EQ(known.status(), api::DNS_OK);
    EXPECT_EQ(known.records_size(), 1);
    EXPECT_FALSE(known.secure());
    api::LookupResponse unknown = co_await look_up(channel, "a.invalid", 15);
    EXPECT_EQ(unknown.status(), api::DNS_NO_NAME);
    for (std::string_view name : {"", "a..b", "a b.example", "*.example", "."}) {
      api::LookupResponse bad = co_await look_up(channel, std::string(name), 1);
      EXPECT_EQ(bad.status(), api::DNS_BAD_NAME) << name;
    }
    for (std::uint32_t type : {0U, 255U, 252U, 70000U}) {
      api::LookupResponse bad = co_await look_up(channel, "localhost", type);
      EXPECT_EQ(bad.status(), api::DNS_BAD_NAME) << type;
    }
    api::LookupResponse late = co_await look_up(channel, "late.example", 1);
    EXPECT_EQ(late.status(), api::DNS_FAILED);
    EXPECT_EQ(late.reason(), "out of time");
    EXPECT_TRUE(channel->is_open());
  }
}

TEST_F(ServiceTest, AnswersEachQuestion) {
  run(answers());
}

net::Task<void> ServiceTest::nonsense() {
  for (auto [method, payload] :
       {std::pair{api::k_lookup, Bytes("\xff\xff")}, std::pair{std::uint16_t{1}, Bytes()},
        std::pair{std::uint16_t{65535}, Bytes("x")},
        std::pair{api::k_lookup, Bytes(kib(64), 'x')}}) {
    Channel channel = connect(Role::mx, 7);
    auto answer = co_await send(channel, method, payload);
    EXPECT_FALSE(answer);
    auto after = co_await send(channel, api::k_lookup, "");
    EXPECT_TRUE(!after && after.error().kind == rpc::CallFailure::Kind::disconnected);
  }
  // The next in its place is served.
  Channel channel = connect(Role::mx, 7);
  api::LookupResponse known = co_await look_up(channel, "localhost", 1);
  EXPECT_EQ(known.status(), api::DNS_OK);
}

TEST_F(ServiceTest, NonsenseEndsTheChannel) {
  run(nonsense());
  EXPECT_GE(service->refused(), 3U);
}

net::Task<void> ServiceTest::too_many() {
  Channel channel = connect(Role::mx);
  std::map<std::string, int> reasons;
  net::Gate asking(loop);
  for (std::size_t i = 0; i < k_most_lookups_per_channel + 50; ++i) {
    asking.spawn(count_one(channel, "n" + std::to_string(i) + ".example", reasons));
  }
  bool all_ended = co_await asking.drained(deadline_in(k_patience));
  EXPECT_TRUE(all_ended);
  EXPECT_EQ(reasons["too many lookups"], 50);
  EXPECT_EQ(reasons["out of time"], static_cast<int>(k_most_lookups_per_channel));
  // Those are over, and there is room again.
  api::LookupResponse late = co_await look_up(channel, "again.example", 1);
  EXPECT_EQ(late.reason(), "out of time");
  EXPECT_LE(resolver->running(), k_most_lookups);
}

TEST_F(ServiceTest, LookupsAreBounded) {
  run(too_many());
}

net::Task<void> ServiceTest::wrong_role() {
  for (Role role : {Role::front, Role::login, Role::imap, Role::core, Role::admin}) {
    Channel channel = connect(role);
    auto answer = co_await send(channel, api::k_lookup, "");
    EXPECT_TRUE(!answer && answer.error().kind == rpc::CallFailure::Kind::disconnected);
  }
}

TEST_F(ServiceTest, OthersCannotAsk) {
  run(wrong_role());
}

net::Task<void> ServiceTest::asker_that_leaves() {
  Channel leaving = connect(Role::courier);
  std::map<std::string, int> reasons;
  net::Gate asking(loop);
  for (int i = 0; i < 20; ++i) {
    asking.spawn(count_one(leaving, "n" + std::to_string(i) + ".example", reasons));
  }
  leaving->close();
  Channel staying = connect(Role::courier, 1);
  api::LookupResponse late = co_await look_up(staying, "late.example", 1);
  EXPECT_EQ(late.reason(), "out of time");
  bool all_ended = co_await asking.drained(deadline_in(k_patience));
  EXPECT_TRUE(all_ended);
}

TEST_F(ServiceTest, AnAskerMayLeave) {
  run(asker_that_leaves());
}

net::Task<void> ServiceTest::stop_while_asked() {
  Channel channel = connect(Role::mx);
  std::map<std::string, int> reasons;
  net::Gate asking(loop);
  for (int i = 0; i < 20; ++i) {
    asking.spawn(count_one(channel, "n" + std::to_string(i) + ".example", reasons));
  }
  // By then the questions have arrived.
  api::LookupResponse known = co_await look_up(channel, "localhost", 1);
  EXPECT_EQ(known.status(), api::DNS_OK);
  EXPECT_EQ(resolver->running(), 20U);
  resolver->stop();
  EXPECT_EQ(resolver->running(), 0U);
  bool all_ended = co_await asking.drained(deadline_in(k_patience));
  EXPECT_TRUE(all_ended);
  api::LookupResponse after = co_await look_up(channel, "localhost", 1);
  EXPECT_EQ(after.status(), api::DNS_FAILED);
}

TEST_F(ServiceTest, StopsWhileItIsAsked) {
  run(stop_while_asked());
}

net::Task<void> stop_when_drained(net::Loop& loop, net::Gate& gate) {
  bool drained = co_await gate.drained(deadline_in(std::chrono::seconds(10)));
  EXPECT_TRUE(drained);
  loop.stop();
}

TEST(ResolverSettings, WhatTheLibraryRefusesIsSaid) {
  net::Loop loop;
  net::Gate gate(loop);
  config::DnsSettings settings;
  settings.trust_anchors = {"corp.example. IN DS 1 13 2 ABC"};
  EXPECT_FALSE(Resolver::create(gate, settings));
  net::Gate own(loop);
  own.spawn(stop_when_drained(loop, gate));
  loop.run();
}

}  // namespace
}  // namespace peregrine::resolver
