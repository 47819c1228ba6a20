#include "smtpd/junk_score.h"

#include <fmt/format.h>
#include <utility>

#include "mime/generate.h"

namespace peregrine::smtpd {
namespace {

constexpr std::string_view k_field = "X-Peregrine-Checks";
constexpr std::string_view k_foreign_field = "X-Elsewhere-Checks";
static_assert(k_field.size() == k_foreign_field.size());

constexpr std::size_t k_most_shown = 32;
/// RFC 5321 section 4.5.3.1.5: a reply line has 512 octets.
constexpr std::size_t k_longest_refusal = 400;

/// The line is a field of that name; white space before the colon counts (RFC 5322 section 4.5).
bool is_checks_field(BytesView line) {
  if (!istarts_with(line, k_field)) return false;
  std::size_t colon = line.find_first_not_of(" \t", k_field.size());
  return colon != BytesView::npos && line[colon] == ':';
}

}  // namespace

std::string_view junk_verdict_name(JunkVerdict verdict) {
  switch (verdict) {
    case JunkVerdict::pass:
      return "pass";
    case JunkVerdict::mark:
      return "mark";
    case JunkVerdict::refuse:
      return "refuse";
  }
  return "?";
}

void JunkScore::add(std::string what, std::int64_t weight) {
  if (weight == 0) return;
  findings_.push_back({std::move(what), weight});
  total_ += weight;
}

JunkVerdict JunkScore::verdict(const config::JunkSettings& settings) const {
  if (total_ >= std::int64_t{settings.refuse_score}) return JunkVerdict::refuse;
  return total_ >= std::int64_t{settings.mark_score} ? JunkVerdict::mark : JunkVerdict::pass;
}

std::string JunkScore::text() const {
  std::string out;
  for (std::size_t i = 0; i < findings_.size() && i < k_most_shown; ++i) {
    out += fmt::format("{}{} ({})", i == 0 ? "" : ", ", findings_[i].what, findings_[i].weight);
  }
  return out;
}

std::string JunkScore::refusal_text() const {
  std::string out = "Refused: ";
  bool is_first = true;
  for (const Finding& each : findings_) {
    if (each.weight < 0) continue;
    if (out.size() + each.what.size() > k_longest_refusal) break;
    out += fmt::format("{}{}", std::exchange(is_first, false) ? "" : ", ", each.what);
  }
  return out;
}

std::optional<std::string> JunkScore::field(const config::Settings& settings) const {
  if (is_empty()) return std::nullopt;
  return mime::header_field(
      k_field, fmt::format("{}; score={}; verdict={}; {}", settings.server.hostname, total_,
                           junk_verdict_name(verdict(settings.junk)), text()));
}

std::size_t rename_foreign_checks(Bytes& message, std::size_t start) {
  std::size_t count = 0;
  std::size_t at = start;
  while (at < message.size()) {
    std::size_t end = std::min(message.find('\n', at), message.size());
    BytesView line = BytesView(message).substr(at, end - at);
    if (line.empty() || line == "\r") break;
    if (is_checks_field(line)) {
      message.replace(at, k_field.size(), k_foreign_field);
      ++count;
    }
    at = end + 1;
  }
  return count;
}

}  // namespace peregrine::smtpd
