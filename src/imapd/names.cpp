#include "imapd/names.h"

#include "text/mutf7.h"

namespace peregrine::imapd {

std::optional<std::string> name_from_wire(const imap::MailboxName& name) {
  return text::mutf7_to_utf8(name.raw);
}

Bytes name_to_wire(std::string_view utf8) {
  // Core keeps valid UTF-8 only.
  return text::utf8_to_mutf7(utf8).value_or(Bytes(utf8));
}

Answer bad_name() {
  return no("CANNOT", "Mailbox name is not valid modified UTF-7");
}

}  // namespace peregrine::imapd
