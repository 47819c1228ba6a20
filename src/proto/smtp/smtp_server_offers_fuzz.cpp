#include <cstdint>
#include <cstdlib>

#include "proto/smtp/server_offers.h"

// Any lines are an answer to EHLO; each line of the input is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  BytesView input(reinterpret_cast<const char*>(data), size);
  smtp::ServerReply reply{.code = 250};
  while (!input.empty() && reply.lines.size() < smtp::k_most_reply_lines) {
    std::size_t end = std::min(input.find('\n'), input.size());
    reply.lines.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  smtp::ServerOffers offers = smtp::read_offers(reply);
  if (offers.auth_mechanisms.size() > 32) std::abort();
  if (offers.max_size != 0 && !offers.size) std::abort();
  return 0;
}
