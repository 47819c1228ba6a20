#pragma once
// The commands of IMAP as values: one struct each, and Command, which is a tag and one of them.
// parse_command() (parse_command.h) makes them from the text that the framer cut out. Strings are
// the client's bytes; mailbox names are raw (modified UTF-7 or UTF-8, as the session has it).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "model/flags.h"
#include "proto/imap/fetch_item.h"
#include "proto/imap/framer.h"
#include "proto/imap/search_tree.h"
#include "proto/imap/sequence_set.h"
#include "text/date.h"

namespace peregrine::imap {

/// Whether a set holds sequence numbers or, after the word UID, UIDs.
enum class Numbering : std::uint8_t { sequence, uid };

/// A mailbox name as on the wire. It is data, never a path (V28).
struct MailboxName {
  Bytes raw;  ///< every spelling of INBOX becomes "INBOX"

  static MailboxName parse(Bytes astring);
  [[nodiscard]] bool is_inbox() const { return raw == "INBOX"; }
  bool operator==(const MailboxName&) const = default;
};

struct FlagList {
  FlagSet flags;
  std::vector<std::string> keywords;  ///< lower case, sorted, without duplicates
  bool operator==(const FlagList&) const = default;
};

/// An INTERNALDATE; the zone is kept because SEARCH compares the day in it.
using DateTime = text::DateTime;

/// RFC 6154 section 2. `unknown` is any other use-attr.
enum class SpecialUse : std::uint8_t { all, archive, drafts, flagged, junk, sent, trash, unknown };

/// Any state.
struct Capability {};
struct Noop {};
struct Logout {};
struct Id {
  /// Field and value; empty for NIL too.
  std::vector<std::pair<std::string, std::optional<std::string>>> fields;
};

/// Not authenticated.
struct StartTls {};
struct Login {
  std::string user;
  Secret password;
};
struct Authenticate {
  std::string mechanism;  ///< upper case
  /// Base64 as sent. RFC 4959 section 3: "=" is an empty response, here "".
  std::optional<Secret> initial_response;
};

/// Authenticated.
struct Enable {
  std::vector<std::string> capabilities;  ///< upper case
};
struct Select {
  MailboxName mailbox;
};
struct Examine {
  MailboxName mailbox;
};
struct Create {
  MailboxName mailbox;
  std::vector<SpecialUse> special_use;
};
struct Delete {
  MailboxName mailbox;
};
struct Rename {
  MailboxName from, to;
};
struct Subscribe {
  MailboxName mailbox;
};
struct Unsubscribe {
  MailboxName mailbox;
};

enum class StatusItem : std::uint8_t {
  messages = 1 << 0,
  recent = 1 << 1,  ///< of RFC 3501
  uid_next = 1 << 2,
  uid_validity = 1 << 3,
  unseen = 1 << 4,
  deleted = 1 << 5,
  size = 1 << 6,
};
struct StatusItems {
  std::uint8_t bits = 0;
  [[nodiscard]] bool has(StatusItem item) const {
    return (bits & static_cast<std::uint8_t>(item)) != 0;
  }
  StatusItems& add(StatusItem item) {
    bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(item));
    return *this;
  }
  bool operator==(const StatusItems&) const = default;
};

struct ListSelection {
  bool subscribed = false;
  bool remote = false;
  bool recursive_match = false;
  bool special_use = false;
  bool operator==(const ListSelection&) const = default;
};
struct ListReturn {
  bool subscribed = false;
  bool children = false;
  bool special_use = false;
  std::optional<StatusItems> status;
  bool operator==(const ListReturn&) const = default;
};
struct List {
  ListSelection selection;
  Bytes reference;
  std::vector<Bytes> patterns;  ///< at least one; a single "" asks for the delimiter
  ListReturn returned;
  bool is_extended = false;  ///< any of the syntax that RFC 3501 does not have
};
/// Of RFC 3501.
struct Lsub {
  Bytes reference;
  Bytes pattern;
};
struct Status {
  MailboxName mailbox;
  StatusItems items;
};
struct Namespace {};
/// All of APPEND but the message, which the framer streams.
struct Append {
  MailboxName mailbox;
  FlagList flags;
  std::optional<DateTime> date;
  std::uint64_t message_bytes = 0;
  Sync sync = Sync::yes;
  bool is_binary = false;  ///< literal8: the message may hold NUL
};
struct Idle {};

/// Selected.
struct Check {};  ///< of RFC 3501
struct Close {};
struct Unselect {};
struct Expunge {};
struct UidExpunge {
  SequenceSet uids;
};
enum class SearchReturn : std::uint8_t {
  min = 1 << 0,
  max = 1 << 1,
  all = 1 << 2,
  count = 1 << 3,
  save = 1 << 4,
};
struct SearchReturns {
  std::uint8_t bits = 0;
  [[nodiscard]] bool has(SearchReturn r) const {
    return (bits & static_cast<std::uint8_t>(r)) != 0;
  }
  SearchReturns& add(SearchReturn r) {
    bits = static_cast<std::uint8_t>(bits | static_cast<std::uint8_t>(r));
    return *this;
  }
  bool operator==(const SearchReturns&) const = default;
};
struct Search {
  Numbering numbering = Numbering::sequence;
  /// nullopt: no RETURN. RFC 9051 section 6.4.4: RETURN () means ALL, and is so here.
  std::optional<SearchReturns> returns;
  std::optional<std::string> charset;  ///< upper case
  SearchTree keys;
};
struct Fetch {
  Numbering numbering = Numbering::sequence;
  SequenceSet set;
  FetchItems items;
};
struct Store {
  Numbering numbering = Numbering::sequence;
  SequenceSet set;
  FlagChange change = FlagChange::replace;
  bool is_silent = false;
  FlagList flags;
};
struct Copy {
  Numbering numbering = Numbering::sequence;
  SequenceSet set;
  MailboxName mailbox;
};
struct Move {
  Numbering numbering = Numbering::sequence;
  SequenceSet set;
  MailboxName mailbox;
};

using CommandBody =
    std::variant<Capability, Noop, Logout, Id, StartTls, Login, Authenticate, Enable, Select,
                 Examine, Create, Delete, Rename, Subscribe, Unsubscribe, List, Lsub, Status,
                 Namespace, Append, Idle, Check, Close, Unselect, Expunge, UidExpunge, Search,
                 Fetch, Store, Copy, Move>;

struct Command {
  std::string tag;
  CommandBody body;
};

/// The command's name as the log and the answer's text have it, such as "UID FETCH".
std::string_view command_name(const CommandBody& body);

}  // namespace peregrine::imap
