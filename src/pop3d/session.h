#pragma once
// Session: one POP3 client in the TRANSACTION state (RFC 1939), from the ticket that login gave it
// to its end. Nothing is deleted before QUIT. The connection and the worker outlive the session.

#include <optional>
#include <span>

#include "api/client.h"
#include "base/line_framer.h"
#include "base/log.h"
#include "pop3d/maildrop.h"
#include "proto/pop3/command.h"
#include "proto/pop3/response.h"
#include "role/client.h"
#include "role/session_watch.h"

namespace peregrine::pop3d {

class Session {
 public:
  Session(role::Worker& worker, role::Connection& connection);

  net::Task<role::SessionEnd> run();

 private:
  enum class Next : std::uint8_t {
    go_on,
    close,  ///< after what is to be said has been sent
    gone,   ///< nothing more is said
  };

  // session.cpp
  net::Task<void> converse();
  net::Task<Next> more_input();
  net::Task<Next> handle_line();
  std::optional<pop3::Command> judge_line(Next& next);
  Next obey(const pop3::Command& command);
  void list(const pop3::List& list);
  void list_ids(const pop3::Uidl& uidl);
  void capabilities();
  Next refuse(const pop3::FixedResponse& response);
  Next refuse_number();
  Next refuse_event(LineEvent event);
  [[nodiscard]] bool is_disabled(pop3::Verb verb) const;
  void say(const pop3::FixedResponse& response) { pop3::append_response(response, client_.out()); }

  // open.cpp
  net::Task<Next> open();
  net::Task<Next> redeem();
  net::Task<std::optional<bool>> lock();
  net::Task<bool> read_maildrop();
  net::Task<bool> read_sizes(std::span<const Uid> uids, Deadline deadline);
  net::Task<void> release();

  // retrieve.cpp
  net::Task<Next> send_message(std::uint32_t number, std::optional<std::uint32_t> lines);
  net::Task<Next> quit();
  net::Task<bool> expunge(std::span<const Uid> uids);

  [[nodiscard]] HexId log_id() const { return HexId{connection_.facts.id.value}; }

  role::Worker& worker_;
  role::Connection& connection_;
  role::Client client_;
  LineFramer framer_;
  SessionId session_;
  MailboxId mailbox_;
  Maildrop maildrop_;
  std::uint32_t errors_ = 0;
  std::uint32_t retrieved_ = 0;
  role::SessionWatch watch_;
};

}  // namespace peregrine::pop3d
