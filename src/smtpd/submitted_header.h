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

/// Takes Bcc, Resent-Bcc and Return-Path out of the message that begins at `start`, and puts in
/// From, Date and Message-ID where they are missing. Most messages need nothing and are not
/// touched. On a fault nothing is changed.
std::expected<void, HeaderFault> complete_header(Bytes& message, std::size_t start,
                                                 const Submitter& submitter);

}  // namespace peregrine::smtpd
