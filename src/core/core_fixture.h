#pragma once
// What core's tests share: a core on a store in memory, with two accounts, and callers of any role
// at the other end of socket pairs, all on one loop. For tests only.

#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "api/client.h"
#include "core/core.h"
#include "core/links.h"
#include "crypto/hash.h"
#include "mail/verify.h"
#include "model/summary_fixture.h"
#include "queue/verify.h"
#include "store/memory/memory_store.h"
#include "sys/memfd.h"

namespace peregrine::core {

inline constexpr std::chrono::seconds k_patience{20};

inline Deadline soon() {
  return deadline_in(k_patience);
}

/// A message as a worker sends it.
inline api::Content content_of(const std::string& subject, const std::string& body) {
  auto [raw, summary] = plain_message(subject, body);
  api::Content content;
  content.set_summary(encode_summary(summary));
  content.set_search_headers("subject: " + subject + "\n");
  content.set_search_body(body + "\n");
  content.set_raw(raw);
  return content;
}

/// The same content in one piece, as it travels in a memfd, and its lengths.
inline Bytes pack(api::Content& content) {
  Bytes all = content.summary() + content.search_headers() + content.search_body() + content.raw();
  api::Content lengths;
  lengths.add_lengths(content.summary().size());
  lengths.add_lengths(content.search_headers().size());
  lengths.add_lengths(content.search_body().size());
  lengths.add_lengths(content.raw().size());
  content = lengths;
  return all;
}

class CoreTest : public testing::Test {
 protected:
  using Channel = std::shared_ptr<rpc::Channel>;  // owners: the test, and the channel's reader

  CoreTest() : gate(loop), calls(loop) {
    config::Settings settings;
    settings.auth.argon2_memory = kib(64);
    settings.auth.argon2_passes = 1;
    settings.limits.message_size = mib(2);
    auto memory = store::open_memory_with_hooks();
    hooks = memory.hooks;
    auto model = make_model(settings, std::move(memory.store));
    EXPECT_TRUE(model);
    core = std::make_unique<Core>(calls, settings, std::move(*model));
    links = std::make_unique<Links>(*core);
    add_account("alice@example.test");
    add_account("bob@example.test");
  }
  ~CoreTest() override { links->close_all(); }

  void add_account(const std::string& address) {
    api::DomainRequest domain;
    domain.set_domain("example.test");
    core->admin.domain_add(domain);
    api::AccountRequest request;
    request.set_address(address);
    request.set_password("correct horse");
    auto credentials = make_credentials("correct horse", credential_cost(core->settings));
    EXPECT_TRUE(core->admin.account_add(request, *credentials).done());
  }
  AccountId id_of(const std::string& address) {
    return core->model.directory->find_account(*Address::parse(address))->id;
  }

  /// A new caller of that role, in place of an earlier one with the index.
  Channel connect(Role role, std::uint32_t index = 0) {
    auto sockets = sys::socket_pair(sys::SocketKind::stream);
    if (role == Role::admin) {
      links->add_operator(std::move(sockets->first));
    } else {
      links->add({{role, index}, std::move(sockets->first)});
    }
    auto channel =
        rpc::Channel::create(gate, std::move(sockets->second),
                             {.passes_descriptors = true, .max_payload = rpc::k_max_answer});
    callers.push_back(channel);
    return channel;
  }

  /// A session of the account on `channel`, whose role is `role`.
  net::Task<std::uint64_t> log_in(Channel channel, std::string address, Role role) {
    Service service = role == Role::imap         ? Service::imap
                      : role == Role::submission ? Service::submission
                                                 : Service::pop3;
    auto ticket =
        core->sessions.issue_ticket(id_of(address), ConnectionId(7), service, Monotonic::now());
    api::RedeemRequest request;
    request.set_connection(7);
    request.set_service(static_cast<std::uint32_t>(service));
    request.set_ticket(*ticket);
    auto answer = co_await api::redeem(channel, request, soon());
    EXPECT_TRUE(answer);
    co_return answer ? answer->session() : 0;
  }

  net::Task<api::DeliverOutcome> deliver_to(Channel mx, std::string address, api::Content content) {
    api::DeliverRequest request;
    request.add_recipients()->set_address(address);
    *request.mutable_content() = std::move(content);
    auto answer = co_await api::deliver(mx, request, soon());
    EXPECT_TRUE(answer && answer->outcomes_size() == 1);
    co_return answer && answer->outcomes_size() == 1 ? answer->outcomes(0)
                                                     : api::DELIVER_UNSPECIFIED;
  }

  /// Runs the loop until `test` is done.
  void run(net::Task<void> test) {
    gate.spawn(finish(std::move(test)));
    loop.run();
  }

  std::vector<std::string> findings() {
    std::vector<std::string> out;
    auto report = [&](const store::Finding& finding) {
      out.push_back(finding.where + ": " + finding.what);
    };
    EXPECT_TRUE(mail::verify(*core->model.store, *core->model.directory, report));
    EXPECT_TRUE(queue::verify(*core->model.store, report));
    return out;
  }
  void expect_sound() { EXPECT_EQ(findings(), std::vector<std::string>{}); }

  net::Loop loop;
  net::Gate gate;   // the callers
  net::Gate calls;  // core's
  store::MemoryHooks* hooks = nullptr;
  std::unique_ptr<Core> core;
  std::unique_ptr<Links> links;
  std::vector<Channel> callers;

 private:
  net::Task<void> finish(net::Task<void> test) {
    co_await test;
    for (const Channel& channel : callers) channel->close();
    links->close_all();
    bool all_ended = co_await calls.drained(soon());
    EXPECT_TRUE(all_ended);
    loop.post([this] { loop.stop(); });
  }
};

inline bool refused_with(const auto& answer, api::ErrorCode code) {
  return !answer && api::refused_with(answer.error(), code);
}

}  // namespace peregrine::core
