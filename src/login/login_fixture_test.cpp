#include "login/login_fixture.h"

#include <gtest/gtest.h>

#include "login/smtp_login.h"

namespace peregrine::login {
namespace {

template <class Message>
Message parsed(const Bytes& payload) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(payload));
  return message;
}

/// Final lines of replies: three digits and a space.
std::size_t count_replies(BytesView said) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < said.size();) {
    std::size_t end = said.find("\r\n", at);
    if (end == BytesView::npos) break;
    if (end - at > 3 && said[at + 3] == ' ') ++count;
    at = end + 2;
  }
  return count;
}

}  // namespace

LoginFixture::LoginFixture()
    : keys_(crypto::derive_scram_keys(crypto::ScramHash::sha256, "secret", "salt", 4096)) {
  settings.server.hostname = "mx.example.test";
  settings.tls.certificates.emplace_back();
  facts.id = ConnectionId(7);
  facts.service = Service::submissions;
  facts.peer = "192.0.2.1";
  facts.tls.emplace(rpc::TlsFacts{.version = "TLSv1.3", .exporter = "exporter"});
}

void LoginFixture::serve_core(rpc::Request request) {
  ++asked;
  switch (static_cast<api::Method>(request.method())) {
    case api::Method::authenticate: {
      auto said = parsed<api::AuthenticateRequest>(request.payload());
      api::AuthenticateResponse answer;
      bool is_right = said.login_name() == "anna" && said.password() == "secret";
      answer.set_outcome(said.login_name() == "busy" ? api::AUTH_TRY_LATER
                         : is_right                  ? api::AUTH_OK
                                                     : api::AUTH_BAD_CREDENTIALS);
      if (is_right) answer.set_ticket(std::string(k_ticket));
      return request.respond(answer.SerializeAsString());
    }
    case api::Method::scram_begin: {
      auto said = parsed<api::ScramBeginRequest>(request.payload());
      api::ScramBeginResponse answer;
      answer.set_outcome(said.login_name() == "busy" ? api::AUTH_TRY_LATER : api::AUTH_OK);
      answer.set_exchange(11);
      answer.set_server_first("r=" + said.client_nonce() + "SERVER,s=c2FsdA==,i=4096");
      messages_ = said.client_first_bare() + ',' + answer.server_first() + ',';
      return request.respond(answer.SerializeAsString());
    }
    case api::Method::scram_finish: {
      auto said = parsed<api::ScramFinishRequest>(request.payload());
      EXPECT_EQ(said.exchange(), 11U);
      Bytes auth_message = messages_ + said.client_final_without_proof();
      api::ScramFinishResponse answer;
      bool is_right = crypto::check_scram_proof(keys_, auth_message, said.proof());
      answer.set_outcome(is_right ? api::AUTH_OK : api::AUTH_BAD_CREDENTIALS);
      if (is_right) {
        answer.set_ticket(std::string(k_ticket));
        answer.set_server_signature(crypto::scram_server_signature(keys_, auth_message));
      }
      return request.respond(answer.SerializeAsString());
    }
    default:
      ADD_FAILURE() << "login asked for " << request.method();
  }
}

net::Task<void> LoginFixture::talk(net::Stream& client, std::vector<Step> steps) {
  std::array<char, 4096> buffer{};
  Deadline deadline = deadline_in(std::chrono::seconds(20));
  std::size_t wanted = 0;
  for (const Step& step : steps) {
    std::string text = step.make ? step.make(said_) : step.send;
    auto sent = co_await client.write(text, deadline);
    if (!sent) break;
    wanted += step.replies;
    while (count_replies(said_) < wanted) {
      auto got = co_await client.read(buffer, deadline);
      if (!got) co_return;
      said_.append(buffer.data(), *got);
    }
  }
  client.shutdown_write();
  while (true) {
    auto got = co_await client.read(buffer, deadline);
    if (!got) co_return;
    said_.append(buffer.data(), *got);
  }
}

net::Task<void> LoginFixture::run_session(role::Worker& worker, role::Connection& connection) {
  end = co_await serve_smtp(worker, connection);
  is_offence = connection.is_offence;
  // The client sees the end, and ends too.
  sys::Fd socket = connection.stream.release();
}

net::Task<void> LoginFixture::finish(net::Loop& loop, net::Task<void> talk) {
  co_await talk;
  loop.post([&loop] { loop.stop(); });
}

std::string LoginFixture::play(std::vector<Step> steps) {
  said_.clear();
  World& world = make_world();
  net::Loop& loop = world.loop;
  net::Gate& gate = world.gate;
  auto core = sys::socket_pair(sys::SocketKind::stream);
  auto line = sys::socket_pair(sys::SocketKind::stream);
  auto channel =
      rpc::Channel::create(gate, std::move(core->first), {.passes_descriptors = false},
                           [this](rpc::Request request) { serve_core(std::move(request)); });
  role::Start start;
  start.settings = settings;
  if (has_core) start.links.push_back({{.peer = Role::core}, std::move(core->second)});
  role::Worker& worker = world.worker.emplace(loop, std::move(start),
                                              role::Worker::Options{.passes_descriptors = false});
  role::Connection connection{facts, net::Stream(loop, std::move(line->first))};
  net::Stream client(loop, std::move(line->second));
  gate.spawn(run_session(worker, connection));
  gate.spawn(finish(loop, talk(client, std::move(steps))));
  loop.run();
  channel->close();
  return said_;
}

}  // namespace peregrine::login
