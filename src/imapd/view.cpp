#include "imapd/view.h"

#include <algorithm>

namespace peregrine::imapd {

std::optional<std::uint32_t> MailboxView::find(Uid uid) const {
  auto at = std::ranges::lower_bound(uids_, uid.value);
  if (at == uids_.end() || *at != uid.value) return std::nullopt;
  return static_cast<std::uint32_t>(at - uids_.begin());
}

void MailboxView::reserve(std::uint32_t messages) {
  uids_.reserve(messages);
  flags_.reserve(messages);
}

void MailboxView::append(const ViewEntry& entry) {
  uids_.push_back(entry.uid.value);
  flags_.push_back(entry.flags.bits);
  if (!keywords_.empty()) {
    keywords_.push_back(entry.keywords);
  } else if (entry.keywords != 0) {
    set(size() - 1, entry.flags, entry.keywords);
  }
}

bool MailboxView::set(std::uint32_t place, FlagSet flags, std::uint64_t keywords) {
  if (flags_[place] == flags.bits && this->keywords(place) == keywords) return false;
  flags_[place] = flags.bits;
  if (keywords_.empty() && keywords != 0) keywords_.resize(uids_.size());
  if (!keywords_.empty()) keywords_[place] = keywords;
  return true;
}

std::vector<std::uint32_t> MailboxView::remove(std::span<const std::uint32_t> uids) {
  std::vector<std::uint32_t> numbers;
  auto gone = uids.begin();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < uids_.size(); ++i) {
    while (gone != uids.end() && *gone < uids_[i]) ++gone;
    if (gone != uids.end() && *gone == uids_[i]) {
      numbers.push_back(static_cast<std::uint32_t>(kept + 1));
      continue;
    }
    uids_[kept] = uids_[i];
    flags_[kept] = flags_[i];
    if (!keywords_.empty()) keywords_[kept] = keywords_[i];
    ++kept;
  }
  uids_.resize(kept);
  flags_.resize(kept);
  if (!keywords_.empty()) keywords_.resize(kept);
  return numbers;
}

void MailboxView::collect(const imap::NumberRange& range, imap::Numbering numbering,
                          std::vector<std::uint32_t>& places) const {
  if (numbering == imap::Numbering::sequence) {
    for (std::uint32_t n = range.first; n <= range.last; ++n) places.push_back(n - 1);
    return;
  }
  auto at = std::ranges::lower_bound(uids_, range.first);
  for (; at != uids_.end() && *at <= range.last; ++at) {
    places.push_back(static_cast<std::uint32_t>(at - uids_.begin()));
  }
}

std::optional<std::vector<std::uint32_t>> MailboxView::places(const imap::SequenceSet& set,
                                                              imap::Numbering numbering) const {
  // RFC 5182 section 2.1: "$" is of SEARCHRES, which is not offered.
  if (set.is_saved_result()) return std::nullopt;
  bool by_number = numbering == imap::Numbering::sequence;
  imap::NumberSet numbers = set.resolve(by_number ? size() : last_uid().value);
  std::vector<std::uint32_t> places;
  if (numbers.empty()) return places;
  if (by_number && numbers.largest() > size()) {
    // RFC 9051 section 9: a number greater than the number of messages is BAD. "1:*" in an empty
    // mailbox asks for all of its messages, and clients do ask.
    if (size() == 0 && set.has_star()) return places;
    return std::nullopt;
  }
  for (const imap::NumberRange& range : numbers.ranges()) collect(range, numbering, places);
  return places;
}

std::optional<std::uint32_t> MailboxView::first_unseen() const {
  for (std::uint32_t place = 0; place < size(); ++place) {
    if (!flags(place).has(Flag::seen)) return place;
  }
  return std::nullopt;
}

std::vector<std::string> keyword_names(std::uint64_t bits, std::span<const std::string> table) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.size() && i < k_max_keywords; ++i) {
    if ((bits >> i & 1) != 0) names.push_back(table[i]);
  }
  return names;
}

}  // namespace peregrine::imapd
