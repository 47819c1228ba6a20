#pragma once
// Session: one client of SMTP or LMTP, from its first line to its end, or to STARTTLS, after which
// a new session begins that knows nothing of this one. It checks a command before it obeys it; what
// is understood here is proto/smtp, what is decided is core's.
//
// The connection and the worker outlive the session.

#include <optional>
#include <string>
#include <vector>

#include "api/delivery.pb.h"
#include "base/line_framer.h"
#include "base/log.h"
#include "proto/smtp/data_reader.h"
#include "proto/smtp/session_state.h"
#include "role/client.h"
#include "smtpd/trace.h"

namespace peregrine::smtpd {

class Session {
 public:
  Session(role::Worker& worker, role::Connection& connection);

  net::Task<role::SessionEnd> run();

 private:
  enum class Next : std::uint8_t {
    go_on,
    close,      ///< after what is to be said has been sent
    begin_tls,  ///< the same
    gone,       ///< the client has: nothing more is said
  };
  using Transaction = smtp::Transaction<std::string>;

  // session.cpp
  net::Task<Next> more_input();
  Next say_goodbye(role::Client::Input why);
  net::Task<Next> handle_line();
  std::optional<smtp::Command> judge_line(Next& next);
  Next refuse_event(LineEvent event);
  Next obey(const smtp::Command& command);
  Next hello(const smtp::Hello& hello);
  Next refuse(const smtp::FixedReply& reply);
  Next refuse_for_good(const smtp::FixedReply& reply, std::string_view reason);
  Next close_on_offence(std::string_view reason);
  [[nodiscard]] smtp::Extensions extensions() const;
  [[nodiscard]] bool spoke_too_soon(smtp::Verb verb) const;
  void reply(const smtp::FixedReply& reply) { smtp::append_reply(reply, client_.out()); }
  void reply(const smtp::Reply& reply) { smtp::append_reply(reply, client_.out()); }

  // recipients.cpp
  net::Task<Next> recipient(smtp::RcptTo rcpt);
  Next answer_recipient(std::string address, api::RecipientVerdict verdict);

  // message.cpp
  net::Task<Next> data();
  net::Task<Next> receive(smtp::DataReader& reader, Bytes& message, role::HeldMessage& held);
  net::Task<Next> deliver(Transaction transaction, std::uint64_t trace, Bytes message,
                          std::size_t trace_size);
  [[nodiscard]] std::optional<std::string> trace_of(const Transaction& transaction,
                                                    std::uint64_t trace) const;
  Next refuse_message(const Transaction& transaction, std::uint64_t trace,
                      const smtp::FixedReply& reply, std::string_view reason);
  Next answer_message(const Transaction& transaction, std::uint64_t trace, std::uint64_t size,
                      const api::DeliverResponse& response);

  [[nodiscard]] HexId log_id() const { return HexId{connection_.facts.id.value}; }
  [[nodiscard]] bool is_lmtp() const { return connection_.facts.service == Service::lmtp; }

  role::Worker& worker_;
  role::Connection& connection_;
  role::Client client_;
  LineFramer framer_;
  smtp::Dialogue<std::string> dialogue_;
  smtp::Extensions offered_;  ///< nothing before EHLO
  std::string helo_;
  bool has_spoken_ = false;  ///< the client, its first bytes
  std::uint32_t errors_ = 0;
  std::uint32_t refused_recipients_ = 0;
  std::uint32_t messages_ = 0;
};

}  // namespace peregrine::smtpd
