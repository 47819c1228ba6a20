#include <utility>

#include "proto/imap/grammar.h"

namespace peregrine::imap {

namespace {

enum class Takes : std::uint8_t { nothing, astring, keyword, date, number, header, set, two, one };

struct KeyRule {
  std::string_view name;
  SearchKey key;
  Takes takes;
};

// RFC 3501 section 6.4.4 and RFC 9051 section 6.4.4: all search keys of both.
constexpr KeyRule k_rules[] = {
    {"ALL", SearchKey::all, Takes::nothing},
    {"ANSWERED", SearchKey::answered, Takes::nothing},
    {"BCC", SearchKey::bcc, Takes::astring},
    {"BEFORE", SearchKey::before, Takes::date},
    {"BODY", SearchKey::body, Takes::astring},
    {"CC", SearchKey::cc, Takes::astring},
    {"DELETED", SearchKey::deleted, Takes::nothing},
    {"DRAFT", SearchKey::draft, Takes::nothing},
    {"FLAGGED", SearchKey::flagged, Takes::nothing},
    {"FROM", SearchKey::from, Takes::astring},
    {"HEADER", SearchKey::header, Takes::header},
    {"KEYWORD", SearchKey::keyword, Takes::keyword},
    {"LARGER", SearchKey::larger, Takes::number},
    {"NEW", SearchKey::new_mail, Takes::nothing},
    {"NOT", SearchKey::none_of, Takes::one},
    {"OLD", SearchKey::old, Takes::nothing},
    {"ON", SearchKey::on, Takes::date},
    {"OR", SearchKey::any_of, Takes::two},
    {"RECENT", SearchKey::recent, Takes::nothing},
    {"SEEN", SearchKey::seen, Takes::nothing},
    {"SENTBEFORE", SearchKey::sent_before, Takes::date},
    {"SENTON", SearchKey::sent_on, Takes::date},
    {"SENTSINCE", SearchKey::sent_since, Takes::date},
    {"SINCE", SearchKey::since, Takes::date},
    {"SMALLER", SearchKey::smaller, Takes::number},
    {"SUBJECT", SearchKey::subject, Takes::astring},
    {"TEXT", SearchKey::text, Takes::astring},
    {"TO", SearchKey::to, Takes::astring},
    {"UID", SearchKey::uid, Takes::set},
    {"UNANSWERED", SearchKey::unanswered, Takes::nothing},
    {"UNDELETED", SearchKey::undeleted, Takes::nothing},
    {"UNDRAFT", SearchKey::undraft, Takes::nothing},
    {"UNFLAGGED", SearchKey::unflagged, Takes::nothing},
    {"UNKEYWORD", SearchKey::unkeyword, Takes::keyword},
    {"UNSEEN", SearchKey::unseen, Takes::nothing},
};

bool starts_set(const Input& in) {
  auto c = in.cursor.peek();
  return c && (is_ascii_digit(*c) || *c == '*' || *c == '$');
}

template <class T>
Parsed<SearchArgument> as_argument(Parsed<T> value) {
  TRY(auto argument, std::move(value));
  return SearchArgument(std::move(argument));
}

Parsed<SearchArgument> parse_header_argument(Input& in) {
  HeaderArgument argument;
  TRY(argument.field, parse_astring(in));
  TRY_VOID(parse_sp(in));
  TRY(argument.value, parse_astring(in));
  return SearchArgument(std::move(argument));
}

Parsed<SearchArgument> parse_argument(Input& in, Takes takes) {
  if (takes == Takes::nothing) return SearchArgument{};
  TRY_VOID(parse_sp(in));
  switch (takes) {
    case Takes::astring:
      return as_argument(parse_astring(in));
    case Takes::keyword:
      return as_argument(parse_keyword(in));
    case Takes::date:
      return as_argument(parse_date(in));
    case Takes::number:
      return as_argument(parse_number64(in));
    case Takes::set:
      return as_argument(parse_sequence_set(in));
    case Takes::header:
      return parse_header_argument(in);
    case Takes::nothing:
    case Takes::one:
    case Takes::two:
      break;
  }
  return SearchArgument{};
}

// Builds the tree without recursion: chains of NOT and OR may be as long as the command, only
// parentheses count against the depth.
class TreeBuilder {
 public:
  explicit TreeBuilder(Input& in) : in_(in) {}

