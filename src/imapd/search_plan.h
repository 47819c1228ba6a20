#pragma once
// SearchPlan: the keys of a SEARCH, split into terms that all must hold, cheapest first. What is in
// the view answers flags, numbers and UIDs; dates, sizes and texts are asked of core, for the
// messages alone that the cheaper terms left. Pure.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "imapd/view.h"
#include "proto/imap/search_tree.h"

namespace peregrine::imapd {

/// What a key needs, cheapest first.
enum class SearchCost : std::uint8_t { view, dates, summary, text };

/// A question about stored texts, for one key.
struct TextQuery {
  std::uint32_t field = 0;  ///< api::SearchField
  std::string header;       ///< lower case
  std::string needle;       ///< folded
};

struct SearchTerm {
  imap::SearchTree tree;
  SearchCost cost = SearchCost::view;  ///< of its dearest key
  bool needs_dates = false;
  bool needs_summary = false;
  std::vector<TextQuery> queries;
  std::vector<imap::NumberSet> sets;  ///< of sequence numbers and UIDs, for this view
  /// For each node of the tree its place in `queries` or `sets`, if it has one.
  std::vector<std::uint32_t> slots;
};

/// What BADCHARSET recommends: charsets that clients may still use. More are understood.
inline constexpr std::array<std::string_view, 14> k_search_charsets = {
    "UTF-8",        "US-ASCII",     "ISO-8859-1", "ISO-8859-2", "ISO-8859-5",
    "ISO-8859-7",   "ISO-8859-15",  "KOI8-R",     "Shift_JIS",  "ISO-2022-JP",
    "windows-1251", "windows-1252", "EUC-KR",     "GB18030"};

/// Keys about texts that one SEARCH may have: each costs a look at every message's text.
inline constexpr std::size_t k_max_text_keys = 64;

enum class SearchPlanError : std::uint8_t { unknown_charset, too_many_text_keys };

/// The terms, cheapest first.
std::expected<std::vector<SearchTerm>, SearchPlanError> plan_search(
    const imap::SearchTree& keys, const std::optional<std::string>& charset,
    const MailboxView& view);

/// What core says of a message, as far as it was asked for.
struct SearchFacts {
  std::uint64_t size = 0;
  std::int32_t internal_day = 0;  ///< days since 1970, UTC
  std::int32_t sent_day = 0;      ///< in the zone of the Date field
};

/// One message put to a term.
struct SearchSubject {
  const Selected& mailbox;
  std::uint32_t place = 0;
  SearchFacts facts;
  /// The uids that each of the term's queries found, rising.
  std::span<const std::vector<std::uint32_t>> found;
};

bool matches(const SearchTerm& term, const SearchSubject& subject);

}  // namespace peregrine::imapd
