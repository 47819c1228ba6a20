#include "pop3d/session.h"

#include <gtest/gtest.h>

#include "api/client.h"
#include "role/worker_fixture.h"

namespace peregrine::pop3d {
namespace {

constexpr std::uint64_t k_session = 5;

/// A session with a scripted core and a client that sends all at once and then closes its side.
class Fixture : role::WorkerFixture {
 public:
  Fixture() {
    facts.id = ConnectionId(7);
    facts.service = Service::pop3;
    facts.ticket = "ticket";
  }

  std::string play(std::string commands);

  config::Settings settings;
  rpc::OpenConnection facts;
  std::vector<Bytes> messages = {"Subject: a\r\n\r\n.one\r\ntwo\r\n", "Subject: b\r\n\r\n"};
  bool is_locked = true;
  bool expunge_works = true;
  std::vector<std::uint32_t> gone;      ///< uids that another client removed meanwhile
  std::vector<std::uint32_t> expunged;  ///< what was asked for
  bool is_released = false;
  bool is_revoked = false;

 private:
  void serve_core(rpc::Request request);
  net::Task<void> watch(rpc::Request request);
  net::Task<void> stream(rpc::Request request);
  void fetch(const Bytes& payload, api::FetchItem& item);
  net::Task<void> run_session(role::Worker& worker, role::Connection& connection);
  net::Task<void> talk(net::Loop& loop, net::Stream& client, std::string commands);

  net::Gate* gate_ = nullptr;
  std::string said_;
};

template <class Message>
Message parsed(const Bytes& payload) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(payload));
  return message;
}

void Fixture::serve_core(rpc::Request request) {
  switch (static_cast<api::Method>(request.method())) {
    case api::Method::redeem: {
      auto asked = parsed<api::RedeemRequest>(request.payload());
      EXPECT_EQ(asked.connection(), 7U);
      if (asked.ticket() != "ticket") {
        request.fail(static_cast<std::uint16_t>(api::ErrorCode::bad_ticket), "bad ticket");
        return;
      }
      api::RedeemResponse answer;
      answer.set_session(k_session);
      request.respond(answer.SerializeAsString());
      return;
    }
    case api::Method::lock_inbox: {
      api::LockInboxResponse answer;
      answer.set_locked(is_locked);
      request.respond(answer.SerializeAsString());
      return;
    }
    case api::Method::expunge: {
      auto asked = parsed<api::ExpungeRequest>(request.payload());
      EXPECT_TRUE(asked.only_these());
      EXPECT_FALSE(asked.with_deleted_flag());
      expunged.assign(asked.uids().begin(), asked.uids().end());
      if (expunge_works) {
        request.respond(api::ExpungeResponse().SerializeAsString());
      } else {
        request.fail(static_cast<std::uint16_t>(api::ErrorCode::failed), "no");
      }
      return;
    }
    case api::Method::release:
      is_released = true;
      request.respond(Bytes());
      return;
    case api::Method::watch:
      gate_->spawn(watch(std::move(request)));
      return;
    default:
      gate_->spawn(stream(std::move(request)));
  }
}

// Until the session ends, or at once when it is to be revoked.
net::Task<void> Fixture::watch(rpc::Request request) {
  net::Event cancelled(gate_->loop());
  request.on_cancel([&cancelled] { cancelled.notify(); });
  static_cast<void>(co_await request.send_item(Bytes()));
  if (!is_revoked) {
    static_cast<void>(co_await cancelled.wait(deadline_in(std::chrono::seconds(20))));
  }
  request.finish();
}

