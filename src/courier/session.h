#pragma once
// Session: our side of SMTP with one server, from its greeting to QUIT. open() brings it to the
// point where mail can be sent; transaction.h sends. After the first failure that is not a reply to
// a message's own commands the session is over and says so.
//
// The server is hostile: each wait has a deadline, each reply a bound, and what it said before TLS
// counts for nothing afterwards.

#include <chrono>
#include <expected>
#include <optional>
#include <string>

#include "courier/client_stream.h"
#include "courier/failure.h"
#include "courier/tls_need.h"
#include "proto/smtp/server_offers.h"

namespace peregrine::courier {

/// RFC 5321 section 4.5.3.2, by stage.
struct Timeouts {
  std::chrono::milliseconds greeting = std::chrono::minutes(5);
  std::chrono::milliseconds hello = std::chrono::minutes(5);
  std::chrono::milliseconds tls = std::chrono::seconds(60);
  std::chrono::milliseconds command = std::chrono::minutes(5);
  std::chrono::milliseconds data_start = std::chrono::minutes(2);
  std::chrono::milliseconds data_block = std::chrono::minutes(3);
  std::chrono::milliseconds data_end = std::chrono::minutes(10);
  std::chrono::milliseconds quit = std::chrono::seconds(5);
};

struct Login {
  std::string user;
  std::string password;
};

struct SessionOptions {
  std::string hostname;  ///< ours
  std::string host;      ///< the server's name, or its address when it has none
  std::string address;   ///< "192.0.2.1"
  TlsNeed tls;
  bool implicit_tls = false;
  /// Refuse a server that says it is ourselves.
  bool is_exchanger = true;
  std::optional<Login> login;
  Timeouts timeouts;
};

class Session {
 public:
  /// `client` must outlive it.
  Session(ClientStream stream, const crypto::TlsClient& client, SessionOptions options)
      : stream_(std::move(stream)), client_(client), options_(std::move(options)) {}

  using Done = std::expected<void, Failure>;
  using Replied = std::expected<smtp::ServerReply, Failure>;

  net::Task<Done> open();
  /// After open() failed: the same without TLS is worth a try, as nothing demands it.
  [[nodiscard]] bool may_retry_in_clear() const { return tls_failed_; }
  /// Says QUIT and waits for its answer for a moment, so that the server sees an orderly end.
  net::Task<void> quit();

  /// Sends `bytes`, which must stay valid. After a failure the session is over.
  net::Task<Done> send(BytesView bytes, std::chrono::milliseconds patience);
  /// The next reply. 421 is one, and ends the session.
  net::Task<Replied> receive(std::chrono::milliseconds patience, std::string_view stage);
  /// Waits while there is nothing to send. Whatever the server says or does meanwhile ends the
  /// session: it has not been asked.
  net::Task<void> idle(std::chrono::milliseconds most);
  /// Ends that wait, from outside.
  void wake() { stream_.cancel(); }
  /// Cut the connection: what was begun is not finished.
  void abandon() { over_ = true; }

  [[nodiscard]] bool is_over() const { return over_; }
  /// A MAIL is about to be sent.
  void count_mail() { ++mails_; }
  /// RFC 9422 section 4.1: the server takes no further MAIL in this session.
  [[nodiscard]] bool is_spent() const {
    return offers_.most_messages != 0 && mails_ >= offers_.most_messages;
  }
  [[nodiscard]] const smtp::ServerOffers& offers() const { return offers_; }
  [[nodiscard]] const SessionOptions& options() const { return options_; }
  /// What came of TLS, for reports: unspecified when it was not asked for or not come to.
  [[nodiscard]] api::TlsResultType tls_result() const { return tls_result_; }
  /// TLS with a proof of who is at the other end.
  [[nodiscard]] bool is_verified() const;
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384 dane"; empty in clear.
  [[nodiscard]] std::string tls_text() const;

 private:
  net::Task<Done> greet();
  net::Task<Done> say_hello();
  net::Task<Done> secure();
  net::Task<Done> handshake();
  net::Task<Done> log_in();
  [[nodiscard]] std::optional<Failure> check_greeter(const smtp::ServerReply& reply) const;
  [[nodiscard]] Failure broken(std::string text);

  ClientStream stream_;
  const crypto::TlsClient& client_;
  SessionOptions options_;
  smtp::ReplyReader reader_;
  smtp::ServerOffers offers_;
  std::uint64_t mails_ = 0;
  bool over_ = false;
  bool tls_failed_ = false;
  api::TlsResultType tls_result_ = api::TLS_RESULT_UNSPECIFIED;
};

}  // namespace peregrine::courier
