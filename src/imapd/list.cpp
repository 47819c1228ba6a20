// LIST and LSUB.

#include "imapd/list.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "imapd/commands.h"
#include "imapd/names.h"
#include "imapd/session.h"
#include "imapd/special_use.h"
#include "imapd/status.h"
#include "proto/imap/list_match.h"
#include "text/idna.h"
#include "text/mutf7.h"

namespace peregrine::imapd {
namespace {

using imap::MailboxAttribute;
using Names = std::set<std::string, std::less<>>;

bool has(const api::MailboxInfo& info, api::MailboxAttribute attribute) {
  return (info.attributes() & static_cast<std::uint32_t>(attribute)) != 0;
}

// The names above `name`: "a" and "a/b" of "a/b/c".
template <class Take>
void for_each_ancestor(std::string_view name, Take take) {
  for (std::size_t at = name.find('/'); at != name.npos; at = name.find('/', at + 1)) {
    take(name.substr(0, at));
  }
}

Names above_subscribed(const api::ListMailboxesResponse& mailboxes) {
  Names names;
  for (const auto& info : mailboxes.mailboxes()) {
    if (!has(info, api::ATTRIBUTE_SUBSCRIBED)) continue;
    for_each_ancestor(info.name(), [&names](std::string_view name) { names.emplace(name); });
  }
  return names;
}

// In UTF-8, where a character is the same wherever it stands, and in the form that names have: what
// CREATE takes for a name, LIST finds by it. A pattern that is not modified UTF-7 matches nothing.
class Matcher {
 public:
  Matcher(BytesView reference, const std::vector<Bytes>& patterns) {
    for (const Bytes& pattern : patterns) {
      auto before = text::mutf7_to_utf8(reference);
      auto after = text::mutf7_to_utf8(pattern);
      if (!before || !after) continue;
      Bytes joined = imap::join_reference(*before, *after);
      patterns_.emplace_back(text::to_nfc(joined).value_or(joined));
    }
  }
  [[nodiscard]] bool matches(std::string_view utf8) const {
    return std::ranges::any_of(patterns_, [utf8](const auto& p) { return p.matches(utf8); });
  }

 private:
  std::vector<imap::ListPattern> patterns_;
};

imap::MailboxAttributes attributes_of(const api::MailboxInfo& info) {
  imap::MailboxAttributes attributes;
  if (has(info, api::ATTRIBUTE_NON_EXISTENT)) attributes.add(MailboxAttribute::non_existent);
  if (has(info, api::ATTRIBUTE_NO_SELECT)) attributes.add(MailboxAttribute::no_select);
  attributes.add(has(info, api::ATTRIBUTE_HAS_CHILDREN) ? MailboxAttribute::has_children
                                                        : MailboxAttribute::has_no_children);
  return attributes;
}

// Whether the selection options let the mailbox through, its name aside.
bool is_selected(const api::MailboxInfo& info, const imap::List& command, bool above) {
  bool subscribed = has(info, api::ATTRIBUTE_SUBSCRIBED);
  // RFC 5258 section 3.4: only a subscription can show a name without a mailbox.
  if (has(info, api::ATTRIBUTE_NON_EXISTENT) && !command.selection.subscribed) return false;
  if (command.selection.special_use && !special_use_of(info.attributes())) return false;
  if (!command.selection.subscribed) return true;
  return subscribed || (command.selection.recursive_match && above);
}

}  // namespace

std::vector<Listed> list_mailboxes(const api::ListMailboxesResponse& mailboxes,
                                   const imap::List& command) {
  Matcher matcher(command.reference, command.patterns);
  bool recursive = command.selection.subscribed && command.selection.recursive_match;
  Names above = recursive ? above_subscribed(mailboxes) : Names();
  std::vector<Listed> listed;
  for (const auto& info : mailboxes.mailboxes()) {
    bool is_above = above.contains(info.name());
    if (!is_selected(info, command, is_above)) continue;
    if (!matcher.matches(info.name())) continue;
    Listed& entry = listed.emplace_back(Listed{{}, &info});
    entry.entry.name = name_to_wire(info.name());
    entry.entry.attributes = attributes_of(info);
    entry.entry.special_use = special_use_of(info.attributes());
    entry.entry.child_subscribed = is_above;
    if ((command.returned.subscribed || command.selection.subscribed) &&
        has(info, api::ATTRIBUTE_SUBSCRIBED)) {
      entry.entry.attributes.add(MailboxAttribute::subscribed);
    }
  }
  return listed;
}

std::vector<Listed> list_subscribed(const api::ListMailboxesResponse& mailboxes,
                                    const imap::Lsub& command) {
  Matcher matcher(command.reference, {command.pattern});
  std::vector<Listed> listed;
  Names shown;
  auto show = [&](std::string_view utf8, const api::MailboxInfo* info) {
    if (!matcher.matches(utf8) || !shown.emplace(utf8).second) return;
    Listed& entry = listed.emplace_back(Listed{{}, info});
    entry.entry.name = name_to_wire(utf8);
    if (info == nullptr) entry.entry.attributes.add(MailboxAttribute::no_select);
  };
  for (const auto& info : mailboxes.mailboxes()) {
    if (has(info, api::ATTRIBUTE_SUBSCRIBED)) show(info.name(), &info);
  }
  if (!command.pattern.ends_with('%')) return listed;
  // RFC 3501 section 6.3.9: with "%", foo is shown as \Noselect when only foo/bar is subscribed.
  for (const std::string& name : above_subscribed(mailboxes)) show(name, nullptr);
  return listed;
}

net::Task<Answer> execute(Session& session, imap::List command) {
  // RFC 9051 section 6.3.9: an empty pattern asks for the delimiter alone.
  if (!command.is_extended && command.patterns.size() == 1 && command.patterns.front().empty()) {
    imap::write_list_root(session.out());
    co_return ok("Delimiter listed");
  }
  api::ListMailboxesRequest request;
  request.set_session(session.id());
  auto answer = co_await api::list_mailboxes(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  std::vector<Listed> listed = list_mailboxes(*answer, command);
  for (const Listed& mailbox : listed) {
    imap::write_list(session.out(), mailbox.entry);
    // RFC 5819 section 2: no STATUS for what cannot be selected.
    bool has_status = !has(*mailbox.info, api::ATTRIBUTE_NO_SELECT) &&
                      !has(*mailbox.info, api::ATTRIBUTE_NON_EXISTENT);
    if (command.returned.status && has_status) {
      write_status_of(session.out(), *mailbox.info, *command.returned.status);
    }
    bool sent = co_await session.flush_if_full();
    if (!sent) break;
  }
  co_return ok("Mailboxes listed");
}

net::Task<Answer> execute(Session& session, imap::Lsub command) {
  if (command.pattern.empty()) {
    imap::write_list_root(session.out());
    co_return ok("Delimiter listed");
  }
  api::ListMailboxesRequest request;
  request.set_session(session.id());
  auto answer = co_await api::list_mailboxes(session.core(), request, Session::call_deadline());
  if (!answer) co_return session.failed(answer.error());
  std::vector<Listed> listed = list_subscribed(*answer, command);
  for (const Listed& mailbox : listed) {
    imap::write_lsub(session.out(), mailbox.entry);
    bool sent = co_await session.flush_if_full();
    if (!sent) break;
  }
  co_return ok("Subscriptions listed");
}

}  // namespace peregrine::imapd
