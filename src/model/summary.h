#pragma once
// MessageSummary: what the worker that received a message says of it, once and for all: sizes,
// envelope and structure. Readers slice the raw message by it instead of parsing again. The worker
// sends it encoded; core validates it with `decode_summary` (it is hostile input) and stores it.
//
// All offsets and sizes are bytes of the raw message as stored, lines ended by CRLF. Strings of the
// envelope are as in the header after unfolding, not decoded (RFC 9051 section 7.5.2: ENVELOPE
// carries encoded words as they are); an absent field is nullopt, an empty one is "".

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine {

/// One address, or the start or end of a group (RFC 9051 section 7.5.2): start has only `mailbox`
/// (the group's name) and no host, end has neither.
struct EnvelopeAddress {
  std::optional<std::string> name;  ///< display name, unquoted, encoded words as they are
  std::optional<std::string> mailbox;
  std::optional<std::string> host;
  bool operator==(const EnvelopeAddress&) const = default;
};

struct Envelope {
  std::optional<std::string> date;
  std::optional<std::string> subject;
  std::vector<EnvelopeAddress> from, sender, reply_to, to, cc, bcc;
  std::optional<std::string> in_reply_to;
  std::optional<std::string> message_id;
  bool operator==(const Envelope&) const = default;
};

/// A parameter of Content-Type or Content-Disposition; RFC 2231 continuations joined, value in
/// UTF-8 when its charset was known, name in lower case.
struct Parameter {
  std::string name;
  std::string value;
  bool operator==(const Parameter&) const = default;
};

/// Never renumber: stored.
enum class PartKind : std::uint8_t { leaf = 0, multipart = 1, message = 2 };

/// One body part. Parts stand in the order of the raw message; a child's index is always larger
/// than its parent's, so no cycle can be expressed (V19).
struct Part {
  PartKind kind = PartKind::leaf;
  std::uint32_t parent = 0;  ///< index of the parent; the root (index 0) names itself
  std::string type = "text", subtype = "plain";  ///< lower case
  std::vector<Parameter> parameters;
  std::optional<std::string> id, description, encoding;  ///< encoding in lower case
  std::optional<std::string> disposition;                ///< lower case
  std::vector<Parameter> disposition_parameters;
  std::optional<std::string> md5, location;
  std::vector<std::string> language;
  std::uint64_t header_offset = 0;  ///< first byte of the part's header
  std::uint64_t body_offset = 0;    ///< first byte after the blank line
  std::uint64_t body_size = 0;      ///< without the CRLF that belongs to the boundary
  std::uint64_t lines = 0;          ///< lines of the body
  /// Of a PartKind::message whose body is a message: its envelope. Its parts follow as children:
  /// exactly one child, the root part of the enclosed message.
  std::optional<Envelope> envelope;
  bool operator==(const Part&) const = default;
};

struct MessageSummary {
  std::uint64_t size = 0;
  std::uint64_t header_size = 0;       ///< up to and with the blank line
  std::optional<UnixTime> sent;        ///< the Date field, if it could be read
  std::int16_t sent_zone_minutes = 0;  ///< east of UTC, of that field
  Envelope envelope;
  std::vector<Part> parts;  ///< at least one
  /// Set when the message could be read in two ways (V21): see mime::Defect.
  std::uint32_t defects = 0;
  bool operator==(const MessageSummary&) const = default;
};

struct SummaryLimits {
  std::size_t encoded_bytes = mib(4);
  std::size_t parts = 10000;
  std::size_t addresses = 2000;  ///< a field
};

/// The record's bytes: version 1 of docs/format/summary.md.
Bytes encode_summary(const MessageSummary& summary);

enum class SummaryError : std::uint8_t { malformed, unknown_version, over_limit, inconsistent };

/// Reads what encode_summary wrote and checks it against `raw_size`: every offset lies inside the
/// message, every parent stands before its child. Never trusts a number it has not checked.
std::expected<MessageSummary, SummaryError> decode_summary(BytesView record, std::uint64_t raw_size,
                                                           const SummaryLimits& limits = {});

}  // namespace peregrine
