#include "mail/delivery.h"

#include <algorithm>

#include "base/result.h"
#include "crypto/hash.h"

namespace peregrine::mail {
namespace {

bool is_within_bounds(const NewMessage& message) {
  return message.raw.size() <= k_max_message_size && message.summary.size() <= k_max_payload &&
         message.search_text.size() <= k_max_payload;
}

}  // namespace

Delivery::Delivery(Accounts& accounts, const NewMessage& message)
    : accounts_(accounts), message_(message), now_(wall_now()) {
  MessageRecord record;
  record.blob = message.blob;
  record.size = message.raw.size();
  if (message.summary.size() > k_max_inline) {
    record.summary.blob = store::BlobId{crypto::sha256(message.summary)};
    payload_blobs_.emplace_back(*record.summary.blob, message.summary);
  } else {
    record.summary.inline_bytes = message.summary;
  }
  if (message.search_text.size() > k_max_inline) {
    record.text_blob = store::BlobId{crypto::sha256(message.search_text)};
    payload_blobs_.emplace_back(*record.text_blob, message.search_text);
  } else if (!message.search_text.empty()) {
    text_record_ = encode_bytes(message.search_text);
  }
  message_record_ = encode(record);
}

std::expected<Delivery::Plan*, DeliveryStatus> Delivery::plan_of(AccountId id) {
  auto found = plans_.find(id);
  if (found != plans_.end()) return &found->second;
  auto account = accounts_.load(id);
  if (!account) {
    return std::unexpected(account.error() == MailError::not_found ? DeliveryStatus::not_found
                                                                   : DeliveryStatus::unavailable);
  }
  Change change(**account, accounts_.shared_.store);
  MessageId message = change.header().next_message;
  if (message.value >= k_max_message_id) return std::unexpected(DeliveryStatus::over_limit);
  change.header().next_message = message.next();
  Plan plan{*account, std::move(change), message, {}, {}};
  return &plans_.emplace(id, std::move(plan)).first->second;
}

std::expected<Entry, DeliveryStatus> Delivery::make_entry(const Target& target, Plan& plan,
                                                          const Mailbox& mailbox) {
  auto size = static_cast<std::uint32_t>(message_.raw.size());
  std::uint64_t count = plan.entries.size() + 1;
  if (!plan.account->has_room(size * count, count)) {
    return std::unexpected(DeliveryStatus::over_quota);
  }
  if (plan.change.counters(mailbox.id).uid_next.value == UINT32_MAX) {
    return std::unexpected(DeliveryStatus::over_limit);
  }
  Entry entry;
  entry.message = plan.message;
  entry.flags.bits = target.flags.bits & k_all_flag_bits;
  entry.modseq = plan.change.modseq();
  entry.internal_date = {std::clamp(message_.internal_date.seconds, -k_max_date, k_max_date)};
  entry.saved = static_cast<std::uint32_t>(now_.seconds);
  entry.size = size;
  if (!target.keywords.empty()) {
    MailboxRecord& record = plan.records.try_emplace(mailbox.id, mailbox.record).first->second;
    auto bits =
        plan.account->keyword_bits(record, target.keywords, plan.account->loaded_view(mailbox.id));
    if (!bits) return std::unexpected(DeliveryStatus::over_limit);
    entry.keywords = *bits;
  }
  return entry;
}

Delivered Delivery::add(const Target& target) {
  auto refuse = [](DeliveryStatus status) { return Delivered{.status = status}; };
  if (!is_within_bounds(message_)) return refuse(DeliveryStatus::over_limit);
  auto plan = plan_of(target.account);
  if (!plan) return refuse(plan.error());
  const Account& account = *(*plan)->account;
  const Mailbox* mailbox = !target.mailbox.is_none()     ? account.find(target.mailbox)
                           : target.mailbox_name.empty() ? &account.inbox()
                                                         : account.find(target.mailbox_name);
  if (mailbox == nullptr || mailbox->record.no_select) return refuse(DeliveryStatus::not_found);
  for (const auto& [delivered, row] : (*plan)->entries) {
    if (delivered.mailbox == mailbox->id) return delivered;
  }
  auto entry = make_entry(target, **plan, *mailbox);
  if (!entry) return refuse(entry.error());
  Uid uid = (*plan)->change.add_entry(mailbox->id, *entry);
  Delivered out{DeliveryStatus::delivered,    mailbox->id,   uid,
                mailbox->record.uid_validity, entry->modseq, entry->message};
  (*plan)->entries.emplace_back(out, Row(uid, *entry));
  return out;
}

void Delivery::write_message(Plan& plan) {
  plan.change.put(message_key(plan.message), message_record_);
  if (!text_record_.empty()) plan.change.put(text_key(plan.message), text_record_);
  if (plan.entries.size() > 1) {
    plan.change.put(references_key(plan.message),
                    encode_references(static_cast<std::uint32_t>(plan.entries.size())));
  }
  for (const auto& [mailbox, record] : plan.records) {
    plan.change.put(mailbox_key(mailbox), encode(record));
  }
  plan.change.link(message_.blob, plan.message);
  for (const auto& [blob, bytes] : payload_blobs_) plan.change.link(blob, plan.message);
}

std::expected<store::Sequence, MailError> Delivery::commit(store::Commit commit) {
  std::erase_if(plans_, [](const auto& plan) { return plan.second.entries.empty(); });
  for (auto& [id, plan] : plans_) {
    write_message(plan);
    TRY_VOID(plan.change.finish_into(commit));
  }
  if (!plans_.empty()) {
    commit.new_blobs.emplace_back(message_.blob, message_.raw);
    commit.new_blobs.insert(commit.new_blobs.end(), payload_blobs_.begin(), payload_blobs_.end());
  }
  if (commit.partitions.empty() && commit.links.empty()) return store::Sequence{};
  auto sequence = accounts_.shared_.store.commit(commit);
  if (!sequence) return std::unexpected(from_store(sequence.error()));
  for (auto& [id, plan] : plans_) apply(plan, *sequence);
  return *sequence;
}

void Delivery::apply(Plan& plan, store::Sequence sequence) {
  plan.change.apply(sequence);
  for (auto& [mailbox, record] : plan.records) {
    plan.account->mailboxes_.at(mailbox).record = std::move(record);
  }
  for (const auto& [delivered, row] : plan.entries) {
    if (View* view = plan.account->loaded_view(delivered.mailbox)) view->append(row);
  }
}

std::expected<Committed<std::vector<Delivered>>, MailError> Accounts::deliver(
    std::span<const Target> targets, const NewMessage& message, store::Commit with) {
  trim(AccountId{});
  Delivery delivery(*this, message);
  std::vector<Delivered> results;
  results.reserve(targets.size());
  for (const Target& target : targets) results.push_back(delivery.add(target));
  TRY(store::Sequence sequence, delivery.commit(std::move(with)));
  return Committed<std::vector<Delivered>>{std::move(results), sequence};
}

std::expected<Committed<Delivered>, MailError> Accounts::append(const Target& target,
                                                                const NewMessage& message) {
  TRY(auto results, deliver(std::span(&target, 1), message));
  const Delivered& result = results.value.front();
  switch (result.status) {
    case DeliveryStatus::delivered:
      return Committed<Delivered>{result, results.sequence};
    case DeliveryStatus::over_quota:
      return std::unexpected(MailError::over_quota);
    case DeliveryStatus::not_found:
      return std::unexpected(MailError::not_found);
    case DeliveryStatus::over_limit:
      return std::unexpected(MailError::over_limit);
    case DeliveryStatus::unavailable:
      break;
  }
  return std::unexpected(MailError::corrupt);
}

}  // namespace peregrine::mail
