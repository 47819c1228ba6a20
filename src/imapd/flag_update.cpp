#include "imapd/flag_update.h"

#include <algorithm>

#include "imapd/entries.h"
#include "imapd/session.h"

namespace peregrine::imapd {
namespace {

// What one call changes: the request stays small, and other sessions get their turn.
constexpr std::size_t k_messages_a_call = 10'000;

api::StoreFlagsRequest make_request(Session& session, std::span<const std::uint32_t> places,
                                    const FlagUpdate& update) {
  api::StoreFlagsRequest request;
  request.set_session(session.id());
  request.set_mailbox(session.selected()->mailbox.value);
  for (std::uint32_t place : places) {
    request.add_uids(session.selected()->view.uid(place).value);
  }
  request.set_change(static_cast<std::uint32_t>(update.change));
  request.set_flags(update.flags.flags.bits);
  for (const std::string& keyword : update.flags.keywords) request.add_keywords(keyword);
  return request;
}

std::uint64_t bits_of(const std::vector<std::string>& keywords,
                      const std::vector<std::string>& table) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < table.size() && i < k_max_keywords; ++i) {
    if (std::ranges::binary_search(keywords, table[i])) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

void take_entries(Session& session, const api::Entries& entries, const FlagUpdate& update,
                  std::vector<UpdatedFlags>& updated) {
  Selected& selected = *session.selected();
  std::uint64_t bits = bits_of(update.flags.keywords, selected.keywords);
  for_each_entry(entries, [&](const ViewEntry& entry) {
    auto place = selected.view.find(entry.uid);
    if (!place) return;
    FlagSet flags = changed_flags(selected.view.flags(*place), update.change, update.flags.flags);
    std::uint64_t keywords = changed_bits(selected.view.keywords(*place), update.change, bits);
    selected.view.set(*place, entry.flags, entry.keywords);
    updated.push_back({*place, flags == entry.flags && keywords == entry.keywords});
  });
}

}  // namespace

FlagSet changed_flags(FlagSet before, FlagChange change, FlagSet by) {
  return {static_cast<std::uint8_t>(changed_bits(before.bits, change, by.bits))};
}

std::uint64_t changed_bits(std::uint64_t before, FlagChange change, std::uint64_t by) {
  switch (change) {
    case FlagChange::replace:
      return by;
    case FlagChange::add:
      return before | by;
    case FlagChange::remove:
      return before & ~by;
  }
  return before;
}

net::Task<std::expected<std::vector<UpdatedFlags>, rpc::CallFailure>> update_flags(
    Session& session, const std::vector<std::uint32_t>& places, const FlagUpdate& update) {
  std::vector<UpdatedFlags> updated;
  updated.reserve(places.size());
  std::span<const std::uint32_t> rest = places;
  while (!rest.empty()) {
    auto now = rest.first(std::min(rest.size(), k_messages_a_call));
    rest = rest.subspan(now.size());
    api::StoreFlagsRequest request = make_request(session, now, update);
    auto answer = co_await api::store_flags(session.core(), request, Session::call_deadline());
    if (!answer) co_return std::unexpected(answer.error());
    session.take_keywords(answer->keywords());
    take_entries(session, answer->entries(), update, updated);
  }
  co_return updated;
}

}  // namespace peregrine::imapd
