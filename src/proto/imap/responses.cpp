#include "proto/imap/responses.h"

#include "proto/imap/list_match.h"
#include "proto/imap/writer.h"

namespace peregrine::imap {

namespace {

constexpr std::string_view k_crlf = "\r\n";

std::string_view name_of(Condition condition) {
  switch (condition) {
    case Condition::ok:
      return "OK";
    case Condition::no:
      return "NO";
    case Condition::bad:
      return "BAD";
    case Condition::bye:
      return "BYE";
  }
  return "BAD";
}

std::string_view name_of(SpecialUse use) {
  switch (use) {
    case SpecialUse::all:
      return "\\All";
    case SpecialUse::archive:
      return "\\Archive";
    case SpecialUse::drafts:
      return "\\Drafts";
    case SpecialUse::flagged:
      return "\\Flagged";
    case SpecialUse::junk:
      return "\\Junk";
    case SpecialUse::sent:
      return "\\Sent";
    case SpecialUse::trash:
      return "\\Trash";
    case SpecialUse::unknown:
      break;
  }
  return "";
}

void write_numbered(std::string& out, std::uint32_t number, std::string_view name) {
  out += "* ";
  write_number(out, number);
  out += ' ';
  out += name;
  out += k_crlf;
}

void write_words(std::string& out, std::span<const std::string_view> words) {
  for (auto word : words) {
    out += ' ';
    out += word;
  }
}

std::string numeric_code(std::string_view name, std::uint32_t number) {
  std::string code(name);
  code += ' ';
  write_number(code, number);
  return code;
}

}  // namespace

void write_condition(std::string& out, std::string_view tag, Condition condition,
                     std::string_view code, std::string_view text) {
  if (tag.empty()) {
    out += '*';
  } else {
    out += tag;
  }
  out += ' ';
  out += name_of(condition);
  out += ' ';
  if (!code.empty()) {
    out += '[';
    out += code;
    out += "] ";
  }
  write_text(out, text);
  out += k_crlf;
}

void write_untagged(std::string& out, Condition condition, std::string_view code,
                    std::string_view text) {
  write_condition(out, "", condition, code, text);
}

void write_continuation(std::string& out, std::string_view text) {
  // RFC 9051 section 9: continue-req has the SP even when nothing follows.
  out += "+ ";
  write_text(out, text);
  out += k_crlf;
}

void write_frame_error(std::string& out, const FrameError& error) {
  auto code = response_code(error.kind);
  auto text = client_text(error.kind);
  switch (error.reply) {
    case FrameReply::no:
      return write_condition(out, error.tag, Condition::no, code, text);
    case FrameReply::bad:
      return write_condition(out, error.tag, Condition::bad, code, text);
    // RFC 9051 section 7.1.5: BYE is always untagged.
    case FrameReply::bye:
      return write_untagged(out, Condition::bye, code, text);
  }
}

void write_parse_error(std::string& out, const ParseError& error) {
  write_condition(out, error.tag, Condition::bad, "", client_text(error.kind));
}

std::string capability_code(std::span<const std::string_view> capabilities) {
  std::string code = "CAPABILITY";
  write_words(code, capabilities);
  return code;
}

std::string permanent_flags_code(FlagSet flags, std::span<const std::string> keywords,
                                 NewKeywords new_keywords) {
  std::string code = "PERMANENTFLAGS ";
  write_flag_list(code, flags, keywords);
  if (new_keywords == NewKeywords::yes) {
    code.pop_back();
    code += code.back() == '(' ? "\\*)" : " \\*)";
  }
  return code;
}

std::string uid_next_code(Uid uid_next) {
  return numeric_code("UIDNEXT", uid_next.value);
}

std::string uid_validity_code(UidValidity uid_validity) {
  return numeric_code("UIDVALIDITY", uid_validity.value);
}

std::string append_uid_code(UidValidity uid_validity, Uid uid) {
  auto code = numeric_code("APPENDUID", uid_validity.value);
  code += ' ';
  write_number(code, uid.value);
  return code;
}

std::string copy_uid_code(UidValidity uid_validity, std::span<const Uid> from,
                          std::span<const Uid> to) {
  auto code = numeric_code("COPYUID", uid_validity.value);
  code += ' ';
  write_uid_set(code, from);
  code += ' ';
  write_uid_set(code, to);
  return code;
}

std::string bad_charset_code(std::span<const std::string_view> known) {
  std::string code = "BADCHARSET";
  if (known.empty()) return code;
  std::string_view separator = " (";
  for (auto charset : known) {
    code += separator;
    code += charset;
    separator = " ";
  }
  return code += ')';
}

void write_capabilities(std::string& out, std::span<const std::string_view> capabilities) {
  out += "* CAPABILITY";
  write_words(out, capabilities);
  out += k_crlf;
}

void write_enabled(std::string& out, std::span<const std::string_view> capabilities) {
  out += "* ENABLED";
  write_words(out, capabilities);
  out += k_crlf;
}

void write_id(std::string& out,
              std::span<const std::pair<std::string_view, std::string_view>> fields) {
  out += "* ID ";
  if (fields.empty()) {
    out += "NIL";
  } else {
    char separator = '(';
    for (const auto& [field, value] : fields) {
      out += separator;
      write_string(out, field);
      out += ' ';
      write_string(out, value);
      separator = ' ';
    }
    out += ')';
  }
  out += k_crlf;
}

void write_exists(std::string& out, std::uint32_t messages) {
  write_numbered(out, messages, "EXISTS");
}

void write_recent(std::string& out, std::uint32_t messages) {
  write_numbered(out, messages, "RECENT");
}

void write_expunge(std::string& out, std::uint32_t sequence) {
  write_numbered(out, sequence, "EXPUNGE");
}

void write_flags(std::string& out, FlagSet flags, std::span<const std::string> keywords) {
  out += "* FLAGS ";
  write_flag_list(out, flags, keywords);
  out += k_crlf;
}

namespace {

void write_attributes(std::string& out, const ListEntry& entry) {
  static constexpr std::pair<MailboxAttribute, std::string_view> k_names[] = {
      {MailboxAttribute::no_inferiors, "\\Noinferiors"},
      {MailboxAttribute::non_existent, "\\NonExistent"},
      {MailboxAttribute::no_select, "\\Noselect"},
      {MailboxAttribute::has_children, "\\HasChildren"},
      {MailboxAttribute::has_no_children, "\\HasNoChildren"},
      {MailboxAttribute::marked, "\\Marked"},
      {MailboxAttribute::unmarked, "\\Unmarked"},
      {MailboxAttribute::subscribed, "\\Subscribed"},
      {MailboxAttribute::remote, "\\Remote"}};
  out += '(';
  std::string_view separator;
  for (const auto& [attribute, name] : k_names) {
    if (!entry.attributes.has(attribute)) continue;
    out += separator;
    out += name;
    separator = " ";
  }
  if (entry.special_use && *entry.special_use != SpecialUse::unknown) {
    out += separator;
    out += name_of(*entry.special_use);
  }
  out += ')';
}

void write_mailbox_list(std::string& out, std::string_view name, const ListEntry& entry) {
  out += "* ";
  out += name;
  out += ' ';
  write_attributes(out, entry);
  out += " \"";
  out += k_delimiter;
  out += "\" ";
  write_string(out, entry.name);
}

}  // namespace

void write_list(std::string& out, const ListEntry& entry) {
  write_mailbox_list(out, "LIST", entry);
  if (entry.child_subscribed || entry.old_name) {
    out += " (";
    // RFC 9051 section 6.3.9.6: selection options within CHILDINFO are quoted.
    if (entry.child_subscribed) out += "\"CHILDINFO\" (\"SUBSCRIBED\")";
    if (entry.old_name) {
      out += entry.child_subscribed ? " \"OLDNAME\" (" : "\"OLDNAME\" (";
      write_string(out, *entry.old_name);
      out += ')';
    }
    out += ')';
  }
  out += k_crlf;
}

void write_lsub(std::string& out, const ListEntry& entry) {
  write_mailbox_list(out, "LSUB", entry);
  out += k_crlf;
}

void write_list_root(std::string& out) {
  ListEntry root;
  root.attributes.add(MailboxAttribute::no_select);
  write_list(out, root);
}

void write_status(std::string& out, BytesView mailbox, StatusItems items, const StatusData& data) {
  const std::pair<StatusItem, std::pair<std::string_view, std::uint64_t>> values[] = {
      {StatusItem::messages, {"MESSAGES ", data.messages}},
      {StatusItem::recent, {"RECENT ", data.recent}},
      {StatusItem::uid_next, {"UIDNEXT ", data.uid_next.value}},
      {StatusItem::uid_validity, {"UIDVALIDITY ", data.uid_validity.value}},
      {StatusItem::unseen, {"UNSEEN ", data.unseen}},
      {StatusItem::deleted, {"DELETED ", data.deleted}},
      {StatusItem::size, {"SIZE ", data.size}}};
  out += "* STATUS ";
  // RFC 9051 section 9: mailbox = "INBOX" / astring.
  if (mailbox == "INBOX") {
    out += mailbox;
  } else {
    write_string(out, mailbox);
  }
  out += " (";
  std::string_view separator;
  for (const auto& [item, value] : values) {
    if (!items.has(item)) continue;
    out += separator;
    out += value.first;
    write_number(out, value.second);
    separator = " ";
  }
  out += ')';
  out += k_crlf;
}

void write_namespace(std::string& out) {
  out += "* NAMESPACE ((\"\" \"";
  out += k_delimiter;
  out += "\")) NIL NIL";
  out += k_crlf;
}

void write_search(std::string& out, const NumberSet& found) {
  out += "* SEARCH";
  for (const auto& range : found.ranges()) {
    for (std::uint64_t number = range.first; number <= range.last; ++number) {
      out += ' ';
      write_number(out, number);
    }
  }
  out += k_crlf;
}

void write_esearch(std::string& out, std::string_view tag, Numbering numbering,
                   SearchReturns returns, const NumberSet& found) {
  out += "* ESEARCH (TAG ";
  write_string(out, tag);
  out += ')';
  if (numbering == Numbering::uid) out += " UID";
  // RFC 9051 section 7.3.4: what has no value is not in the response.
  if (!found.empty()) {
    if (returns.has(SearchReturn::min)) {
      out += " MIN ";
      write_number(out, found.smallest());
    }
    if (returns.has(SearchReturn::max)) {
      out += " MAX ";
      write_number(out, found.largest());
    }
    if (returns.has(SearchReturn::all)) {
      out += " ALL ";
      write_number_set(out, found);
    }
  }
  if (returns.has(SearchReturn::count)) {
    out += " COUNT ";
    write_number(out, found.count());
  }
  out += k_crlf;
}

}  // namespace peregrine::imap
