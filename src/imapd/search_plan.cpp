#include "imapd/search_plan.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "api/mailbox.pb.h"
#include "text/charset.h"
#include "text/fold.h"

namespace peregrine::imapd {
namespace {

using imap::SearchKey;
using imap::SearchNode;

SearchCost cost_of(SearchKey key) {
  switch (key) {
    case SearchKey::before:
    case SearchKey::on:
    case SearchKey::since:
    case SearchKey::larger:
    case SearchKey::smaller:
      return SearchCost::dates;
    case SearchKey::sent_before:
    case SearchKey::sent_on:
    case SearchKey::sent_since:
      return SearchCost::summary;
    case SearchKey::bcc:
    case SearchKey::body:
    case SearchKey::cc:
    case SearchKey::from:
    case SearchKey::header:
    case SearchKey::subject:
    case SearchKey::text:
    case SearchKey::to:
      return SearchCost::text;
    default:
      return SearchCost::view;
  }
}

std::string_view field_of(SearchKey key) {
  switch (key) {
    case SearchKey::bcc:
      return "bcc";
    case SearchKey::cc:
      return "cc";
    case SearchKey::from:
      return "from";
    case SearchKey::subject:
      return "subject";
    case SearchKey::to:
      return "to";
    default:
      return "";
  }
}

// The words in the form in which texts are stored.
std::string fold(std::string_view words, const std::optional<std::string>& charset) {
  std::string utf8 = charset ? text::to_utf8_or_guess(*charset, words) : text::guess_to_utf8(words);
  return text::search_fold(utf8);
}

TextQuery make_query(const SearchNode& node, const std::optional<std::string>& charset) {
  TextQuery query;
  if (node.key == SearchKey::header) {
    const auto& argument = std::get<imap::HeaderArgument>(node.argument);
    query.field = api::SEARCH_HEADER;
    query.header = ascii_lower(argument.field);
    query.needle = fold(argument.value, charset);
    return query;
  }
  query.needle = fold(std::get<std::string>(node.argument), charset);
  query.header = field_of(node.key);
  query.field = api::SEARCH_HEADER;
  if (node.key == SearchKey::body) query.field = api::SEARCH_BODY;
  if (node.key == SearchKey::text) query.field = api::SEARCH_TEXT;
  return query;
}

imap::NumberSet make_set(const SearchNode& node, const MailboxView& view) {
  const auto& set = std::get<imap::SequenceSet>(node.argument);
  return set.resolve(node.key == SearchKey::sequence ? view.size() : view.last_uid().value);
}

SearchTerm make_term(const imap::SearchTree& keys, std::uint32_t first,
                     const std::optional<std::string>& charset, const MailboxView& view) {
  SearchTerm term;
  for (std::uint32_t i = first; i < keys.nodes[first].end; ++i) {
    SearchNode node = keys.nodes[i];
    node.end -= first;
    SearchCost cost = cost_of(node.key);
    term.cost = std::max(term.cost, cost);
    std::size_t slot = 0;
    if (cost == SearchCost::dates) term.needs_dates = true;
    if (cost == SearchCost::summary) term.needs_summary = true;
    if (cost == SearchCost::text) {
      slot = term.queries.size();
      term.queries.push_back(make_query(node, charset));
    } else if (node.key == SearchKey::sequence || node.key == SearchKey::uid) {
      slot = term.sets.size();
      term.sets.push_back(make_set(node, view));
    }
    term.slots.push_back(static_cast<std::uint32_t>(slot));
    term.tree.nodes.push_back(std::move(node));
  }
  return term;
}

bool has_keyword(const SearchSubject& subject, const SearchNode& node) {
  const auto& table = subject.mailbox.keywords;
  auto at = std::ranges::find(table, std::get<std::string>(node.argument));
  if (at == table.end()) return false;
  return (subject.mailbox.view.keywords(subject.place) >> (at - table.begin()) & 1) != 0;
}

std::int32_t day_of(const SearchNode& node) {
  return std::get<imap::CalendarDay>(node.argument).days_since_1970;
}

std::uint64_t number_of(const SearchNode& node) {
  return std::get<std::uint64_t>(node.argument);
}

std::uint32_t slot_of(const SearchTerm& term, const SearchNode& node) {
  return term.slots[static_cast<std::size_t>(&node - term.tree.nodes.data())];
}

bool is_in_set(const SearchTerm& term, const SearchSubject& subject, const SearchNode& node) {
  std::uint32_t number = node.key == SearchKey::sequence
                             ? subject.place + 1
                             : subject.mailbox.view.uid(subject.place).value;
  return term.sets[slot_of(term, node)].contains(number);
}

bool is_found(const SearchTerm& term, const SearchSubject& subject, const SearchNode& node) {
  return std::ranges::binary_search(subject.found[slot_of(term, node)],
                                    subject.mailbox.view.uid(subject.place).value);
}

bool holds(const SearchTerm& term, const SearchSubject& subject, const SearchNode& node) {
  FlagSet flags = subject.mailbox.view.flags(subject.place);
  switch (node.key) {
    case SearchKey::all:
      return true;
    case SearchKey::answered:
      return flags.has(Flag::answered);
    case SearchKey::unanswered:
      return !flags.has(Flag::answered);
    case SearchKey::deleted:
      return flags.has(Flag::deleted);
    case SearchKey::undeleted:
      return !flags.has(Flag::deleted);
    case SearchKey::draft:
      return flags.has(Flag::draft);
    case SearchKey::undraft:
      return !flags.has(Flag::draft);
    case SearchKey::flagged:
      return flags.has(Flag::flagged);
    case SearchKey::unflagged:
      return !flags.has(Flag::flagged);
    case SearchKey::seen:
      return flags.has(Flag::seen);
    case SearchKey::unseen:
      return !flags.has(Flag::seen);
    // \Recent is of RFC 3501 alone: no message carries it here.
    case SearchKey::new_mail:
    case SearchKey::recent:
      return false;
    case SearchKey::old:
      return true;
    case SearchKey::keyword:
      return has_keyword(subject, node);
    case SearchKey::unkeyword:
      return !has_keyword(subject, node);
    case SearchKey::sequence:
    case SearchKey::uid:
      return is_in_set(term, subject, node);
    case SearchKey::larger:
      return subject.facts.size > number_of(node);
    case SearchKey::smaller:
      return subject.facts.size < number_of(node);
    // RFC 9051 section 6.4.4: dates are compared without time and zone.
    case SearchKey::before:
      return subject.facts.internal_day < day_of(node);
    case SearchKey::on:
      return subject.facts.internal_day == day_of(node);
    case SearchKey::since:
      return subject.facts.internal_day >= day_of(node);
    case SearchKey::sent_before:
      return subject.facts.sent_day < day_of(node);
    case SearchKey::sent_on:
      return subject.facts.sent_day == day_of(node);
    case SearchKey::sent_since:
      return subject.facts.sent_day >= day_of(node);
    default:
      return is_found(term, subject, node);
  }
}

}  // namespace

std::expected<std::vector<SearchTerm>, SearchPlanError> plan_search(
    const imap::SearchTree& keys, const std::optional<std::string>& charset,
    const MailboxView& view) {
  if (charset && !text::is_known_charset(*charset)) {
    return std::unexpected(SearchPlanError::unknown_charset);
  }
  std::size_t text_keys = 0;
  for (const SearchNode& node : keys.nodes) {
    if (cost_of(node.key) == SearchCost::text) ++text_keys;
  }
  if (text_keys > k_max_text_keys) return std::unexpected(SearchPlanError::too_many_text_keys);
  std::array<std::vector<SearchTerm>, 4> by_cost;
  for (std::uint32_t i = 0; i < keys.nodes.size(); i = keys.nodes[i].end) {
    SearchTerm term = make_term(keys, i, charset, view);
    by_cost[static_cast<std::size_t>(term.cost)].push_back(std::move(term));
  }
  std::vector<SearchTerm> terms;
  for (auto& group : by_cost) std::ranges::move(group, std::back_inserter(terms));
  return terms;
}

bool matches(const SearchTerm& term, const SearchSubject& subject) {
  return term.tree.matches([&](const SearchNode& node) { return holds(term, subject, node); });
}

}  // namespace peregrine::imapd
