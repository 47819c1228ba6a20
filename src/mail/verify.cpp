#include "mail/verify.h"

#include <algorithm>
#include <fmt/core.h>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mail/account_check.h"

namespace peregrine::mail {
namespace {

bool precedes(const store::BlobLink& a, const store::BlobLink& b) {
  return std::tie(a.partition, a.holder, a.blob) < std::tie(b.partition, b.holder, b.blob);
}

void tidy(std::vector<store::BlobLink>& links) {
  std::ranges::sort(links, precedes);
  auto same = [](const auto& a, const auto& b) { return !precedes(a, b) && !precedes(b, a); };
  links.erase(std::unique(links.begin(), links.end(), same), links.end());
}

void report_differences(const std::vector<store::BlobLink>& has,
                        const std::vector<store::BlobLink>& lacks, std::string_view what,
                        const Report& report) {
  std::vector<store::BlobLink> difference;
  std::ranges::set_difference(has, lacks, std::back_inserter(difference), precedes);
  for (const store::BlobLink& link : difference) {
    report({fmt::format("account {} message {} blob {}", link.partition.value, link.holder,
                        to_hex(link.blob.bytes())),
            std::string(what)});
  }
}

}  // namespace

std::expected<void, MailError> verify_account(store::Store& store, AccountId account,
                                              const Report& report,
                                              std::vector<store::BlobLink>& links) {
  AccountCheck check(account, report, links);
  auto scanned = store.scan(partition_of(account), {}, {}, store::Scan::forward,
                            [&](BytesView key, BytesView value) {
                              check.visit(key, value);
                              return true;
                            });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  if (!scanned) {
    report({fmt::format("account {}", account.value),
            "has damaged records, which the check of the store names"});
  }
  check.finish();
  return {};
}

std::expected<void, MailError> verify_links(store::Store& store,
                                            std::vector<store::BlobLink> wanted,
                                            const Report& report) {
  std::vector<store::BlobLink> links;
  auto scanned = store.scan_links([&](const store::BlobLink& link) {
    if (link.partition != store::k_system_partition) links.push_back(link);
    return true;
  });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  tidy(wanted);
  tidy(links);
  report_differences(wanted, links, "is not linked", report);
  report_differences(links, wanted, "is linked, and no message needs it", report);
  return {};
}

std::expected<void, MailError> verify(store::Store& store, const directory::Directory& directory,
                                      const Report& report) {
  auto checked = directory::verify(store, report);
  if (!checked && checked.error() == directory::DirectoryError::io) {
    return std::unexpected(MailError::io);
  }
  if (!checked) report({"directory", "cannot be read"});
  auto partitions = store.partitions();
  if (!partitions) return std::unexpected(from_store(partitions.error()));
  std::vector<store::BlobLink> wanted;
  for (store::PartitionId partition : *partitions) {
    if (partition == store::k_system_partition) continue;
    AccountId account(partition.value);
    if (directory.find_account(account) == nullptr) {
      report({fmt::format("account {}", account.value), "has mail, and is not in the directory"});
    }
    TRY_VOID(verify_account(store, account, report, wanted));
  }
  return verify_links(store, std::move(wanted), report);
}

}  // namespace peregrine::mail
