#pragma once
// View: the entries of one mailbox in memory, 39 bytes each, sorted by uid. Everything that
// listing, flag changes and SEARCH need but the message itself. Rebuilt from the store when it was
// dropped. A row's position is the message's sequence number less one, as of now.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "mail/records.h"

namespace peregrine::mail {

class Row {
 public:
  Row(Uid uid, const Entry& entry)
      : uid_(uid.value),
        size_(entry.size),
        keywords_(entry.keywords),
        modseq_(entry.modseq.value),
        message_low_(static_cast<std::uint32_t>(entry.message.value)),
        date_low_(static_cast<std::uint32_t>(entry.internal_date.seconds)),
        saved_(entry.saved),
        message_high_(static_cast<std::uint8_t>(entry.message.value >> 32)),
        date_high_(static_cast<std::int8_t>(entry.internal_date.seconds >> 32)),
        flags_(entry.flags.bits) {}

  [[nodiscard]] Uid uid() const { return Uid(uid_); }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] FlagSet flags() const { return {flags_}; }
  [[nodiscard]] std::uint64_t keywords() const { return keywords_; }
  [[nodiscard]] ModSeq modseq() const { return ModSeq(modseq_); }
  [[nodiscard]] MessageId message() const {
    return MessageId(std::uint64_t{message_high_} << 32 | message_low_);
  }
  [[nodiscard]] UnixTime internal_date() const {
    return {std::int64_t{date_high_} * (std::int64_t{1} << 32) + date_low_};
  }
  [[nodiscard]] UnixTime saved() const { return {saved_}; }
  [[nodiscard]] Entry entry() const {
    return {message(), flags(), keywords_, modseq(), internal_date(), saved_, size_};
  }

 private:
  std::uint32_t uid_;
  std::uint32_t size_;
  std::uint64_t keywords_;
  std::uint64_t modseq_;
  std::uint32_t message_low_;
  std::uint32_t date_low_;
  std::uint32_t saved_;
  std::uint8_t message_high_;
  std::int8_t date_high_;
  std::uint8_t flags_;
} __attribute__((packed));

class View {
 public:
  /// `expected` rows are reserved, up to a bound: the number comes from a record.
  explicit View(std::size_t expected);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  [[nodiscard]] const Row& at(std::size_t index) const { return rows_[index]; }
  [[nodiscard]] std::optional<std::size_t> find(Uid uid) const;
  /// The first row whose uid is not less.
  [[nodiscard]] std::size_t lower_bound(Uid uid) const;
  [[nodiscard]] std::size_t memory() const { return rows_.capacity() * sizeof(Row); }

  /// `row` has a larger uid than any other.
  void append(const Row& row);
  /// The same uid with other contents.
  void replace(std::size_t index, const Row& row) { rows_[index] = row; }
  /// `indexes` rise.
  void erase(std::span<const std::size_t> indexes);

 private:
  std::vector<Row> rows_;
};

}  // namespace peregrine::mail
