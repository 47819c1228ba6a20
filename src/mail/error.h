#pragma once
// MailError: what can go wrong with mail, and how a store's error becomes one.

#include <cstdint>

#include "store/store.h"

namespace peregrine::mail {

enum class MailError : std::uint8_t {
  not_found,  ///< no such account, mailbox or message
  exists,     ///< a mailbox has that name
  bad_name,   ///< see mailbox_name.h
  bad_keyword,
  no_select,      ///< the name is only a place in the hierarchy
  has_children,   ///< RFC 9051 section 6.3.5: \Noselect with inferior names
  is_inbox,       ///< INBOX cannot be deleted
  inside_itself,  ///< RENAME into an inferior name of its own
  over_quota,
  over_limit,  ///< too many mailboxes, keywords or uids
  no_space,
  io,
  corrupt,
  newer_format,
};

constexpr MailError from_store(store::StoreError error) {
  switch (error) {
    case store::StoreError::no_space:
      return MailError::no_space;
    case store::StoreError::corrupt:
      return MailError::corrupt;
    case store::StoreError::newer_format:
      return MailError::newer_format;
    case store::StoreError::not_found:
      return MailError::not_found;
    case store::StoreError::conflict:
    case store::StoreError::io:
    case store::StoreError::in_use:
      break;
  }
  return MailError::io;
}

}  // namespace peregrine::mail
