// The calls that change messages: append, store_flags, copy, expunge.
#include "core/content.h"
#include "core/core.h"
#include "core/mailbox_service.h"

namespace peregrine::core {
namespace {

Answer<FlagSet> flags_of(std::uint32_t bits) {
  if ((bits & ~std::uint32_t{k_all_flag_bits}) != 0) {
    return std::unexpected(api::ErrorCode::malformed);
  }
  return FlagSet{static_cast<std::uint8_t>(bits)};
}

/// One bounded step of an expunge: what `request` asks for, of the uids from `first` on.
std::expected<directory::Committed<mail::RemoveResult>, mail::MailError> expunge_some(
    mail::Account& account, const api::ExpungeRequest& request, std::span<const Uid>& uids) {
  MailboxId mailbox(request.mailbox());
  if (request.with_deleted_flag()) {
    if (!request.only_these()) return account.expunge(mailbox, std::nullopt, wall_now());
    return account.expunge(mailbox, uids, wall_now());
  }
  std::span<const Uid> now = uids.first(std::min(uids.size(), mail::k_entries_at_once));
  uids = uids.subspan(now.size());
  auto removed = account.remove(mailbox, now, wall_now());
  if (removed) removed->value.more = !uids.empty();
  return removed;
}

}  // namespace

net::Task<Answer<api::AppendResponse>> append(Core& core, Call& call, api::AppendRequest request) {
  auto flags = flags_of(request.flags());
  if (!flags) co_return std::unexpected(flags.error());
  auto content = Content::open(std::move(*request.mutable_content()),
                               call.request.take_descriptor(), core.settings.limits.message_size);
  if (!content) co_return std::unexpected(content.error());
  crypto::Digest digest = co_await digest_of(core, *content);
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto mailbox = find_selectable(**account, request.name());
  if (!mailbox) co_return std::unexpected(mailbox.error());
  mail::Target target{call.account,
                      (*mailbox)->id,
                      {},
                      *flags,
                      {request.keywords().begin(), request.keywords().end()}};
  UnixTime date = request.internal_date() == 0 ? wall_now() : UnixTime{request.internal_date()};
  auto added = core.model.accounts->append(target, content->message(digest, date));
  if (!added) co_return refusal(added);
  api::AppendResponse response;
  response.set_uid_validity(added->value.uid_validity.value);
  response.set_uid(added->value.uid.value);
  co_return response;
}

net::Task<Answer<api::StoreFlagsResponse>> store_flags(Core& core, Call& call,
                                                       api::StoreFlagsRequest request) {
  auto flags = flags_of(request.flags());
  if (!flags || request.change() > static_cast<std::uint32_t>(FlagChange::remove)) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  mail::FlagUpdate update{static_cast<FlagChange>(request.change()),
                          *flags,
                          {request.keywords().begin(), request.keywords().end()},
                          {}};
  if (request.conditional()) update.unchanged_since = ModSeq(request.unchanged_since());
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  MailboxId mailbox(request.mailbox());
  std::vector<Uid> uids = rising(request.uids());
  auto stored = (*account)->store_flags(mailbox, uids, update);
  if (!stored) co_return refusal(stored);
  auto view = (*account)->view(mailbox);
  if (!view) co_return refusal(view);
  api::StoreFlagsResponse response;
  response.set_modseq(stored->value.modseq.value);
  for (Uid uid : uids) {
    if (auto place = (*view)->find(uid))
      add_entry((*view)->at(*place), *response.mutable_entries());
  }
  if (response.has_entries()) finish_entries(*response.mutable_entries());
  for (const std::string& keyword : (*account)->find(mailbox)->record.keywords) {
    response.add_keywords(keyword);
  }
  for (Uid uid : stored->value.modified) response.add_modified(uid.value);
  co_return response;
}

net::Task<Answer<api::CopyResponse>> copy(Core& core, Call& call, api::CopyRequest request) {
  auto account = core.model.accounts->open(call.account);
  if (!account) co_return refusal(account);
  auto target = find_selectable(**account, request.target());
  if (!target) co_return std::unexpected(target.error());
  MailboxId from(request.mailbox());
  MailboxId to = (*target)->id;
  std::vector<Uid> uids = rising(request.uids());
  auto copied =
      request.move() ? (*account)->move(from, uids, to) : (*account)->copy(from, uids, to);
  if (!copied) co_return refusal(copied);
  api::CopyResponse response;
  response.set_uid_validity(copied->value.uid_validity.value);
  for (Uid uid : copied->value.from) response.add_source_uids(uid.value);
  for (Uid uid : copied->value.to) response.add_target_uids(uid.value);
  response.set_modseq((*account)->highest_modseq().value);
  co_return response;
}

net::Task<Answer<api::ExpungeResponse>> expunge(Core& core, Call& call,
                                                api::ExpungeRequest request) {
  // Nothing asks to remove all that is in a mailbox.
  if (!request.only_these() && !request.with_deleted_flag()) {
    co_return std::unexpected(api::ErrorCode::malformed);
  }
  std::vector<Uid> all = rising(request.uids());
  std::span<const Uid> uids = all;
  api::ExpungeResponse response;
  bool more = true;
  while (more) {
    auto account = core.model.accounts->open(call.account);
    if (!account) co_return refusal(account);
    auto removed = expunge_some(**account, request, uids);
    if (!removed) co_return refusal(removed);
    for (Uid uid : removed->value.removed) response.add_uids(uid.value);
    response.set_modseq(removed->value.modseq.value);
    more = removed->value.more;
    // Others get their turn between two steps.
    if (more) co_await net::sleep_until(core.loop, Monotonic::now());
  }
  co_return response;
}

}  // namespace peregrine::core
