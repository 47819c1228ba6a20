#pragma once
// Changing flags in core and in the view, for STORE and for FETCH, which sets \Seen.

#include <expected>
#include <vector>

#include "imapd/view.h"
#include "net/task.h"
#include "proto/imap/command.h"
#include "rpc/channel.h"

namespace peregrine::imapd {

class Session;

struct FlagUpdate {
  FlagChange change = FlagChange::add;
  imap::FlagList flags;
};

struct UpdatedFlags {
  std::uint32_t place = 0;
  /// The flags are what the client gets when it applies the change to those it knows of.
  bool is_as_expected = true;
};

/// Changes the messages at `places` of the selected mailbox and brings the view up to date. Answers
/// those that exist still; tells the client of keywords that are new.
net::Task<std::expected<std::vector<UpdatedFlags>, rpc::CallFailure>> update_flags(
    Session& session, const std::vector<std::uint32_t>& places, const FlagUpdate& update);

/// The system flags after a change.
FlagSet changed_flags(FlagSet before, FlagChange change, FlagSet by);
/// Keyword bits after a change.
std::uint64_t changed_bits(std::uint64_t before, FlagChange change, std::uint64_t by);

}  // namespace peregrine::imapd
