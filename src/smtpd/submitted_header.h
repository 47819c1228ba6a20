#pragma once
// The header of a submitted message as it leaves: what RFC 5322 asks for and the client left out is
// added, what is for nobody's eyes is taken out. The body stays as it is.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace peregrine::smtpd {

struct Submitter {
  std::string_view address;   ///< of the account
  std::string_view hostname;  ///< ours, for a Message-ID
  std::uint64_t trace = 0;    ///< the message's id in the logs
  UnixTime time;
};

enum class HeaderFault : std::uint8_t {
  several_from,  ///< RFC 5322 section 3.6: one From; readers would disagree on which
  too_many_fields,
};

/// Appends the message to `out`: without Bcc, Resent-Bcc and Return-Path, with From, Date and
/// Message-ID. On a fault nothing is appended.
std::expected<void, HeaderFault> append_submitted(BytesView message, const Submitter& submitter,
                                                  Bytes& out);

}  // namespace peregrine::smtpd
