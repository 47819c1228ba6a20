#include "pop3d/maildrop.h"

namespace peregrine::pop3d {

const Maildrop::Message* Maildrop::find(std::uint32_t number) const {
  if (number == 0 || number > messages_.size()) return nullptr;
  const Message& message = messages_[number - 1];
  return message.is_deleted ? nullptr : &message;
}

bool Maildrop::mark_deleted(std::uint32_t number) {
  if (find(number) == nullptr) return false;
  messages_[number - 1].is_deleted = true;
  return true;
}

void Maildrop::reset() {
  for (Message& message : messages_) message.is_deleted = false;
}

Maildrop::Total Maildrop::total() const {
  Total total;
  for_each([&](std::uint32_t, const Message& message) {
    ++total.count;
    total.size += message.size;
  });
  return total;
}

std::vector<Uid> Maildrop::deleted() const {
  std::vector<Uid> uids;
  for (const Message& message : messages_) {
    if (message.is_deleted) uids.push_back(message.uid);
  }
  return uids;
}

std::string Maildrop::unique_id(const Message& message) const {
  return std::to_string(uid_validity_.value) + '.' + std::to_string(message.uid.value);
}

}  // namespace peregrine::pop3d
