#pragma once
// Replies: what the server says. A FixedReply is a constant of replies.h; a Reply has lines made at
// run time. Writing keeps the promise of RFC 5321 section 4.2: printable ASCII, lines of at most
// 512 octets, no CR, LF or NUL inside a text, whatever the text was made from.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace peregrine::smtp {

/// RFC 3463 section 2; all zero for replies without one.
struct EnhancedStatus {
  std::uint8_t status_class = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  bool operator==(const EnhancedStatus&) const = default;
};

struct FixedReply {
  std::uint16_t code;
  EnhancedStatus status;
  std::string_view text;  ///< of static storage

  bool operator==(const FixedReply&) const = default;
};

class Reply {
 public:
  Reply(const FixedReply& fixed) : Reply(fixed.code, fixed.status, std::string(fixed.text)) {}
  Reply(std::uint16_t code, EnhancedStatus status, std::string text)
      : code_(code), status_(status), lines_{std::move(text)} {}

  Reply& add_line(std::string text) {
    lines_.push_back(std::move(text));
    return *this;
  }

  [[nodiscard]] std::uint16_t code() const { return code_; }
  [[nodiscard]] EnhancedStatus status() const { return status_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::uint16_t code_;
  EnhancedStatus status_;
  std::vector<std::string> lines_;
};

/// 2xx and 3xx.
constexpr bool is_positive(std::uint16_t code) {
  return code < 400;
}

/// Appends the reply as it goes on the wire.
void append_reply(const FixedReply& reply, Bytes& out);
void append_reply(const Reply& reply, Bytes& out);
Bytes to_wire(const Reply& reply);

/// 220, and nothing about the program that speaks.
Reply greeting(std::string_view host, std::string_view protocol = "ESMTP");
/// 334 with a challenge that is already in base64 (RFC 4954 section 4).
Reply auth_challenge(std::string_view base64);

}  // namespace peregrine::smtp
