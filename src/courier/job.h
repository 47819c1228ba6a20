#pragma once
// Job: one lease of mail for one destination, from finding its hosts to the last report, and more
// leases for the same place while the connection is open.

#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "courier/connect.h"
#include "courier/courier.h"
#include "courier/reports.h"
#include "courier/tls_policy.h"

namespace peregrine::courier {

/// Why mail is given back at the end of the process.
inline constexpr const char* k_stopping = "this server is stopping";

/// What the lease's messages have in common: their destination, and where connections come from.
std::string place_of(const config::OutboundSettings& outbound, const api::LeaseResponse& lease);

class Job {
 public:
  /// For a lease of mail. `courier` must outlive it, and `errand` until it is done.
  Job(Courier& courier, Errand& errand);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() { courier_.jobs.erase(this); }

  /// Has entered the courier's slots, and leaves them. All errands that it took are done then.
  net::Task<void> run();

  /// Settles what is not with `why`: the last report of the lease, for a process that cannot wait
  /// for run(), which still tells of deliveries that it learns of. Nothing when it has no lease.
  std::optional<api::ReportRequest> give_back(const Failure& why);

 private:
  using States = std::vector<std::vector<RecipientState>>;  // as messages and recipients
  using Tried = std::optional<Failure>;                     // why not all is settled

  enum class Again : std::uint8_t { no, in_clear, reconnect };

  void take(Errand& errand);
  net::Task<void> deliver();
  net::Task<Tried> try_host(TargetHost host);
  net::Task<Tried> try_addresses(const TargetHost& host, HostAddresses addresses, TlsNeed need);
  net::Task<Tried> use(net::Stream stream, const sys::SocketAddress& address,
                       const TargetHost& host, TlsNeed need, Again& again);
  net::Task<Tried> send_all(Session& session);
  net::Task<Tried> send_each(Session& session);
  net::Task<bool> take_more(Session& session);
  /// Ends the lease: core hears of it with the request for the next one.
  net::Task<void> end_errand(const std::optional<Failure>& destination_failure);
  [[nodiscard]] SessionOptions options_for(const TargetHost& host,
                                           const sys::SocketAddress& address, TlsNeed need) const;
  [[nodiscard]] std::optional<Login> login() const;
  /// Takes the next message's turn, where messages have a rate, unless that has been done.
  void take_turn();
  net::Task<void> wait_for_turn();
  net::Task<std::optional<Failure>> wait_for_turn(Session& session);
  [[nodiscard]] bool is_crowded(const sys::SocketAddress& address) const;
  [[nodiscard]] bool is_scarce() const;
  [[nodiscard]] Timeouts timeouts() const;
  [[nodiscard]] SourceAddresses sources() const;
  [[nodiscard]] bool is_all_settled() const;
  [[nodiscard]] std::size_t count_settled() const;
  void settle_rest(const Failure& failure);
  void keep_worst(const Failure& failure);
  [[nodiscard]] bool is_policy_domain() const;
  void count_tls(api::TlsPolicyType policy, api::TlsResultType result, const std::string& host);
  net::Task<void> report_tls();
  /// Sends what is settled of a message and not reported yet; wait_reported() waits for the answer.
  void report(std::size_t message);
  net::Task<void> run_report(api::ReportRequest request);
  net::Task<void> wait_reported();
  [[nodiscard]] bool is_lease_over() const;
  net::Task<bool> may_end();
  /// What is settled and not reported yet, and that the lease is over.
  api::ReportRequest last_report(const std::optional<Failure>& destination_failure);
  void add_report(api::ReportRequest& request, std::size_t message, std::size_t recipient);

  Courier& courier_;
  config::Settings settings_;  // as they were at the start: a reload is for the next job
  std::optional<config::Route> named_route_;
  const config::Route* route_ = nullptr;  // that, one of the settings, or null
  std::string destination_;
  std::string place_key_;
  config::Pace pace_;
  std::optional<config::Source> source_;
  bool tls_optional_ = false;
  std::optional<Deadline> turn_;  // of the next message
  bool is_pausing_ = false;       // the session ends because that is far away
  std::size_t sent_ = 0;          // messages that the session has settled
  Errand* errand_ = nullptr;      // null while there is nothing to send
  api::LeaseResponse lease_;
  States states_;
  std::vector<std::vector<bool>> reported_;  // as states_
  bool is_reporting_ = false;
  net::Event reported_now_;
  TargetFinder finder_;
  Targets targets_;
  std::optional<sts::Policy> policy_;
  std::map<std::tuple<int, int, std::string>, std::uint64_t> tls_counts_;
  Place place_;
  bool is_last_host_ = true;
  std::optional<Failure> worst_;
  Place worst_place_;
  bool reached_ = false;  // some host took a MAIL
  Visit visit_ = Visit::neutral;
};

}  // namespace peregrine::courier
