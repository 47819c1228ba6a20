#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/smtp/server_offers.h"

namespace {

using namespace peregrine;

void require(bool condition) {
  if (!condition) std::abort();
}

/// All that the reader tells of `input`, fed in pieces of `step` bytes.
std::string told(BytesView input, std::size_t step) {
  std::string out;
  smtp::ReplyReader reader;
  for (std::size_t i = 0; i < input.size(); i += step) {
    reader.feed(input.substr(i, step));
    for (auto event = reader.next(); event != smtp::ReplyEvent::need_more; event = reader.next()) {
      out += static_cast<char>('0' + static_cast<int>(event));
      if (event != smtp::ReplyEvent::reply) return out;
      const smtp::ServerReply& reply = reader.reply();
      require(reply.code >= 200 && reply.code <= 599);
      require(!reply.lines.empty() && reply.lines.size() <= smtp::k_most_reply_lines);
      std::string text = reply.diagnostic();
      require(text.size() <= smtp::k_max_diagnostic);
      for (char c : text) require(c >= ' ' && c <= '~');
      out += text + reply.status_text();
    }
  }
  return out;
}

}  // namespace

// What is told does not depend on where the input is cut, and is bounded and printable.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  BytesView input(reinterpret_cast<const char*>(data), size);
  std::string whole = told(input, size);
  require(told(input, 1) == whole);
  require(told(input, 1 + data[0] % 16U) == whole);
  return 0;
}
