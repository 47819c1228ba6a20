// The calls about mailboxes by name: list, status, create, delete, rename, subscribe.
#include <bit>

#include "base/result.h"
#include "core/core.h"
#include "core/mailbox_service.h"

namespace peregrine::core {
namespace {

/// One attribute of RFC 6154, or none.
Answer<mail::SpecialUse> use_of(std::uint32_t attribute) {
  if (attribute == 0) return mail::SpecialUse::none;
  if (!std::has_single_bit(attribute) || attribute < api::ATTRIBUTE_DRAFTS ||
      attribute > api::ATTRIBUTE_ARCHIVE) {
    return std::unexpected(api::ErrorCode::malformed);
  }
  return static_cast<mail::SpecialUse>(
      std::countr_zero(attribute / static_cast<std::uint32_t>(api::ATTRIBUTE_DRAFTS)) + 1);
}

}  // namespace

net::Task<Answer<api::ListMailboxesResponse>> list_mailboxes(Core& core, Call& call,
                                                             api::ListMailboxesRequest) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  api::ListMailboxesResponse response;
  for (const auto& [id, mailbox] : (*account)->mailboxes()) {
    describe(**account, mailbox, *response.add_mailboxes());
  }
  // RFC 9051 section 6.3.9: a subscription is listed also when its mailbox is not there.
  for (const std::string& name : (*account)->subscriptions()) {
    if ((*account)->find(name) != nullptr) continue;
    api::MailboxInfo& info = *response.add_mailboxes();
    info.set_name(name);
    info.set_attributes(api::ATTRIBUTE_SUBSCRIBED | api::ATTRIBUTE_NON_EXISTENT);
  }
  co_return response;
}

net::Task<Answer<api::StatusResponse>> status(Core& core, Call& call, api::StatusRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto mailbox = find_selectable(**account, request.name());
  if (!mailbox) co_return std::unexpected(mailbox.error());
  api::StatusResponse response;
  describe(**account, **mailbox, *response.mutable_mailbox());
  co_return response;
}

net::Task<Answer<api::CreateMailboxResponse>> create_mailbox(Core& core, Call& call,
                                                             api::CreateMailboxRequest request) {
  auto use = use_of(request.special_use());
  if (!use) co_return std::unexpected(use.error());
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto created = (*account)->create_mailbox(request.name(), *use);
  if (!created) co_return refusal(created);
  api::CreateMailboxResponse response;
  response.set_mailbox(created->value.value);
  co_return response;
}

net::Task<Answer<api::DeleteMailboxResponse>> delete_mailbox(Core& core, Call& call,
                                                             api::DeleteMailboxRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto deleted = (*account)->delete_mailbox(request.name());
  if (!deleted) co_return refusal(deleted);
  co_return api::DeleteMailboxResponse{};
}

net::Task<Answer<api::RenameMailboxResponse>> rename_mailbox(Core& core, Call& call,
                                                             api::RenameMailboxRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto renamed = (*account)->rename_mailbox(request.from(), request.to());
  if (!renamed) co_return refusal(renamed);
  co_return api::RenameMailboxResponse{};
}

net::Task<Answer<api::SubscribeResponse>> subscribe(Core& core, Call& call,
                                                    api::SubscribeRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto changed = request.subscribed() ? (*account)->subscribe(request.name())
                                      : (*account)->unsubscribe(request.name());
  if (!changed) co_return refusal(changed);
  co_return api::SubscribeResponse{};
}

}  // namespace peregrine::core
