#include "proto/smtp/reply.h"

namespace peregrine::smtp {
namespace {

// RFC 5321 section 4.5.3.1.5: a reply line has up to 512 octets with code and CRLF. A challenge of
// a SASL exchange is the exception, and its lines may be as long as those of the client.
constexpr std::size_t k_max_reply_line = 512;
constexpr std::size_t k_max_challenge_line = 12288;

void append_number(std::uint16_t number, Bytes& out) {
  out += std::to_string(number);
}

void append_line(std::uint16_t code, EnhancedStatus status, std::string_view text, bool last,
                 Bytes& out) {
  std::size_t start = out.size();
  append_number(code, out);
  out += last ? ' ' : '-';
  if (status.status_class != 0) {
    // RFC 2034 section 4: the status stands at the start of the text of every line.
    append_number(status.status_class, out);
    out += '.';
    append_number(status.subject, out);
    out += '.';
    append_number(status.detail, out);
    out += ' ';
  }
  std::size_t limit = (code == 334 ? k_max_challenge_line : k_max_reply_line) - 2;
  std::size_t room = limit - (out.size() - start);
  for (char c : text.substr(0, room)) out += c >= ' ' && c <= '~' ? c : '?';
  out += "\r\n";
}

}  // namespace

void append_reply(const FixedReply& reply, Bytes& out) {
  append_line(reply.code, reply.status, reply.text, true, out);
}

void append_reply(const Reply& reply, Bytes& out) {
  const auto& lines = reply.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    append_line(reply.code(), reply.status(), lines[i], i + 1 == lines.size(), out);
  }
}

Bytes to_wire(const Reply& reply) {
  Bytes out;
  append_reply(reply, out);
  return out;
}

Reply greeting(std::string_view host, std::string_view protocol) {
  return {220, {}, std::string(host) + ' ' + std::string(protocol)};
}

Reply auth_challenge(std::string_view base64) {
  return {334, {}, std::string(base64)};
}

}  // namespace peregrine::smtp
