// Whole exchanges of SCRAM: the input is the client's first message, a line feed, and its final
// one. What parses is made of parts of the message, and no exchange ends well without the nonce.
#include <cstdint>
#include <cstdlib>

#include "proto/sasl/scram.h"
#include "text/base64.h"

namespace {

using namespace peregrine;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_first(BytesView message) {
  auto first = sasl::parse_client_first(message);
  if (!first) return;
  require(first->gs2_header + first->bare == message);
  require(!first->authentication_id.empty() && !first->nonce.empty());
  require(!first->authentication_id.contains('\0') && !first->nonce.contains(','));
}

void check_final(BytesView message) {
  auto last = sasl::parse_client_final(message);
  if (!last) return;
  require(last->without_proof + ",p=" + text::base64_encode(last->proof) == message);
  require(!last->binding.empty() && !last->nonce.empty());
}

void play(std::string_view mechanism, const sasl::Context& context, BytesView first,
          BytesView last) {
  auto server = sasl::make_server(mechanism, context);
  sasl::Step step = server->respond(first);
  auto* start = std::get_if<sasl::ScramStart>(&step);
  if (start == nullptr) return require(std::holds_alternative<sasl::SaslError>(step));
  Bytes answer = "r=" + start->client_nonce + "SERVER,s=c2FsdA==,i=4096";
  bool is_plus = mechanism.ends_with("-PLUS");
  require(first.starts_with("p=") == is_plus);
  require(std::holds_alternative<sasl::Challenge>(server->resume(answer)));
  sasl::Step next = server->respond(last);
  auto* proof = std::get_if<sasl::ScramProof>(&next);
  if (proof == nullptr) return require(std::holds_alternative<sasl::SaslError>(next));
  require(proof->client_final_without_proof.contains("SERVER"));
  require(std::holds_alternative<sasl::Challenge>(server->resume("signature")));
  require(std::holds_alternative<sasl::Finished>(server->respond("")));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView input(reinterpret_cast<const char*>(data), size);
  BytesView first = input.substr(0, input.find('\n'));
  BytesView last = first.size() < input.size() ? input.substr(first.size() + 1) : BytesView();
  check_first(input);
  check_final(input);
  check_first(first);
  check_final(last);
  const sasl::Context tls{.tls_exporter = "exporter", .tls_server_end_point = "end"};
  for (std::string_view mechanism : sasl::mechanisms(tls)) {
    if (mechanism.starts_with("SCRAM")) play(mechanism, tls, first, last);
  }
  play("SCRAM-SHA-1", {}, first, last);
  return 0;
}
