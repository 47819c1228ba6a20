#include "role/control.h"

#include <unistd.h>

#include "base/codec.h"
#include "base/log.h"
#include "sys/descriptors.h"

namespace peregrine::role {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

template <std::size_t I = 0>
std::optional<ControlMessage> make_empty(std::size_t kind) {
  if constexpr (I < std::variant_size_v<ControlMessage>) {
    if (kind == I) return ControlMessage(std::in_place_index<I>);
    return make_empty<I + 1>(kind);
  } else {
    return std::nullopt;
  }
}

Role read_role(Decoder& in) {
  std::uint8_t value = in.u8();
  if (value < 1 || value > static_cast<std::uint8_t>(Role::resolver)) in.fail();
  return static_cast<Role>(value);
}

PeerState read_state(Decoder& in) {
  std::uint8_t value = in.u8();
  if (value > static_cast<std::uint8_t>(PeerState::refused)) in.fail();
  return static_cast<PeerState>(value);
}

std::uint32_t read_u32(Decoder& in) {
  return static_cast<std::uint32_t>(in.varint(UINT32_MAX));
}

}  // namespace

// The kind on the wire is the index in the variant: both ends are the same build.
Bytes encode_control(const ControlMessage& message) {
  Encoder out;
  out.u8(static_cast<std::uint8_t>(message.index()));
  std::visit(
      Overloaded{
          [&](const Identify& m) {
            out.u8(static_cast<std::uint8_t>(m.role)).varint(m.index).bytes(m.settings);
          },
          [&](const Link& m) { out.u8(static_cast<std::uint8_t>(m.peer)).varint(m.index); },
          [&](const Listen& m) { out.u8(static_cast<std::uint8_t>(m.service)).bytes(m.address); },
          [&](const Identity& m) { out.bytes(m.identity.chain_pem).bytes(m.identity.key_pem); },
          [&](const Counters& m) { out.varint(m.key[0]).varint(m.key[1]); },
          [&](const Bans& m) { out.varint(m.key[0]).varint(m.key[1]); },
          [&](const Reload& m) { out.bytes(m.settings); },
          [&](const Stop& m) { out.varint(m.grace_milliseconds); },
          [&](const AskStatistics& m) { out.varint(m.question); },
          [&](const Statistics& m) {
            out.varint(m.question).varint(m.connections).varint(m.served);
            out.varint(m.offences).varint(m.banned).varint(m.typists);
          },
          [&](const PeerReport& m) {
            out.u8(static_cast<std::uint8_t>(m.peer)).varint(m.index);
            out.u8(static_cast<std::uint8_t>(m.state));
          },
          [](const auto&) {},
      },
      message);
  return out.take();
}

std::optional<ControlMessage> decode_control(BytesView datagram) {
  Decoder in(datagram);
  auto message = make_empty(in.u8());
  if (!message) return std::nullopt;
  std::visit(Overloaded{
                 [&](Identify& m) {
                   m.role = read_role(in);
                   m.index = read_u32(in);
                   m.settings = in.bytes();
                 },
                 [&](Link& m) {
                   m.peer = read_role(in);
                   m.index = read_u32(in);
                 },
                 [&](Listen& m) {
                   m.service = static_cast<Service>(in.u8());
                   m.address = in.bytes();
                 },
                 [&](Identity& m) {
                   m.identity.chain_pem = in.bytes();
                   m.identity.key_pem = in.bytes();
                 },
                 [&](Counters& m) {
                   m.key[0] = in.varint();
                   m.key[1] = in.varint();
                 },
                 [&](Bans& m) {
                   m.key[0] = in.varint();
                   m.key[1] = in.varint();
                 },
                 [&](Reload& m) { m.settings = in.bytes(); },
                 [&](Stop& m) { m.grace_milliseconds = read_u32(in); },
                 [&](AskStatistics& m) { m.question = read_u32(in); },
                 [&](Statistics& m) {
                   m.question = read_u32(in);
                   m.connections = in.varint();
                   m.served = in.varint();
                   m.offences = in.varint();
                   m.banned = in.varint();
                   m.typists = in.varint();
                 },
                 [&](PeerReport& m) {
                   m.peer = read_role(in);
                   m.index = read_u32(in);
                   m.state = read_state(in);
                 },
                 [](auto&) {},
             },
             *message);
  if (!in.done()) return std::nullopt;
  return message;
}

