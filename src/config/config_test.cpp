// Options from file to Settings and back, and the texts that come from the option table.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <sys/stat.h>

#include "config/document.h"
#include "config/option_table.h"
#include "config/parse.h"

namespace peregrine::config {
namespace {

constexpr std::string_view k_minimal = "[server]\nhostname = \"mx.example.test\"\n";

Settings parse_ok(const std::string& extra) {
  auto settings = parse_text(std::string(k_minimal) + extra, "test.toml");
  EXPECT_TRUE(settings) << settings.error().to_string();
  return settings.value_or(Settings{});
}

/// The error of k_minimal followed by `extra`, which starts at line 3.
ConfigError parse_error(const std::string& extra) {
  auto settings = parse_text(std::string(k_minimal) + extra, "test.toml");
  EXPECT_FALSE(settings) << extra;
  return settings ? ConfigError{} : settings.error();
}

TEST(Config, MinimalFileGivesDefaults) {
  Settings settings = parse_ok("");
  EXPECT_EQ(settings.server.hostname, "mx.example.test");
  EXPECT_EQ(settings.server.control_socket, "/var/lib/peregrine/control.sock");
  EXPECT_EQ(settings.limits.message_size, mib(50));
  EXPECT_EQ(settings.limits.smtp_idle, std::chrono::minutes(5));
  EXPECT_TRUE(listeners(settings).empty());
}

TEST(Config, DefaultsObeyTheirOwnRules) {
  const Settings defaults;
  for (const Option& option : options()) {
    auto issue = option.check(defaults, option.rule);
    EXPECT_FALSE(issue) << option.name << ": " << issue->what;
  }
}

TEST(Config, EveryOptionIsDescribed) {
  std::set<std::string_view> names;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_TRUE(option.text.ends_with('.')) << option.name;
    EXPECT_GE(option.text.size(), 15U) << option.name;
  }
}

TEST(Config, ReadsEachKind) {
  Settings settings = parse_ok(R"(
[listen]
port_offset = 10000
smtp = ["127.0.0.1", "[::1]:2525", "::1"]
lmtp_socket = "lmtp.sock"
lmtp_mode = "0600"
[tls]
certificates = [{ chain = "cert.pem", key = "/etc/key.pem" }]
minimum_version = "1.3"
[roles]
front = 3
imap = "auto"
[auth]
allow_plaintext_loopback = true
cache_time = "0 s"
[limits]
message_size = "100MiB"
expunge_history = "1 day"
[imap]
disabled_extensions = ["idle", "Move"]
[log]
level = "debug"
)");
  EXPECT_EQ(settings.listen.smtp.size(), 3U);
  EXPECT_EQ(settings.listen.lmtp_mode.bits, 0600U);
  EXPECT_EQ(settings.tls.certificates.at(0).chain, "/var/lib/peregrine/cert.pem");
  EXPECT_EQ(settings.tls.certificates.at(0).key, "/etc/key.pem");
  EXPECT_EQ(settings.tls.minimum_version, TlsVersion::tls_1_3);
  EXPECT_EQ(settings.roles.front.resolve(2), 3U);
  EXPECT_EQ(settings.roles.imap.resolve(2), 2U);
  EXPECT_TRUE(settings.auth.allow_plaintext_loopback);
  EXPECT_EQ(settings.auth.cache_time, Duration(0));
  EXPECT_EQ(settings.limits.message_size, mib(100));
  EXPECT_EQ(settings.limits.expunge_history, std::chrono::days(1));
  EXPECT_TRUE(has_word(settings.imap.disabled_extensions, "IDLE"));
  EXPECT_FALSE(has_word(settings.imap.disabled_extensions, "UIDPLUS"));
  EXPECT_EQ(settings.log.level, LogLevel::debug);

  auto all = listeners(settings);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].ip, "127.0.0.1");
  EXPECT_EQ(all[0].port, 10025);
  EXPECT_EQ(all[1].port, 2525);
  EXPECT_EQ(all[3].service, Service::lmtp);
  EXPECT_EQ(all[3].path, "/var/lib/peregrine/lmtp.sock");
}

struct BadCase {
  std::string_view text;
  ConfigProblem problem;
  std::uint32_t line;
  std::string_view key;
  std::string_view message;  ///< a part of it
};

class BadFile : public testing::TestWithParam<BadCase> {};

