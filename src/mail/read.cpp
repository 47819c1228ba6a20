#include "mail/read.h"

#include <utility>

#include "base/log.h"
#include "base/result.h"

namespace peregrine::mail {
namespace {

MailError damaged(AccountId account, MessageId message, RecordError error) {
  log_event(LogLevel::error, "mail.damaged_record",
            {{"account", account.value}, {"message", message.value}});
  return error == RecordError::newer_format ? MailError::newer_format : MailError::corrupt;
}

}  // namespace

std::expected<MessageRecord, MailError> read_message(store::Store& store, AccountId account,
                                                     MessageId message) {
  auto value = store.get(partition_of(account), message_key(message));
  if (!value) return std::unexpected(from_store(value.error()));
  if (!*value) return std::unexpected(MailError::not_found);
  auto record = decode_message(**value);
  if (!record) return std::unexpected(damaged(account, message, record.error()));
  return *std::move(record);
}

std::expected<Bytes, MailError> read_summary(store::Store& store, const MessageRecord& message) {
  if (!message.summary.blob) return message.summary.inline_bytes;
  return read_raw(store, *message.summary.blob);
}

std::expected<Bytes, MailError> read_raw(store::Store& store, const store::BlobId& blob,
                                         std::uint64_t offset, std::uint64_t length) {
  // The whole is held against the digest that names it.
  bool is_whole = offset == 0 && length == UINT64_MAX;
  auto content = is_whole ? store.read_blob(blob) : store.read_blob_range(blob, offset, length);
  if (!content) return std::unexpected(from_store(content.error()));
  return *std::move(content);
}

std::expected<Bytes, MailError> read_text(store::Store& store, AccountId account,
                                          MessageId message) {
  auto value = store.get(partition_of(account), text_key(message));
  if (!value) return std::unexpected(from_store(value.error()));
  if (*value) {
    auto text = decode_bytes(**value);
    if (!text) return std::unexpected(damaged(account, message, text.error()));
    return Bytes(*text);
  }
  TRY(MessageRecord record, read_message(store, account, message));
  if (!record.text_blob) return Bytes{};
  return read_raw(store, *record.text_blob);
}

}  // namespace peregrine::mail
