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

Outcome outcome_of(const std::expected<api::AuthenticateResponse, rpc::CallFailure>& answer) {
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
  log_event(verdict.outcome == Outcome::ok ? LogLevel::info : LogLevel::warning,
            event_of(verdict.outcome),
            {{"conn", HexId{facts_.id.value}},
             {"service", service_name(facts_.service)},
             {"peer", facts_.peer},
             {"name", login.authentication_id},
             {"tls", facts_.tls.has_value()}});
  if (verdict.outcome == Outcome::wrong) {
    ++failures_;
    co_await net::sleep_until(worker_.loop(), deadline_in(pause_after(failures_)));
  }
  co_return verdict;
}

}  // namespace peregrine::login
