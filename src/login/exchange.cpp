#include "login/exchange.h"

namespace peregrine::login {

std::unique_ptr<Exchange> Exchange::make(Attempts& attempts, const sasl::Context& context,
                                         std::string_view mechanism) {
  auto server = sasl::make_server(mechanism, context);
  if (!server) return nullptr;
  return std::make_unique<Exchange>(attempts, std::move(server));
}

net::Task<Turn> Exchange::begin(std::optional<Message> initial) {
  if (initial) {
    Turn turn = co_await respond(std::move(*initial));
    co_return turn;
  }
  Turn turn = co_await follow(server_->start());
  co_return turn;
}

net::Task<Turn> Exchange::respond(Message message) {
  sasl::Step step = message ? server_->respond(message->reveal()) : sasl::Step(message.error());
  Turn turn = co_await follow(std::move(step));
  co_return turn;
}

net::Task<Turn> Exchange::follow(sasl::Step step) {
  if (auto* start = std::get_if<sasl::ScramStart>(&step)) {
    step = co_await start_scram(std::move(*start));
  } else if (auto* proof = std::get_if<sasl::ScramProof>(&step)) {
    step = co_await prove(std::move(*proof));
  }
  if (auto* challenge = std::get_if<sasl::Challenge>(&step)) co_return std::move(*challenge);
  if (auto* login = std::get_if<sasl::PasswordLogin>(&step)) {
    Verdict verdict = co_await attempts_.check(std::move(*login));
    co_return verdict;
  }
  auto* error = std::get_if<sasl::SaslError>(&step);
  if (error != nullptr && *error == sasl::SaslError::bad_binding) {
    verdict_ = Verdict{.outcome = Outcome::wrong};
  } else if (error != nullptr) {
    co_return *error;
  }
  // SCRAM has come to its end: Finished, or what core said.
  Verdict verdict = std::move(*verdict_);
  co_await attempts_.conclude(name_, verdict.outcome);
  co_return verdict;
}

/// The server's first message; Finished when there is none, with the verdict.
net::Task<sasl::Step> Exchange::start_scram(sasl::ScramStart start) {
  name_ = start.authentication_id;
  // V18: nobody acts as somebody else.
  if (start.is_for_other()) {
    verdict_ = Verdict{.outcome = Outcome::wrong};
    co_return sasl::Finished{};
  }
  auto begun = co_await attempts_.begin_scram(std::move(start));
  if (!begun) {
    verdict_ = Verdict{.outcome = begun.error()};
    co_return sasl::Finished{};
  }
  number_ = begun->exchange;
  co_return server_->resume(begun->server_first);
}

net::Task<sasl::Step> Exchange::prove(sasl::ScramProof proof) {
  auto proved = co_await attempts_.finish_scram(number_, std::move(proof));
  if (!proved) {
    verdict_ = Verdict{.outcome = proved.error()};
    co_return sasl::Finished{};
  }
  verdict_ = Verdict{.outcome = Outcome::ok, .ticket = std::move(proved->ticket)};
  co_return server_->resume(proved->server_signature);
}

}  // namespace peregrine::login
