#include <gtest/gtest.h>

#include "rpc/channel.h"
#include "rpc/handoff.h"
#include "sys/memfd.h"

namespace peregrine::rpc {
namespace {

constexpr std::chrono::seconds k_patience{10};

// Two channels over one socket pair; `serve` answers what `caller` asks.
struct Pair {
  explicit Pair(Channel::Handler handler, ChannelOptions options = {}) : gate(loop) {
    auto sockets = sys::socket_pair(sys::SocketKind::stream);
    caller = Channel::create(gate, std::move(sockets->first), options);
    server = Channel::create(gate, std::move(sockets->second), options, std::move(handler));
  }
  // Runs `test` on the loop until it is done.
  void run(net::Task<void> test) {
    gate.spawn(finish(std::move(test)));
    loop.run();
  }
  net::Task<void> finish(net::Task<void> test) {
    co_await test;
    caller->close();
    server->close();
    loop.post([this] { loop.stop(); });
  }

  net::Loop loop;
  net::Gate gate;
  std::shared_ptr<Channel> caller, server;  // owners: this test and the readers
};

net::Task<void> expect_echo(Pair& pair, Bytes body) {
  auto answer = co_await pair.caller->call(7, body, deadline_in(k_patience));
  EXPECT_TRUE(answer.has_value());
  if (answer) EXPECT_EQ(*answer, body);
}

void echo(Request request) {
  EXPECT_EQ(request.method(), 7);
  Bytes body = request.payload();
  request.respond(body);
}

TEST(Channel, AnswersSmallAndLargeCalls) {
  Pair pair(echo);
  pair.run(expect_echo(pair, "hello"));
}

TEST(Channel, CarriesAPayloadLargerThanASocketBuffer) {
  Pair pair(echo);
  pair.run(expect_echo(pair, Bytes(kib(900), 'x')));
}

net::Task<void> expect_refusal(Pair& pair, std::uint16_t code) {
  auto answer = co_await pair.caller->call(1, "", deadline_in(k_patience));
  EXPECT_FALSE(answer.has_value());
  if (!answer) {
    EXPECT_EQ(answer.error().kind, CallFailure::Kind::refused);
    EXPECT_EQ(answer.error().code, code);
  }
}

TEST(Channel, CarriesRefusals) {
  Pair pair([](Request request) { request.fail(42, "no"); });
  pair.run(expect_refusal(pair, 42));
}

TEST(Channel, RefusesACallThatItsHandlerDropped) {
  Pair pair([](Request) {});
  pair.run(expect_refusal(pair, 0));
}

net::Task<void> expect_disconnect(Pair& pair) {
  auto answer = co_await pair.caller->call(1, "", deadline_in(k_patience));
  EXPECT_FALSE(answer.has_value());
  if (!answer) EXPECT_EQ(answer.error().kind, CallFailure::Kind::disconnected);
}

TEST(Channel, EndsCallsWhenThePeerGoes) {
  std::vector<Request> kept;
  Pair pair({});
  // A side without a handler takes a request for a broken peer and ends the channel.
  pair.run(expect_disconnect(pair));
}

net::Task<void> expect_timeout(Pair& pair, std::vector<Request>& kept) {
  auto answer = co_await pair.caller->call(1, "", deadline_in(std::chrono::milliseconds(1)));
  EXPECT_FALSE(answer.has_value());
  if (!answer) EXPECT_EQ(answer.error().kind, CallFailure::Kind::timed_out);
  // The cancellation arrives before the answer to a later call.
  auto second = co_await pair.caller->call(2, "", deadline_in(k_patience));
  EXPECT_TRUE(second.has_value());
  EXPECT_TRUE(kept.front().is_cancelled());
  kept.clear();
}

TEST(Channel, TellsTheServerThatTheCallerLostInterest) {
  std::vector<Request> kept;
  Pair pair([&kept](Request request) {
    if (request.method() == 2) {
      request.respond("");
    } else {
      kept.push_back(std::move(request));
    }
  });
  pair.run(expect_timeout(pair, kept));
}

constexpr std::size_t k_items = 64;

net::Task<void> send_items(Request request, std::size_t& most_unread, std::size_t& unread) {
  for (std::size_t i = 0; i < k_items; ++i) {
    Bytes item(kib(32), static_cast<char>(i));
    bool sent = co_await request.send_item(item);
    if (!sent) co_return;
    unread += item.size();
    most_unread = std::max(most_unread, unread);
  }
  request.finish();
}

net::Task<void> read_items(Pair& pair, std::size_t& unread) {
  ItemStream items(pair.caller, 3, "");
  std::size_t count = 0;
  while (true) {
    auto item = co_await items.next(deadline_in(k_patience));
    EXPECT_TRUE(item.has_value());
    if (!item || !*item) break;
    EXPECT_EQ((**item)[0], static_cast<char>(count));
    unread -= (*item)->size();
    ++count;
  }
  EXPECT_EQ(count, k_items);
}

TEST(Channel, StreamsWithinTheReadersCredit) {
  std::size_t most_unread = 0;
  std::size_t unread = 0;
  Pair* made = nullptr;
  Pair pair([&](Request request) {
    made->gate.spawn(send_items(std::move(request), most_unread, unread));
  });
  made = &pair;
  pair.run(read_items(pair, unread));
  // Nothing is ever sent beyond the credit, however slow the reader is.
  EXPECT_LE(most_unread, k_initial_credit + kib(32));
}

net::Task<void> send_descriptor(Pair& pair) {
  auto memfd = sys::create_sealed_memfd("sealed content");
  EXPECT_TRUE(memfd.has_value());
  auto answer = co_await pair.caller->call(1, "body", deadline_in(k_patience), std::move(*memfd));
  EXPECT_TRUE(answer.has_value());
  if (answer) EXPECT_EQ(*answer, "sealed content");
}

TEST(Channel, CarriesDescriptors) {
  Pair pair(
      [](Request request) {
        sys::Fd descriptor = request.take_descriptor();
        auto content = sys::read_sealed(descriptor.get(), kib(4));
        request.respond(content ? *content : "unreadable");
      },
      {.passes_descriptors = true});
  pair.run(send_descriptor(pair));
}

TEST(FrameHeader, RefusesWhatNoPeerOfOursSends) {
  Bytes frame;
  append_frame(frame, {.call = 1, .kind = FrameKind::request}, "abc");
  ASSERT_TRUE(read_frame_header(frame, 3)->has_value());
  EXPECT_EQ(read_frame_header(frame, 2).error(), FrameError::too_long);
  for (std::size_t n = 0; n < k_frame_header_size; ++n) {
    auto partial = read_frame_header(BytesView(frame).substr(0, n), 3);
    ASSERT_TRUE(partial.has_value());
    EXPECT_FALSE(partial->has_value());
  }
  frame[8] = 0;
  EXPECT_EQ(read_frame_header(frame, 3).error(), FrameError::unknown_kind);
  frame[8] = 1;
  frame[9] = 2;
  EXPECT_EQ(read_frame_header(frame, 3).error(), FrameError::bad_flags);
}

OpenConnection example() {
  return {.id = ConnectionId(99),
          .service = Service::imaps,
          .peer = "192.0.2.1",
          .peer_port = 40000,
          .is_loopback = true,
          .tls = TlsFacts{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "mx.example.test", "0123", "45"},
          .ticket = Bytes(32, 't'),
          .reply_tag = "a1",
          .hello = "client.example.test",
          .unread = Bytes("a2 NOOP\r\n\0x", 11)};
}

TEST(Handoff, RoundTripsAndRefusesEveryTruncation) {
  for (const Handoff& handoff :
       {Handoff(example()), Handoff(CloseConnection{ConnectionId(1), true}),
        Handoff(StartTls{ConnectionId(2)}),
        Handoff(
            MoveConnection{ConnectionId(3), Role::pop3, "ticket", "", "[192.0.2.1]", "more"})}) {
    Bytes datagram = encode_handoff(handoff);
    auto decoded = decode_handoff(datagram);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, handoff);
    for (std::size_t n = 0; n < datagram.size(); ++n) {
      EXPECT_FALSE(decode_handoff(datagram.substr(0, n)).has_value()) << n;
    }
    EXPECT_FALSE(decode_handoff(datagram + "x").has_value());
  }
}

TEST(Handoff, MovesConnectionsOnlyToWhereSessionsLive) {
  Bytes datagram = encode_handoff(MoveConnection{.id = ConnectionId(3), .role = Role::core});
  EXPECT_FALSE(decode_handoff(datagram).has_value());
}

TEST(Handoff, TheNameOfTheClientIsHarmless) {
  for (const std::string& name : {std::string("two words"), std::string("a\r\nb"),
                                  std::string("\xc3\xa9"), std::string(k_max_hello + 1, 'x')}) {
    MoveConnection move{.id = ConnectionId(3), .role = Role::submission, .hello = name};
    EXPECT_FALSE(decode_handoff(encode_handoff(move)).has_value()) << name;
  }
}

}  // namespace
}  // namespace peregrine::rpc
