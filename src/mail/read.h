#pragma once
// Reading messages: free functions over the store, so that they may run on any thread. They take no
// part in an account's state; a message that was removed meanwhile is `not_found`.

#include <cstdint>
#include <expected>

#include "mail/error.h"
#include "mail/records.h"
#include "store/store.h"

namespace peregrine::mail {

std::expected<MessageRecord, MailError> read_message(store::Store& store, AccountId account,
                                                     MessageId message);
/// What encode_summary() wrote for the message.
std::expected<Bytes, MailError> read_summary(store::Store& store, const MessageRecord& message);
/// `length` bytes of the raw message from `offset`, fewer at its end.
std::expected<Bytes, MailError> read_raw(store::Store& store, const store::BlobId& blob,
                                         std::uint64_t offset = 0,
                                         std::uint64_t length = UINT64_MAX);
/// The text that search reads (search.h says how it is laid out); empty when there is none.
std::expected<Bytes, MailError> read_text(store::Store& store, AccountId account,
                                          MessageId message);

}  // namespace peregrine::mail
