#include "smtpd/trace.h"

#include <algorithm>
#include <fmt/format.h>

#include "mime/generate.h"

namespace peregrine::smtpd {
namespace {

constexpr std::size_t k_most_deliveries = 100;

/// Behind the first field, folded or not, and its line end.
std::size_t end_of_field(BytesView header) {
  std::size_t end = 0;
  do {
    end = header.find('\n', end);
    if (end == BytesView::npos) return header.size();
    ++end;
  } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
  return end;
}

/// A field's value, without what stands around an address.
BytesView unquoted(BytesView value) {
  constexpr std::string_view k_around = " \t\r\n<>";
  std::size_t begin = value.find_first_not_of(k_around);
  if (begin == BytesView::npos) return {};
  return value.substr(begin, value.find_last_not_of(k_around) - begin + 1);
}

}  // namespace

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
  if (info.leaves && is_path) {
    // Behind Return-Path, which stays here.
    auto mark = mime::header_field("Delivered-To", info.recipient);
    if (!mark) return std::nullopt;
    fields->append(*mark);
  }
  fields->append(*received);
  return fields;
}

std::size_t return_path_size(BytesView message) {
  return istarts_with(message, "return-path:") ? end_of_field(message) : 0;
}

std::string trace_text(std::uint64_t trace) {
  return fmt::format("{:016x}", trace);
}

PassageView read_passage(BytesView header) {
  constexpr std::string_view k_delivered_to = "delivered-to:";
  PassageView out;
  while (!header.empty()) {
    std::size_t end = end_of_field(header);
    BytesView field = header.substr(0, end);
    if (istarts_with(field, "received:")) {
      ++out.received;
    } else if (istarts_with(field, k_delivered_to) && out.delivered_to.size() < k_most_deliveries) {
      out.delivered_to.push_back(unquoted(field.substr(k_delivered_to.size())));
    }
    header.remove_prefix(end);
  }
  return out;
}

bool PassageView::was_delivered_to(std::string_view address) const {
  return std::ranges::any_of(delivered_to, [&](BytesView one) { return iequals(one, address); });
}

}  // namespace peregrine::smtpd
