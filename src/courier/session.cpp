#include "courier/session.h"

#include <array>

#include "crypto/tls_fault.h"
#include "proto/smtp/client_commands.h"

namespace peregrine::courier {
namespace {

using Done = Session::Done;

std::string describe(net::NetError error) {
  switch (error) {
    case net::NetError::closed:
      return "the server closed the connection";
    case net::NetError::reset:
      return "the connection broke";
    case net::NetError::timed_out:
      return "the server was too slow";
    case net::NetError::cancelled:
      return "stopped";
  }
  return "failed";
}

std::string describe(smtp::ReplyEvent event) {
  switch (event) {
    case smtp::ReplyEvent::bad_line:
      return "a reply line is malformed or too long";
    case smtp::ReplyEvent::bad_code:
      return "a reply has no code, or two";
    case smtp::ReplyEvent::too_many_lines:
      return "a reply has too many lines";
    case smtp::ReplyEvent::need_more:
    case smtp::ReplyEvent::reply:
      break;
  }
  return "a reply is malformed";
}

/// RFC 8460 section 4.3.1.
api::TlsResultType result_of(crypto::TlsFault fault) {
  switch (fault) {
    case crypto::TlsFault::host_mismatch:
      return api::TLS_RESULT_CERTIFICATE_HOST_MISMATCH;
    case crypto::TlsFault::expired:
      return api::TLS_RESULT_CERTIFICATE_EXPIRED;
    case crypto::TlsFault::not_trusted:
      return api::TLS_RESULT_CERTIFICATE_NOT_TRUSTED;
    case crypto::TlsFault::other:
      break;
  }
  return api::TLS_RESULT_VALIDATION_FAILURE;
}

}  // namespace

/// The session ends here, by our decision or for want of a connection.
Failure Session::broken(std::string text) {
  over_ = true;
  return temporary("4.4.2", std::move(text));
}

net::Task<Done> Session::send(BytesView bytes, std::chrono::milliseconds patience) {
  if (over_) co_return std::unexpected(temporary("4.4.2", "the connection is over"));
  // A reply that is here before its question would be taken for the answer: a 250 behind the 354
  // for one to the message.
  if (reader_.has_buffered()) {
    over_ = true;
    co_return std::unexpected(temporary("4.5.0", "the server said more than it was asked"));
  }
  auto written = co_await stream_.write(bytes, deadline_in(patience));
  if (written) co_return Done{};
  co_return std::unexpected(broken(describe(written.error()) + " while something was sent"));
}

net::Task<Session::Replied> Session::receive(std::chrono::milliseconds patience,
                                             std::string_view stage) {
  std::array<char, 4096> buffer{};
  Deadline deadline = deadline_in(patience);
  while (true) {
    smtp::ReplyEvent event = reader_.next();
    if (event == smtp::ReplyEvent::reply) break;
    if (event != smtp::ReplyEvent::need_more) {
      over_ = true;
      co_return std::unexpected(
          temporary("4.5.0", describe(event) + " after " + std::string(stage)));
    }
    // One deadline for the whole reply: a server that drips bytes gains nothing.
    auto got = co_await stream_.read(buffer, deadline);
    if (!got) {
      co_return std::unexpected(
          broken(describe(got.error()) + " instead of answering " + std::string(stage)));
    }
    reader_.feed(BytesView(buffer.data(), *got));
  }
  smtp::ServerReply reply = reader_.reply();
  // RFC 5321 section 3.8: after 421 the server closes, whatever was asked.
  if (reply.code == 421) over_ = true;
  co_return reply;
}

net::Task<void> Session::idle(std::chrono::milliseconds most) {
  if (over_) co_return;
  net::WaitResult result = co_await stream_.readable(deadline_in(most));
  if (result == net::WaitResult::ready) over_ = true;
}

net::Task<Done> Session::open() {
  if (options_.implicit_tls) {
    auto shaken = co_await handshake();
    if (!shaken) co_return shaken;
  }
  auto greeted = co_await greet();
  if (!greeted) co_return greeted;
  auto answered = co_await say_hello();
  if (!answered) co_return answered;
  auto secured = co_await secure();
  if (!secured || !options_.login) co_return secured;
  co_return co_await log_in();
}

net::Task<Done> Session::greet() {
  auto reply = co_await receive(options_.timeouts.greeting, "the connection");
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->code == 220) co_return Done{};
  // RFC 5321 section 3.1: 554 instead of a greeting. That this server takes no mail says nothing of
  // the next one, nor of this one tomorrow.
  over_ = true;
  co_return std::unexpected(temporary_of(*reply));
}

std::optional<Failure> Session::check_greeter(const smtp::ServerReply& reply) const {
  if (!options_.is_exchanger || reply.lines.empty()) return std::nullopt;
  std::string_view line = reply.lines.front();
  if (!iequals(line.substr(0, line.find(' ')), options_.hostname)) return std::nullopt;
  // RFC 3463 section 3.5: X.4.6, routing loop detected.
  return permanent("5.4.6", "the mail comes back to this server itself");
}

