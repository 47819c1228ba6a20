#pragma once
// Answer: how a command ends, behind the untagged responses that it has written. The session adds
// the tag, and tells what has changed in the mailbox meanwhile right before it.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/imap/responses.h"
#include "rpc/channel.h"

namespace peregrine::imapd {

/// What the session may tell before the tagged answer. RFC 9051 section 7.5.1: no EXPUNGE while
/// FETCH, STORE or SEARCH is answered, or sequence numbers would shift under the client.
enum class Updates : std::uint8_t { all, without_expunges, ask_always };

struct Answer {
  imap::Condition condition = imap::Condition::ok;
  std::string code;       ///< without brackets
  std::string_view text;  ///< of static storage
  Updates updates = Updates::all;
};

inline Answer ok(std::string_view text, std::string code = {}) {
  return {imap::Condition::ok, std::move(code), text};
}
inline Answer no(std::string code, std::string_view text) {
  return {imap::Condition::no, std::move(code), text};
}
inline Answer bad(std::string_view text) {
  return {imap::Condition::bad, {}, text};
}
/// The answer to a command on messages that comes when no mailbox is selected.
inline Answer none_selected() {
  return bad("No mailbox is selected");
}
inline Answer read_only() {
  return no("", "Mailbox is selected read-only");
}
inline Answer no_such_message_number() {
  return bad("No such message number");
}

/// What a mailbox that is not there is called: TRYCREATE where the client could make it and repeat
/// the command (RFC 9051 sections 6.3.12 and 6.4.7).
enum class Missing : std::uint8_t { nonexistent, try_create };

/// The answer to a call that core did not do. RFC 5530 has the codes.
Answer answer_to(const rpc::CallFailure& failure, Missing missing = Missing::nonexistent);

/// True when the failure means that the session is over: core has gone or no longer knows it.
bool ends_session(const rpc::CallFailure& failure);

}  // namespace peregrine::imapd
