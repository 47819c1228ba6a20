#pragma once
// The names of things in the domain, each a type of its own.

#include "base/ids.h"

namespace peregrine {

using AccountId = StrongId<struct AccountTag>;
using MailboxId = StrongId<struct MailboxTag, std::uint32_t>;  ///< within its account
using MessageId = StrongId<struct MessageTag>;                 ///< within its account
using Uid = StrongId<struct UidTag, std::uint32_t>;            ///< RFC 9051 section 2.3.1.1
using UidValidity = StrongId<struct UidValidityTag, std::uint32_t>;
using ModSeq = StrongId<struct ModSeqTag>;  ///< RFC 7162: one sequence for an account
/// A client connection, unique over the life of the server; shown in every log line.
using ConnectionId = StrongId<struct ConnectionTag>;
/// An authenticated session as core names it.
using SessionId = StrongId<struct SessionTag>;

}  // namespace peregrine