net::Task<Done> Session::say_hello() {
  offers_ = {};
  Bytes line = smtp::ehlo_line(options_.hostname);
  auto sent = co_await send(line, options_.timeouts.hello);
  if (!sent) co_return sent;
  auto reply = co_await receive(options_.timeouts.hello, "EHLO");
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->is_ok()) {
    if (auto loop = check_greeter(*reply)) co_return std::unexpected(std::move(*loop));
    offers_ = smtp::read_offers(*reply);
    co_return Done{};
  }
  if (!reply->is_permanent()) co_return std::unexpected(temporary_of(*reply));
  // RFC 5321 section 3.2: a server that does not know EHLO is asked with HELO.
  line = smtp::helo_line(options_.hostname);
  sent = co_await send(line, options_.timeouts.hello);
  if (!sent) co_return sent;
  reply = co_await receive(options_.timeouts.hello, "HELO");
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->is_ok()) co_return std::unexpected(temporary_of(*reply));
  if (auto loop = check_greeter(*reply)) co_return std::unexpected(std::move(*loop));
  co_return Done{};
}

net::Task<Done> Session::secure() {
  const TlsNeed& need = options_.tls;
  if (options_.implicit_tls || need.use == TlsUse::never) co_return Done{};
  bool is_needed = need.use == TlsUse::always;
  if (!offers_.start_tls) {
    tls_result_ = api::TLS_RESULT_STARTTLS_NOT_SUPPORTED;
    if (!is_needed) co_return Done{};
    over_ = true;
    co_return std::unexpected(
        temporary("4.7.4", "TLS is required here, and the server does not offer STARTTLS"));
  }
  auto sent = co_await send(smtp::k_start_tls_line, options_.timeouts.command);
  if (!sent) co_return sent;
  auto reply = co_await receive(options_.timeouts.command, "STARTTLS");
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->code != 220) {
    tls_result_ = api::TLS_RESULT_STARTTLS_NOT_SUPPORTED;
    // RFC 3207 section 4: whether to go on in clear is the client's decision.
    if (!is_needed && !over_) co_return Done{};
    over_ = true;
    co_return std::unexpected(temporary_of(*reply));
  }
  // RFC 3207 section 6 (V13): what came in clear behind the answer did not come from this server's
  // TLS.
  if (reader_.has_buffered()) {
    over_ = true;
    co_return std::unexpected(temporary("4.7.0", "bytes were injected before TLS"));
  }
  auto shaken = co_await handshake();
  if (!shaken) co_return shaken;
  // RFC 3207 section 4.2: all that the server said before is forgotten.
  reader_ = {};
  co_return co_await say_hello();
}

net::Task<Done> Session::handshake() {
  const TlsNeed& need = options_.tls;
  crypto::TlsTarget target{.host = need.server_name.empty() ? options_.host : need.server_name,
                           .proof = need.proof,
                           .names = need.names,
                           .records = need.records,
                           .alpn = {}};
  bool shaken = co_await stream_.start_tls(client_, target, deadline_in(options_.timeouts.tls));
  if (shaken) {
    tls_result_ = api::TLS_RESULT_SUCCESS;
    co_return Done{};
  }
  tls_result_ = result_of(crypto::fault_of(stream_.tls()->error()));
  over_ = true;
  tls_failed_ = need.use == TlsUse::when_offered;
  std::string why = stream_.tls()->error();
  if (why.empty()) why = "too slow";
  std::string what = need.reason.empty() ? "TLS" : "TLS (" + need.reason + ")";
  // RFC 3463 section 3.8: X.7.5, cryptographic failure.
  co_return std::unexpected(
      temporary("4.7.5", smtp::printable(what + " failed: " + why, smtp::k_max_diagnostic)));
}

net::Task<Done> Session::log_in() {
  if (!is_verified()) {
    over_ = true;
    co_return std::unexpected(temporary("4.7.11", "no password goes to an unverified server"));
  }
  if (!offers_.has_auth("PLAIN")) {
    over_ = true;
    co_return std::unexpected(temporary("4.7.0", "the server does not offer AUTH PLAIN"));
  }
  auto line = smtp::auth_plain_line(options_.login->user, options_.login->password);
  if (!line) co_return std::unexpected(temporary("4.7.8", "the password cannot be sent"));
  auto sent = co_await send(*line, options_.timeouts.command);
  if (!sent) co_return sent;
  auto reply = co_await receive(options_.timeouts.command, "AUTH");
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->code == 235) co_return Done{};
  // The operator can set a wrong password right; the mail waits for that.
  over_ = true;
  co_return std::unexpected(temporary_of(*reply));
}

net::Task<void> Session::quit() {
  if (!over_) {
    auto sent = co_await send(smtp::k_quit_line, options_.timeouts.quit);
    // RFC 5321 section 4.1.1.10: the client waits for the answer before it closes.
    if (sent) static_cast<void>(co_await receive(options_.timeouts.quit, "QUIT"));
  }
  over_ = true;
  stream_.close();
}

bool Session::is_verified() const {
  return stream_.tls() && stream_.tls()->is_verified();
}

std::string Session::tls_text() const {
  if (!stream_.tls()) return {};
  std::string out = stream_.tls()->version() + ' ' + stream_.tls()->cipher();
  if (is_verified() && !options_.tls.reason.empty()) out += ' ' + options_.tls.reason;
  return out;
}

}  // namespace peregrine::courier
