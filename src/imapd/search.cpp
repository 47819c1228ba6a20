// SEARCH.

#include <algorithm>
#include <array>

#include "imapd/commands.h"
#include "imapd/search_plan.h"
#include "imapd/session.h"
#include "model/summary.h"
#include "text/date.h"

namespace peregrine::imapd {
namespace {

constexpr std::size_t k_messages_a_call = 10'000;
// Keys that are looked at before other sessions get their turn; some milliseconds.
constexpr std::size_t k_keys_at_once = 500'000;

/// A message that has passed the terms so far.
struct Candidate {
  std::uint32_t place = 0;
  SearchFacts facts;
};

class Searcher {
 public:
  using Done = std::expected<void, rpc::CallFailure>;

  explicit Searcher(Session& session) : session_(session) {
    candidates_.resize(session.selected()->view.size());
    for (std::uint32_t i = 0; i < candidates_.size(); ++i) candidates_[i].place = i;
  }

  /// Drops the candidates that do not match.
  net::Task<Done> apply(const SearchTerm& term);
  [[nodiscard]] imap::NumberSet result(imap::Numbering numbering) const;

 private:
  net::Task<Done> learn(std::uint32_t parts);
  void take_facts(const api::FetchedMessage& message, std::uint32_t parts);
  net::Task<std::expected<std::vector<std::uint32_t>, rpc::CallFailure>> find(
      const TextQuery& query);
  [[nodiscard]] std::vector<std::uint32_t> uids() const;

