#pragma once
// For tests: one session with a client and a core that are both scripted, on one loop. The client
// sends a step, waits for so many replies, and sends the next; at the end it closes its side.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/client.h"
#include "model/summary.h"
#include "proto/dns/rdata.h"
#include "role/worker_fixture.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {

struct Step {
  std::string send;
  std::size_t replies = 1;
};

inline const Step k_ehlo{"EHLO client.test\r\n"};
inline const Step k_mail{"MAIL FROM:<a@remote.example>\r\n"};
inline const Step k_rcpt{"RCPT TO:<b@example.test>\r\n"};
inline const Step k_data{"DATA\r\n"};
inline const Step k_text{"Subject: x\r\n\r\n..text\r\n.\r\n"};
inline const Step k_quit{"QUIT\r\n"};

/// The codes of the replies in what a session said, with spaces between.
inline std::string codes(BytesView said) {
  std::string out;
  for (std::size_t at = 0; at < said.size();) {
    std::size_t end = said.find("\r\n", at);
    if (end == BytesView::npos) break;
    if (said[at + 3] == ' ') out += (out.empty() ? "" : " ") + std::string(said.substr(at, 3));
    at = end + 2;
  }
  return out;
}

class SessionFixture : role::WorkerFixture {
 public:
  SessionFixture() {
    settings.server.hostname = "mx.example.test";
    facts.id = ConnectionId(7);
    facts.peer = "192.0.2.1";
    facts.is_loopback = true;
    budget.set_recipients_left(1000);
    budget.set_unknown_recipients_left(1000);
    budget.set_bytes_left(mib(1));
  }

  config::Settings settings;
  rpc::OpenConnection facts;
  /// What core answers; a request that is not here is refused.
  api::DeliverOutcome outcome = api::DELIVER_OK;
  bool has_core = true;
  /// What is left to strangers; what they used is in `charged`.
  api::ChargeResponse budget;
  api::ChargeRequest charged;
  std::vector<api::DeliverRequest> delivered;
  /// What the resolver knows of names, each with its type; of all others that they do not exist.
  bool has_resolver = false;
  std::map<std::pair<std::string, dns::Type>, std::vector<Bytes>> dns;
  std::set<std::string> silent_names;  ///< it has no answer for
  std::set<std::string> failed_names;  ///< its answer is that it has none
  std::vector<std::string> asked_names;
  std::uint32_t greylist_seconds = 0;  ///< what core says of a stranger
  std::vector<api::GreylistRequest> greylisted;
  Bytes delivered_file;  ///< what the last delivery passed as a memory file

  /// Everything that the session wrote. `end` and `is_offence` say how it ended.
  std::string play(std::vector<Step> steps);
  role::SessionEnd end;
  bool is_offence = false;

 private:
  void serve_core(rpc::Request request);
  void serve_resolver(rpc::Request request);
  net::Task<void> talk(net::Stream& client, std::vector<Step> steps);
  net::Task<void> run_session(role::Worker& worker, role::Connection& connection);
  net::Task<void> finish(net::Loop& loop, net::Task<void> talk);

  std::string said_;
  std::vector<rpc::Request> held_;  ///< questions about silent names
};

}  // namespace peregrine::smtpd
