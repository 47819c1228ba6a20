#include "mail/search.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "mail/read.h"
#include "mail/search_index.h"

namespace peregrine::mail {
namespace {

/// memmem(3) is linear whatever the two strings are; std::string_view::find() is not (V22).
bool contains(std::string_view text, std::string_view needle) {
  if (needle.empty()) return true;
  if (text.size() < needle.size()) return false;
  return memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr;
}

/// Header lines with their line ends, without the empty line behind them.
std::string_view header_of(std::string_view text) {
  if (text.starts_with('\n')) return {};
  std::size_t end = text.find("\n\n");
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

bool header_matches(std::string_view header, const SearchCondition& condition) {
  while (!header.empty()) {
    std::size_t end = std::min(header.find('\n'), header.size() - 1);
    std::string_view line = header.substr(0, end + 1);
    header.remove_prefix(line.size());
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.starts_with(condition.name) && line.substr(condition.name.size()).starts_with(": ") &&
        contains(line.substr(condition.name.size() + 2), condition.needle)) {
      return true;
    }
  }
  return false;
}

/// Which candidates have to be looked at, for each condition.
using Suspects = std::vector<std::vector<bool>>;

void rule_out(store::Store& store, AccountId account, const Block& block,
              const std::vector<MessageId>& candidates,
              const std::vector<SearchCondition>& conditions, Suspects& suspects) {
  // Places of the block's messages among the candidates.
  std::vector<std::pair<std::size_t, std::size_t>> places;
  auto next = candidates.begin();
  for (std::size_t i = 0; i < block.record.messages.size(); ++i) {
    next = std::lower_bound(next, candidates.end(), block.record.messages[i]);
    if (next == candidates.end()) break;
    if (*next == block.record.messages[i]) places.emplace_back(i, next - candidates.begin());
  }
  if (places.empty()) return;
  for (std::size_t c = 0; c < conditions.size(); ++c) {
    std::vector<std::uint32_t> rows = needle_rows(conditions[c].needle);
    if (rows.empty()) continue;
    BlockBits bits = block_candidates(store, account, block.id, rows);
    for (auto [in_block, candidate] : places) {
      if ((bits[in_block / 64] >> (in_block % 64) & 1) == 0) suspects[c][candidate] = false;
    }
  }
}

}  // namespace

Bytes join_search_text(std::string_view headers, std::string_view body) {
  Bytes out;
  out.reserve(headers.size() + 1 + body.size());
  out.append(headers).append(1, '\n').append(body);
  return out;
}

bool matches(std::string_view text, const SearchCondition& condition) {
  std::string_view header = header_of(text);
  if (condition.field == SearchField::header) return header_matches(header, condition);
  std::string_view body = text.substr(std::min(header.size() + 1, text.size()));
  if (contains(body, condition.needle)) return true;
  return condition.field == SearchField::text && contains(header, condition.needle);
}

std::expected<std::vector<std::vector<MessageId>>, MailError> search(
    store::Store& store, AccountId account, const std::vector<MessageId>& candidates,
    const std::vector<SearchCondition>& conditions, const std::stop_token& stop) {
  Suspects suspects(conditions.size(), std::vector<bool>(candidates.size(), true));
  TRY(std::vector<Block> blocks, read_blocks(store, account));
  for (const Block& block : blocks) {
    if (stop.stop_requested()) return std::unexpected(MailError::over_limit);
    rule_out(store, account, block, candidates, conditions, suspects);
  }
  std::vector<std::vector<MessageId>> out(conditions.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (stop.stop_requested()) return std::unexpected(MailError::over_limit);
    auto is_suspect = [i](const std::vector<bool>& of_condition) { return of_condition[i]; };
    if (std::ranges::none_of(suspects, is_suspect)) continue;
    auto text = read_text(store, account, candidates[i]);
    if (!text && text.error() == MailError::io) return std::unexpected(MailError::io);
    // Removed meanwhile, or damaged, which the reader has logged.
    if (!text) continue;
    for (std::size_t c = 0; c < conditions.size(); ++c) {
      if (suspects[c][i] && matches(*text, conditions[c])) out[c].push_back(candidates[i]);
    }
  }
  return out;
}

}  // namespace peregrine::mail
