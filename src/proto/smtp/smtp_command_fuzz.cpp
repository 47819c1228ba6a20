#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "proto/smtp/grammar.h"
#include "proto/smtp/reply.h"

namespace {

using namespace peregrine;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const std::optional<Address>& address) {
  if (address) require(Address::parse(address->to_string()) == *address);
}

}  // namespace

// Any line gives a command whose values keep their promises, or an error that has a 5xx reply.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine::smtp;
  if (size == 0 || size > 2048) return 0;
  BytesView line(reinterpret_cast<const char*>(data) + 1, size - 1);
  Extensions offered;
  if ((data[0] & 1) != 0) offered.max_size = 100'000;
  offered.eight_bit_mime = (data[0] & 2) != 0;
  offered.smtp_utf8 = (data[0] & 4) != 0;
  if ((data[0] & 8) != 0) offered.auth_mechanisms = {"PLAIN"};
  if ((data[0] & 32) != 0) {
    const std::vector<std::string> none;
    offered = make_offer({.disabled = none,
                          .is_submission = true,
                          .is_encrypted = true,
                          .max_size = 100'000,
                          .now = 1'800'000'000,
                          .auth_mechanisms = offered.auth_mechanisms});
  }
  AllowUtf8 utf8 = (data[0] & 16) != 0 ? AllowUtf8::yes : AllowUtf8::no;

  auto command = parse_command(line, {.offered = offered, .recipient_utf8 = utf8});
  if (!command) {
    require(reply_to(command.error()).code >= 500);
    return 0;
  }
  require(parse_verb(line) != Verb::unknown);
  if (const auto* mail = std::get_if<MailFrom>(&*command)) {
    check(mail->sender);
    require(!mail->size || (offered.max_size && *mail->size <= *offered.max_size));
    require(offered.smtp_utf8 || mail->smtp_utf8 == AllowUtf8::no);
  }
  auto is_printable = [](BytesView text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  };
  if (const auto* mail = std::get_if<MailFrom>(&*command)) require(is_printable(mail->envelope_id));
  if (const auto* rcpt = std::get_if<RcptTo>(&*command)) {
    check(rcpt->recipient);
    for (char c : rcpt->original_recipient) {
      require((c & 0x80) != 0 ? utf8 == AllowUtf8::yes : c >= ' ' && c != '\x7f');
    }
  }
  if (const auto* hello = std::get_if<Hello>(&*command)) {
    Bytes wire = to_wire(greeting(hello->name));
    require(wire.size() <= 512 && wire.find('\r') == wire.size() - 2);
  }
  return 0;
}
