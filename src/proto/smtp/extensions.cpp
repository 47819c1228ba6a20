#include "proto/smtp/extensions.h"

namespace peregrine::smtp {

std::vector<std::string> Extensions::keywords() const {
  std::vector<std::string> lines;
  if (pipelining) lines.emplace_back("PIPELINING");
  if (max_size) lines.push_back("SIZE " + std::to_string(*max_size));
  if (eight_bit_mime) lines.emplace_back("8BITMIME");
  if (smtp_utf8) lines.emplace_back("SMTPUTF8");
  if (enhanced_status_codes) lines.emplace_back("ENHANCEDSTATUSCODES");
  if (start_tls) lines.emplace_back("STARTTLS");
  if (!auth_mechanisms.empty()) {
    std::string line = "AUTH";
    for (const std::string& mechanism : auth_mechanisms) line += ' ' + mechanism;
    lines.push_back(std::move(line));
  }
  return lines;
}

Reply hello_reply(std::string_view host, const Extensions& offered) {
  // RFC 2034 section 4: the answer to EHLO carries no enhanced status code.
  Reply reply(250, {}, std::string(host));
  for (std::string& line : offered.keywords()) reply.add_line(std::move(line));
  return reply;
}

}  // namespace peregrine::smtp
