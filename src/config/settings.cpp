#include "config/settings.h"

#include "base/codec.h"
#include "config/option_table.h"

namespace peregrine::config {
namespace {

// Changes with the list of options, so that two builds do not take each other's bytes for theirs.
std::uint32_t table_mark() {
  static const std::uint32_t k_mark = [] {
    std::uint32_t mark = 0;
    for (const Option& option : options()) {
      mark = crc32c(option.name, mark);
      mark = crc32c(option.kind, mark);
    }
    return mark;
  }();
  return k_mark;
}

}  // namespace

std::vector<Listener> listeners(const Settings& settings) {
  const ListenSettings& listen = settings.listen;
  std::vector<Listener> out;
  auto add = [&](Service service, const std::vector<ListenAddress>& addresses) {
    for (const ListenAddress& address : addresses) {
      std::uint32_t port = address.port;
      if (port == 0) port = standard_port(service) + listen.port_offset;
      out.push_back({.service = service,
                     .ip = address.ip,
                     .port = static_cast<std::uint16_t>(port),
                     .path = {},
                     .mode = {}});
    }
  };
  add(Service::smtp, listen.smtp);
  if (!listen.lmtp_socket.empty()) {
    out.push_back({.service = Service::lmtp,
                   .ip = {},
                   .port = 0,
                   .path = listen.lmtp_socket,
                   .mode = listen.lmtp_mode});
  }
  add(Service::submission, listen.submission);
  add(Service::submissions, listen.submissions);
  add(Service::imap, listen.imap);
  add(Service::imaps, listen.imaps);
  add(Service::pop3, listen.pop3);
  add(Service::pop3s, listen.pop3s);
  return out;
}

Pace pace_of(const OutboundSettings& outbound, std::string_view destination) {
  Pace out{outbound.connections_per_destination, outbound.messages_per_minute};
  const Route* route = find_route(outbound.routes, destination);
  if (route != nullptr && route->rate != 0) out.messages_per_minute = route->rate;
  std::uint32_t most = route == nullptr ? 0 : route->connections;
  if (most != 0) out.connections = std::min(out.connections, most);
  // More would wait for their turn, each with mail on lease.
  std::uint32_t a_second = (out.messages_per_minute + 59) / 60;
  if (a_second != 0) out.connections = std::min(out.connections, a_second);
  return out;
}

std::vector<std::string_view> restart_needed(const Settings& running, const Settings& loaded) {
  std::vector<std::string_view> out;
  for (const Option& option : options()) {
    if (option.reload == Reload::no && !option.equal(running, loaded)) out.push_back(option.name);
  }
  return out;
}

Bytes encode(const Settings& settings) {
  Encoder encoder;
  encoder.fixed32(table_mark());
  for (const Option& option : options()) option.put(encoder, settings);
  return encoder.take();
}

std::expected<Settings, DecodeError> decode(BytesView bytes) {
  Decoder decoder(bytes);
  if (decoder.fixed32() != table_mark()) {
    return std::unexpected(decoder.ok() ? DecodeError::other_build : DecodeError::malformed);
  }
  Settings settings;
  for (const Option& option : options()) option.get(decoder, settings);
  if (!decoder.done()) return std::unexpected(DecodeError::malformed);
  for (const Option& option : options()) {
    if (option.check(settings, option.rule)) return std::unexpected(DecodeError::out_of_range);
  }
  return settings;
}

}  // namespace peregrine::config
