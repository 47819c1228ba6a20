#include <cstdint>
#include <cstdlib>

#include "proto/pop3/grammar.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

// Any line gives a command whose values keep their promises, or an error with a response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  using namespace peregrine::pop3;
  BytesView line(reinterpret_cast<const char*>(data), size);
  auto command = parse_command(line);
  if (!command) {
    Bytes out;
    append_response(response_to(command.error()), out);
    require(out.starts_with("-ERR "));
    return 0;
  }
  require(parse_verb(line) != Verb::unknown);
  if (const auto* user = std::get_if<User>(&*command)) require(!user->name.empty());
  if (const auto* pass = std::get_if<Pass>(&*command)) require(!pass->password.empty());
  if (const auto* retr = std::get_if<Retr>(&*command)) require(retr->message >= 1);
  if (const auto* top = std::get_if<Top>(&*command)) require(top->message >= 1);
  Bytes out;
  append_item(line, out);
  append_ok(line, out);
  require(out.size() <= 1024 && out.ends_with("\r\n"));
  return 0;
}
