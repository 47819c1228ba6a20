#pragma once
// The model's invariants, checked over all that is stored, and a readable listing of it. Both only
// read, and may run beside a server that is at rest. What the store promises by itself (sums, links
// with blobs) is Store::verify().

#include <expected>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "directory/directory.h"
#include "mail/error.h"
#include "store/store.h"

namespace peregrine::mail {

using Report = std::function<void(const store::Finding&)>;

/// Reports what does not hold: records that do not decode, counters that differ from what they
/// count, uids and modseqs beyond their bounds, messages without an entry or a link, links without
/// a message, uids that are neither there nor in the log, mail without an account; and what
/// directory::verify() finds. Answers an error only when the store cannot be read at all.
std::expected<void, MailError> verify(store::Store& store, const directory::Directory& directory,
                                      const Report& report);

// The parts of it, for a caller that has to take breaks in between.

/// One account; `links` gets each link that its messages should have.
std::expected<void, MailError> verify_account(store::Store& store, AccountId account,
                                              const Report& report,
                                              std::vector<store::BlobLink>& links);
/// Compares what all accounts should have linked with what is.
std::expected<void, MailError> verify_links(store::Store& store,
                                            std::vector<store::BlobLink> wanted,
                                            const Report& report);

struct DumpFilter {
  std::optional<AccountId> account;  ///< none: the directory and all accounts
};

/// One JSON object a line for each record. No contents, no password hashes.
std::expected<void, MailError> dump(store::Store& store, const DumpFilter& filter,
                                    const std::function<void(std::string_view)>& out);

}  // namespace peregrine::mail
