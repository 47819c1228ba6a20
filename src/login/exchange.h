#pragma once
// Exchange: one SASL exchange of a connection, whatever the protocol around it: what the mechanism
// says, and what core is asked on its way. The protocol frames and encodes. Ended by destroying it.
//
//   exchange_ = Exchange::make(attempts_, context, "SCRAM-SHA-256");
//   Turn turn = co_await exchange_->begin(std::move(initial));   // then respond() for each line

#include <memory>
#include <optional>
#include <variant>

#include "login/attempts.h"
#include "proto/sasl/sasl.h"

namespace peregrine::login {

/// What comes next: a challenge to send, or the end of the exchange.
using Turn = std::variant<sasl::Challenge, sasl::SaslError, Verdict>;

class Exchange {
 public:
  using Message = std::expected<Secret, sasl::SaslError>;

  /// Null for a mechanism that is not offered. `attempts` outlives the exchange.
  static std::unique_ptr<Exchange> make(Attempts& attempts, const sasl::Context& context,
                                        std::string_view mechanism);

  Exchange(Attempts& attempts, std::unique_ptr<sasl::Server> server)
      : attempts_(attempts), server_(std::move(server)) {}

  /// `initial`: the decoded initial response, if there was one.
  net::Task<Turn> begin(std::optional<Message> initial);
  /// A decoded line of the client.
  net::Task<Turn> respond(Message message);

 private:
  net::Task<Turn> follow(sasl::Step step);
  net::Task<sasl::Step> start_scram(sasl::ScramStart start);
  net::Task<sasl::Step> prove(sasl::ScramProof proof);

  Attempts& attempts_;
  std::unique_ptr<sasl::Server> server_;
  // Of SCRAM.
  std::string name_;
  std::uint64_t number_ = 0;  ///< core's
  /// Once core has said something other than "go on".
  std::optional<Verdict> verdict_;
};

}  // namespace peregrine::login
