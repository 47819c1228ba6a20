#include "queue/types.h"

#include <algorithm>

#include "base/bytes.h"
#include "text/utf8.h"

namespace peregrine::queue {
namespace {

constexpr std::size_t k_max_envid = 100;  // RFC 3461 section 4.4, before it was decoded
constexpr std::size_t k_max_orcpt = 500;  // RFC 3461 section 4.2

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

/// With the longest lifetime added it is still a time that a record takes.
bool is_storable(UnixTime time) {
  return time.seconds >= 0 && time.seconds <= std::int64_t{1} << 39;
}

}  // namespace

bool is_valid(const Envelope& envelope) {
  if (!envelope.mail_from.empty()) {
    auto address = Address::parse(envelope.mail_from);
    if (!address || address->to_string() != envelope.mail_from) return false;
  }
  const std::string& ret = envelope.dsn_ret;
  return (ret.empty() || ret == "FULL" || ret == "HDRS") &&
         envelope.dsn_envid.size() <= k_max_envid && is_printable(envelope.dsn_envid) &&
         !(envelope.require_tls && envelope.tls_optional) && envelope.priority >= -9 &&
         envelope.priority <= 9 && is_storable(envelope.hold_until) &&
         is_storable(envelope.deliver_by);
}

bool is_valid_orcpt(std::string_view orcpt) {
  if (orcpt.size() > k_max_orcpt) return false;
  // RFC 6533 section 3: an address of this type may be in UTF-8.
  if (!istarts_with(orcpt, "utf-8;")) return is_printable(orcpt);
  return text::is_valid_utf8(orcpt) &&
         std::ranges::none_of(orcpt, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

QueueError from_store(store::StoreError error) {
  switch (error) {
    case store::StoreError::no_space:
      return QueueError::no_space;
    case store::StoreError::corrupt:
      return QueueError::corrupt;
    case store::StoreError::newer_format:
      return QueueError::newer_format;
    case store::StoreError::not_found:
      return QueueError::not_found;
    case store::StoreError::conflict:
    case store::StoreError::io:
    case store::StoreError::in_use:
      break;
  }
  return QueueError::io;
}

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, k_max_text));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c >= 0x7f; }, '?');
  return out;
}

}  // namespace peregrine::queue
