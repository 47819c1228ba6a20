#pragma once
// MessageRoom: how much memory the messages that are on their way into one process may hold
// together. A message asks as its bytes come, never by the size that its sender announced. Small
// messages have a room of their own, so that a few large ones cannot stop ordinary mail, and one
// client may hold a quarter. Only counts; who asks owns the bytes.
//
//   HeldMessage held = room.hold(client);
//   if (!held.grow_to(message.size())) ...   // drop the message, read on to its end
//
// One thread. The room outlives what is held in it.

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.h"

namespace peregrine::role {

/// A message up to this size is a small one.
inline constexpr std::uint64_t k_small_message = kib(64);

class HeldMessage;

class MessageRoom {
 public:
  struct Limits {
    std::uint64_t bytes;  ///< limits.buffered_bytes
    std::uint64_t
        message;  ///< limits.message_size: one of these has room when nothing else is held
  };
  explicit MessageRoom(Limits limits) : limits_(limits) {}
  MessageRoom(const MessageRoom&) = delete;
  MessageRoom& operator=(const MessageRoom&) = delete;

  /// For what comes from now on; what is held stays.
  void set_limits(Limits limits) { limits_ = limits; }
  /// A message of the client, of which nothing has come yet. An empty `client` is one that may use
  /// all of the room: a mail server on the Unix socket.
  HeldMessage hold(std::string client);

  /// What is held, small messages included.
  [[nodiscard]] std::uint64_t bytes() const { return all_.small + all_.large; }

 private:
  friend class HeldMessage;
  struct Use {
    std::uint64_t small = 0;
    std::uint64_t large = 0;
    std::uint32_t messages = 0;
  };
  using Clients = std::map<std::string, Use>;

  [[nodiscard]] std::uint64_t small_room() const { return limits_.bytes / 8; }
  [[nodiscard]] bool has_small_room(const Clients::value_type& client, std::uint64_t more) const;
  [[nodiscard]] bool has_large_room(const Clients::value_type& client, std::uint64_t more) const;

  Limits limits_;
  Use all_;
  Clients clients_;  // those who hold something
};

/// The part of the room that one message has, for as long as this lives.
class HeldMessage {
 public:
  HeldMessage(HeldMessage&& other) noexcept;
  HeldMessage& operator=(HeldMessage&& other) noexcept;
  ~HeldMessage();

  /// `bytes` of the message are here now. False when there is no room for them, and from then on:
  /// nothing is held any more.
  [[nodiscard]] bool grow_to(std::uint64_t bytes);
  /// Whether grow_to() would find room just now.
  [[nodiscard]] bool fits(std::uint64_t bytes) const;
  [[nodiscard]] bool is_refused() const { return is_refused_; }

 private:
  friend class MessageRoom;
  enum class Place : std::uint8_t { none, small, large };
  HeldMessage(MessageRoom& room, std::string client);
  [[nodiscard]] Place place_for(std::uint64_t bytes) const;
  void take(Place place, std::uint64_t bytes);
  void give_back();
  void leave();

  MessageRoom* room_;  // null: moved from
  MessageRoom::Clients::iterator client_;
  std::uint64_t bytes_ = 0;
  Place place_ = Place::none;
  bool is_refused_ = false;
};

}  // namespace peregrine::role
