// What courier keeps about other servers, through its calls and the operator's.
#include "core/core_fixture.h"
#include "remote/inspect.h"

namespace peregrine::core {
namespace {

class RemoteCalls : public CoreTest {
 protected:
  net::Task<void> keep_a_policy();
  net::Task<void> refuse_nonsense();
  net::Task<void> count_sessions();

  static api::TlsResult result() {
    api::TlsResult out;
    out.set_domain("dest.test");
    out.set_policy(api::TLS_POLICY_STS);
    out.set_result(api::TLS_RESULT_CERTIFICATE_EXPIRED);
    out.set_receiving_mx("mx.dest.test");
    out.set_sessions(2);
    return out;
  }
  static api::StsPutRequest put() {
    api::StsPutRequest out;
    out.set_domain("dest.test");
    out.set_id("2025a");
    out.set_max_age(1000);
    out.set_policy("version: STSv1\n");
    return out;
  }
};

net::Task<void> RemoteCalls::keep_a_policy() {
  Channel courier = connect(Role::courier);
  api::StsGetRequest get;
  get.set_domain("dest.test");
  auto none = co_await api::sts_get(courier, get, soon());
  EXPECT_TRUE(none && none->id().empty());
  api::StsPutRequest request = put();
  auto kept = co_await api::sts_put(courier, request, soon());
  EXPECT_TRUE(kept);
  auto there = co_await api::sts_get(courier, get, soon());
  EXPECT_TRUE(there && there->id() == "2025a" && there->policy() == put().policy());
  EXPECT_TRUE(there && there->seconds_left() > 900 && there->seconds_left() <= 1000);
}

TEST_F(RemoteCalls, KeepAPolicy) {
  run(keep_a_policy());
}

net::Task<void> RemoteCalls::refuse_nonsense() {
  std::vector<api::StsPutRequest> puts(6, put());
  puts[0].set_domain("Dest.test");
  puts[1].set_domain(std::string(5000, 'a'));
  puts[2].set_id("");
  puts[3].set_id("a/b");
  puts[4].set_max_age(31'557'601);
  puts[5].set_policy(std::string(kib(64) + 1, 'x'));
  for (const api::StsPutRequest& request : puts) {
    Channel courier = connect(Role::courier);
    auto answer = co_await api::sts_put(courier, request, soon());
    EXPECT_TRUE(!answer && api::refused_with(answer.error(), api::ErrorCode::malformed));
  }
  EXPECT_EQ(core->model.sts_policies->size(), 0U);
  std::vector<api::TlsReportRequest> reports(7);
  for (api::TlsReportRequest& each : reports) *each.add_results() = result();
  reports[0].mutable_results(0)->set_domain("a b");
  reports[1].mutable_results(0)->set_policy(static_cast<api::TlsPolicyType>(99));
  reports[2].mutable_results(0)->set_result(api::TLS_RESULT_UNSPECIFIED);
  reports[3].mutable_results(0)->set_receiving_mx("mx\r\n.test");
  reports[4].mutable_results(0)->set_sessions(0);
  reports[5].mutable_results(0)->set_sessions(std::uint64_t{1} << 60U);
  for (int i = 0; i < 64; ++i) *reports[6].add_results() = result();
  for (const api::TlsReportRequest& request : reports) {
    Channel courier = connect(Role::courier);
    auto answer = co_await api::tls_report(courier, request, soon());
    EXPECT_TRUE(!answer && api::refused_with(answer.error(), api::ErrorCode::malformed));
  }
  EXPECT_EQ(core->model.tls_results->size(), 0U);
}

TEST_F(RemoteCalls, KeepNoNonsense) {
  run(refuse_nonsense());
}

net::Task<void> RemoteCalls::count_sessions() {
  Channel courier = connect(Role::courier);
  api::TlsReportRequest request;
  *request.add_results() = result();
  for (int i = 0; i < 2; ++i) {
    auto answer = co_await api::tls_report(courier, request, soon());
    EXPECT_TRUE(answer);
  }
  Channel admin = connect(Role::admin);
  rpc::ItemStream stream(admin, 93, api::TlsResultListRequest().SerializeAsString());
  auto item = co_await stream.next(soon());
  api::TlsResultInfo info;
  EXPECT_TRUE(item && *item && info.ParseFromString(**item));
  EXPECT_EQ(info.result().sessions(), 4U);
  EXPECT_EQ(info.result().receiving_mx(), "mx.dest.test");
  EXPECT_EQ(info.day() % 86'400, 0);
  auto end = co_await stream.next(soon());
  EXPECT_TRUE(end && !*end);
}

TEST_F(RemoteCalls, CountSessions) {
  run(count_sessions());
}

}  // namespace
}  // namespace peregrine::core