net::Task<void> Fixture::stream(rpc::Request request) {
  Bytes out;
  if (request.method() == static_cast<std::uint16_t>(api::Method::open_mailbox)) {
    api::OpenMailboxItem item;
    item.mutable_mailbox()->set_mailbox(1);
    item.mutable_mailbox()->set_uid_validity(9);
    for (std::uint32_t i = 0; i < messages.size(); ++i) item.mutable_entries()->add_uid(i + 1);
    out = item.SerializeAsString();
  } else {
    api::FetchItem item;
    fetch(request.payload(), item);
    out = item.SerializeAsString();
  }
  static_cast<void>(co_await request.send_item(out));
  request.finish();
}

void Fixture::fetch(const Bytes& payload, api::FetchItem& item) {
  auto asked = parsed<api::FetchRequest>(payload);
  for (std::uint32_t uid : asked.uids()) {
    api::FetchedMessage& message = *item.add_messages();
    const Bytes& raw = messages[uid - 1];
    message.set_uid(uid);
    message.set_last(true);
    bool is_gone = std::ranges::find(gone, uid) != gone.end();
    if (is_gone && (asked.parts() & api::FETCH_DATES) == 0) {
      message.set_missing(true);
      continue;
    }
    if ((asked.parts() & api::FETCH_DATES) != 0) message.set_size(raw.size());
    if ((asked.parts() & api::FETCH_RAW) != 0) message.set_raw(raw);
    if ((asked.parts() & api::FETCH_HEADER) != 0) {
      message.set_header(raw.substr(0, raw.find("\r\n\r\n") + 4));
    }
  }
}

net::Task<void> Fixture::run_session(role::Worker& worker, role::Connection& connection) {
  Session session(worker, connection);
  static_cast<void>(co_await session.run());
  // The client sees the end, and ends too.
  sys::Fd socket = connection.stream.release();
}

net::Task<void> Fixture::talk(net::Loop& loop, net::Stream& client, std::string commands) {
  std::array<char, 4096> buffer{};
  Deadline deadline = deadline_in(std::chrono::seconds(20));
  static_cast<void>(co_await client.write(commands, deadline));
  client.shutdown_write();
  while (true) {
    auto got = co_await client.read(buffer, deadline);
    if (!got) break;
    said_.append(buffer.data(), *got);
  }
  loop.post([&loop] { loop.stop(); });
}

std::string Fixture::play(std::string commands) {
  said_.clear();
  World& world = make_world();
  net::Loop& loop = world.loop;
  net::Gate& gate = world.gate;
  gate_ = &gate;
  auto core = sys::socket_pair(sys::SocketKind::stream);
  auto line = sys::socket_pair(sys::SocketKind::stream);
  auto channel =
      rpc::Channel::create(gate, std::move(core->first), {},
                           [this](rpc::Request request) { serve_core(std::move(request)); });
  role::Start start;
  start.settings = settings;
  start.links.push_back({{.peer = Role::core}, std::move(core->second)});
  role::Worker& worker = world.worker.emplace(loop, std::move(start),
                                              role::Worker::Options{.passes_descriptors = false});
  role::Connection connection{facts, net::Stream(loop, std::move(line->first))};
  net::Stream client(loop, std::move(line->second));
  gate.spawn(run_session(worker, connection));
  gate.spawn(talk(loop, client, std::move(commands)));
  loop.run();
  channel->close();
  return said_;
}

/// The first words of single lines, "+" and "-".
std::string signs(BytesView said) {
  std::string out;
  for (std::size_t at = 0; at < said.size(); at = said.find("\r\n", at) + 2) {
    if (said[at] == '+' || said[at] == '-') out += said[at];
  }
  return out;
}

TEST(Session, ShowsTheMaildrop) {
  Fixture fixture;
  EXPECT_EQ(fixture.play("STAT\r\nLIST\r\nUIDL 2\r\nLIST 3\r\n"),
            "+OK Logged in\r\n+OK 2 39\r\n+OK List follows\r\n1 25\r\n2 14\r\n.\r\n"
            "+OK 2 9.2\r\n-ERR No such message\r\n");
  EXPECT_TRUE(fixture.is_released);
  EXPECT_TRUE(fixture.expunged.empty());
}

