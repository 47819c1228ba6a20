#include "mail/search_index.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstring>
#include <span>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "mail/read.h"

namespace peregrine::mail {
namespace {

using Signature = std::bitset<k_signature_bits>;

Signature sign(std::string_view text) {
  Signature out;
  if (text.size() > k_max_signed_text) return out.set();
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) out.set(trigram_row(text.data() + i));
  return out;
}

/// Writes a new block of `messages`, which rise and are at most k_block_messages.
std::expected<void, MailError> write_block(store::Store& store, AccountId account, BlockId block,
                                           std::vector<MessageId> messages,
                                           std::vector<store::Write>& writes) {
  Bytes rows(k_signature_bits * k_row_bytes, '\0');
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto text = read_text(store, account, messages[i]);
    if (!text && text.error() == MailError::io) return std::unexpected(MailError::io);
    // A text that cannot be read now stays a possible match; one that is gone matches nothing.
    Signature signature;
    if (text) {
      signature = sign(*text);
    } else if (text.error() != MailError::not_found) {
      signature.set();
    }
    auto bit = static_cast<char>(1U << (i % 8));
    for (std::size_t row = signature._Find_first(); row < k_signature_bits;
         row = signature._Find_next(row)) {
      char& byte = rows[row * k_row_bytes + i / 8];
      byte = static_cast<char>(byte | bit);
    }
  }
  writes.push_back({block_key(block), encode(BlockRecord{std::move(messages)})});
  constexpr std::size_t k_group_bytes = k_group_rows * k_row_bytes;
  for (std::uint32_t group = 0; group < k_signature_bits / k_group_rows; ++group) {
    BytesView bytes = BytesView(rows).substr(group * k_group_bytes, k_group_bytes);
    writes.push_back({rows_key(block, group), encode_bytes(bytes)});
  }
  return {};
}

void remove_block(BlockId block, std::vector<store::Write>& writes) {
  writes.push_back({block_key(block), std::nullopt});
  for (std::uint32_t group = 0; group < k_signature_bits / k_group_rows; ++group) {
    writes.push_back({rows_key(block, group), std::nullopt});
  }
}

/// Up to `limit` messages of the account from `first` on.
std::expected<std::vector<MessageId>, MailError> message_ids(store::Store& store, AccountId account,
                                                             MessageId first, std::size_t limit) {
  std::vector<MessageId> out;
  auto scanned =
      store.scan(partition_of(account), message_key(first), family_range(KeyFamily::message).end,
                 store::Scan::forward, [&](BytesView key, BytesView) {
                   if (auto parsed = parse_key(key)) out.emplace_back(parsed->second);
                   return out.size() < limit;
                 });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  return out;
}

std::expected<std::uint64_t, MailError> count_messages(store::Store& store, AccountId account) {
  std::uint64_t out = 0;
  KeyRange range = family_range(KeyFamily::counters);
  auto scanned = store.scan(partition_of(account), range.first, range.end, store::Scan::forward,
                            [&](BytesView, BytesView value) {
                              if (auto counters = decode_counters(value)) out += counters->messages;
                              return true;
                            });
  if (!scanned) return std::unexpected(from_store(scanned.error()));
  return out;
}

struct Living {
  BlockId id;
  std::vector<MessageId> messages;
};

std::vector<Living> living_of(std::vector<Block> blocks, const std::vector<MessageId>& existing) {
  std::ranges::sort(blocks, {}, [](const Block& block) { return block.record.messages.front(); });
  std::vector<Living> out;
  for (const Block& block : blocks) {
    Living living{block.id, {}};
    std::ranges::copy_if(
        block.record.messages, std::back_inserter(living.messages),
        [&](MessageId message) { return std::ranges::binary_search(existing, message); });
    out.push_back(std::move(living));
  }
  return out;
}

/// The first run of neighbours that fit into one block together; empty when there is none.
std::span<const Living> find_sparse(const std::vector<Living>& blocks) {
  constexpr std::size_t k_most = 16;
  for (std::size_t first = 0; first < blocks.size(); ++first) {
    std::size_t total = 0;
    std::size_t end = first;
    while (end < blocks.size() && end - first < k_most &&
           total + blocks[end].messages.size() <= k_block_messages) {
      total += blocks[end++].messages.size();
    }
    if (end - first >= 2 || (end > first && total == 0)) return {&blocks[first], end - first};
  }
  return {};
}

