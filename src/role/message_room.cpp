#include "role/message_room.h"

#include <algorithm>
#include <utility>

namespace peregrine::role {

HeldMessage MessageRoom::hold(std::string client) {
  return {*this, std::move(client)};
}

bool MessageRoom::has_small_room(const Clients::value_type& client, std::uint64_t more) const {
  if (all_.small + more > small_room()) return false;
  return client.first.empty() || client.second.small + more <= small_room() / 4;
}

bool MessageRoom::has_large_room(const Clients::value_type& client, std::uint64_t more) const {
  if (all_.large + more > std::max(limits_.bytes - small_room(), limits_.message)) return false;
  return client.first.empty() ||
         client.second.large + more <= std::max(limits_.bytes / 4, limits_.message);
}

HeldMessage::HeldMessage(MessageRoom& room, std::string client)
    : room_(&room), client_(room.clients_.try_emplace(std::move(client)).first) {
  ++client_->second.messages;
}

HeldMessage::HeldMessage(HeldMessage&& other) noexcept
    : room_(std::exchange(other.room_, nullptr)),
      client_(other.client_),
      bytes_(std::exchange(other.bytes_, 0)),
      place_(std::exchange(other.place_, Place::none)),
      is_refused_(other.is_refused_) {}

HeldMessage& HeldMessage::operator=(HeldMessage&& other) noexcept {
  if (this == &other) return *this;
  leave();
  room_ = std::exchange(other.room_, nullptr);
  client_ = other.client_;
  bytes_ = std::exchange(other.bytes_, 0);
  place_ = std::exchange(other.place_, Place::none);
  is_refused_ = other.is_refused_;
  return *this;
}

HeldMessage::~HeldMessage() {
  leave();
}

bool HeldMessage::grow_to(std::uint64_t bytes) {
  if (is_refused_) return false;
  if (bytes <= bytes_) return true;
  Place place = place_for(bytes);
  give_back();
  is_refused_ = place == Place::none;
  if (!is_refused_) take(place, bytes);
  return !is_refused_;
}

bool HeldMessage::fits(std::uint64_t bytes) const {
  return !is_refused_ && (bytes <= bytes_ || place_for(bytes) != Place::none);
}

// What the message holds already in the same place counts for it.
HeldMessage::Place HeldMessage::place_for(std::uint64_t bytes) const {
  std::uint64_t in_small = place_ == Place::small ? bytes_ : 0;
  std::uint64_t in_large = place_ == Place::large ? bytes_ : 0;
  bool may_be_small = bytes <= k_small_message && place_ != Place::large;
  if (may_be_small && room_->has_small_room(*client_, bytes - in_small)) return Place::small;
  if (room_->has_large_room(*client_, bytes - in_large)) return Place::large;
  return Place::none;
}

void HeldMessage::take(Place place, std::uint64_t bytes) {
  for (MessageRoom::Use* use : {&room_->all_, &client_->second}) {
    (place == Place::small ? use->small : use->large) += bytes;
  }
  place_ = place;
  bytes_ = bytes;
}

void HeldMessage::give_back() {
  for (MessageRoom::Use* use : {&room_->all_, &client_->second}) {
    if (place_ == Place::small) use->small -= bytes_;
    if (place_ == Place::large) use->large -= bytes_;
  }
  place_ = Place::none;
  bytes_ = 0;
}

void HeldMessage::leave() {
  if (room_ == nullptr) return;
  give_back();
  if (--client_->second.messages == 0) room_->clients_.erase(client_);
  room_ = nullptr;
}

}  // namespace peregrine::role
