#include "login/attempts.h"

#include <algorithm>

#include "api/client.h"
#include "base/foreign_protocol.h"
#include "base/log.h"

namespace peregrine::login {
namespace {

using namespace std::chrono_literals;

// Core hashes with Argon2id, and others may stand in the queue before.
constexpr auto k_answer_time = 30s;
// A look-up and some digests.
constexpr auto k_scram_time = 10s;

api::AuthenticateRequest make_request(const rpc::OpenConnection& facts,
                                      const sasl::PasswordLogin& login) {
  api::AuthenticateRequest request;
  request.set_connection(facts.id.value);
  request.set_service(static_cast<std::uint32_t>(facts.service));
  request.set_peer_address(facts.peer);
  request.set_authorization_id(login.authorization_id);
  request.set_login_name(login.authentication_id);
  request.set_password(std::string(login.password.reveal()));
  return request;
}

template <class Response>
Outcome outcome_of(const std::expected<Response, rpc::CallFailure>& answer) {
  if (!answer) return Outcome::unavailable;
  switch (answer->outcome()) {
    case api::AUTH_OK:
      return Outcome::ok;
    case api::AUTH_BAD_CREDENTIALS:
      return Outcome::wrong;
    default:
      return Outcome::unavailable;
  }
}

std::string_view event_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "login.ok";
    case Outcome::wrong:
      return "login.failed";
    case Outcome::unavailable:
      break;
  }
  return "login.unavailable";
}

}  // namespace

void note_offence(role::Connection& connection, std::string_view what) {
  connection.is_offence = true;
  log_event(LogLevel::info, "login.offence",
            {{"conn", HexId{connection.facts.id.value}},
             {"service", service_name(connection.facts.service)},
             {"peer", connection.facts.peer},
             {"what", what}});
}

bool is_foreign(BytesView first_bytes) {
  ForeignProtocol found = detect_foreign_protocol(first_bytes);
  if (found != ForeignProtocol::non_ascii) return found != ForeignProtocol::none;
  return static_cast<unsigned char>(first_bytes.front()) >= 0x80;
}

bool may_log_in(const role::Worker& worker, const rpc::OpenConnection& facts) {
  return facts.tls.has_value() ||
         (facts.is_loopback && worker.settings().auth.allow_plaintext_loopback);
}

bool may_begin_tls(const role::Worker& worker, const rpc::OpenConnection& facts) {
  return !facts.tls && !worker.settings().tls.certificates.empty();
}

sasl::Context sasl_context(const role::Worker& worker, const rpc::OpenConnection& facts) {
  sasl::Context context;
  context.offers_login =
      facts.service == Service::submission || facts.service == Service::submissions;
  context.offers_scram_sha1 = worker.settings().auth.scram_sha1;
  if (facts.tls) {
    context.tls_exporter = facts.tls->exporter;
    context.tls_server_end_point = facts.tls->server_end_point;
  }
  return context;
}

std::chrono::milliseconds pause_after(unsigned failures) {
  return std::chrono::milliseconds(500) * (1U << std::min(failures - 1, 4U));
}

net::Task<Verdict> Attempts::check(sasl::PasswordLogin login) {
  Verdict verdict;
  // V18: nobody acts as somebody else; core is not even asked, and the answer is the usual one.
  verdict.outcome = Outcome::wrong;
  if (!login.is_for_other()) {
    api::AuthenticateRequest request = make_request(facts_, login);
    login.password.wipe();
    auto answer = co_await api::authenticate(worker_.core(), request, deadline_in(k_answer_time));
    std::string* sent = request.mutable_password();
    explicit_bzero(sent->data(), sent->size());
    verdict.outcome = outcome_of(answer);
    if (verdict.outcome == Outcome::ok) verdict.ticket = std::move(*answer->mutable_ticket());
  }
  co_await conclude(std::move(login.authentication_id), verdict.outcome);
  co_return verdict;
}

net::Task<std::expected<Attempts::ScramBegun, Outcome>> Attempts::begin_scram(
    sasl::ScramStart start) {
  api::ScramBeginRequest request;
  request.set_connection(facts_.id.value);
  request.set_service(static_cast<std::uint32_t>(facts_.service));
  request.set_peer_address(facts_.peer);
  request.set_hash(static_cast<std::uint32_t>(start.hash));
  request.set_login_name(std::move(start.authentication_id));
  request.set_client_nonce(std::move(start.client_nonce));
  request.set_client_first_bare(std::move(start.client_first_bare));
  auto answer = co_await api::scram_begin(worker_.core(), request, deadline_in(k_scram_time));
  Outcome outcome = outcome_of(answer);
  if (outcome != Outcome::ok) co_return std::unexpected(outcome);
  co_return ScramBegun{answer->exchange(), std::move(*answer->mutable_server_first())};
}

net::Task<std::expected<Attempts::ScramProved, Outcome>> Attempts::finish_scram(
    std::uint64_t exchange, sasl::ScramProof proof) {
  api::ScramFinishRequest request;
  request.set_exchange(exchange);
  request.set_client_final_without_proof(std::move(proof.client_final_without_proof));
  request.set_proof(std::move(proof.proof));
  auto answer = co_await api::scram_finish(worker_.core(), request, deadline_in(k_scram_time));
  Outcome outcome = outcome_of(answer);
  if (outcome != Outcome::ok) co_return std::unexpected(outcome);
  co_return ScramProved{std::move(*answer->mutable_ticket()),
                        std::move(*answer->mutable_server_signature())};
}

net::Task<void> Attempts::conclude(std::string name, Outcome outcome) {
  log_event(outcome == Outcome::ok ? LogLevel::info : LogLevel::warning, event_of(outcome),
            {{"conn", HexId{facts_.id.value}},
             {"service", service_name(facts_.service)},
             {"peer", facts_.peer},
             {"name", name},
             {"tls", facts_.tls.has_value()}});
  if (outcome != Outcome::wrong) co_return;
  ++failures_;
  co_await net::sleep_until(worker_.loop(), deadline_in(pause_after(failures_)));
}

}  // namespace peregrine::login
