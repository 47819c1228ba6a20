#include "core/bans.h"

#include <algorithm>

#include "base/log.h"

namespace peregrine::core {
namespace {

constexpr std::chrono::hours k_hour{1};
constexpr std::chrono::hours k_day{24};
constexpr std::chrono::days k_longest_by_operator{3650};

}  // namespace

void Bans::publish_to(role::BanTable table) {
  table_ = std::move(table);
  // What the core before this one wrote is forgotten here, so it must not hold there.
  table_->clear();
  for (const auto& [network, ban] : bans_) table_->set(network, ban.until);
}

bool Bans::report(std::string_view address, std::string_view reason, Deadline now) {
  auto network = network_of(address);
  if (!network || !settings_.bans.enabled || is_exempt(*network, address)) return false;
  Offences& offences = offences_[*network];
  if (offences.hour_end <= now) {
    offences.hour_end = now + k_hour;
    offences.count = 0;
  }
  if (++offences.count < settings_.bans.offences) return false;
  offences.count = 0;
  if (offences.day_end <= now) offences.bans = 0;
  std::chrono::milliseconds span = settings_.bans.time;
  for (std::uint32_t i = 0; i < offences.bans && span < settings_.bans.longest; ++i) span *= 2;
  span = std::min(span, settings_.bans.longest);
  ++offences.bans;
  offences.day_end = now + span + k_day;
  set(*network, {.until = now + span, .times = offences.bans, .reason = std::string(reason)}, now);
  log_event(LogLevel::warning, "core.banned",
            {{"network", network_text(*network)},
             {"seconds", std::chrono::duration_cast<std::chrono::seconds>(span).count()},
             {"times", offences.bans},
             {"reason", reason}});
  return true;
}

std::expected<void, BanError> Bans::add(std::string_view address, std::chrono::seconds span,
                                        Deadline now) {
  auto network = network_of(address);
  if (!network) return std::unexpected(BanError::not_an_address);
  if (is_exempt(*network, address)) return std::unexpected(BanError::exempt);
  if (span > k_longest_by_operator) return std::unexpected(BanError::too_long);
  std::chrono::milliseconds length = span;
  if (span.count() == 0) length = settings_.bans.time;
  set(*network, {.until = now + length, .reason = "by the operator", .is_by_operator = true}, now);
  return {};
}

std::expected<bool, BanError> Bans::lift(std::string_view address, Deadline now) {
  // As `ban list` shows it, or an address in it.
  auto network =
      network_of(address.ends_with("/64") ? address.substr(0, address.size() - 3) : address);
  if (!network) return std::unexpected(BanError::not_an_address);
  drop_ended(now);
  offences_.erase(*network);
  if (bans_.erase(*network) == 0) return false;
  if (table_) table_->erase(*network);
  return true;
}

bool Bans::is_banned(std::string_view address, Deadline now) const {
  auto network = network_of(address);
  if (!network) return false;
  auto found = bans_.find(*network);
  return found != bans_.end() && found->second.until > now;
}

const std::map<sys::SocketAddress, Ban>& Bans::list(Deadline now) {
  drop_ended(now);
  return bans_;
}

bool Bans::is_exempt(const sys::SocketAddress& network, std::string_view address) const {
  return network.is_loopback() || address == "::1" ||
         config::contains(settings_.smtp.trusted_networks, address) ||
         config::contains(settings_.listen.proxy_from, address);
}

void Bans::set(const sys::SocketAddress& network, Ban ban, Deadline now) {
  if (bans_.size() >= k_most_bans) drop_ended(now);
  if (bans_.size() >= k_most_bans && !bans_.contains(network)) {
    // The one that ends first makes room.
    auto first =
        std::ranges::min_element(bans_, {}, [](const auto& entry) { return entry.second.until; });
    if (table_) table_->erase(first->first);
    bans_.erase(first);
  }
  if (table_) table_->set(network, ban.until);
  bans_.insert_or_assign(network, std::move(ban));
}

void Bans::drop_ended(Deadline now) {
  std::erase_if(bans_, [&](const auto& entry) {
    if (entry.second.until > now) return false;
    if (table_) table_->erase(entry.first);
    return true;
  });
}

}  // namespace peregrine::core
