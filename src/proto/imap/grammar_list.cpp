#include <utility>

#include "proto/imap/grammar.h"

namespace peregrine::imap {

namespace {

Parsed<void> parse_selection_option(Input& in, ListSelection& selection) {
  TRY(auto name, parse_atom(in));
  if (iequals(name, "SUBSCRIBED")) {
    selection.subscribed = true;
  } else if (iequals(name, "REMOTE")) {
    selection.remote = true;
  } else if (iequals(name, "RECURSIVEMATCH")) {
    selection.recursive_match = true;
  } else if (iequals(name, "SPECIAL-USE")) {
    selection.special_use = true;
  } else {
    return std::unexpected(SyntaxError::unknown_option);
  }
  return {};
}

Parsed<ListSelection> parse_selection(Input& in) {
  ListSelection selection;
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      TRY_VOID(parse_selection_option(in, selection));
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  // RFC 9051 section 6.3.9.1: RECURSIVEMATCH alone, or only with REMOTE, is answered BAD.
  if (selection.recursive_match && !selection.subscribed && !selection.special_use) {
    return std::unexpected(SyntaxError::unknown_option);
  }
  return selection;
}

Parsed<void> parse_return_option(Input& in, ListReturn& returned) {
  TRY(auto name, parse_atom(in));
  if (iequals(name, "SUBSCRIBED")) {
    returned.subscribed = true;
  } else if (iequals(name, "CHILDREN")) {
    returned.children = true;
  } else if (iequals(name, "SPECIAL-USE")) {
    returned.special_use = true;
  } else if (iequals(name, "STATUS")) {
    TRY_VOID(parse_sp(in));
    TRY(returned.status, parse_status_items(in));
  } else {
    return std::unexpected(SyntaxError::unknown_option);
  }
  return {};
}

Parsed<ListReturn> parse_list_return(Input& in) {
  ListReturn returned;
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      TRY_VOID(parse_return_option(in, returned));
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  return returned;
}

Parsed<void> parse_pattern(Input& in, std::vector<Bytes>& patterns) {
  if (patterns.size() >= in.limits.list_patterns) {
    return std::unexpected(SyntaxError::too_many_tokens);
  }
  TRY(auto pattern, parse_list_mailbox(in));
  patterns.push_back(std::move(pattern));
  return {};
}

}  // namespace

Parsed<StatusItems> parse_status_items(Input& in) {
  static constexpr std::pair<std::string_view, StatusItem> k_items[] = {
      {"MESSAGES", StatusItem::messages}, {"RECENT", StatusItem::recent},
      {"UIDNEXT", StatusItem::uid_next},  {"UIDVALIDITY", StatusItem::uid_validity},
      {"UNSEEN", StatusItem::unseen},     {"DELETED", StatusItem::deleted},
      {"SIZE", StatusItem::size}};
  StatusItems items;
  TRY_VOID(parse_list(in, [&items](Input& at) -> Parsed<void> {
    TRY(auto name, parse_atom(at));
    for (const auto& [text, item] : k_items) {
      if (!iequals(name, text)) continue;
      items.add(item);
      return {};
    }
    return std::unexpected(SyntaxError::unknown_option);
  }));
  return items;
}

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
Parsed<List> parse_list_command(Input& in) {
  List list;
  if (in.cursor.next_is('(')) {
    list.is_extended = true;
    TRY(list.selection, parse_selection(in));
    TRY_VOID(parse_sp(in));
  }
  TRY(list.reference, parse_astring(in));
  TRY_VOID(parse_sp(in));
  if (in.cursor.next_is('(')) {
    list.is_extended = true;
    auto& patterns = list.patterns;
    TRY_VOID(parse_list(in, [&patterns](Input& at) { return parse_pattern(at, patterns); }));
  } else {
    TRY_VOID(parse_pattern(in, list.patterns));
  }
  if (in.cursor.skip_word(" RETURN ")) {
    list.is_extended = true;
    TRY(list.returned, parse_list_return(in));
  }
  // RFC 9051 section 6.3.9.1: the selection option SUBSCRIBED implies the return option.
  if (list.selection.subscribed) list.returned.subscribed = true;
  // RFC 6154 section 8.4: so does SPECIAL-USE.
  if (list.selection.special_use) list.returned.special_use = true;
  return list;
}

}  // namespace peregrine::imap
