#pragma once
// JunkScore: what the checks found out about a client, what it weighs, and how that is said: in the
// log, to the client, and in the field X-Peregrine-Checks. And the look at that field in mail of
// others, who may not speak for this server.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "config/settings.h"

namespace peregrine::smtpd {

enum class JunkVerdict : std::uint8_t { pass, mark, refuse };
std::string_view junk_verdict_name(JunkVerdict verdict);

class JunkScore {
 public:
  /// `what` is printable ASCII. Nothing happens with the weight 0: that check is off.
  void add(std::string what, std::int64_t weight);
  [[nodiscard]] bool is_empty() const { return findings_.empty(); }
  [[nodiscard]] std::int64_t total() const { return total_; }
  [[nodiscard]] JunkVerdict verdict(const config::JunkSettings& settings) const;

  /// "no reverse name (3), listed in zen.example (5)"; of the first 32.
  [[nodiscard]] std::string text() const;
  /// The text of a refusal: what speaks against the client, without weights.
  [[nodiscard]] std::string refusal_text() const;
  /// The field, CRLF and all; nothing when there is nothing to say.
  [[nodiscard]] std::optional<std::string> field(const config::Settings& settings) const;

 private:
  struct Finding {
    std::string what;
    std::int64_t weight = 0;
  };
  std::vector<Finding> findings_;
  std::int64_t total_ = 0;
};

/// Gives fields named X-Peregrine-Checks in the header that begins at `start` another name of the
/// same length, X-Elsewhere-Checks. Answers how many there were.
std::size_t rename_foreign_checks(Bytes& message, std::size_t start);

}  // namespace peregrine::smtpd
