// The call that searches the texts of messages, on a pool; a caller that has gone stops it.
#include <stop_token>

#include "core/core.h"
#include "core/mailbox_service.h"
#include "mail/search.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_longest_needle = kib(64);

Answer<mail::SearchCondition> condition_of(const api::SearchRequest& request) {
  mail::SearchCondition condition{.name = request.header(), .needle = request.needle()};
  switch (request.field()) {
    case api::SEARCH_BODY:
      condition.field = mail::SearchField::body;
      break;
    case api::SEARCH_TEXT:
      condition.field = mail::SearchField::text;
      break;
    case api::SEARCH_HEADER:
      condition.field = mail::SearchField::header;
      break;
    default:
      return std::unexpected(api::ErrorCode::malformed);
  }
  if (condition.needle.size() > k_longest_needle || condition.name.size() > k_longest_needle) {
    return std::unexpected(api::ErrorCode::limit);
  }
  return condition;
}

struct Candidates {
  std::vector<std::pair<MessageId, Uid>> pairs;  ///< rising by message
  std::vector<MessageId> messages;               ///< each once
};

Candidates candidates_of(const mail::View& view, const api::SearchRequest& request) {
  Candidates out;
  for (std::uint32_t uid : request.uids()) {
    auto place = view.find(Uid(uid));
    if (place) out.pairs.emplace_back(view.at(*place).message(), Uid(uid));
  }
  std::ranges::sort(out.pairs);
  for (const auto& [message, uid] : out.pairs) {
    if (out.messages.empty() || out.messages.back() != message) out.messages.push_back(message);
  }
  return out;
}

}  // namespace

net::Task<Answer<api::SearchResponse>> search(Core& core, Call& call, api::SearchRequest request) {
  auto condition = condition_of(request);
  if (!condition) co_return std::unexpected(condition.error());
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto view = (*account)->view(MailboxId(request.mailbox()));
  if (!view) co_return refusal(view);
  Candidates candidates = candidates_of(**view, request);
  std::vector<mail::SearchCondition> conditions{*std::move(condition)};

  std::stop_source stop;
  call.request.on_cancel([stop]() mutable { stop.request_stop(); });
  store::Store& store = *core.model.store;
  auto job = [&store, &candidates, &conditions, stop, id = call.account] {
    return mail::search(store, id, candidates.messages, conditions, stop.get_token());
  };
  auto found = co_await run_on(core.scanning, job);
  if (!found) co_return refusal(found);
  std::vector<Uid> uids;
  for (const auto& [message, uid] : candidates.pairs) {
    if (std::ranges::binary_search(found->front(), message)) uids.push_back(uid);
  }
  std::ranges::sort(uids);
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  api::SearchResponse response;
  for (Uid uid : uids) response.add_uids(uid.value);
  co_return response;
}

}  // namespace peregrine::core
