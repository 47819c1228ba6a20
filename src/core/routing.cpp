#include "core/routing.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "base/result.h"
#include "queue/srs.h"

namespace peregrine::core {
namespace {

constexpr std::size_t k_told_addresses = 100;  ///< of one message, in its story

constexpr std::uint32_t bits(queue::Notify bit) {
  return static_cast<std::uint32_t>(bit);
}

api::RecipientVerdict verdict_of(Core& core, const directory::Resolution& resolution,
                                 std::uint64_t size) {
  switch (resolution.kind) {
    case directory::ResolutionKind::unknown:
      return api::RECIPIENT_UNKNOWN;
    case directory::ResolutionKind::not_local_domain:
      return api::RECIPIENT_NOT_LOCAL;
    case directory::ResolutionKind::unavailable:
      return api::RECIPIENT_TEMPORARY;
    case directory::ResolutionKind::local:
      break;
  }
  if (!resolution.remotes.empty() && !core.settings.outbound.enabled) {
    return api::RECIPIENT_NEEDS_RELAY;
  }
  // One account that cannot take it refuses the recipient as a whole, since a part of it could not
  // be told to the sender.
  for (AccountId account : resolution.accounts) {
    auto opened = core.model.accounts->open(account);
    if (!opened) return api::RECIPIENT_TEMPORARY;
    if (!(*opened)->has_room(size, 1)) return api::RECIPIENT_OVER_QUOTA;
  }
  return api::RECIPIENT_LOCAL;
}

/// Where a sender that was rewritten here leads to.
std::optional<Address> restore(Core& core, const Address& address) {
  if (!core.settings.outbound.enabled || !queue::is_rewritten(address) ||
      !core.model.directory->is_local_domain(address.domain()) ||
      core.model.directory->find_account(address) != nullptr) {
    return std::nullopt;
  }
  queue::Change change = core.model.queue->change();
  auto header = change.header();
  if (!header) return std::nullopt;
  return queue::restore_sender(address, (*header)->secret, wall_now());
}

std::string joined(const std::vector<std::string>& addresses) {
  std::string out;
  for (std::size_t i = 0; i < addresses.size() && i < k_told_addresses; ++i) {
    out += (i == 0 ? "" : ",") + addresses[i];
  }
  return out;
}

}  // namespace

Route find_route(Core& core, const std::string& recipient, std::uint64_t size) {
  Route out;
  const directory::Directory& directory = *core.model.directory;
  directory::Resolution found;
  // RFC 5321 section 4.5.1: "postmaster" without a domain is an address here.
  if (iequals(recipient, "postmaster")) {
    found = directory.resolve_postmaster();
  } else {
    auto address = Address::parse(recipient);
    if (!address) return out;
    out.address = *address;
    if (auto sender = restore(core, *address)) {
      out.verdict = api::RECIPIENT_LOCAL;
      found = directory.resolve(*sender);
      // It may have been one of ours all along.
      if (found.kind == directory::ResolutionKind::not_local_domain) {
        out.remotes.push_back(*std::move(sender));
        return out;
      }
    } else {
      found = directory.resolve(*address);
    }
  }
  out.verdict = verdict_of(core, found, size);
  if (out.verdict != api::RECIPIENT_LOCAL) return out;
  out.accounts = std::move(found.accounts);
  out.remotes = std::move(found.remotes);
  return out;
}

api::DeliverOutcome outcome_of(const Core& core, const Route& route, Elsewhere elsewhere) {
  switch (route.verdict) {
    case api::RECIPIENT_LOCAL:
      return api::DELIVER_OK;
    case api::RECIPIENT_UNKNOWN:
      return api::DELIVER_UNKNOWN;
    case api::RECIPIENT_NOT_LOCAL:
      if (elsewhere == Elsewhere::refused) return api::DELIVER_UNKNOWN;
      return core.settings.outbound.enabled ? api::DELIVER_OK : api::DELIVER_NO_RELAY;
    case api::RECIPIENT_NEEDS_RELAY:
      return elsewhere == Elsewhere::refused ? api::DELIVER_FAILED : api::DELIVER_NO_RELAY;
    case api::RECIPIENT_OVER_QUOTA:
      return api::DELIVER_OVER_QUOTA;
    case api::RECIPIENT_NO_SPACE:
      return api::DELIVER_NO_SPACE;
    default:
      return api::DELIVER_FAILED;
  }
}

void Distribution::add(const api::Recipient& recipient, const Route& route) {
  added_.push_back({route.accounts});
  for (AccountId account : route.accounts) {
    if (!target_of_.try_emplace(account, targets_.size()).second) continue;
    targets_.push_back(
        {.account = account, .mailbox = {}, .mailbox_name = {}, .flags = {}, .keywords = {}});
  }
  if (!route.accounts.empty()) local_.push_back(recipient.address());
  add_remotes(recipient, route);
  add_success(recipient, route);
}

void Distribution::add_remotes(const api::Recipient& recipient, const Route& route) {
  queue::NewRecipient each{.address = {},
                           .notify = recipient.notify(),
                           .orcpt = recipient.orcpt(),
                           .state = queue::State::waiting};
  if (route.verdict == api::RECIPIENT_NOT_LOCAL && route.address) {
    each.address = route.address->to_string();
    remotes_[{}].try_emplace(each.address, each);
    return;
  }
  if (route.remotes.empty() || !route.address) return;
  bool is_list = route.remotes.size() + route.accounts.size() > 1;
  if (is_list && has(each.notify, queue::Notify::success)) {
    // RFC 3461 section 5.2.7.3: the members' copies do not report success, the list does.
    each.notify &= ~bits(queue::Notify::success);
    if (each.notify == 0) each.notify = bits(queue::Notify::never);
  }
  // V44: nothing is returned to a sender that anybody can have invented.
  if (trust_ == SenderTrust::doubtful) each.notify = bits(queue::Notify::never);
  auto& copies = remotes_[about_.account.is_none() ? route.address->domain() : std::string()];
  for (const Address& remote : route.remotes) {
    each.address = remote.to_string();
    copies.try_emplace(each.address, each);
  }
}

void Distribution::add_success(const api::Recipient& recipient, const Route& route) {
  // RFC 3461 section 5.2.3: a recipient whose message was delivered here. V44: a sender that
  // anybody can have invented is not told.
  if (trust_ == SenderTrust::doubtful || about_.envelope.mail_from.empty() || !route.address ||
      route.accounts.empty() || !core_.settings.outbound.enabled ||
      !has(recipient.notify(), queue::Notify::success)) {
    return;
  }
  bool is_list = route.remotes.size() + route.accounts.size() > 1;
  told_.push_back({.address = route.address->to_string(),
                   .notify = recipient.notify(),
                   .orcpt = recipient.orcpt(),
                   .state = is_list ? queue::State::expanded : queue::State::delivered});
}

std::expected<std::string, queue::QueueError> Distribution::sender_for(const std::string& domain,
                                                                       queue::Change& change) {
  const std::string& sender = about_.envelope.mail_from;
  if (domain.empty() || sender.empty()) return sender;
  auto address = Address::parse(sender);
  if (!address || core_.model.directory->is_local_domain(address->domain())) return sender;
  TRY(Bytes secret, core_.model.queue->secret(change));
  auto rewritten = queue::rewrite_sender(*address, domain, secret, now_);
  if (rewritten) return rewritten->to_string();
  // Too long for a local part: it goes on without a way back.
  log_event(LogLevel::warning, "core.sender_not_rewritten",
            {{"msg", HexId{about_.trace.value}}, {"from", sender}});
  return std::string();
}

void Distribution::tell_local() {
  if (local_.empty()) return;
  add_event({"stored", "to=" + joined(local_), {}});
}

std::expected<bool, queue::QueueError> Distribution::enqueue(queue::Change& change) {
  queue::Queue& queue = *core_.model.queue;
  bool has_queued = false;
  for (const auto& event : events_) {
    TRY_VOID(queue.trace(change, about_.trace, event, now_));
  }
  std::vector<queue::NewRecipient> told = std::exchange(told_, {});
  if (!told.empty()) remotes_[{}];
  for (auto& [domain, recipients] : remotes_) {
    queue::NewMessage message = about_;
    TRY(message.envelope.mail_from, sender_for(domain, change));
    for (auto& [address, recipient] : recipients) message.recipients.push_back(recipient);
    if (domain.empty()) std::ranges::move(told, std::back_inserter(message.recipients));
    std::vector<std::string> addresses;
    for (const auto& each : message.recipients) addresses.push_back(each.address);
    TRY(queue::QueueId id, queue.enqueue(change, message, now_));
    has_queued = true;
    queue::Event event{message.held_because.empty() ? "queued" : "held",
                       fmt::format("queue={:016x} from={} to={}", id.value,
                                   message.envelope.mail_from, joined(addresses)),
                       addresses};
    TRY_VOID(queue.trace(change, about_.trace, event, now_));
  }
  return has_queued;
}

std::expected<Distribution::Made, api::DeliverOutcome> Distribution::make(
    const mail::NewMessage& content, queue::Change with) {
  tell_local();
  Made made;
  auto queued = enqueue(with);
  auto commit = queued ? core_.model.queue->finish(with, now_) : std::unexpected(queued.error());
  if (!commit) {
    bool is_full = commit.error() == queue::QueueError::no_space;
    return std::unexpected(is_full ? api::DELIVER_NO_SPACE : api::DELIVER_FAILED);
  }
  made.has_queued = *queued;
  if (made.has_queued) commit->new_blobs.emplace_back(content.blob, content.raw);
  auto delivered = core_.model.accounts->deliver(targets_, content, std::move(*commit));
  if (!delivered) {
    log_event(LogLevel::error, "core.delivery_failed",
              {{"error", static_cast<int>(delivered.error())}});
    bool is_full = delivered.error() == mail::MailError::no_space;
    return std::unexpected(is_full ? api::DELIVER_NO_SPACE : api::DELIVER_FAILED);
  }
  made.sequence = delivered->sequence;
  if (!made.sequence.is_none()) core_.model.queue->committed(made.sequence);
  if (made.has_queued) {
    for (const auto& [domain, recipients] : remotes_) {
      core_.courier_waits.queued(made.sequence, domain);
    }
  }
  for (const Added& each : added_) {
    auto status = mail::DeliveryStatus::delivered;
    for (AccountId account : each.accounts) {
      auto one = delivered->value[target_of_.at(account)].status;
      if (one != mail::DeliveryStatus::delivered) status = one;
    }
    made.statuses.push_back(status);
  }
  return made;
}

}  // namespace peregrine::core
