#pragma once
// The search index: for 1,024 messages at a time, which three-byte sequences their texts may hold.
// A signature is 8,192 bits, one for each value of a hash of three bytes; a block stores the
// signatures of its messages bit-sliced, so that a query reads a few rows instead of all
// signatures. Messages that are in no block yet are looked at one by one.
//
// plan_index() reads and computes, on any thread; Accounts::commit_index() writes its plan. A
// reader that meets a block which is being replaced takes its messages as possible matches.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "mail/error.h"
#include "mail/keys.h"
#include "mail/records.h"
#include "store/store.h"

namespace peregrine::mail {

inline constexpr std::size_t k_block_messages = 1024;
inline constexpr std::size_t k_signature_bits = 8192;
inline constexpr std::size_t k_row_bytes = k_block_messages / 8;
/// Rows that stand in one record: 4 KiB together.
inline constexpr std::size_t k_group_rows = 32;
/// Texts beyond this fill their signature anyway: all bits are set without looking.
inline constexpr std::size_t k_max_signed_text = kib(64);

/// The row of the signature that stands for the three bytes at the front of `bytes`.
std::uint32_t trigram_row(const char* bytes);

/// Some of the rows that any text with `needle` has set; none for a needle under three bytes.
std::vector<std::uint32_t> needle_rows(std::string_view needle);

struct IndexPlan {
  AccountId account;
  MessageId index_next_before;
  MessageId index_next_after;
  BlockId block;
  std::vector<store::Write> writes;
};

/// What to do next for the account's index: a block of new messages, or one in place of several
/// whose messages are mostly gone; nothing when neither pays.
std::expected<std::optional<IndexPlan>, MailError> plan_index(store::Store& store,
                                                              AccountId account);

struct Block {
  BlockId id;
  BlockRecord record;
};
/// The account's blocks; undecodable ones are left out, their messages are looked at one by one.
std::expected<std::vector<Block>, MailError> read_blocks(store::Store& store, AccountId account);

using BlockBits = std::array<std::uint64_t, k_block_messages / 64>;
/// The messages of the block that may have all of `rows` set.
BlockBits block_candidates(store::Store& store, AccountId account, BlockId block,
                           const std::vector<std::uint32_t>& rows);

}  // namespace peregrine::mail
