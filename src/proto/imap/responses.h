#pragma once
// Whole responses of an IMAP server, appended to a string: conditions, mailbox and capability data,
// search results. FETCH has a writer of its own (fetch_writer.h).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "model/flags.h"
#include "model/ids.h"
#include "proto/imap/command.h"
#include "proto/imap/frame_error.h"
#include "proto/imap/parse_command.h"
#include "proto/imap/sequence_set.h"

namespace peregrine::imap {

/// PREAUTH is missing on purpose: no connection of ours starts authenticated.
enum class Condition : std::uint8_t { ok, no, bad, bye };

/// "tag OK [code] text"; `code` without its brackets, "" for none. With an empty tag the response
/// is untagged.
void write_condition(std::string& out, std::string_view tag, Condition condition,
                     std::string_view code, std::string_view text);
/// "* OK [code] text".
void write_untagged(std::string& out, Condition condition, std::string_view code,
                    std::string_view text);
/// "+ text": of AUTHENTICATE, the base64 challenge.
void write_continuation(std::string& out, std::string_view text);
void write_frame_error(std::string& out, const FrameError& error);
void write_parse_error(std::string& out, const ParseError& error);

// Response codes with arguments, for the functions above; those without are their bare names.
std::string capability_code(std::span<const std::string_view> capabilities);
/// `new_keywords`: a client may make keywords of its own, `\*`.
enum class NewKeywords : bool { no, yes };
std::string permanent_flags_code(FlagSet flags, std::span<const std::string> keywords,
                                 NewKeywords new_keywords);
std::string uid_next_code(Uid uid_next);
std::string uid_validity_code(UidValidity uid_validity);
/// RFC 4315 section 3. The two sets of COPYUID go in pairs and are not empty.
std::string append_uid_code(UidValidity uid_validity, Uid uid);
std::string copy_uid_code(UidValidity uid_validity, std::span<const Uid> from,
                          std::span<const Uid> to);
std::string bad_charset_code(std::span<const std::string_view> known);

void write_capabilities(std::string& out, std::span<const std::string_view> capabilities);
void write_enabled(std::string& out, std::span<const std::string_view> capabilities);
/// `fields` empty: NIL (RFC 2971 section 3.2).
void write_id(std::string& out,
              std::span<const std::pair<std::string_view, std::string_view>> fields);

void write_exists(std::string& out, std::uint32_t messages);
void write_recent(std::string& out, std::uint32_t messages);
void write_expunge(std::string& out, std::uint32_t sequence);
void write_flags(std::string& out, FlagSet flags, std::span<const std::string> keywords);

/// Attributes of a name in LIST (RFC 9051 section 7.3.1, RFC 6154 section 2).
enum class MailboxAttribute : std::uint16_t {
  no_inferiors = 1 << 0,
  non_existent = 1 << 1,
  no_select = 1 << 2,
  has_children = 1 << 3,
  has_no_children = 1 << 4,
  marked = 1 << 5,
  unmarked = 1 << 6,
  subscribed = 1 << 7,
  remote = 1 << 8,
};
struct MailboxAttributes {
  std::uint16_t bits = 0;
  [[nodiscard]] bool has(MailboxAttribute a) const {
    return (bits & static_cast<std::uint16_t>(a)) != 0;
  }
  MailboxAttributes& add(MailboxAttribute a) {
    bits = static_cast<std::uint16_t>(bits | static_cast<std::uint16_t>(a));
    return *this;
  }
};
struct ListEntry {
  MailboxAttributes attributes;
  std::optional<SpecialUse> special_use;
  Bytes name;                     ///< as the session spells names
  bool child_subscribed = false;  ///< CHILDINFO ("SUBSCRIBED")
  std::optional<Bytes> old_name;  ///< OLDNAME
};
void write_list(std::string& out, const ListEntry& entry);
/// Of RFC 3501: without what only the extended LIST has.
void write_lsub(std::string& out, const ListEntry& entry);
/// The answer to LIST with an empty pattern: the delimiter, and "" as the name.
void write_list_root(std::string& out);

struct StatusData {
  std::uint32_t messages = 0, recent = 0, unseen = 0, deleted = 0;
  Uid uid_next;
  UidValidity uid_validity;
  std::uint64_t size = 0;
};
/// Only the items asked for.
void write_status(std::string& out, BytesView mailbox, StatusItems items, const StatusData& data);
/// One personal namespace with prefix "", no others (RFC 2342 section 5).
void write_namespace(std::string& out);

/// "* SEARCH 2 3 6" of RFC 3501.
void write_search(std::string& out, const NumberSet& found);
/// RFC 9051 section 7.3.4. MIN, MAX and ALL are left out when nothing was found.
void write_esearch(std::string& out, std::string_view tag, Numbering numbering,
                   SearchReturns returns, const NumberSet& found);

}  // namespace peregrine::imap