TEST(Session, RetrievesWithDotsDoubled) {
  Fixture fixture;
  EXPECT_EQ(fixture.play("RETR 1\r\nTOP 1 0\r\nTOP 1 1\r\n"),
            "+OK Logged in\r\n+OK Message follows\r\nSubject: a\r\n\r\n..one\r\ntwo\r\n.\r\n"
            "+OK Message follows\r\nSubject: a\r\n\r\n.\r\n"
            "+OK Message follows\r\nSubject: a\r\n\r\n..one\r\n.\r\n");
}

TEST(Session, DeletesAtQuitOnly) {
  Fixture quits;
  EXPECT_EQ(signs(quits.play("DELE 2\r\nDELE 2\r\nRETR 2\r\nQUIT\r\n")), "++--+");
  EXPECT_EQ(quits.expunged, std::vector<std::uint32_t>{2});
  Fixture resets;
  resets.play("DELE 1\r\nRSET\r\nQUIT\r\n");
  EXPECT_TRUE(resets.expunged.empty());
  Fixture leaves;
  leaves.play("DELE 1\r\nNOOP\r\n");
  EXPECT_TRUE(leaves.expunged.empty());
}

TEST(Session, SaysWhenNothingCouldBeDeleted) {
  Fixture fixture;
  fixture.expunge_works = false;
  EXPECT_TRUE(fixture.play("DELE 1\r\nQUIT\r\n").contains("-ERR [SYS/TEMP]"));
}

TEST(Session, OneSessionAtATime) {
  Fixture fixture;
  fixture.is_locked = false;
  EXPECT_EQ(fixture.play("STAT\r\n"), "-ERR [IN-USE] Mailbox is in use by another session\r\n");
  EXPECT_TRUE(fixture.is_released);
}

TEST(Session, ABadTicketOpensNothing) {
  Fixture fixture;
  fixture.facts.ticket = "forged";
  EXPECT_TRUE(fixture.play("STAT\r\n").starts_with("-ERR [SYS/TEMP]"));
}

TEST(Session, AMessageThatAnotherClientRemoved) {
  Fixture fixture;
  fixture.gone = {1};
  EXPECT_EQ(signs(fixture.play("RETR 1\r\nNOOP\r\n")), "+-+");
}

TEST(Session, ErrorsAreCounted) {
  Fixture fixture;
  std::string frobs;
  for (int i = 0; i < 12; ++i) frobs += "FROB\r\n";
  EXPECT_EQ(signs(fixture.play(frobs)), "+" + std::string(11, '-'));
}

TEST(Session, NumbersWithoutAMessageAreNoErrors) {
  Fixture fixture;
  std::string asks;
  for (int i = 0; i < 12; ++i) asks += "LIST 9\r\nUIDL 9\r\nDELE 9\r\nRETR 9\r\nTOP 9 1\r\n";
  EXPECT_EQ(signs(fixture.play(asks + "NOOP\r\n")), "+" + std::string(60, '-') + "+");
}

TEST(Session, IsToldWhenItsAccountIsNoLongerItsOwn) {
  Fixture fixture;
  fixture.is_revoked = true;
  EXPECT_EQ(fixture.play("DELE 1\r\nQUIT\r\n"),
            "+OK Logged in\r\n-ERR [AUTH] Account was removed or its password changed\r\n");
  EXPECT_TRUE(fixture.expunged.empty());
}

TEST(Session, DisabledCapabilitiesAreNotThere) {
  Fixture fixture;
  fixture.settings.pop3.disabled_extensions = {"TOP", "UIDL"};
  std::string said = fixture.play("CAPA\r\nTOP 1 0\r\nUIDL\r\n");
  EXPECT_FALSE(said.contains("\r\nTOP\r\n"));
  EXPECT_EQ(signs(said), "++--");
}

}  // namespace
}  // namespace peregrine::pop3d