TEST_P(BadFile, IsRefusedWithPlaceAndRemedy) {
  const BadCase& expected = GetParam();
  ConfigError error = parse_error(std::string(expected.text));
  EXPECT_EQ(error.problem, expected.problem);
  EXPECT_EQ(error.line, expected.line);
  EXPECT_EQ(error.key, expected.key);
  EXPECT_NE(error.to_string().find(expected.message), std::string::npos) << error.to_string();
  EXPECT_EQ(error.to_string().find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadFile,
    testing::Values(
        BadCase{"[limits]\nmesage_size = \"1 MiB\"\n", ConfigProblem::unknown_key, 4,
                "limits.mesage_size", "did you mean limits.message_size?"},
        BadCase{"message_size = \"1 MiB\"\n", ConfigProblem::unknown_key, 3, "server.message_size",
                "did you mean limits.message_size?"},
        BadCase{"[limit]\nrecipients = 100\n", ConfigProblem::unknown_key, 4, "limit.recipients",
                "did you mean limits.recipients?"},
        BadCase{"[zzz]\nqqqqqqqqqqqq = 100\n", ConfigProblem::unknown_key, 4, "zzz.qqqqqqqqqqqq",
                "peregrine config reference"},
        BadCase{"[limits]\nmessage_size = 50\n", ConfigProblem::wrong_type, 4,
                "limits.message_size", "such as \"50 MiB\""},
        BadCase{"[limits]\nmessage_size = \"50 MB\"\n", ConfigProblem::bad_value, 4,
                "limits.message_size", "such as \"50 MiB\""},
        BadCase{"[limits]\nmessage_size = \"0 B\"\n", ConfigProblem::out_of_range, 4,
                "limits.message_size", "from 64 KiB to 1 GiB"},
        BadCase{"[limits]\nmessage_size = \"300 MiB\"\n", ConfigProblem::out_of_range, 4,
                "limits.message_size", "raise limits.buffered_bytes"},
        BadCase{"[limits]\nbuffered_bytes = \"49 MiB\"\n", ConfigProblem::out_of_range, 4,
                "limits.buffered_bytes", "lower limits.message_size"},
        BadCase{"[limits]\nmessage_size = \"99999999999999999 GiB\"\n", ConfigProblem::out_of_range,
                4, "limits.message_size", "1 GiB"},
        BadCase{"[limits]\nrecipients = 99\n", ConfigProblem::out_of_range, 4, "limits.recipients",
                "from 100 to 10000"},
        BadCase{"[limits]\nrecipients = -1\n", ConfigProblem::out_of_range, 4, "limits.recipients",
                "from 100 to 10000"},
        BadCase{"[limits]\nrecipients = \"200\"\n", ConfigProblem::wrong_type, 4,
                "limits.recipients", "without quotes"},
        BadCase{"[limits]\nsmtp_idle = \"1 year\"\n", ConfigProblem::bad_value, 4,
                "limits.smtp_idle", "such as \"60 s\""},
        BadCase{"[limits]\nimap_idle = \"25 h\"\n", ConfigProblem::out_of_range, 4,
                "limits.imap_idle", "to 1 day"},
        BadCase{"[auth]\nallow_plaintext_loopback = \"yes\"\n", ConfigProblem::wrong_type, 4,
                "auth.allow_plaintext_loopback", "true or false"},
        BadCase{"[roles]\nfront = 0\n", ConfigProblem::out_of_range, 4, "roles.front", "from 1"},
        BadCase{"[log]\nlevel = \"loud\"\n", ConfigProblem::bad_value, 4, "log.level",
                "\"debug\", \"info\", \"warning\" or \"error\""},
        BadCase{"[listen]\nsmtp = [\n\"127.0.0.1\",\n\"localhost\"]\n", ConfigProblem::bad_value, 6,
                "listen.smtp", "write an IP address"},
        BadCase{"[listen]\nsmtp = [\"127.0.0.1:0\"]\n", ConfigProblem::bad_value, 4, "listen.smtp",
                "write an IP address"},
        BadCase{"[listen]\nsmtp = \"127.0.0.1\"\n", ConfigProblem::wrong_type, 4, "listen.smtp",
                "list in brackets"},
        BadCase{"[listen]\nsmtp = [\"::1\", \"0:0::1\"]\n", ConfigProblem::duplicate, 4,
                "listen.smtp", "entry 2"},
        BadCase{"[listen]\nsmtp = [\"::1\"]\nimap = [\"[::1]:25\"]\n", ConfigProblem::duplicate, 5,
                "listen.imap", "listen.smtp's already"},
        BadCase{"[listen]\nimaps = [\"::1\"]\n", ConfigProblem::missing, 4, "listen.imaps",
                "tls.certificates"},
        BadCase{"[listen]\nlmtp_mode = \"888\"\n", ConfigProblem::bad_value, 4, "listen.lmtp_mode",
                "octal"},
        BadCase{"[tls]\ncertificates = [{ chain = \"a\" }]\n", ConfigProblem::missing, 4,
                "tls.certificates", "chain = "},
        BadCase{"[tls]\ncertificates = [{ chain = \"a\", kee = \"b\" }]\n",
                ConfigProblem::unknown_key, 4, "tls.certificates", "\"kee\""},
        BadCase{"[smtp]\nsubaddress_separator = \"@\"\n", ConfigProblem::bad_value, 4,
                "smtp.subaddress_separator", "one character"},
        BadCase{"[smtp]\ndisabled_extensions = [\"SIZE\"]\n", ConfigProblem::bad_value, 4,
                "smtp.disabled_extensions", "PIPELINING"},
        BadCase{"data_directory = \"mail\"\n", ConfigProblem::bad_value, 3, "server.data_directory",
                "starts with '/'"},
        BadCase{"user = \"a b\"\n", ConfigProblem::bad_value, 3, "server.user", "name"},
        BadCase{"hostname = \"b.example.test\"\n", ConfigProblem::syntax, 3, "", "hostname"},
        BadCase{"[limits\n", ConfigProblem::syntax, 3, "", "TOML"},
        BadCase{"[;\n", ConfigProblem::syntax, 3, "", "TOML"},
        BadCase{"\u00e4 = 1\n", ConfigProblem::syntax, 3, "", "TOML"},
        BadCase{"\ufb26 = 1\n", ConfigProblem::syntax, 3, "", "TOML"},
        BadCase{"control_socket = \"\"\n", ConfigProblem::missing, 3, "server.control_socket",
                "control.sock"}));

TEST(Config, HostnameIsNeeded) {
  auto settings = parse_text("", "test.toml");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().problem, ConfigProblem::missing);
  EXPECT_EQ(settings.error().to_string(),
            "test.toml: server.hostname: is missing; write the server's full name, such as "
            "\"mx.example.org\"");
}

