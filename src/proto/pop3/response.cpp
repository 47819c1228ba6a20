#include "proto/pop3/response.h"

namespace peregrine::pop3 {
namespace {

// RFC 2449 section 4: the first line of a response has up to 512 octets with its CRLF.
constexpr std::size_t k_max_line = 512;

std::string_view code_text(ResponseCode code) {
  switch (code) {
    case ResponseCode::none:
      return "";
    case ResponseCode::login_delay:
      return "[LOGIN-DELAY] ";
    case ResponseCode::in_use:
      return "[IN-USE] ";
    case ResponseCode::sys_temp:
      return "[SYS/TEMP] ";
    case ResponseCode::sys_perm:
      return "[SYS/PERM] ";
    case ResponseCode::auth:
      return "[AUTH] ";
  }
  return "";
}

void append_text(std::string_view prefix, std::string_view text, Bytes& out) {
  out += prefix;
  for (char c : text.substr(0, k_max_line - 2 - prefix.size())) {
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  out += "\r\n";
}

}  // namespace

void append_response(const FixedResponse& response, Bytes& out) {
  std::string prefix = response.status == Status::ok ? "+OK " : "-ERR ";
  prefix += code_text(response.code);
  append_text(prefix, response.text, out);
}

void append_ok(std::string_view text, Bytes& out) {
  append_text("+OK ", text, out);
}

void append_item(std::string_view text, Bytes& out) {
  // RFC 1939 section 3: a line that begins with the termination octet gets another in front.
  append_text(text.starts_with('.') ? "." : "", text, out);
}

void append_end(Bytes& out) {
  out += ".\r\n";
}

void append_challenge(std::string_view base64, Bytes& out) {
  out += "+ ";
  out += base64;
  out += "\r\n";
}

void append_capabilities(const Capabilities& capabilities, Bytes& out) {
  append_ok("Capabilities follow", out);
  if (capabilities.top) append_item("TOP", out);
  if (capabilities.uidl) append_item("UIDL", out);
  if (capabilities.pipelining) append_item("PIPELINING", out);
  append_item("RESP-CODES", out);
  append_item("AUTH-RESP-CODE", out);
  // RFC 2449 section 6.7: mail is not deleted because it grows old.
  append_item("EXPIRE NEVER", out);
  if (capabilities.user) append_item("USER", out);
  if (capabilities.stls) append_item("STLS", out);
  if (!capabilities.sasl_mechanisms.empty()) {
    std::string line = "SASL";
    for (const std::string& mechanism : capabilities.sasl_mechanisms) line += ' ' + mechanism;
    append_item(line, out);
  }
  append_end(out);
}

}  // namespace peregrine::pop3
