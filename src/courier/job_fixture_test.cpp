#include "courier/job_fixture.h"

#include <gtest/gtest.h>
#include <list>
#include <utility>

#include "courier/job.h"
#include "courier/leases.h"
#include "courier/notify.h"
#include "proto/dns/rdata_fixture.h"
#include "sys/memfd.h"

namespace peregrine::courier {

JobFixture::JobFixture() : world_(make_world()), asked_for_more_(world_.loop) {
  settings.server.hostname = "out.here.test";
  settings.outbound.allow_loopback = true;
  settings.outbound.mta_sts = false;
  settings.outbound.connect_timeout = std::chrono::seconds(5);
}

FakeServer& JobFixture::serve(unsigned last, std::vector<Script> scripts) {
  auto port = static_cast<std::uint16_t>(servers_.empty() ? 0 : settings.outbound.port);
  FakeServer& server = servers_.emplace_back(world_.gate, "127.0.0." + std::to_string(last), port);
  server.scripts = std::move(scripts);
  settings.outbound.port = server.port();
  return server;
}

void JobFixture::answer(const std::string& name, dns::Type type, std::vector<Bytes> records,
                        bool secure) {
  api::LookupResponse& out = answers_[{name, static_cast<std::uint32_t>(type)}];
  out.set_status(api::DNS_OK);
  out.set_secure(secure);
  for (Bytes& record : records) out.add_records(std::move(record));
}

void JobFixture::answer_status(const std::string& name, dns::Type type, api::DnsStatus status) {
  answers_[{name, static_cast<std::uint32_t>(type)}].set_status(status);
}

void JobFixture::add_host(const std::string& domain, const std::string& host, unsigned last,
                          bool secure) {
  auto number = static_cast<std::uint16_t>(answers_[{domain, 15}].records_size() * 10 + 10);
  answer(domain, dns::Type::mx, {dns::wire_mx(number, host)}, secure);
  answer(host, dns::Type::a, {Bytes{127, 0, 0, static_cast<char>(last)}}, secure);
  answer_status(host, dns::Type::aaaa, api::DNS_NO_DATA);
  answers_[{host, 28}].set_secure(secure);
}

Bytes JobFixture::content_of(std::uint64_t message) {
  return "Subject: message " + std::to_string(message) + "\r\n\r\n.text\r\n";
}

api::LeaseResponse JobFixture::make_lease(std::uint64_t id, int recipients) {
  api::LeaseResponse lease;
  lease.set_lease(id);
  lease.set_kind(api::LEASE_SEND);
  lease.set_destination("dest.test");
  api::LeasedMessage& message = *lease.add_messages();
  message.set_message(id);
  message.set_trace(id);
  message.mutable_envelope()->set_mail_from("s@here.test");
  message.set_size(content_of(id).size());
  message.set_header_size(content_of(id).find("\r\n\r\n") + 4);
  for (int i = 0; i < recipients; ++i) {
    api::LeasedRecipient& recipient = *message.add_recipients();
    recipient.set_index(static_cast<std::uint32_t>(i));
    recipient.mutable_recipient()->set_address("r" + std::to_string(i + 1) + "@dest.test");
  }
  return lease;
}

api::RecipientReport JobFixture::report_of(unsigned index) const {
  api::RecipientReport found;
  for (const api::ReportRequest& request : reports) {
    for (const api::RecipientReport& each : request.recipients()) {
      if (each.message() == 1 && each.index() == index) found = each;
    }
  }
  return found;
}

void JobFixture::serve_core(rpc::Request request) {
  switch (static_cast<api::Method>(request.method())) {
    case api::Method::lease: {
      ASSERT_TRUE(requests.emplace_back().ParseFromString(request.payload()));
      if (requests.back().has_report()) reports.push_back(requests.back().report());
      api::LeaseResponse lease;
      if (!requests.back().ends_all()) {
        if (more_leases.empty()) return asked_for_more_.notify();
        lease = std::move(more_leases.front());
        more_leases.pop_front();
      }
      request.respond(lease.SerializeAsString());
      return;
    }
    case api::Method::report: {
      ASSERT_TRUE(reports.emplace_back().ParseFromString(request.payload()));
      request.respond(api::ReportResponse().SerializeAsString());
      return;
    }
    case api::Method::sts_get: {
      api::StsGetRequest asked;
      ASSERT_TRUE(asked.ParseFromString(request.payload()));
      request.respond(policies[asked.domain()].SerializeAsString());
      return;
    }
    case api::Method::tls_report: {
      api::TlsReportRequest report;
      ASSERT_TRUE(report.ParseFromString(request.payload()));
      tls_results.insert(tls_results.end(), report.results().begin(), report.results().end());
      request.respond(api::TlsReportResponse().SerializeAsString());
      return;
    }
    case api::Method::sts_put: {
      api::StsPutRequest put;
      ASSERT_TRUE(put.ParseFromString(request.payload()));
      api::StsGetResponse& kept = policies[put.domain()];
      kept.set_id(put.id());
      kept.set_policy(put.policy());
      kept.set_seconds_left(put.max_age());
      request.respond(api::StsPutResponse().SerializeAsString());
      return;
    }
    case api::Method::notify: {
      ASSERT_TRUE(notified.emplace_back().ParseFromString(request.payload()));
      if (sys::Fd file = request.take_descriptor()) {
        notified_file = sys::read_sealed(file.get(), mib(64)).value_or("");
      }
      request.respond(api::NotifyResponse().SerializeAsString());
      return;
    }
    case api::Method::queue_content: {
      if (refuses_content) {
        request.fail(static_cast<std::uint16_t>(api::ErrorCode::failed), "");
        return;
      }
      api::QueueContentRequest asked;
      ASSERT_TRUE(asked.ParseFromString(request.payload()));
      auto known = contents.find(asked.message());
      Bytes content = known != contents.end() ? known->second : content_of(asked.message());
      if (asked.length() != 0)
        content.resize(std::min<std::size_t>(content.size(), asked.length()));
      world_.gate.spawn(send_content(std::move(request), std::move(content)));
      return;
    }
    default:
      FAIL() << "method " << request.method();
  }
}

net::Task<void> JobFixture::send_content(rpc::Request request, Bytes content) {
  constexpr std::size_t k_piece = 1000;
  co_await net::sleep_until(world_.loop, deadline_in(content_delay));
  for (std::size_t i = 0; i < content.size(); i += k_piece) {
    api::QueueContentItem item;
    item.set_bytes(content.substr(i, k_piece));
    Bytes bytes = item.SerializeAsString();
    bool goes_on = co_await request.send_item(bytes);
    if (!goes_on) co_return;
  }
  request.finish();
}

void JobFixture::serve_resolver(rpc::Request request) {
  api::LookupRequest asked;
  ASSERT_EQ(request.method(), api::k_lookup);
  ASSERT_TRUE(asked.ParseFromString(request.payload()));
  api::LookupResponse response;
  response.set_status(api::DNS_NO_NAME);
  if (auto known = answers_.find({asked.name(), asked.type()}); known != answers_.end()) {
    response = known->second;
  }
  request.respond(response.SerializeAsString());
}

net::Task<void> JobFixture::send(Courier& courier, Errand& errand) {
  Job job(courier, errand);
  co_await job.run();
}

net::Task<void> JobFixture::drive(Courier& courier, api::LeaseResponse lease) {
  std::string destination = lease.destination();
  std::uint32_t most = settings.outbound.connections_per_destination;
  net::Gate jobs(world_.loop);
  Errand errand(world_.loop);
  more_leases.push_front(std::move(lease));
  while (!more_leases.empty()) {
    errand.lease = std::move(more_leases.front());
    errand.place = place_of(settings.outbound, errand.lease);
    more_leases.pop_front();
    Entry entry = co_await courier.slots.enter(errand, most, deadline_in(std::chrono::seconds(5)));
    if (entry == Entry::entered) jobs.spawn(send(courier, errand));
    static_cast<void>(co_await errand.done.wait(Deadline::max()));
    if (errand.report) reports.push_back(*std::exchange(errand.report, std::nullopt));
    // As with core: the session rests when the next lease comes.
    co_await net::sleep_until(world_.loop, Monotonic::now());
  }
  courier.slots.close();
  EXPECT_TRUE(co_await jobs.drained(deadline_in(std::chrono::minutes(1))));
  EXPECT_EQ(courier.conversion_room.bytes, conversion_room.bytes);
  limit_after = courier.slots.limit(destination, most);
  end();
}

net::Task<void> JobFixture::drive_notice(Courier& courier, api::LeaseResponse lease) {
  co_await run_notices(courier, std::move(lease));
  end();
}

net::Task<void> JobFixture::drive_loop(Courier& courier) {
  start_leases(courier, 1);
  static_cast<void>(co_await asked_for_more_.wait(deadline_in(std::chrono::minutes(1))));
  courier.slots.close();
  EXPECT_TRUE(co_await courier.worker.sessions().drained(deadline_in(std::chrono::minutes(1))));
  end();
}

void JobFixture::end() {
  for (FakeServer& server : servers_) server.stop();
  world_.loop.post([this] { world_.loop.stop(); });
}

void JobFixture::play(const std::function<net::Task<void>(Courier&)>& drive) {
  auto core = sys::socket_pair(sys::SocketKind::stream);
  auto resolver = sys::socket_pair(sys::SocketKind::stream);
  auto core_channel =
      rpc::Channel::create(world_.gate, std::move(core->first), {.passes_descriptors = true},
                           [this](rpc::Request request) { serve_core(std::move(request)); });
  auto resolver_channel =
      rpc::Channel::create(world_.gate, std::move(resolver->first), {},
                           [this](rpc::Request request) { serve_resolver(std::move(request)); });
  role::Start start;
  start.settings = settings;
  start.links.push_back({{.peer = Role::core}, std::move(core->second)});
  start.links.push_back({{.peer = Role::resolver}, std::move(resolver->second)});
  role::Worker& worker =
      world_.worker.emplace(world_.loop, std::move(start), role::Worker::Options{});
  // What the loop still holds when a test is over may look at it, as at its world.
  static auto& all = *new std::list<Courier>;
  Courier& courier =
      all.emplace_back(worker, *crypto::TlsClient::create(trusted_pem), credentials, sts);
  courier.timeouts = timeouts;
  courier.idle = idle;
  courier.conversion_room = conversion_room;
  std::list<AddressUse::Held> others;
  for (std::size_t i = 0; i < others_at.second; ++i) {
    others.emplace_back(courier.address_use, *sys::SocketAddress::parse_ip(others_at.first, 0));
  }
  courier.core_pause = std::chrono::milliseconds(10);
  world_.gate.spawn(drive(courier));
  world_.loop.run();
  core_channel->close();
  resolver_channel->close();
  for (const FakeServer& server : servers_) EXPECT_EQ(server.problems, "");
}

void JobFixture::run(api::LeaseResponse lease) {
  play([&](Courier& courier) { return drive(courier, std::move(lease)); });
}

void JobFixture::run_notice(api::LeaseResponse lease) {
  play([&](Courier& courier) { return drive_notice(courier, std::move(lease)); });
}

void JobFixture::run_loop() {
  play([this](Courier& courier) { return drive_loop(courier); });
}

}  // namespace peregrine::courier
