#include "proto/imap/parse_command.h"

#include <utility>

#include "proto/imap/chars.h"
#include "proto/imap/grammar.h"

namespace peregrine::imap {

namespace {

using Body = Parsed<CommandBody>;

template <class T>
Body parse_plain(Input&) {
  return T{};
}

// A command whose only argument is a mailbox name.
template <class T>
Body parse_of_mailbox(Input& in) {
  TRY_VOID(parse_sp(in));
  TRY(auto mailbox, parse_mailbox(in));
  return T{std::move(mailbox)};
}

// id = "ID" SP ("(" [string SP nstring *(SP string SP nstring)] ")" / nil)
Body parse_id(Input& in) {
  Id id;
  TRY_VOID(parse_sp(in));
  if (in.cursor.skip_word("NIL")) return id;
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      // RFC 2971 section 3.3: no more than 30 field-value pairs.
      if (id.fields.size() >= in.limits.id_fields) {
        return std::unexpected(SyntaxError::too_many_tokens);
      }
      TRY(auto field, parse_string(in));
      TRY_VOID(parse_sp(in));
      TRY(auto value, parse_nstring(in));
      id.fields.emplace_back(std::move(field), std::move(value));
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  return id;
}

Body parse_login(Input& in) {
  Login login;
  TRY_VOID(parse_sp(in));
  TRY(login.user, parse_astring(in));
  TRY_VOID(parse_sp(in));
  TRY(auto password, parse_astring(in));
  login.password = Secret::take(std::move(password));
  return login;
}

Body parse_authenticate(Input& in) {
  Authenticate authenticate;
  TRY_VOID(parse_sp(in));
  TRY(authenticate.mechanism, parse_atom_upper(in));
  if (!in.cursor.skip(' ')) return authenticate;
  auto response = in.cursor.take_while([](char c) { return is_in(k_base64_char, c); });
  if (response.empty()) return std::unexpected(SyntaxError::bad_syntax);
  // RFC 4959 section 3: a single "=" stands for a response of no bytes.
  authenticate.initial_response = Secret(response == "=" ? BytesView() : response);
  return authenticate;
}

Body parse_enable(Input& in) {
  Enable enable;
  TRY_VOID(parse_sp(in));
  do {
    TRY(auto capability, parse_atom_upper(in));
    enable.capabilities.push_back(std::move(capability));
  } while (in.cursor.skip(' '));
  return enable;
}

Parsed<SpecialUse> parse_use_attribute(Input& in) {
  static constexpr std::pair<std::string_view, SpecialUse> k_uses[] = {
      {"all", SpecialUse::all},       {"archive", SpecialUse::archive},
      {"drafts", SpecialUse::drafts}, {"flagged", SpecialUse::flagged},
      {"junk", SpecialUse::junk},     {"sent", SpecialUse::sent},
      {"trash", SpecialUse::trash}};
  TRY_VOID(parse_char(in, '\\'));
  TRY(auto name, parse_atom(in));
  for (const auto& [text, use] : k_uses) {
    if (iequals(name, text)) return use;
  }
  return SpecialUse::unknown;
}

Body parse_create(Input& in) {
  Create create;
  TRY_VOID(parse_sp(in));
  TRY(create.mailbox, parse_mailbox(in));
  if (!in.cursor.skip(' ')) return create;
  // RFC 6154 section 6: create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"
  TRY_VOID(parse_open(in));
  if (!in.cursor.skip_word("USE ")) return std::unexpected(SyntaxError::unknown_option);
  TRY_VOID(parse_open(in));
  if (!in.cursor.next_is(')')) {
    do {
      TRY(auto use, parse_use_attribute(in));
      create.special_use.push_back(use);
    } while (in.cursor.skip(' '));
  }
  TRY_VOID(parse_close(in));
  TRY_VOID(parse_close(in));
  return create;
}

Body parse_rename(Input& in) {
  Rename rename;
  TRY_VOID(parse_sp(in));
  TRY(rename.from, parse_mailbox(in));
  TRY_VOID(parse_sp(in));
  TRY(rename.to, parse_mailbox(in));
  return rename;
}

Body parse_list_body(Input& in) {
  TRY_VOID(parse_sp(in));
  TRY(auto list, parse_list_command(in));
  return list;
}

Body parse_lsub(Input& in) {
  Lsub lsub;
  TRY_VOID(parse_sp(in));
  TRY(lsub.reference, parse_astring(in));
  TRY_VOID(parse_sp(in));
  TRY(lsub.pattern, parse_list_mailbox(in));
  return lsub;
}

Body parse_status(Input& in) {
  Status status;
  TRY_VOID(parse_sp(in));
  TRY(status.mailbox, parse_mailbox(in));
  TRY_VOID(parse_sp(in));
  TRY(status.items, parse_status_items(in));
  return status;
}

// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal, up to the literal's bytes
Body parse_append(Input& in) {
  Append append;
  TRY_VOID(parse_sp(in));
  TRY(append.mailbox, parse_mailbox(in));
  TRY_VOID(parse_sp(in));
  if (in.cursor.next_is('(')) {
    TRY(append.flags, parse_flag_list(in));
    TRY_VOID(parse_sp(in));
  }
  if (in.cursor.next_is('"')) {
    TRY(append.date, parse_date_time(in));
    TRY_VOID(parse_sp(in));
  }
  append.is_binary = in.cursor.skip('~');
  TRY(auto header, parse_literal_header(in));
  append.message_bytes = header.bytes;
  append.sync = header.sync;
  return append;
}

Body parse_search_of(Input& in, Numbering numbering) {
  TRY_VOID(parse_sp(in));
  TRY(auto search, parse_search(in));
  search.numbering = numbering;
  return search;
}

Body parse_fetch(Input& in, Numbering numbering) {
  Fetch fetch{.numbering = numbering};
  TRY_VOID(parse_sp(in));
  TRY(fetch.set, parse_sequence_set(in));
  TRY_VOID(parse_sp(in));
  TRY(fetch.items, parse_fetch_items(in));
  // RFC 9051 section 6.4.9: the answer to UID FETCH always has the UID.
  if (numbering == Numbering::uid) fetch.items.add(FetchAttribute::uid);
  return fetch;
}

// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
Body parse_store(Input& in, Numbering numbering) {
  Store store{.numbering = numbering};
  TRY_VOID(parse_sp(in));
  TRY(store.set, parse_sequence_set(in));
  TRY_VOID(parse_sp(in));
  if (in.cursor.skip('+')) {
    store.change = FlagChange::add;
  } else if (in.cursor.skip('-')) {
    store.change = FlagChange::remove;
  }
  if (!in.cursor.skip_word("FLAGS")) return std::unexpected(SyntaxError::unknown_option);
  store.is_silent = in.cursor.skip_word(".SILENT");
  TRY_VOID(parse_sp(in));
  if (in.cursor.next_is('(')) {
    TRY(store.flags, parse_flag_list(in));
  } else {
    TRY(store.flags, parse_flags(in));
  }
  return store;
}

template <class T>
Body parse_to_mailbox(Input& in, Numbering numbering) {
  T transfer{.numbering = numbering};
  TRY_VOID(parse_sp(in));
  TRY(transfer.set, parse_sequence_set(in));
  TRY_VOID(parse_sp(in));
  TRY(transfer.mailbox, parse_mailbox(in));
  return transfer;
}

Body parse_uid_expunge(Input& in) {
  UidExpunge expunge;
  TRY_VOID(parse_sp(in));
  TRY(expunge.uids, parse_sequence_set(in));
  return expunge;
}

// uid = "UID" SP (copy / move / fetch / search / store / uid-expunge)
Body parse_uid(Input& in) {
  TRY_VOID(parse_sp(in));
  TRY(auto name, parse_atom(in));
  if (iequals(name, "FETCH")) return parse_fetch(in, Numbering::uid);
  if (iequals(name, "STORE")) return parse_store(in, Numbering::uid);
  if (iequals(name, "SEARCH")) return parse_search_of(in, Numbering::uid);
  if (iequals(name, "COPY")) return parse_to_mailbox<Copy>(in, Numbering::uid);
  if (iequals(name, "MOVE")) return parse_to_mailbox<Move>(in, Numbering::uid);
  if (iequals(name, "EXPUNGE")) return parse_uid_expunge(in);
  return std::unexpected(SyntaxError::unknown_command);
}

template <Body (*parse)(Input&, Numbering)>
Body by_sequence(Input& in) {
  return parse(in, Numbering::sequence);
}

struct CommandRule {
  std::string_view name;
  Stage stage;  // the earliest in which it exists
  Body (*parse)(Input&);
};

constexpr CommandRule k_commands[] = {
    {"CAPABILITY", Stage::not_authenticated, parse_plain<Capability>},
    {"NOOP", Stage::not_authenticated, parse_plain<Noop>},
    {"LOGOUT", Stage::not_authenticated, parse_plain<Logout>},
    {"ID", Stage::not_authenticated, parse_id},
    {"STARTTLS", Stage::not_authenticated, parse_plain<StartTls>},
    {"LOGIN", Stage::not_authenticated, parse_login},
    {"AUTHENTICATE", Stage::not_authenticated, parse_authenticate},
    {"FETCH", Stage::authenticated, by_sequence<parse_fetch>},
    {"UID", Stage::authenticated, parse_uid},
    {"STORE", Stage::authenticated, by_sequence<parse_store>},
    {"SEARCH", Stage::authenticated, by_sequence<parse_search_of>},
    {"IDLE", Stage::authenticated, parse_plain<Idle>},
    {"SELECT", Stage::authenticated, parse_of_mailbox<Select>},
    {"EXAMINE", Stage::authenticated, parse_of_mailbox<Examine>},
    {"LIST", Stage::authenticated, parse_list_body},
    {"LSUB", Stage::authenticated, parse_lsub},
    {"STATUS", Stage::authenticated, parse_status},
    {"APPEND", Stage::authenticated, parse_append},
    {"COPY", Stage::authenticated, by_sequence<parse_to_mailbox<Copy>>},
    {"MOVE", Stage::authenticated, by_sequence<parse_to_mailbox<Move>>},
    {"EXPUNGE", Stage::authenticated, parse_plain<Expunge>},
    {"CLOSE", Stage::authenticated, parse_plain<Close>},
    {"UNSELECT", Stage::authenticated, parse_plain<Unselect>},
    {"CHECK", Stage::authenticated, parse_plain<Check>},
    {"ENABLE", Stage::authenticated, parse_enable},
    {"NAMESPACE", Stage::authenticated, parse_plain<Namespace>},
    {"CREATE", Stage::authenticated, parse_create},
    {"DELETE", Stage::authenticated, parse_of_mailbox<Delete>},
    {"RENAME", Stage::authenticated, parse_rename},
    {"SUBSCRIBE", Stage::authenticated, parse_of_mailbox<Subscribe>},
    {"UNSUBSCRIBE", Stage::authenticated, parse_of_mailbox<Unsubscribe>},
};

Body parse_body(Input& in) {
  TRY(auto name, parse_atom(in));
  for (const auto& rule : k_commands) {
    if (!iequals(name, rule.name)) continue;
    if (rule.stage > in.limits.stage) return std::unexpected(SyntaxError::not_in_this_state);
    auto body = rule.parse(in);
    if (body && !in.cursor.at_end()) return std::unexpected(SyntaxError::trailing_text);
    return body;
  }
  return std::unexpected(SyntaxError::unknown_command);
}

// RFC 9051 section 9: tag = 1*<any ASTRING-CHAR except "+">
bool parse_tag(Input& in, std::string& tag) {
  auto text = in.cursor.take_while([](char c) { return is_in(k_tag_char, c); });
  if (text.empty() || text.size() > k_max_tag_bytes || !in.cursor.skip(' ')) return false;
  tag = text;
  return true;
}

}  // namespace

std::expected<Command, ParseError> parse_command(BytesView text, const Limits& limits) {
  Input in(text, limits);
  std::string tag;
  if (!parse_tag(in, tag)) {
    return std::unexpected(ParseError{SyntaxError::no_tag, {}, in.cursor.position()});
  }
  auto body = parse_body(in);
  if (!body) {
    return std::unexpected(ParseError{body.error(), std::move(tag), in.cursor.position()});
  }
  return Command{std::move(tag), *std::move(body)};
}

bool is_done(BytesView line) {
  return iequals(line, "DONE");
}

bool is_cancel(BytesView line) {
  return line == "*";
}

namespace {

struct NameOf {
  std::string_view operator()(const Capability&) const { return "CAPABILITY"; }
  std::string_view operator()(const Noop&) const { return "NOOP"; }
  std::string_view operator()(const Logout&) const { return "LOGOUT"; }
  std::string_view operator()(const Id&) const { return "ID"; }
  std::string_view operator()(const StartTls&) const { return "STARTTLS"; }
  std::string_view operator()(const Login&) const { return "LOGIN"; }
  std::string_view operator()(const Authenticate&) const { return "AUTHENTICATE"; }
  std::string_view operator()(const Enable&) const { return "ENABLE"; }
  std::string_view operator()(const Select&) const { return "SELECT"; }
  std::string_view operator()(const Examine&) const { return "EXAMINE"; }
  std::string_view operator()(const Create&) const { return "CREATE"; }
  std::string_view operator()(const Delete&) const { return "DELETE"; }
  std::string_view operator()(const Rename&) const { return "RENAME"; }
  std::string_view operator()(const Subscribe&) const { return "SUBSCRIBE"; }
  std::string_view operator()(const Unsubscribe&) const { return "UNSUBSCRIBE"; }
  std::string_view operator()(const List&) const { return "LIST"; }
  std::string_view operator()(const Lsub&) const { return "LSUB"; }
  std::string_view operator()(const Status&) const { return "STATUS"; }
  std::string_view operator()(const Namespace&) const { return "NAMESPACE"; }
  std::string_view operator()(const Append&) const { return "APPEND"; }
  std::string_view operator()(const Idle&) const { return "IDLE"; }
  std::string_view operator()(const Check&) const { return "CHECK"; }
  std::string_view operator()(const Close&) const { return "CLOSE"; }
  std::string_view operator()(const Unselect&) const { return "UNSELECT"; }
  std::string_view operator()(const Expunge&) const { return "EXPUNGE"; }
  std::string_view operator()(const UidExpunge&) const { return "UID EXPUNGE"; }
  std::string_view operator()(const Search& c) const { return by(c, "SEARCH", "UID SEARCH"); }
  std::string_view operator()(const Fetch& c) const { return by(c, "FETCH", "UID FETCH"); }
  std::string_view operator()(const Store& c) const { return by(c, "STORE", "UID STORE"); }
  std::string_view operator()(const Copy& c) const { return by(c, "COPY", "UID COPY"); }
  std::string_view operator()(const Move& c) const { return by(c, "MOVE", "UID MOVE"); }

 private:
  template <class T>
  static std::string_view by(const T& c, std::string_view plain, std::string_view uid) {
    return c.numbering == Numbering::uid ? uid : plain;
  }
};

}  // namespace

std::string_view command_name(const CommandBody& body) {
  return std::visit(NameOf{}, body);
}

}  // namespace peregrine::imap
