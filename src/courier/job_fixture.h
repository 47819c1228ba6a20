#pragma once
// For tests: jobs with a core and a resolver that are both scripted, and fake servers at loopback
// addresses that share one port, as hosts of the real network share port 25.

#include <deque>
#include <functional>
#include <map>

#include "api/queue.pb.h"
#include "courier/courier.h"
#include "courier/fake_server.h"
#include "role/worker_fixture.h"

namespace peregrine::courier {

class JobFixture : role::WorkerFixture {
 public:
  JobFixture();

  config::Settings settings;
  std::string trusted_pem;
  Credentials credentials;
  Timeouts timeouts;
  StsOptions sts;
  ConversionRoom conversion_room;
  bool refuses_content = false;
  std::chrono::milliseconds content_delay{0};
  std::pair<std::string, std::size_t> others_at;             ///< connections that others have there
  std::chrono::milliseconds idle = std::chrono::seconds(5);  ///< of connections

  /// A server at 127.0.0.`last`; before run().
  FakeServer& serve(unsigned last, std::vector<Script> scripts);
  /// Records of the resolver; a name without any does not exist.
  void answer(const std::string& name, dns::Type type, std::vector<Bytes> records,
              bool secure = false);
  void answer_status(const std::string& name, dns::Type type, api::DnsStatus status);
  /// MX `host` at 127.0.0.`last`.
  void add_host(const std::string& domain, const std::string& host, unsigned last,
                bool secure = false);

  /// The mail of a lease for "dest.test", from s@here.test to "r1", "r2"…@dest.test.
  static api::LeaseResponse make_lease(std::uint64_t id, int recipients = 1);
  std::map<std::uint64_t, Bytes> contents;     ///< by message; else a short one
  std::deque<api::LeaseResponse> more_leases;  ///< what comes for the same place, one by one

  /// Runs the lease to its end, and those of more_leases.
  void run(api::LeaseResponse lease);
  void run_notice(api::LeaseResponse lease);
  /// Runs the courier's own loop: core gives more_leases, and the process ends when none is left.
  void run_loop();

  std::vector<api::ReportRequest> reports;
  std::vector<api::NotifyRequest> notified;
  Bytes notified_file;
  std::map<std::string, api::StsGetResponse> policies;  ///< that core keeps, by domain
  std::vector<api::TlsResult> tls_results;
  std::vector<api::LeaseRequest> requests;  ///< by run_loop()
  std::uint32_t limit_after = 0;            ///< of connections to dest.test

  /// Of all reports: the one for that recipient of message 1; a default one if there is none.
  [[nodiscard]] api::RecipientReport report_of(unsigned index = 0) const;

  [[nodiscard]] static Bytes content_of(std::uint64_t message);

 private:
  void serve_core(rpc::Request request);
  net::Task<void> send_content(rpc::Request request, Bytes content);
  void serve_resolver(rpc::Request request);
  net::Task<void> send(Courier& courier, Errand& errand);
  net::Task<void> drive(Courier& courier, api::LeaseResponse lease);
  net::Task<void> drive_notice(Courier& courier, api::LeaseResponse lease);
  net::Task<void> drive_loop(Courier& courier);
  void end();
  void play(const std::function<net::Task<void>(Courier&)>& drive);

  World& world_;
  std::map<std::pair<std::string, std::uint32_t>, api::LookupResponse> answers_;
  std::deque<FakeServer> servers_;
  net::Event asked_for_more_;  // when none is left
};

}  // namespace peregrine::courier