std::expected<bool, MailError> plan_merge(store::Store& store, IndexPlan& plan) {
  TRY(std::vector<Block> blocks, read_blocks(store, plan.account));
  TRY(std::uint64_t messages, count_messages(store, plan.account));
  // Worth a look when less than half of what the blocks hold can still exist.
  if (blocks.size() * k_block_messages <= 2 * messages + 2 * k_block_messages) return false;
  TRY(std::vector<MessageId> existing, message_ids(store, plan.account, MessageId{}, SIZE_MAX));
  std::vector<Living> living = living_of(std::move(blocks), existing);
  std::vector<MessageId> kept;
  std::span<const Living> sparse = find_sparse(living);
  for (const Living& block : sparse) {
    kept.insert(kept.end(), block.messages.begin(), block.messages.end());
    remove_block(block.id, plan.writes);
  }
  std::ranges::sort(kept);
  if (!kept.empty()) {
    TRY_VOID(write_block(store, plan.account, plan.block, std::move(kept), plan.writes));
  }
  return !sparse.empty();
}

}  // namespace

std::uint32_t trigram_row(const char* bytes) {
  auto at = [bytes](int i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  std::uint32_t value = at(0) | at(1) << 8 | at(2) << 16;
  // Multiplicative hashing: the top 13 bits depend on all three bytes.
  return (value * 0x9e3779b1U) >> 19;
}

std::vector<std::uint32_t> needle_rows(std::string_view needle) {
  constexpr std::size_t k_most_rows = 8;
  std::vector<std::uint32_t> out;
  if (needle.size() < 3) return out;
  std::size_t trigrams = needle.size() - 2;
  std::size_t taken = std::min(trigrams, k_most_rows);
  for (std::size_t i = 0; i < taken; ++i) {
    std::uint32_t row = trigram_row(needle.data() + i * trigrams / taken);
    if (std::ranges::find(out, row) == out.end()) out.push_back(row);
  }
  return out;
}

std::expected<std::optional<IndexPlan>, MailError> plan_index(store::Store& store,
                                                              AccountId account) {
  auto value = store.get(partition_of(account), header_key());
  if (!value) return std::unexpected(from_store(value.error()));
  if (!*value) return std::nullopt;
  auto header = decode_header(**value);
  if (!header) return std::unexpected(MailError::corrupt);
  if (header->next_block.value == UINT32_MAX) return std::nullopt;
  IndexPlan plan{account, header->index_next, header->index_next, header->next_block, {}};
  TRY(std::vector<MessageId> fresh,
      message_ids(store, account, header->index_next, k_block_messages));
  if (fresh.size() == k_block_messages) {
    plan.index_next_after = fresh.back().next();
    TRY_VOID(write_block(store, account, plan.block, std::move(fresh), plan.writes));
    return plan;
  }
  TRY(bool merged, plan_merge(store, plan));
  if (!merged) return std::nullopt;
  return plan;
}

std::expected<std::vector<Block>, MailError> read_blocks(store::Store& store, AccountId account) {
  std::vector<Block> out;
  KeyRange range = family_range(KeyFamily::index_block);
  auto scanned = store.scan(partition_of(account), range.first, range.end, store::Scan::forward,
                            [&](BytesView key, BytesView value) {
                              auto parsed = parse_key(key);
                              auto record = decode_block(value);
                              if (parsed && record) {
                                out.push_back({BlockId(parsed->first), *std::move(record)});
                              }
                              return true;
                            });
  if (!scanned && scanned.error() != store::StoreError::corrupt) {
    return std::unexpected(from_store(scanned.error()));
  }
  return out;
}

BlockBits block_candidates(store::Store& store, AccountId account, BlockId block,
                           const std::vector<std::uint32_t>& rows) {
  BlockBits out;
  out.fill(~std::uint64_t{0});
  for (std::uint32_t row : rows) {
    auto value = store.get(partition_of(account), rows_key(block, row / k_group_rows));
    if (!value || !*value) continue;
    auto group = decode_bytes(**value);
    if (!group || group->size() != k_group_rows * k_row_bytes) continue;
    BlockBits bits;
    static_assert(sizeof(bits) == k_row_bytes);
    // Bit i of byte i / 8 is bit i % 64 of word i / 64 on the little-endian machines built for.
    std::memcpy(bits.data(), group->data() + row % k_group_rows * k_row_bytes, k_row_bytes);
    int left = 0;
    for (std::size_t i = 0; i < out.size(); ++i) left += std::popcount(out[i] &= bits[i]);
    // A text or two are looked at in less time than another row.
    if (left <= 2) break;
  }
  return out;
}

}  // namespace peregrine::mail
