#include "core/admin_text.h"

#include <fmt/format.h>

#include "base/log.h"

namespace peregrine::core {

using directory::DirectoryError;

std::string_view text_of(DirectoryError error) {
  switch (error) {
    case DirectoryError::over_limit:
      return "too many or too far: at most 1000 targets an alias, over a few aliases in a row";
    case DirectoryError::circular:
      return "the alias would lead back to itself: name the mailboxes where it ends";
    case DirectoryError::no_space:
      return "the disk is full: free space on the data directory's file system, and try again";
    case DirectoryError::io:
      return "the disk failed; the log of the server says how";
    case DirectoryError::corrupt:
      return "a record is damaged; run peregrine verify";
    case DirectoryError::newer_format:
      return "a record was written by a later version of peregrine: run that version";
    case DirectoryError::bad_name:
      return "the name cannot be used";
    case DirectoryError::exists:
      return "it exists already";
    case DirectoryError::not_found:
      return "it does not exist";
    case DirectoryError::unknown_domain:
      return "its domain is not served here";
    case DirectoryError::not_empty:
      return "the domain still has accounts or aliases; remove them first";
  }
  return "it failed";
}

std::string not_an_address(std::string_view text) {
  return fmt::format("{}: not an address; write it as name@domain", log_escape(text));
}

std::string no_account(const Address& address) {
  return fmt::format("{}: no such account; peregrine account list shows those there are",
                     log_escape(address.to_string()));
}

}  // namespace peregrine::core
