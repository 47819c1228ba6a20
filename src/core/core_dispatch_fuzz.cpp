// Random calls from each role, on a core with mail and a session of each kind: whatever comes, core
// answers or ends the channel. A round's input is the role and, for each call, its method, a length
// and the request; the session field that a request starts with is made valid half of the time, so
// that handlers are reached.
#include <array>
#include <cstdlib>

#include "base/codec.h"
#include "base/log.h"
#include "core/core.h"
#include "core/links.h"
#include "model/summary.h"
#include "rpc/frame.h"

namespace peregrine::core {
namespace {

constexpr std::array k_roles = {Role::login, Role::mx,         Role::imap,   Role::pop3,
                                Role::admin, Role::submission, Role::courier};

struct Fuzzed {
  Fuzzed() : calls(loop) {
    log_configure("fuzz", LogFormat::text, LogLevel::error);
    log_set_output(LogFormat::text, static_cast<LogLevel>(255));
    config::Settings settings;
    settings.auth.argon2_memory = kib(8);
    settings.auth.argon2_passes = 1;
    settings.outbound.enabled = true;
    auto model = make_model(settings, store::open_memory());
    if (!model) std::abort();
    core = std::make_unique<Core>(calls, settings, std::move(*model));
    api::DomainRequest domain;
    domain.set_domain("a.test");
    core->admin.domain_add(domain);
    api::AccountRequest account;
    account.set_address("a@a.test");
    account.set_password("a");
    auto hash = crypto::hash_password("a", password_cost(settings));
    if (!core->admin.account_add(account, *hash).done()) std::abort();
    links = std::make_unique<Links>(*core);
  }

  std::uint64_t log_in(Role role, std::uint64_t channel) {
    Service service = role == Role::imap         ? Service::imap
                      : role == Role::submission ? Service::submission
                                                 : Service::pop3;
    Deadline now = Monotonic::now();
    auto account = core->model.directory->find_login("a@a.test");
    if (!account) return 0;
    auto ticket = core->sessions.issue_ticket(*account, ConnectionId(1), service, now);
    return core->sessions.redeem(*ticket, ConnectionId(1), service, channel, now)->session.value;
  }

  net::Loop loop;
  net::Gate calls;
  std::unique_ptr<Core> core;
  std::unique_ptr<Links> links;
  std::uint64_t channels = 0;
};

/// Frames of one peer, as `input` says.
Bytes frames_of(Decoder& input, std::uint64_t session) {
  Bytes out;
  std::uint32_t call = 1;
  while (input.ok() && !input.at_end() && call < 20) {
    std::uint8_t method = input.u8();
    std::uint8_t how = input.u8();
    BytesView payload = input.bytes(4096);
    Bytes request;
    if ((how & 1) != 0) {
      api::ReleaseRequest named;
      named.set_session(session);
      request = named.SerializeAsString();
    }
    request.append(payload);
    auto kind = static_cast<rpc::FrameKind>((how & 2) != 0 ? how >> 4 : 1);
    rpc::append_frame(out, {.call = call++, .kind = kind, .method = method}, request);
  }
  return out;
}

net::Task<void> play(Fuzzed& fuzzed, net::Stream& stream) {
  // Until core has nothing more to say to it.
  std::array<char, 4096> buffer{};
  while (true) {
    auto read = co_await stream.read(buffer, deadline_in(std::chrono::milliseconds(2)));
    if (!read) break;
  }
  stream.release();
  fuzzed.links->close_all();
  bool all_ended = co_await fuzzed.calls.drained(deadline_in(std::chrono::seconds(30)));
  if (!all_ended) std::abort();
  fuzzed.loop.stop();
}

void one_round(Fuzzed& fuzzed, BytesView bytes) {
  Decoder input(bytes);
  Role role = k_roles[input.u8() % k_roles.size()];
  auto sockets = sys::socket_pair(sys::SocketKind::stream);
  if (!sockets) std::abort();
  net::Stream stream(fuzzed.loop, std::move(sockets->second));
  if (role == Role::admin) {
    fuzzed.links->add_operator(std::move(sockets->first));
  } else {
    fuzzed.links->add({{role, 0}, std::move(sockets->first)});
  }
  // Links numbers its channels from one on.
  std::uint64_t session = fuzzed.log_in(role, ++fuzzed.channels);
  Bytes frames = frames_of(input, session);
  static_cast<void>(stream.try_write(frames));
  net::Gate gate(fuzzed.loop);
  gate.spawn(play(fuzzed, stream));
  fuzzed.loop.run();
}

}  // namespace
}  // namespace peregrine::core

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine::core;
  static auto fuzzed = std::make_unique<Fuzzed>();
  static int rounds = 0;
  // A fresh one now and then, so that inputs can be reproduced and memory does not grow.
  if (++rounds % 500 == 0) fuzzed = std::make_unique<Fuzzed>();
  one_round(*fuzzed, {reinterpret_cast<const char*>(data), size});
  return 0;
}