TEST(Config, HostnameIsCanonical) {
  auto settings = parse_text("server.hostname = \"MX.Example.Test\"\n", "test.toml");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->server.hostname, "mx.example.test");
  auto bad = parse_text("server.hostname = \"mx_.example..test\"\n", "test.toml");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().key, "server.hostname");
}

TEST(Config, SocketPathsFitTheSystem) {
  ConfigError error = parse_error("control_socket = \"" + std::string(120, 'x') + "\"\n");
  EXPECT_EQ(error.key, "server.control_socket");
}

TEST(Config, DeepAndLongInputIsRefusedEarly) {
  std::string dots = "a";
  for (int i = 0; i < 3000; ++i) dots += ".a";
  EXPECT_EQ(parse_error(dots + " = 1\n").problem, ConfigProblem::syntax);
  EXPECT_EQ(parse_error("x = " + std::string(3000, '[') + "\n").problem, ConfigProblem::syntax);
  EXPECT_EQ(parse_error(std::string(k_max_file, '\n')).problem, ConfigProblem::syntax);
}

TEST(Config, NetworksHoldTheirAddresses) {
  Settings settings = parse_ok(
      "[smtp]\ntrusted_networks = [\"192.0.2.128/25\", \"10.0.0.1\", \"2001:DB8::/33\"]\n");
  const auto& networks = settings.smtp.trusted_networks;
  for (std::string_view inside : {"192.0.2.128", "192.0.2.255", "10.0.0.1", "2001:db8:7fff::1"}) {
    EXPECT_TRUE(contains(networks, inside)) << inside;
  }
  for (std::string_view outside : {"192.0.2.127", "10.0.0.2", "2001:db8:8000::1", "::1", "", "x",
                                   "192.0.2.128/25", "::ffff:192.0.2.128"}) {
    EXPECT_FALSE(contains(networks, outside)) << outside;
  }
  EXPECT_FALSE(contains({}, "192.0.2.1"));
  EXPECT_TRUE(contains({{"0.0.0.0", 0}}, "203.0.113.1"));
  for (std::string_view wrong : {"192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "a/8", "/8",
                                 "2001:db8::/129", "2001:db8::1/64", "192.0.2.0/-1", ""}) {
    EXPECT_EQ(parse_error("[smtp]\ntrusted_networks = [\"" + std::string(wrong) + "\"]\n").problem,
              ConfigProblem::bad_value)
        << wrong;
  }
}