std::expected<Start, StartError> receive_start(int control) {
  Start start;
  std::vector<char> buffer(k_max_control);
  while (true) {
    auto received = sys::receive_with_descriptors(control, buffer, 1);
    if (!received || received->bytes == 0) return std::unexpected(StartError::disconnected);
    sys::Fd descriptor;
    if (!received->descriptors.empty()) descriptor = std::move(received->descriptors.front());
    auto message = decode_control({buffer.data(), received->bytes});
    if (!message) return std::unexpected(StartError::malformed);
    if (std::holds_alternative<Begin>(*message)) return start;
    if (auto* identify = std::get_if<Identify>(&*message)) {
      start.role = identify->role;
      start.index = identify->index;
      auto settings = config::decode(identify->settings);
      if (!settings) return std::unexpected(StartError::bad_settings);
      start.settings = std::move(*settings);
    } else if (auto* link = std::get_if<Link>(&*message)) {
      start.links.push_back({*link, std::move(descriptor)});
    } else if (auto* listen = std::get_if<Listen>(&*message)) {
      start.listeners.push_back({std::move(*listen), std::move(descriptor)});
    } else if (auto* identity = std::get_if<Identity>(&*message)) {
      start.identities.push_back(std::move(identity->identity));
    } else if (auto* counters = std::get_if<Counters>(&*message)) {
      start.counters = *counters;
      start.counter_table = std::move(descriptor);
    } else if (auto* bans = std::get_if<Bans>(&*message)) {
      start.bans = *bans;
      start.ban_table = std::move(descriptor);
    } else {
      return std::unexpected(StartError::malformed);
    }
  }
}

Control::Control(net::Gate& gate, sys::Fd control, Handlers handlers)
    : handlers_(std::move(handlers)) {
  // receive_start() needed it to block; from here on the loop reads it.
  static_cast<void>(sys::set_nonblocking(control.get()));
  line_ = rpc::Datagrams::create(
      gate, std::move(control), k_max_control,
      [this](BytesView datagram, sys::Fd fd) { receive(datagram, std::move(fd)); },
      [] {
        log_event(LogLevel::error, "role.supervisor_gone");
        // Nothing is lost that was acknowledged, and nobody is left to serve for.
        ::_exit(1);
      });
}

void Control::ready() {
  line_->send(encode_control(Ready{}));
}

void Control::receive(BytesView datagram, sys::Fd descriptor) {
  auto message = decode_control(datagram);
  if (!message) return;
  if (auto* link = std::get_if<Link>(&*message)) {
    if (handlers_.link) handlers_.link({*link, std::move(descriptor)});
  } else if (auto* reload = std::get_if<Reload>(&*message)) {
    auto settings = config::decode(reload->settings);
    if (settings) reloading_ = std::move(*settings);
    identities_.clear();
  } else if (auto* identity = std::get_if<Identity>(&*message)) {
    identities_.push_back(std::move(identity->identity));
  } else if (std::holds_alternative<Begin>(*message)) {
    if (!reloading_) return;
    log_set_output(reloading_->log.format, reloading_->log.level);
    if (handlers_.reload) handlers_.reload(std::move(*reloading_), std::move(identities_));
    reloading_.reset();
    identities_.clear();
  } else if (auto* stop = std::get_if<Stop>(&*message)) {
    if (handlers_.stop) handlers_.stop(std::chrono::milliseconds(stop->grace_milliseconds));
  } else if (auto* ask = std::get_if<AskStatistics>(&*message)) {
    Statistics answer = handlers_.statistics ? handlers_.statistics() : Statistics{};
    answer.question = ask->question;
    line_->send(encode_control(answer));
  } else if (std::holds_alternative<Operator>(*message)) {
    if (handlers_.operator_connection) handlers_.operator_connection(std::move(descriptor));
  } else if (auto* report = std::get_if<PeerReport>(&*message)) {
    if (handlers_.peer_report) handlers_.peer_report(*report);
  }
}

void Control::report(const PeerReport& report) {
  line_->send(encode_control(report));
}

}  // namespace peregrine::role
