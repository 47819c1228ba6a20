#pragma once
// The trace fields that stand on top of every message accepted: Return-Path and Received (RFC 5321
// section 4.4), and the look at those of others that ends a loop.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rpc/handoff.h"

namespace peregrine::smtpd {

/// How the message came, for the "with" clause.
struct Transport {
  bool lmtp = false;
  bool extended = false;  ///< EHLO, not HELO
  bool utf8 = false;      ///< MAIL said SMTPUTF8
  bool tls = false;
  bool authenticated = false;
};

/// The registered name: "ESMTPS", "LMTP", "UTF8SMTP" …
std::string_view protocol_name(Transport transport);

struct TraceInfo {
  std::string_view mail_from;  ///< empty for the null reverse-path
  std::string_view helo;       ///< empty: nothing is said of the client
  std::string_view peer_name;  ///< the client's, when it leads back to its address; or empty
  std::string_view hostname;   ///< ours
  std::string_view recipient;  ///< only where there is one, or empty
  bool leaves = false;         ///< the recipient's copy goes elsewhere: Delivered-To marks it
  Transport transport;
  std::uint64_t trace = 0;  ///< the message's id in the logs
  UnixTime time;
};

/// Return-Path, Delivered-To of a copy that leaves, and Received, to stand in front of the message.
/// Nothing when a value cannot be written as a header field.
std::optional<std::string> trace_fields(const TraceInfo& info, const rpc::OpenConnection& facts);

/// The size of the Return-Path that begins a message with our trace fields.
std::size_t return_path_size(BytesView message);

/// 16 hexadecimal digits, as the logs show an id.
std::string trace_text(std::uint64_t trace);

/// Where a message has been, by its header block.
struct PassageView {
  std::size_t received = 0;             ///< fields Received
  std::vector<BytesView> delivered_to;  ///< in the header block: the newest, at most 100

  [[nodiscard]] bool was_delivered_to(std::string_view address) const;
};
PassageView read_passage(BytesView header);

}  // namespace peregrine::smtpd
