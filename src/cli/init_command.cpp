// peregrine init

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/store_line.h"
#include "config/document.h"
#include "config/parse.h"
#include "crypto/certificate.h"
#include "model/address.h"
#include "sys/paths.h"

namespace peregrine::cli {
namespace {

namespace fs = std::filesystem;

constexpr int k_certificate_days = 3650;
constexpr std::string_view k_chain = "tls/chain.pem";
constexpr std::string_view k_key = "tls/key.pem";

struct InitArguments {
  std::string data = "/var/lib/peregrine";
  std::string domain;
  std::string hostname;
  std::vector<std::string> listen = {"0.0.0.0", "::"};
  std::uint32_t port_offset = 0;
};

config::Settings first_settings(const InitArguments& arguments, const std::string& data) {
  config::Settings settings;
  settings.server.hostname = arguments.hostname;
  settings.server.data_directory = data;
  settings.listen.port_offset = arguments.port_offset;
  for (const std::string& ip : arguments.listen) {
    config::ListenAddress address{.ip = ip, .port = 0};
    for (auto* service : {&settings.listen.smtp, &settings.listen.submission,
                          &settings.listen.submissions, &settings.listen.imap,
                          &settings.listen.imaps, &settings.listen.pop3, &settings.listen.pop3s}) {
      service->push_back(address);
    }
  }
  settings.listen.lmtp_socket = "lmtp.sock";
  settings.outbound.enabled = true;
  settings.tls.certificates.push_back({std::string(k_chain), std::string(k_key)});
  return settings;
}

// What `serve` would say of the file is said before anything is made.
Outcome<config::Settings> check_text(const std::string& text, const std::string& path) {
  auto parsed = config::parse_text(text, path);
  if (parsed) return std::move(*parsed);
  config::ConfigError error = std::move(parsed.error());
  return problem(fmt::format("{}: {}; {}", error.key, error.what, error.remedy));
}

Outcome<void> must_be_absent(const fs::path& path) {
  std::error_code code;
  fs::file_status status = fs::symlink_status(path, code);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::none) {
    return problem(
        fmt::format("{} exists and is not overwritten; remove it, or choose another "
                    "place with --config and --data",
                    path.string()));
  }
  return problem(fmt::format("{}: {}", path.string(), code.message()));
}

Outcome<void> make_directories(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (!code) return {};
  return problem(fmt::format("{} cannot be made: {}; make it, or choose another place",
                             path.string(), code.message()));
}

// `mode` is given at the end; while it is written the file is the owner's alone.
Outcome<void> write_new_file(const fs::path& path, BytesView content, mode_t mode) {
  auto failed = [&path](int number) {
    return problem(fmt::format("{} cannot be written: {}", path.string(), std::strerror(number)));
  };
  sys::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return failed(errno);
  while (!content.empty()) {
    ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fchmod(file.get(), mode) < 0 || ::fsync(file.get()) < 0) return failed(errno);
  return {};
}

Outcome<void> make_certificate(const fs::path& data, const std::string& hostname) {
  auto made = crypto::make_self_signed({hostname}, k_certificate_days);
  if (!made) {
    return problem(fmt::format("no certificate could be made for {}: {}", hostname,
                               crypto::describe(made.error())));
  }
  TRY_VOID(write_new_file(data / k_chain, made->chain_pem, 0644));
  return write_new_file(data / k_key, made->key_pem, 0600);
}

Outcome<void> add_first_domain(const Context& context, const config::Settings& settings,
                               const std::string& domain) {
  TRY(auto line, open_store_line(context.config_path, settings, store::Create::yes));
  api::DomainRequest request;
  request.set_domain(domain);
  TRY(int done, change(*line, api::Method::domain_add, request));
  static_cast<void>(done);
  return {};
}

/// What init has made so far, taken away again when it fails: the next try finds nothing in its
/// way.
class Made {
 public:
  Made() = default;
  ~Made() {
    std::error_code ignored;
    for (const fs::path& path : paths_) fs::remove_all(path, ignored);
  }
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  /// Before it is made: nothing was there (must_be_absent).
  void note(fs::path path) { paths_.push_back(std::move(path)); }
  void keep() { paths_.clear(); }

 private:
  std::vector<fs::path> paths_;
};

void say_what_next(const Context& context, const InitArguments& arguments,
                   const std::string& data) {
  std::string argument = config_argument(context);
  fmt::print(
      "Written: {}\n"
      "Data: {}, with the domain {} and no accounts\n"
      "Certificate: {}/{}, signed by itself; clients will warn of it until tls.certificates\n"
      "  names one that they trust\n"
      "Next, make an account and serve:\n"
      "  peregrine account add you@{}{}\n"
      "  peregrine serve{}\n",
      context.config_path, data, arguments.domain, data, k_chain, arguments.domain, argument,
      argument);
}

Outcome<int> init(const Context& context, const InitArguments& arguments) {
  std::error_code code;
  fs::path config = fs::absolute(context.config_path, code);
  fs::path data = fs::absolute(arguments.data, code).lexically_normal();
  if (!canonical_domain(arguments.domain)) {
    return problem(
        fmt::format("{} is no mail domain; write one such as example.org", arguments.domain));
  }
  std::string text = config::sample_toml(first_settings(arguments, data.string()));
  TRY(config::Settings settings, check_text(text, config.string()));
  for (const fs::path& path : {config, data / k_chain, data / k_key, data / "store"}) {
    TRY_VOID(must_be_absent(path));
  }
  TRY_VOID(make_directories(config.parent_path()));
  TRY_VOID(make_directories(data));
  if (::chmod(data.c_str(), 0700) < 0) {
    return problem(fmt::format("{}: {}", data.string(), std::strerror(errno)));
  }
  Made made;
  for (const fs::path& path : {config, data / k_chain, data / k_key, data / "store"}) {
    made.note(path);
  }
  TRY_VOID(make_directories(data / "tls"));
  TRY_VOID(make_certificate(data, arguments.hostname));
  TRY_VOID(add_first_domain(context, settings, arguments.domain));
  // Last: a configuration is there only when all that it names is.
  TRY_VOID(write_new_file(config, text, 0644));
  made.keep();
  say_what_next(context, arguments, data.string());
  return k_done;
}

}  // namespace

void add_init(CLI::App& parent, Context& context) {
  CLI::App* command = add_command(parent, context, "init",
                                  "Make a configuration, a data directory and a first certificate");
  auto arguments = std::make_shared<InitArguments>();  // owners: this command's options and action
  command->add_option("--domain", arguments->domain, "The first domain, such as example.org")
      ->required();
  command
      ->add_option("--hostname", arguments->hostname,
                   "The server's own full name, such as mx.example.org")
      ->required();
  command->add_option("--data", arguments->data, "The data directory")->capture_default_str();
  command->add_option("--listen", arguments->listen, "IP addresses to listen on")
      ->capture_default_str();
  command
      ->add_option("--port-offset", arguments->port_offset,
                   "Added to every port: with 10000, SMTP is at 10025")
      ->capture_default_str();
  command->callback([&context, arguments] {
    context.action = [&context, arguments] { return init(context, *arguments); };
  });
}

}  // namespace peregrine::cli
