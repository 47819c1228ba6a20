#pragma once
// Maildrop: the messages of INBOX as one POP3 session sees them from its login to its end (RFC 1939
// section 5). Numbers start at 1 and stay; what is marked deleted is not shown, and is told apart
// again by reset(). Knows no protocol texts and asks nobody.

#include <cstdint>
#include <string>
#include <vector>

#include "model/ids.h"

namespace peregrine::pop3d {

class Maildrop {
 public:
  struct Message {
    Uid uid;
    bool is_deleted = false;
    std::uint64_t size = 0;
  };
  struct Total {
    std::uint32_t count = 0;
    std::uint64_t size = 0;
  };

  Maildrop() = default;
  explicit Maildrop(UidValidity uid_validity) : uid_validity_(uid_validity) {}

  void add(Uid uid, std::uint64_t size) { messages_.push_back({.uid = uid, .size = size}); }

  /// Null when there is no such message, or it is marked deleted.
  [[nodiscard]] const Message* find(std::uint32_t number) const;
  /// False as find() would be null.
  bool mark_deleted(std::uint32_t number);
  void reset();

  /// Of those not marked deleted.
  [[nodiscard]] Total total() const;
  [[nodiscard]] std::vector<Uid> deleted() const;
  /// RFC 1939 section 7: 1 to 70 characters, the same in every session and never used again.
  [[nodiscard]] std::string unique_id(const Message& message) const;

  /// Calls `show(number, message)` for each that is not marked deleted.
  template <class Show>
  void for_each(Show show) const {
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      if (!messages_[i].is_deleted) show(static_cast<std::uint32_t>(i + 1), messages_[i]);
    }
  }

 private:
  UidValidity uid_validity_;
  std::vector<Message> messages_;
};

}  // namespace peregrine::pop3d
