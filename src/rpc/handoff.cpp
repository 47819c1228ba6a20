#include "rpc/handoff.h"

#include <algorithm>

#include "base/codec.h"

namespace peregrine::rpc {
namespace {

// Never renumber: front and a worker of another build may meet during a restart.
enum class Kind : std::uint8_t { open = 1, close = 2, start_tls = 3, move = 4, report_offence = 5 };

constexpr std::size_t k_max_text = 1024;

Encoder& kind(Encoder& out, Kind value) {
  return out.u8(static_cast<std::uint8_t>(value));
}

void encode(Encoder& out, const OpenConnection& open) {
  kind(out, Kind::open).fixed64(open.id.value).u8(static_cast<std::uint8_t>(open.service));
  out.bytes(open.peer).varint(open.peer_port).boolean(open.is_loopback);
  out.varint(open.first_line_milliseconds);
  out.boolean(open.tls.has_value());
  if (open.tls) {
    out.bytes(open.tls->version).bytes(open.tls->cipher).bytes(open.tls->server_name);
    out.bytes(open.tls->exporter).bytes(open.tls->server_end_point);
  }
  out.bytes(open.ticket).bytes(open.reply_tag).bytes(open.hello).bytes(open.unread);
}

void encode(Encoder& out, const CloseConnection& close) {
  kind(out, Kind::close).fixed64(close.id.value).boolean(close.is_offence);
}

void encode(Encoder& out, const StartTls& start) {
  kind(out, Kind::start_tls).fixed64(start.id.value);
}

void encode(Encoder& out, const MoveConnection& move) {
  kind(out, Kind::move).fixed64(move.id.value).u8(static_cast<std::uint8_t>(move.role));
  out.bytes(move.ticket).bytes(move.reply_tag).bytes(move.hello).bytes(move.unread);
}

void encode(Encoder& out, const ReportOffence& report) {
  kind(out, Kind::report_offence).fixed64(report.id.value);
  out.u8(static_cast<std::uint8_t>(report.service)).bytes(report.peer);
}

Service read_service(Decoder& in) {
  std::uint8_t value = in.u8();
  if (value < 1 || value > static_cast<std::uint8_t>(Service::pop3s)) in.fail();
  return static_cast<Service>(value);
}

/// It ends up in logs and Received fields, and login may have been taken over.
std::string read_hello(Decoder& in) {
  BytesView name = in.bytes(k_max_hello);
  if (!std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; })) in.fail();
  return std::string(name);
}

OpenConnection read_open(Decoder& in) {
  OpenConnection open;
  open.id = ConnectionId(in.fixed64());
  open.service = read_service(in);
  open.peer = in.bytes(k_max_text);
  open.peer_port = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
  open.is_loopback = in.boolean();
  open.first_line_milliseconds = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  if (in.boolean()) {
    open.tls.emplace();
    open.tls->version = in.bytes(k_max_text);
    open.tls->cipher = in.bytes(k_max_text);
    open.tls->server_name = in.bytes(k_max_text);
    open.tls->exporter = in.bytes(k_max_text);
    open.tls->server_end_point = in.bytes(k_max_text);
  }
  open.ticket = in.bytes(k_max_text);
  open.reply_tag = in.bytes(k_max_text);
  open.hello = read_hello(in);
  open.unread = in.bytes(k_max_unread);
  return open;
}

MoveConnection read_move(Decoder& in) {
  MoveConnection move;
  move.id = ConnectionId(in.fixed64());
  std::uint8_t role = in.u8();
  move.role = static_cast<Role>(role);
  if (move.role != Role::imap && move.role != Role::pop3 && move.role != Role::submission) {
    in.fail();
  }
  move.ticket = in.bytes(k_max_text);
  move.reply_tag = in.bytes(k_max_text);
  move.hello = read_hello(in);
  move.unread = in.bytes(k_max_unread);
  return move;
}

}  // namespace

Bytes encode_handoff(const Handoff& handoff) {
  Encoder out;
  std::visit([&out](const auto& value) { encode(out, value); }, handoff);
  return out.take();
}

std::expected<Handoff, HandoffError> decode_handoff(BytesView datagram) {
  Decoder in(datagram);
  Handoff handoff;
  switch (static_cast<Kind>(in.u8())) {
    case Kind::open:
      handoff = read_open(in);
      break;
    case Kind::close: {
      CloseConnection close{.id = ConnectionId(in.fixed64())};
      close.is_offence = in.boolean();
      handoff = close;
      break;
    }
    case Kind::start_tls:
      handoff = StartTls{.id = ConnectionId(in.fixed64())};
      break;
    case Kind::move:
      handoff = read_move(in);
      break;
    case Kind::report_offence: {
      ReportOffence report{.id = ConnectionId(in.fixed64())};
      report.service = read_service(in);
      report.peer = in.bytes(k_max_text);
      handoff = std::move(report);
      break;
    }
    default:
      return std::unexpected(HandoffError::unknown_kind);
  }
  if (!in.done()) return std::unexpected(HandoffError::malformed);
  return handoff;
}

}  // namespace peregrine::rpc
