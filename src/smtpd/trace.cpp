#include "smtpd/trace.h"

#include <fmt/format.h>

#include "mime/generate.h"

namespace peregrine::smtpd {

std::string_view protocol_name(Transport transport) {
  // RFC 6531 section 4.3: UTF8 names say ESMTP without its E. RFC 3848: S within TLS, A after AUTH.
  if (transport.lmtp) {
    if (transport.utf8) return transport.tls ? "UTF8LMTPS" : "UTF8LMTP";
    return transport.tls ? "LMTPS" : "LMTP";
  }
  if (transport.authenticated) {
    if (transport.utf8) return transport.tls ? "UTF8SMTPSA" : "UTF8SMTPA";
    return transport.tls ? "ESMTPSA" : "ESMTPA";
  }
  if (transport.utf8) return transport.tls ? "UTF8SMTPS" : "UTF8SMTP";
  if (transport.tls) return "ESMTPS";  // also after HELO: there is no name for that
  return transport.extended ? "ESMTP" : "SMTP";
}

std::optional<std::string> trace_fields(const TraceInfo& info, const rpc::OpenConnection& facts) {
  std::string path = fmt::format("<{}>", info.mail_from);
  // RFC 5321 section 4.1.3: IPv6 literals carry a tag.
  std::string peer = facts.peer.contains(':') ? "IPv6:" + facts.peer : facts.peer;
  std::string tls;
  if (facts.tls) tls = facts.tls->version + " " + facts.tls->cipher;
  std::string id = trace_text(info.trace);
  // RFC 5321 section 4.4: For takes a path; "postmaster" alone is none.
  bool is_path = info.recipient.contains('@');
  // RFC 5321 section 4.4: the server that makes final delivery puts Return-Path on top.
  auto fields = mime::header_field("Return-Path", path);
  auto received = mime::received_field({.helo = info.helo,
                                        .peer_name = info.peer_name,
                                        .peer_address = peer,
                                        .tls = tls,
                                        .by = info.hostname,
                                        .with = protocol_name(info.transport),
                                        .id = id,
                                        .for_recipient = is_path ? info.recipient : BytesView(),
                                        .time = info.time,
                                        .zone_minutes = 0});
  if (!fields || !received) return std::nullopt;
  fields->append(*received);
  return fields;
}

std::size_t return_path_size(BytesView message) {
  if (!istarts_with(message, "return-path:")) return 0;
  std::size_t end = 0;
  do {
    end = message.find('\n', end);
    if (end == BytesView::npos) return 0;
    ++end;
  } while (end < message.size() && (message[end] == ' ' || message[end] == '\t'));
  return end;
}

std::string trace_text(std::uint64_t trace) {
  return fmt::format("{:016x}", trace);
}

std::size_t count_received(BytesView header) {
  std::size_t count = 0;
  std::size_t at = 0;
  while (at < header.size()) {
    if (istarts_with(header.substr(at), "received:")) ++count;
    std::size_t end = header.find('\n', at);
    if (end == BytesView::npos) break;
    at = end + 1;
  }
  return count;
}

}  // namespace peregrine::smtpd
