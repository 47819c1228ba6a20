#pragma once
// Session: one client of SMTP or LMTP, from its first line to its end, or to STARTTLS, after which
// a new session begins that knows nothing of this one. It checks a command before it obeys it; what
// is understood here is proto/smtp, what is decided is core's.
//
// The connection and the worker outlive the session.

#include <optional>
#include <string>
#include <vector>

#include "api/abuse.pb.h"
#include "api/delivery.pb.h"
#include "base/line_framer.h"
#include "base/log.h"
#include "model/summary.h"
#include "proto/smtp/chunk_reader.h"
#include "proto/smtp/session_state.h"
#include "role/client.h"
#include "role/session_watch.h"
#include "role/typist_guard.h"
#include "smtpd/client_check.h"
#include "smtpd/trace.h"

namespace peregrine::smtpd {

/// What is kept of a RCPT that was accepted.
struct AcceptedRecipient {
  std::string address;
  smtp::DsnNotify notify;
  std::string original;  ///< RFC 3461 ORCPT
  bool leaves = false;   ///< by an alias, to elsewhere
};

/// A message on its way in.
struct Incoming {
  std::uint64_t trace = 0;  ///< its id in the logs
  std::size_t trace_size = 0;
  Bytes message;  ///< begins with trace_size octets of trace fields
  role::HeldMessage held;
};

/// The same between BDAT commands.
struct Chunks {
  Incoming incoming;
  smtp::ChunkReader reader;
  std::uint32_t count = 0;
};

class Session {
 public:
  Session(role::Worker& worker, role::Connection& connection);

  /// Of submission it begins with the ticket that login got, and answers AUTH.
  net::Task<role::SessionEnd> run();

 private:
  enum class Next : std::uint8_t {
    go_on,
    close,      ///< after what is to be said has been sent
    begin_tls,  ///< the same
    gone,       ///< the client has: nothing more is said
  };
  using Dialogue = smtp::Dialogue<AcceptedRecipient, Chunks>;
  using Transaction = Dialogue::Transaction;

  // session.cpp
  net::Task<Next> more_input();
  [[nodiscard]] Deadline command_deadline() const;
  /// What was received goes to the framer.
  Next take_input();
  Next say_goodbye(role::Client::Input why);
  /// client_.receive(), which is interrupted at once when core has ended the session.
  net::Task<role::Client::Input> receive_input(Deadline deadline);
  net::Task<Next> handle_line();
  std::optional<smtp::Command> judge_line(Next& next);
  Next refuse_event(LineEvent event);
  Next obey(const smtp::Command& command);
  Next hello(const smtp::Hello& hello);
  Next refuse(const smtp::FixedReply& reply);
  Next count_error();
  Next refuse_for_good(const smtp::FixedReply& reply, std::string_view reason);
  Next close_on_offence(std::string_view reason);
  [[nodiscard]] smtp::Extensions extensions() const;
  [[nodiscard]] bool spoke_too_soon(smtp::Verb verb) const;
  void reply(const smtp::Reply& reply);

  // request.cpp
  /// `incoming` gives its message away and keeps its room until core has answered. Answers the file
  /// that goes along, if there is one.
  template <class Request>
  sys::SysResult<sys::Fd> fill_request(Request& request, const Transaction& transaction,
                                       Incoming& incoming, const MessageSummary& summary);

  // submission.cpp: what is different for an account that has logged in
  net::Task<bool> open_account();
  net::Task<void> close_account();
  net::Task<std::optional<smtp::FixedReply>> check_sender(std::string address);
  net::Task<std::optional<smtp::FixedReply>> check_from(const MessageSummary& summary);
  std::optional<smtp::FixedReply> complete(Incoming& incoming) const;
  net::Task<Next> submit(Transaction transaction, Incoming incoming, MessageSummary summary);

  // recipients.cpp
  net::Task<Next> recipient(smtp::RcptTo rcpt);
  Next answer_recipient(AcceptedRecipient recipient, api::RecipientVerdict verdict);

  // junk.cpp: what is known of the client
  net::Task<std::optional<smtp::Reply>> judge_client(std::string sender_domain,
                                                     std::string recipient);
  net::Task<std::optional<smtp::Reply>> greylist(std::string sender_domain, std::string recipient);
  void log_verdict(const JunkScore& score);
  Next refuse_client(const std::string& recipient, const smtp::Reply& refused);

  // mail.cpp
  net::Task<Next> mail(smtp::MailFrom mail);
  /// Tells core what a stranger used, and learns what is left to it. False: no message is.
  net::Task<bool> charge(api::ChargeRequest used);

  // message.cpp: DATA, and what becomes of a message
  net::Task<Next> data();
  net::Task<Next> receive(smtp::DataReader& reader, Incoming& incoming);
  Next cut_off(role::Client::Input why, std::uint64_t size);
  net::Task<Next> deliver(Transaction transaction, Incoming incoming);
  std::optional<smtp::FixedReply> look_at(const Transaction& transaction, const Incoming& incoming,
                                          const MessageSummary& summary);
  [[nodiscard]] std::optional<Incoming> begin_message(const Transaction& transaction);
  Next refuse_message(const Transaction& transaction, std::uint64_t trace,
                      const smtp::FixedReply& reply, std::string_view reason);

  // answer.cpp
  Next answer_message(const Transaction& transaction, std::uint64_t trace, std::uint64_t size,
                      const api::DeliverResponse& response);
  void answer_each(const Transaction& transaction, std::uint64_t trace,
                   const api::DeliverResponse& response);

  // chunks.cpp: BDAT
  net::Task<Next> bdat();
  net::Task<Next> chunk(smtp::Bdat bdat);
  net::Task<Next> finish_chunks();
  net::Task<Next> swallow_chunk(smtp::Bdat bdat, smtp::FixedReply refused);
  /// The chunk's octets, into chunks() while there are any.
  net::Task<Next> read_octets(std::uint64_t size);

  [[nodiscard]] HexId log_id() const { return HexId{connection_.facts.id.value}; }
  [[nodiscard]] bool is_lmtp() const { return connection_.facts.service == Service::lmtp; }
  [[nodiscard]] bool is_submission() const {
    return connection_.facts.service == Service::submission ||
           connection_.facts.service == Service::submissions;
  }

  role::Worker& worker_;
  role::Connection& connection_;
  role::Client client_;
  LineFramer framer_;
  Dialogue dialogue_;
  smtp::Extensions offered_;  ///< nothing before EHLO
  std::string helo_;
  std::uint64_t account_session_ = 0;  ///< of submission, as core names it
  std::string account_;                ///< its address
  role::SessionWatch watch_;
  ClientCheck check_;
  std::string logged_verdict_;  ///< so that each is logged once
  /// On this machine, in smtp.trusted_networks, at the LMTP socket or logged in: no budgets of
  /// strangers, no pauses.
  bool is_trusted_ = false;
  bool has_spoken_ = false;  ///< the client, its first bytes
  Deadline started_;
  Deadline productive_;  ///< the start, or when the last message was accepted
  role::TypistGuard typist_;
  std::chrono::milliseconds pause_{0};  ///< before the next answers leave
  std::uint32_t errors_ = 0;
  std::uint32_t refused_recipients_ = 0;
  api::ChargeResponse left_;  ///< of a stranger's budgets
  std::uint32_t refused_chunks_ = 0;
  std::uint32_t transactions_ = 0;
  std::uint32_t messages_ = 0;
};

}  // namespace peregrine::smtpd
