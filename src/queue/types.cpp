#include "queue/types.h"

#include <algorithm>

namespace peregrine::queue {
namespace {

constexpr std::size_t k_max_envid = 100;  // RFC 3461 section 4.4, before it was decoded
constexpr std::size_t k_max_orcpt = 500;  // RFC 3461 section 4.2

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
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
         envelope.priority >= -9 && envelope.priority <= 9 && envelope.hold_until.seconds >= 0 &&
         envelope.deliver_by.seconds >= 0;
}

bool is_valid_orcpt(std::string_view orcpt) {
  return orcpt.size() <= k_max_orcpt && is_printable(orcpt);
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
