#pragma once
// The value types of outgoing mail: what a message asks of those who carry it, who shall get it,
// and what the courier says of an attempt.

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "model/address.h"
#include "model/ids.h"
#include "queue/state.h"
#include "store/store.h"

namespace peregrine::queue {

using QueueId = StrongId<struct QueueTag>;  ///< a message in the queue; never given out twice
using LeaseId = StrongId<struct LeaseTag>;  ///< the end of its time, 4 bytes; random, 4 bytes
using TraceId = StrongId<struct TraceTag>;  ///< the message's id in the logs; none: not traced

/// When a lease ends; a walk over many needs no record.
inline UnixTime end_of(LeaseId lease) {
  return {static_cast<std::int64_t>(lease.value >> 32)};
}

/// RFC 3461 section 4.1, a bit each. Never renumber: stored. None: as if `failure` were set, and a
/// delay is told.
enum class Notify : std::uint8_t { never = 1, success = 2, failure = 4, delay = 8 };
inline constexpr std::uint32_t k_all_notify = 15;
constexpr bool has(std::uint32_t bits, Notify bit) {
  return (bits & static_cast<std::uint32_t>(bit)) != 0;
}

struct Envelope {
  std::string mail_from;  ///< canonical; empty: the null reverse-path
  bool smtp_utf8 = false;
  bool eight_bit = false;
  bool binary = false;
  std::string dsn_ret;    ///< "FULL", "HDRS" or empty
  std::string dsn_envid;  ///< decoded from xtext
  bool require_tls = false;
  bool tls_optional = false;  ///< RFC 8689: "TLS-Required: No"; never with require_tls
  std::int32_t priority = 0;  ///< RFC 6710: -9 to 9
  UnixTime hold_until;        ///< RFC 4865; 0: at once
  UnixTime deliver_by;        ///< RFC 2852; 0: none
  bool deliver_by_return = false;
  bool operator==(const Envelope&) const = default;
};

/// Whether the fields are what SMTP would have let through (V09).
bool is_valid(const Envelope& envelope);
/// Printable ASCII of at most 500 bytes, or empty.
bool is_valid_orcpt(std::string_view orcpt);

struct NewRecipient {
  std::string address;  ///< canonical
  std::uint32_t notify = 0;
  std::string orcpt;
  State state = State::waiting;  ///< one that may_begin()
};

struct NewMessage {
  Envelope envelope;
  store::BlobId blob;
  std::uint64_t size = 0;  ///< of what leaves, and of its header
  std::uint64_t header_size = 0;
  std::uint64_t skip = 0;  ///< octets of the blob before that
  AccountId account;       ///< who submitted it; none: it came from outside
  std::string submitter;   ///< the account's address, or empty
  TraceId trace;
  std::string held_because;  ///< not empty: it waits for the operator
  std::vector<NewRecipient> recipients;
};

/// Never renumber: sent between processes.
enum class Outcome : std::uint8_t {
  delivered = 1,  ///< to a server that honours DSN
  relayed = 2,    ///< to one that does not
  temporary = 3,
  permanent = 4,
  not_tried = 5,
};

/// What the courier says of one recipient.
struct Result {
  QueueId message;
  std::uint32_t index = 0;
  Outcome outcome = Outcome::not_tried;
  std::string status;      ///< RFC 3463
  std::string host;        ///< empty when nobody was reached
  std::string diagnostic;  ///< one line, printable ASCII
  std::string tls;         ///< for the story of the message
};

enum class QueueError : std::uint8_t {
  not_found,
  bad_request,  ///< no honest caller asks that
  no_space,
  io,
  corrupt,
  newer_format,
};

QueueError from_store(store::StoreError error);

inline constexpr std::size_t k_max_recipients = 10000;  ///< of a message
inline constexpr std::size_t k_max_text = 1000;         ///< of a diagnostic or reason

/// `text` on one line of printable ASCII, cut at k_max_text.
std::string one_line(std::string_view text);

}  // namespace peregrine::queue