  Parsed<SearchTree> build() {
    while (true) {
      TRY(bool is_complete, parse_key());
      if (is_complete) {
        TRY(bool is_last, close());
        if (is_last) break;
      }
    }
    return std::move(tree_);
  }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t wanted;  // operands still to come; 0: as many as there are up to ")"
  };

  // One key, or the start of an operator; whether it is complete.
  Parsed<bool> parse_key() {
    in_.tokens_left = in_.limits.tokens;  // keys are bounded by their own limit
    if (in_.cursor.next_is('(')) {
      TRY_VOID(parse_open(in_));
      return open(SearchKey::all_of, 0);
    }
    if (starts_set(in_)) {
      TRY(auto set, parse_sequence_set(in_));
      return add(SearchKey::sequence, std::move(set));
    }
    auto name = in_.cursor.take_while(
        [](char c) { return ascii_upper(c) >= 'A' && ascii_upper(c) <= 'Z'; });
    for (const auto& rule : k_rules) {
      if (!iequals(name, rule.name)) continue;
      if (rule.takes == Takes::one || rule.takes == Takes::two) {
        TRY_VOID(parse_sp(in_));
        return open(rule.key, rule.takes == Takes::one ? 1 : 2);
      }
      TRY(auto argument, parse_argument(in_, rule.takes));
      return add(rule.key, std::move(argument));
    }
    return std::unexpected(SyntaxError::unknown_search_key);
  }

  Parsed<bool> add(SearchKey key, SearchArgument argument) {
    if (tree_.nodes.size() >= in_.limits.search_keys) {
      return std::unexpected(SyntaxError::too_many_tokens);
    }
    auto end = static_cast<std::uint32_t>(tree_.nodes.size() + 1);
    tree_.nodes.push_back(SearchNode{key, end, std::move(argument)});
    return true;
  }

  Parsed<bool> open(SearchKey key, std::uint32_t wanted) {
    TRY_VOID(add(key, {}));
    open_.push_back(Open{static_cast<std::uint32_t>(tree_.nodes.size() - 1), wanted});
    return false;
  }

  // After a complete key: ends the operators that it completes; whether the program ends here.
  Parsed<bool> close() {
    while (!open_.empty()) {
      Open& top = open_.back();
      bool ends = top.wanted > 0 ? --top.wanted == 0 : in_.cursor.next_is(')');
      if (!ends) break;
      if (tree_.nodes[top.node].key == SearchKey::all_of) TRY_VOID(parse_close(in_));
      tree_.nodes[top.node].end = static_cast<std::uint32_t>(tree_.nodes.size());
      open_.pop_back();
    }
    if (open_.empty() && !in_.cursor.next_is(' ')) return true;
    TRY_VOID(parse_sp(in_));
    return false;
  }

  Input& in_;
  SearchTree tree_;
  std::vector<Open> open_;
};

Parsed<SearchReturns> parse_returns(Input& in) {
  static constexpr std::pair<std::string_view, SearchReturn> k_options[] = {
      {"MIN", SearchReturn::min},
      {"MAX", SearchReturn::max},
      {"ALL", SearchReturn::all},
      {"COUNT", SearchReturn::count},
      {"SAVE", SearchReturn::save}};
  SearchReturns returns;
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      TRY(auto name, parse_atom(in));
      bool known = false;
      for (const auto& [text, option] : k_options) {
        if (!iequals(name, text)) continue;
        returns.add(option);
        known = true;
      }
      if (!known) return std::unexpected(SyntaxError::unknown_option);
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  // RFC 9051 section 6.4.4: an empty list of result options means ALL.
  if (returns.bits == 0) returns.add(SearchReturn::all);
  return returns;
}

}  // namespace

Parsed<Search> parse_search(Input& in) {
  Search search;
  if (in.cursor.skip_word("RETURN ")) {
    TRY(search.returns, parse_returns(in));
    TRY_VOID(parse_sp(in));
  }
  if (in.cursor.skip_word("CHARSET ")) {
    TRY(auto charset, parse_astring(in));
    search.charset = ascii_upper(charset);
    TRY_VOID(parse_sp(in));
  }
  TRY(search.keys, TreeBuilder(in).build());
  return search;
}

}  // namespace peregrine::imap