  Session& session_;
  std::vector<Candidate> candidates_;  // by place
  std::uint32_t known_parts_ = 0;      // of the candidates' facts
};

std::vector<std::uint32_t> Searcher::uids() const {
  std::vector<std::uint32_t> uids;
  uids.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) {
    uids.push_back(session_.selected()->view.uid(candidate.place).value);
  }
  return uids;
}

net::Task<Searcher::Done> Searcher::apply(const SearchTerm& term) {
  std::uint32_t parts = 0;
  if (term.needs_dates) parts = api::FETCH_DATES;
  if (term.needs_summary) parts = api::FETCH_DATES | api::FETCH_SUMMARY;
  if ((parts & ~known_parts_) != 0 && !candidates_.empty()) {
    Done done = co_await learn(parts);
    if (!done) co_return done;
  }
  std::vector<std::vector<std::uint32_t>> found;
  for (const TextQuery& query : term.queries) {
    auto uids = co_await find(query);
    if (!uids) co_return std::unexpected(uids.error());
    found.push_back(std::move(*uids));
  }
  const Selected& mailbox = *session_.selected();
  std::size_t at_once = std::max<std::size_t>(1, k_keys_at_once / term.tree.nodes.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (i % at_once == at_once - 1) co_await net::sleep_until(session_.loop(), Monotonic::now());
    const Candidate& candidate = candidates_[i];
    SearchSubject subject{mailbox, candidate.place, candidate.facts, found};
    if (matches(term, subject)) candidates_[kept++] = candidate;
  }
  candidates_.resize(kept);
  co_return Done();
}

// Asks for dates and sizes of the candidates. Those that are gone keep their zeros.
net::Task<Searcher::Done> Searcher::learn(std::uint32_t parts) {
  std::vector<std::uint32_t> all = uids();
  std::span<const std::uint32_t> rest = all;
  while (!rest.empty()) {
    auto now = rest.first(std::min(rest.size(), k_messages_a_call));
    rest = rest.subspan(now.size());
    api::FetchRequest request;
    request.set_session(session_.id());
    request.set_mailbox(session_.selected()->mailbox.value);
    request.mutable_uids()->Assign(now.begin(), now.end());
    request.set_parts(parts);
    auto items = api::fetch(session_.core(), request);
    while (true) {
      auto item = co_await items.next(Session::call_deadline());
      if (!item) co_return std::unexpected(item.error());
      if (!*item) break;
      for (const api::FetchedMessage& message : (*item)->messages()) take_facts(message, parts);
    }
  }
  known_parts_ |= parts;
  co_return Done();
}

void Searcher::take_facts(const api::FetchedMessage& message, std::uint32_t parts) {
  auto place = session_.selected()->view.find(Uid(message.uid()));
  if (!place || message.missing() || message.damaged()) return;
  auto at = std::ranges::lower_bound(candidates_, *place, {}, &Candidate::place);
  if (at == candidates_.end() || at->place != *place) return;
  SearchFacts& facts = at->facts;
  facts.size = message.size();
  facts.internal_day = static_cast<std::int32_t>(text::day_of(UnixTime{message.internal_date()}));
  if ((parts & api::FETCH_SUMMARY) == 0) return;
  // RFC 5256 section 2.2: a message without a usable Date counts as sent on its internal date.
  facts.sent_day = facts.internal_day;
  auto summary = decode_summary(message.summary(), message.size());
  if (!summary || !summary->sent) return;
  facts.sent_day =
      static_cast<std::int32_t>(text::day_of(*summary->sent, summary->sent_zone_minutes));
}

net::Task<std::expected<std::vector<std::uint32_t>, rpc::CallFailure>> Searcher::find(
    const TextQuery& query) {
  std::vector<std::uint32_t> all = uids();
  // Every text holds the empty string. Of a header field it asks whether there is one.
  if (query.needle.empty() && query.field != api::SEARCH_HEADER) co_return all;
  std::vector<std::uint32_t> found;
  std::span<const std::uint32_t> rest = all;
  while (!rest.empty()) {
    auto now = rest.first(std::min(rest.size(), k_messages_a_call));
    rest = rest.subspan(now.size());
    api::SearchRequest request;
    request.set_session(session_.id());
    request.set_mailbox(session_.selected()->mailbox.value);
    request.mutable_uids()->Assign(now.begin(), now.end());
    request.set_field(static_cast<api::SearchField>(query.field));
    request.set_header(query.header);
    request.set_needle(query.needle);
    auto answer = co_await api::search(session_.core(), request, Session::call_deadline());
    if (!answer) co_return std::unexpected(answer.error());
    found.insert(found.end(), answer->uids().begin(), answer->uids().end());
  }
  std::ranges::sort(found);
  co_return found;
}

imap::NumberSet Searcher::result(imap::Numbering numbering) const {
  imap::NumberSet numbers;
  for (const Candidate& candidate : candidates_) {
    numbers.add(numbering == imap::Numbering::uid
                    ? session_.selected()->view.uid(candidate.place).value
                    : candidate.place + 1);
  }
  return numbers;
}

}  // namespace

net::Task<Answer> execute(Session& session, imap::Search command) {
  if (session.selected() == nullptr) co_return none_selected();
  if (command.returns && command.returns->has(imap::SearchReturn::save)) {
    co_return bad(imap::client_text(imap::SyntaxError::unknown_option));
  }
  auto terms = plan_search(command.keys, command.charset, session.selected()->view);
  if (!terms && terms.error() == SearchPlanError::too_many_text_keys) {
    co_return no("LIMIT", "Too many keys about texts");
  }
  if (!terms) {
    co_return no(imap::bad_charset_code(k_search_charsets), "Unknown charset");
  }
  Searcher searcher(session);
  for (const SearchTerm& term : *terms) {
    Searcher::Done done = co_await searcher.apply(term);
    if (!done) co_return session.failed(done.error());
  }
  imap::NumberSet found = searcher.result(command.numbering);
  if (command.returns) {
    imap::write_esearch(session.out(), session.tag(), command.numbering, *command.returns, found);
  } else {
    imap::write_search(session.out(), found);
  }
  Answer answer = ok("Search done");
  if (command.numbering == imap::Numbering::sequence) answer.updates = Updates::without_expunges;
  co_return answer;
}

}  // namespace peregrine::imapd
