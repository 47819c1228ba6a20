#include "remote/inspect.h"

#include <fmt/core.h>

#include "base/result.h"
#include "remote/record.h"

namespace peregrine::remote {
namespace {

using Visit = std::function<bool(BytesView key, BytesView value)>;

std::expected<void, store::StoreError> scan_all(store::Store& store, const Visit& visit) {
  Bytes first(1, k_key_prefix);
  Bytes end(1, static_cast<char>(k_key_prefix + 1));
  auto scanned = store.scan(store::k_system_partition, first, end, store::Scan::forward, visit);
  // The store's own check names it.
  if (!scanned && scanned.error() == store::StoreError::corrupt) return {};
  return scanned;
}

/// Nothing for what cannot be read. Names and ids that parse need no escapes in JSON.
std::optional<std::string> describe(BytesView key, BytesView value) {
  auto domain = parse_policy_key(key);
  auto policy = domain ? decode_policy(value) : std::nullopt;
  if (policy) {
    return fmt::format(
        R"({{"record":"sts_policy","domain":"{}","id":"{}","fetched":{},"max_age":{},"bytes":{}}})",
        *domain, policy->id, policy->fetched.seconds, policy->max_age, policy->text.size());
  }
  auto result = parse_result_key(key);
  auto sessions = result ? decode_count(value) : std::nullopt;
  if (!sessions) return std::nullopt;
  return fmt::format(
      R"({{"record":"tls_result","day":{},"domain":"{}","policy":"{}","result":"{}","mx":"{}","sessions":{}}})",
      result->day, result->domain, name_of(result->policy), name_of(result->result),
      result->receiving_mx, *sessions);
}

}  // namespace

std::expected<void, store::StoreError> dump(store::Store& store,
                                            const std::function<void(std::string_view)>& out) {
  return scan_all(store, [&](BytesView key, BytesView value) {
    auto line = describe(key, value);
    if (!line) line = fmt::format(R"({{"record":"unknown","key":"{}"}})", to_hex(key));
    out(*line);
    return true;
  });
}

std::expected<void, store::StoreError> verify(
    store::Store& store, const std::function<void(const store::Finding&)>& report) {
  return scan_all(store, [&](BytesView key, BytesView value) {
    if (!describe(key, value)) report({"remote " + to_hex(key), "the record cannot be read"});
    return true;
  });
}

}  // namespace peregrine::remote
