#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/certificate.h"
#include "supervisor/backoff.h"
#include "supervisor/control_socket.h"
#include "supervisor/inputs.h"
#include "supervisor/layout.h"
#include "supervisor/reload.h"
#include "supervisor/status.h"
#include "sys/sockets.h"

namespace peregrine::supervisor {
namespace {

using std::chrono::milliseconds;

std::map<Role, unsigned> counts(const config::Settings& settings, std::uint32_t cores) {
  std::map<Role, unsigned> out;
  for (const Slot& slot : plan_processes(settings, cores)) ++out[slot.role];
  return out;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "supervisor_testXXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
    return file(name);
  }

 private:
  std::string path_;
};

TEST(Backoff, DoublesUpToTheLongest) {
  Backoff backoff;
  std::vector<long> waits;
  for (int i = 0; i < 9; ++i) waits.push_back(backoff.next(milliseconds(5)).count());
  EXPECT_EQ(waits, (std::vector<long>{100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000}));
}

TEST(Backoff, StartsOverAfterALongLife) {
  Backoff backoff;
  for (int i = 0; i < 5; ++i) backoff.next(milliseconds(0));
  EXPECT_EQ(backoff.next(milliseconds(30'000)).count(), 100);
  EXPECT_EQ(backoff.next(milliseconds(29'999)).count(), 200);
}

TEST(Layout, RolesWithoutListenersDoNotExist) {
  config::Settings settings;
  EXPECT_EQ(counts(settings, 4), (std::map<Role, unsigned>{{Role::core, 1}}));
  settings.listen.smtp = {{"127.0.0.1", 0}};
  EXPECT_EQ(counts(settings, 4),
            (std::map<Role, unsigned>{{Role::core, 1}, {Role::mx, 4}, {Role::front, 4}}));
  settings.listen.imaps = {{"127.0.0.1", 0}};
  EXPECT_EQ(
      counts(settings, 2),
      (std::map<Role, unsigned>{
          {Role::core, 1}, {Role::login, 1}, {Role::mx, 2}, {Role::imap, 2}, {Role::front, 2}}));
}

TEST(Layout, StartsInStages) {
  config::Settings settings;
  settings.listen.smtp = {{"127.0.0.1", 0}};
  settings.listen.pop3 = {{"127.0.0.1", 0}};
  auto slots = plan_processes(settings, 3);
  EXPECT_EQ(slots.front().role, Role::core);
  EXPECT_EQ(slots.back().role, Role::front);
  EXPECT_TRUE(
      std::ranges::is_sorted(slots, {}, [](const Slot& slot) { return stage_of(slot.role); }));
}

TEST(Layout, LinkMatrix) {
  constexpr std::array workers = {Role::login, Role::mx, Role::imap, Role::pop3};
  for (Role worker : workers) {
    EXPECT_EQ(link_kind(worker, Role::core), sys::SocketKind::stream);
    EXPECT_EQ(link_kind(Role::core, worker), sys::SocketKind::stream);
    EXPECT_EQ(link_kind(worker, Role::front), sys::SocketKind::seqpacket);
    EXPECT_EQ(link_kind(Role::front, worker), sys::SocketKind::seqpacket);
    for (Role other : workers) EXPECT_FALSE(link_kind(worker, other));
  }
  EXPECT_FALSE(link_kind(Role::front, Role::core));
  EXPECT_FALSE(link_kind(Role::core, Role::front));
  EXPECT_FALSE(link_kind(Role::front, Role::front));
  EXPECT_FALSE(link_kind(Role::core, Role::core));
  EXPECT_FALSE(link_kind(Role::mx, Role::supervisor));
}

TEST(Reload, KeepsWhatDoesNotReload) {
  config::Settings running;
  running.server.data_directory = "/old";
  running.limits.recipients = 1000;
  config::Settings loaded = running;
  loaded.server.data_directory = "/new";
  loaded.limits.recipients = 500;
  config::Settings merged = reloadable(running, loaded);
  EXPECT_EQ(merged.server.data_directory, "/old");
  EXPECT_EQ(merged.limits.recipients, 500U);
  EXPECT_TRUE(config::restart_needed(running, merged).empty());
}

TEST(Status, CountsClientsAtTheFronts) {
  std::vector<ChildReport> children = {
      {{Role::core, 0}, 10, 0, 7, 9, 1, 2, 3, true, {}},
      {{Role::front, 0}, 11, 2, 3, 5, 0, 0, 0, true, std::chrono::milliseconds(12'345)},
      {{Role::front, 1}, 0, 1, 4, 6, 0, 0, 0, false, {}}};
  std::vector<BoundListener> listeners;
  listeners.push_back({Service::lmtp, "/run/a\"b\\\n", {}});
  EXPECT_EQ(
      status_json(children, listeners),
      R"({"roles":[{"role":"core","index":0,"pid":10,"restarts":0,"connections":7,"served":9,"offences":1,"banned":2,"typists":3,)"
      R"("answering":true,"silent_seconds":0},)"
      R"({"role":"front","index":0,"pid":11,"restarts":2,"connections":3,"served":5,"offences":0,"banned":0,"typists":0,)"
      R"("answering":false,"silent_seconds":12},)"
      R"({"role":"front","index":1,"pid":0,"restarts":1,"connections":4,"served":6,"offences":0,"banned":0,"typists":0,)"
      R"("answering":false,"silent_seconds":0}],)"
      R"("listeners":[{"service":"lmtp","address":"/run/a\"b\\\u000a"}],"connections":7})"
      "\n");
}

TEST(Status, SaysWhoDoesNotServe) {
  std::vector<ChildReport> children = {
      {{Role::core, 0}, 10, 0, 0, 0, 0, 0, 0, true, {}},
      {{Role::imap, 0}, 11, 0, 0, 0, 0, 0, 0, true, std::chrono::milliseconds(12'999)},
      {{Role::imap, 1}, 0, 1, 0, 0, 0, 0, 0, false, {}},
      {{Role::mx, 0}, 12, 1, 0, 0, 0, 0, 0, false, {}}};
  std::string text = status_text(children, {});
  EXPECT_NE(text.find("         0  not answering for 12 s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("         0  not running\n"), std::string::npos) << text;
  EXPECT_NE(text.find("         0  starting\n"), std::string::npos) << text;
  EXPECT_NE(text.find("         0\n"), std::string::npos) << text;
}

TEST(Silence, IsNoticedOnceAndGivenUpLater) {
  using std::chrono::milliseconds;
  using Verdict = Silence::Verdict;
  AnswerBounds bounds{milliseconds(100), milliseconds(300)};
  Deadline start = Monotonic::now();
  auto after = [start](int time) { return start + milliseconds(time); };
  Silence silence;
  EXPECT_EQ(silence.judge(after(10'000), bounds), Verdict::fine);
  silence.ask(start);
  silence.ask(after(50));  // the first question counts
  EXPECT_TRUE(silence.owes_answer());
  EXPECT_EQ(silence.judge(after(99), bounds), Verdict::fine);
  EXPECT_FALSE(silence.is_noticed());
  EXPECT_EQ(silence.judge(after(100), bounds), Verdict::noticed);
  EXPECT_TRUE(silence.is_noticed());
  EXPECT_EQ(silence.length(after(150)), milliseconds(150));
  EXPECT_EQ(silence.judge(after(150), bounds), Verdict::fine);
  EXPECT_EQ(silence.judge(after(399), bounds), Verdict::fine);
  EXPECT_EQ(silence.judge(after(400), bounds), Verdict::given_up);
}

TEST(Silence, AnAnswerOrAPauseOfTheAskerStartsOver) {
  using std::chrono::milliseconds;
  using Verdict = Silence::Verdict;
  AnswerBounds bounds{milliseconds(100), milliseconds(300)};
  Deadline start = Monotonic::now();
  Silence silence;
  silence.ask(start);
  EXPECT_FALSE(silence.answer());
  EXPECT_FALSE(silence.owes_answer());
  silence.ask(start);
  EXPECT_EQ(silence.judge(start + milliseconds(500), bounds), Verdict::noticed);
  EXPECT_TRUE(silence.answer());
  EXPECT_FALSE(silence.is_noticed());
  silence.ask(start);
  silence.forgive(start + milliseconds(500));
  EXPECT_EQ(silence.judge(start + milliseconds(599), bounds), Verdict::fine);
  EXPECT_EQ(silence.judge(start + milliseconds(600), bounds), Verdict::noticed);
}

TEST(Inputs, APortInUseIsSaid) {
  config::Settings settings;
  auto any = sys::SocketAddress::parse_ip("127.0.0.1", 0);
  auto taken = sys::listen_tcp(*any);
  ASSERT_TRUE(taken);
  auto local = sys::local_address(taken->get());
  ASSERT_TRUE(local);
  settings.listen.smtp = {{"127.0.0.1", local->port()}};
  auto bound = bind_listeners(settings, "p.toml");
  ASSERT_FALSE(bound);
  std::string line = bound.error().to_string();
  EXPECT_NE(line.find(local->to_string()), std::string::npos) << line;
  EXPECT_NE(line.find("another program listens there"), std::string::npos) << line;
}

TEST(Inputs, CertificatesAreChecked) {
  TemporaryDirectory directory;
  auto one = crypto::make_self_signed({"mail.example"}, 10);
  auto two = crypto::make_self_signed({"mail.example"}, 10);
  ASSERT_TRUE(one && two);
  config::Settings settings;
  std::string chain = directory.write("chain.pem", one->chain_pem);
  settings.tls.certificates = {{chain, directory.write("key.pem", one->key_pem)}};
  auto good = read_identities(settings, "p.toml");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->front().chain_pem, one->chain_pem);

  std::string other = directory.write("other.pem", two->key_pem);
  settings.tls.certificates = {{chain, other}};
  auto mismatch = read_identities(settings, "p.toml");
  ASSERT_FALSE(mismatch);
  EXPECT_NE(mismatch.error().to_string().find(other), std::string::npos);

  settings.tls.certificates = {{directory.file("absent.pem"), other}};
  auto absent = read_identities(settings, "p.toml");
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().to_string().find("absent.pem"), std::string::npos);
}

TEST(ControlSocket, IsPrivateAndSingle) {
  TemporaryDirectory directory;
  config::Settings settings;
  settings.server.control_socket = directory.file("control.sock");
  auto first = bind_control_socket(settings, "p.toml");
  ASSERT_TRUE(first);
  struct stat status{};
  ASSERT_EQ(::stat(settings.server.control_socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  auto second = bind_control_socket(settings, "p.toml");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("a server is running"), std::string::npos);
  first->reset();
  EXPECT_TRUE(bind_control_socket(settings, "p.toml"));
}

}  // namespace
}  // namespace peregrine::supervisor
