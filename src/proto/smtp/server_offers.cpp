#include "proto/smtp/server_offers.h"

#include <algorithm>
#include <array>

#include "base/cursor.h"

namespace peregrine::smtp {
namespace {

constexpr std::size_t k_most_mechanisms = 32;
// RFC 1870 section 4: a size has up to 20 digits.
constexpr std::uint64_t k_max_number = 999'999'999'999'999'999;

/// The next word of `text`, taken off it.
BytesView take_word(BytesView& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  BytesView word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

void read_size(BytesView arguments, ServerOffers& out) {
  out.size = true;
  out.max_size = parse_number(take_word(arguments), k_max_number).value_or(0);
}

void read_deliver_by(BytesView arguments, ServerOffers& out) {
  out.deliver_by = true;
  out.deliver_by_minimum = parse_number(take_word(arguments), k_max_number).value_or(0);
}

void read_auth(BytesView arguments, ServerOffers& out) {
  for (BytesView word = take_word(arguments);
       !word.empty() && out.auth_mechanisms.size() < k_most_mechanisms;
       word = take_word(arguments)) {
    out.auth_mechanisms.push_back(ascii_upper(word));
  }
}

void read_limits(BytesView arguments, ServerOffers& out) {
  // RFC 9422 section 4: name=value pairs, those not known are ignored.
  for (BytesView word = take_word(arguments); !word.empty(); word = take_word(arguments)) {
    std::size_t equals = std::min(word.find('='), word.size());
    BytesView value = word.substr(std::min(equals + 1, word.size()));
    std::uint64_t number = parse_number(value, k_max_number).value_or(0);
    if (iequals(word.substr(0, equals), "MAILMAX")) out.most_messages = number;
    if (iequals(word.substr(0, equals), "RCPTMAX")) out.most_recipients = number;
  }
}

struct Flag {
  std::string_view keyword;
  bool ServerOffers::* member;
};
constexpr std::array k_flags = {
    Flag{"PIPELINING", &ServerOffers::pipelining},
    Flag{"8BITMIME", &ServerOffers::eight_bit_mime},
    Flag{"BINARYMIME", &ServerOffers::binary_mime},
    Flag{"CHUNKING", &ServerOffers::chunking},
    Flag{"SMTPUTF8", &ServerOffers::smtp_utf8},
    Flag{"DSN", &ServerOffers::dsn},
    Flag{"STARTTLS", &ServerOffers::start_tls},
    Flag{"REQUIRETLS", &ServerOffers::require_tls},
    Flag{"ENHANCEDSTATUSCODES", &ServerOffers::enhanced_status},
    Flag{"MT-PRIORITY", &ServerOffers::priority},
    Flag{"FUTURERELEASE", &ServerOffers::future_release},
};

struct Valued {
  std::string_view keyword;
  void (*read)(BytesView arguments, ServerOffers& out);
};
constexpr std::array k_valued = {
    Valued{"SIZE", read_size},
    Valued{"DELIVERBY", read_deliver_by},
    Valued{"AUTH", read_auth},
    Valued{"LIMITS", read_limits},
};

void read_keyword(BytesView line, ServerOffers& out) {
  // RFC 5321 section 4.1.1.1: keywords in any letter case, parameters behind single spaces.
  BytesView keyword = take_word(line);
  for (const Flag& each : k_flags) {
    if (iequals(keyword, each.keyword)) out.*each.member = true;
  }
  for (const Valued& each : k_valued) {
    if (iequals(keyword, each.keyword)) each.read(line, out);
  }
}

}  // namespace

bool ServerOffers::has_auth(std::string_view mechanism) const {
  return std::ranges::find(auth_mechanisms, mechanism) != auth_mechanisms.end();
}

ServerOffers read_offers(const ServerReply& reply) {
  ServerOffers out;
  // The first line is the server's greeting.
  for (std::size_t i = 1; i < reply.lines.size(); ++i) read_keyword(reply.lines[i], out);
  return out;
}

}  // namespace peregrine::smtp