TEST(Config, TrustAnchorsAndDnsListsAreChecked) {
  Settings settings = parse_ok(
      "[dns]\nforwarders = [\"127.0.0.1:5353\", \"::1\"]\n"
      "trust_anchors = [\"corp.example. IN DS 12345 13 2 0aB9\", \". DNSKEY 257 3 8 AwEA a+/=\"]\n"
      "[junk]\ndns_lists = [\"Zen.Example.org 5\", \"allow.example.org  -1000\"]\n");
  EXPECT_EQ(settings.dns.forwarders.at(0), (ListenAddress{"127.0.0.1", 5353}));
  EXPECT_EQ(settings.dns.trust_anchors.size(), 2U);
  EXPECT_EQ(parse_dns_list(settings.junk.dns_lists.at(0)), (DnsList{"zen.example.org", 5}));
  EXPECT_EQ(parse_dns_list(settings.junk.dns_lists.at(1)), (DnsList{"allow.example.org", -1000}));
  for (std::string_view wrong :
       {"", "corp.example. IN DS 12345 13 2", "corp.example IN DS 1 13 2 AB", "DS 1 13 2 AB",
        "corp.example. IN DS 1 13 2 XY", "corp.example. IN DS 1 x 2 AB", "a. IN TXT 1 2 3 AB",
        "a. DS 65536 13 2 AB", "a. DNSKEY 257 3 8 AB!"}) {
    EXPECT_EQ(parse_error("[dns]\ntrust_anchors = [\"" + std::string(wrong) + "\"]\n").problem,
              ConfigProblem::bad_value)
        << wrong;
  }
  for (std::string_view wrong : {"", "zen.example.org", "zen.example.org 0", "zen.example.org x",
                                 "zen.example.org 1001", "zen..org 1", "zen.example.org 1 2"}) {
    EXPECT_EQ(parse_error("[junk]\ndns_lists = [\"" + std::string(wrong) + "\"]\n").problem,
              ConfigProblem::bad_value)
        << wrong;
  }
}

Settings unusual_settings() {
  Settings settings = parse_ok("");
  settings.server.data_directory = "/srv/a \"b\" \\c";
  settings.listen.port_offset = 10000;
  for (int i = 1; i <= 40; ++i) {
    settings.listen.smtp.push_back({"192.0.2." + std::to_string(i), 0});
    settings.listen.imap.push_back({"2001:db8::" + std::to_string(i), 1143});
  }
  settings.tls.certificates = {{"/a.pem", "/a.key"}, {"/b.pem", "/b.key"}};
  settings.tls.minimum_version = TlsVersion::tls_1_3;
  settings.roles.front.value = 7;
  settings.listen.lmtp_socket = "/run/lmtp";
  settings.listen.lmtp_mode.bits = 07;
  settings.limits.greeting_pause = std::chrono::milliseconds(1500);
  settings.limits.message_size = mib(3) + 1;
  settings.smtp.trusted_networks = {{"192.0.2.0", 24}, {"2001:db8::", 32}, {"192.0.2.7", 32}};
  settings.smtp.typists = TypistPolicy::delay;
  settings.dns.forwarders = {{"192.0.2.53", 0}, {"2001:db8::53", 5353}};
  settings.dns.trust_anchors = {". IN DS 20326 8 2 E06D"};
  settings.junk.dns_lists = {"zen.example.org 5"};
  settings.pop3.disabled_extensions = {"TOP", "UIDL"};
  settings.log.format = LogFormat::json;
  return settings;
}

TEST(Config, SampleFileGivesItsSettingsBack) {
  for (const Settings& settings : {parse_ok(""), unusual_settings()}) {
    auto back = parse_text(sample_toml(settings), "sample.toml");
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(*back, settings);
  }
}

TEST(Config, SampleShowsEveryOptionAndItsCommentsParse) {
  std::string sample = sample_toml(parse_ok(""));
  std::string uncommented;
  std::istringstream lines(sample);
  for (std::string line; std::getline(lines, line);) {
    bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    uncommented += (is_setting ? line.substr(1) : line) + "\n";
  }
  for (const Option& option : options()) {
    EXPECT_NE(uncommented.find("\n" + std::string(option.member()) + " = "), std::string::npos);
  }
  auto settings = parse_text(uncommented, "sample.toml");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(*settings, parse_ok(""));
}

TEST(Config, EncodingRoundTrips) {
  for (const Settings& settings : {Settings{}, parse_ok(""), unusual_settings()}) {
    auto back = decode(encode(settings));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, settings);
  }
}

TEST(Config, DecodeRefusesWhatEncodeDidNotWrite) {
  Bytes good = encode(unusual_settings());
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(decode(BytesView(good).substr(0, i))) << i;
  }
  EXPECT_EQ(decode(good + "x").error(), DecodeError::malformed);
  good[0] = static_cast<char>(good[0] ^ 1);
  EXPECT_EQ(decode(good).error(), DecodeError::other_build);
  Settings settings = parse_ok("");
  settings.limits.recipients = 0;
  EXPECT_EQ(decode(encode(settings)).error(), DecodeError::out_of_range);
}

TEST(Config, RestartNeededNamesWhatDoesNotReload) {
  Settings running = parse_ok(""), loaded = running;
  loaded.limits.recipients = 200;
  EXPECT_TRUE(restart_needed(running, loaded).empty());
  loaded.listen.port_offset = 1;
  EXPECT_EQ(restart_needed(running, loaded), std::vector<std::string_view>{"listen.port_offset"});
}

TEST(Config, ReferenceOnDiskIsCurrent) {
  std::string path = PEREGRINE_SOURCE_DIR "/docs/configuration.md";
  std::string current = reference_markdown();
  if (std::getenv("PEREGRINE_UPDATE_DOCS") != nullptr) std::ofstream(path) << current;
  std::ifstream stream(path);
  std::stringstream on_disk;
  on_disk << stream.rdbuf();
  EXPECT_TRUE(on_disk.str() == current)
      << path << " is stale: run this test with PEREGRINE_UPDATE_DOCS=1";
}

class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "peregrine-config-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    settings_.server.data_directory = folder_;
    settings_.tls.certificates = {{folder_ + "/cert.pem", folder_ + "/key.pem"}};
    write("cert.pem", 0644);
    write("key.pem", 0600);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, mode_t mode, std::string_view text = "x") {
    std::ofstream(folder_ + "/" + name) << text;
    ASSERT_EQ(chmod((folder_ + "/" + name).c_str(), mode), 0);
  }

  std::string folder_;
  Settings settings_;
};

TEST_F(ConfigFiles, GoodOnesPass) {
  EXPECT_FALSE(check_files(settings_, "f"));
}

TEST_F(ConfigFiles, MissingCertificateIsNamed) {
  std::filesystem::remove(folder_ + "/cert.pem");
  auto error = check_files(settings_, "f");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->key, "tls.certificates");
  EXPECT_NE(error->to_string().find("/cert.pem"), std::string::npos);
}

TEST_F(ConfigFiles, KeyOpenToEveryoneIsRefused) {
  write("key.pem", 0644);
  ASSERT_TRUE(check_files(settings_, "f"));
}

TEST_F(ConfigFiles, DataDirectoryMustBeOne) {
  settings_.server.data_directory = folder_ + "/cert.pem";
  auto error = check_files(settings_, "f");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->key, "server.data_directory");
}

TEST_F(ConfigFiles, LoadsFromDisk) {
  write("peregrine.toml", 0644, k_minimal);
  EXPECT_TRUE(load_file(folder_ + "/peregrine.toml"));
  EXPECT_EQ(load_file(folder_ + "/none.toml").error().problem, ConfigProblem::unreadable);
  EXPECT_FALSE(load_file(folder_));
  write("large.toml", 0644, std::string(k_max_file + 1, '\n'));
  EXPECT_EQ(load_file(folder_ + "/large.toml").error().problem, ConfigProblem::unreadable);
}

}  // namespace
}  // namespace peregrine::config
