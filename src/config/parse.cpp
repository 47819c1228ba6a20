#include "config/parse.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/result.h"
#include "config/option_table.h"
#include "config/toml_reader.h"

namespace peregrine::config {
namespace {

// sun_path holds 108 bytes with its NUL.
constexpr std::size_t k_max_socket_path = 107;
constexpr std::size_t k_max_compared = 64;

std::string error_text(int code) {
  return std::generic_category().message(code);
}

// The number of single-character edits between the two.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view nearest_option(std::string_view key) {
  std::string_view member = key.substr(key.rfind('.') + 1).substr(0, k_max_compared);
  std::string_view whole = key.substr(0, k_max_compared);
  std::string_view best;
  std::size_t best_distance = SIZE_MAX;
  for (const Option& option : options()) {
    // The right name in another section counts as one edit.
    std::size_t steps =
        std::min(distance(whole, option.name), distance(member, option.member()) + 1);
    if (steps < best_distance) {
      best_distance = steps;
      best = option.name;
    }
  }
  return best_distance <= 1 + member.size() / 3 ? best : std::string_view();
}

/// One file's way from tree to settings; remembers where each option stood.
class Parse {
 public:
  explicit Parse(std::string_view file) : file_(file), lines_(options().size(), 0) {}

  std::expected<Settings, ConfigError> run(std::string_view text) {
    auto root = read_toml(text);
    if (!root) {
      return std::unexpected(ConfigError{ConfigProblem::syntax, file_, root.error().line, "",
                                         root.error().what,
                                         "it is TOML: [section], then name = value"});
    }
    for (const RawValue& section : root->items) TRY_VOID(read_section(section));
    TRY_VOID(check_whole());
    resolve_paths();
    TRY_VOID(check_socket_paths());
    return std::move(settings_);
  }

 private:
  using Done = std::expected<void, ConfigError>;

  Done fail(const Issue& issue, std::string_view key, std::uint32_t line) const {
    return std::unexpected(ConfigError{issue.problem, file_, issue.line != 0 ? issue.line : line,
                                       std::string(key), issue.what, issue.remedy});
  }
  Done fail_option(ConfigProblem problem, std::string_view name, std::string what,
                   std::string remedy) const {
    return fail({problem, std::move(what), std::move(remedy)}, name, line_of(name));
  }

  std::uint32_t line_of(std::string_view name) const {
    for (std::size_t i = 0; i < options().size(); ++i) {
      if (options()[i].name == name) return lines_[i];
    }
    return 0;
  }

  Done unknown(std::string_view key, std::uint32_t line) const {
    std::string_view near = nearest_option(key);
    return fail(
        {ConfigProblem::unknown_key, "is not an option",
         near.empty() ? "see `peregrine config reference`" : fmt::format("did you mean {}?", near)},
        key.substr(0, 200), line);
  }

  Done read_section(const RawValue& section) {
    const std::string& name = section.key;
    bool known = std::ranges::any_of(sections(), [&](auto& each) { return each.name == name; });
    if (!known) {
      if (section.type != RawType::table || section.items.empty()) {
        return unknown(name, section.line);
      }
      const RawValue& first = section.items.front();
      return unknown(fmt::format("{}.{}", name, first.key), first.line);
    }
    if (section.type != RawType::table) {
      return fail({ConfigProblem::wrong_type, "is a section",
                   fmt::format("write [{}] on a line of its own", name)},
                  name, section.line);
    }
    for (const RawValue& member : section.items) {
      TRY_VOID(read_option(fmt::format("{}.{}", name, member.key), member));
    }
    return {};
  }

  Done read_option(const std::string& name, const RawValue& raw) {
    auto option = std::ranges::find(options(), name, &Option::name);
    if (option == options().end()) return unknown(name, raw.line);
    lines_[static_cast<std::size_t>(option - options().begin())] = raw.line;
    if (auto issue = option->read(raw, option->rule, settings_)) {
      return fail(*issue, name, raw.line);
    }
    return {};
  }

  // What no option can see alone.
  Done check_whole() const {
    if (settings_.server.hostname.empty()) {
      return fail_option(ConfigProblem::missing, "server.hostname", "is missing",
                         "write the server's full name, such as \"mx.example.org\"");
    }
    if (settings_.server.control_socket.empty()) {
      return fail_option(ConfigProblem::missing, "server.control_socket", "is empty",
                         "name a path, such as \"control.sock\"");
    }
    TRY_VOID(check_ports());
    TRY_VOID(check_room());
    const ListenSettings& listen = settings_.listen;
    for (auto [name, used] : {std::pair{"listen.submissions", !listen.submissions.empty()},
                              std::pair{"listen.submission", !listen.submission.empty()},
                              std::pair{"listen.imaps", !listen.imaps.empty()},
                              std::pair{"listen.pop3s", !listen.pop3s.empty()}}) {
      if (!used || !settings_.tls.certificates.empty()) continue;
      return fail_option(ConfigProblem::missing, name, "needs a certificate",
                         "name one in tls.certificates");
    }
    return {};
  }

  // A message that could never be held would be refused for now, again and again.
  Done check_room() const {
    const LimitSettings& limits = settings_.limits;
    if (limits.message_size <= limits.buffered_bytes) return {};
    bool is_room_set = line_of("limits.buffered_bytes") != 0;
    return is_room_set ? fail_option(ConfigProblem::out_of_range, "limits.buffered_bytes",
                                     "is less than limits.message_size",
                                     "raise it, or lower limits.message_size")
                       : fail_option(ConfigProblem::out_of_range, "limits.message_size",
                                     "is more than limits.buffered_bytes",
                                     "lower it, or raise limits.buffered_bytes");
  }

  Done check_ports() const {
    std::vector<Listener> seen;
    for (const Listener& each : listeners(settings_)) {
      if (each.service == Service::lmtp) continue;
      std::string name = fmt::format("listen.{}", service_name(each.service));
      if (standard_port(each.service) + settings_.listen.port_offset > 65535) {
        return fail_option(
            ConfigProblem::out_of_range, "listen.port_offset",
            fmt::format("puts {} beyond port 65535", service_name(each.service)),
            fmt::format("it is {} at most for this service", 65535 - standard_port(each.service)));
      }
      auto twin = std::ranges::find_if(seen, [&](const Listener& other) {
        return other.ip == each.ip && other.port == each.port;
      });
      if (twin != seen.end()) {
        return fail_option(ConfigProblem::duplicate, name,
                           fmt::format("{} port {} is listen.{}'s already", each.ip, each.port,
                                       service_name(twin->service)),
                           "give one of them another port");
      }
      seen.push_back(each);
    }
    return {};
  }

  void resolve_paths() {
    auto resolve = [&](std::string& path) {
      if (path.empty() || path.starts_with('/')) return;
      std::string_view base = settings_.server.data_directory;
      path = fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", path);
    };
    for (const Option& option : options()) {
      if (std::string* path = option.path(settings_)) resolve(*path);
    }
    for (Certificate& each : settings_.tls.certificates) {
      resolve(each.chain);
      resolve(each.key);
    }
  }

  Done check_socket_paths() const {
    for (auto [name, path] : {std::pair{"server.control_socket", &settings_.server.control_socket},
                              std::pair{"listen.lmtp_socket", &settings_.listen.lmtp_socket}}) {
      if (path->size() <= k_max_socket_path) continue;
      return fail_option(ConfigProblem::bad_value, name,
                         fmt::format("its path is {} bytes long", path->size()),
                         fmt::format("a socket's path has {} at most", k_max_socket_path));
    }
    return {};
  }

  std::string file_;
  std::vector<std::uint32_t> lines_;  ///< of each option; 0: not in the file
  Settings settings_;
};

std::optional<ConfigError> check_file(std::string_view file, std::string_view key,
                                      const std::string& path, bool is_secret) {
  auto fail = [&](std::string what, std::string remedy) {
    return ConfigError{ConfigProblem::missing_file,      std::string(file), 0, std::string(key),
                       fmt::format("{} {}", path, what), std::move(remedy)};
  };
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(fmt::format("cannot be used: {}", error_text(errno)), "name a PEM file");
  }
  if (!S_ISREG(status.st_mode)) return fail("is not a file", "name a PEM file");
  if (::access(path.c_str(), R_OK) != 0) {
    return fail(fmt::format("cannot be read: {}", error_text(errno)),
                "give the server's user the right to read it");
  }
  if (is_secret && (status.st_mode & S_IROTH) != 0) {
    return fail("can be read by everyone", "take that right away: chmod o-rwx");
  }
  return std::nullopt;
}

}  // namespace

std::expected<Settings, ConfigError> parse_text(std::string_view text, std::string_view filename) {
  return Parse(filename).run(text);
}

std::expected<Settings, ConfigError> load_file(const std::string& path) {
  auto fail = [&](std::string what) {
    return std::unexpected(ConfigError{ConfigProblem::unreadable, path, 0, "", std::move(what),
                                       "`peregrine init` writes a first one"});
  };
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fail(fmt::format("cannot be read: {}", error_text(errno)));
  std::string text(k_max_file + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (stream.fail() && !stream.eof())) return fail("cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > k_max_file) return fail("is too large");
  return parse_text(text, path);
}

std::optional<ConfigError> check_files(const Settings& settings, std::string_view filename) {
  struct stat status{};
  const std::string& data = settings.server.data_directory;
  int failure = ::stat(data.c_str(), &status) == 0 ? 0 : errno;
  if (failure == 0 && !S_ISDIR(status.st_mode)) failure = ENOTDIR;
  if (failure != 0) {
    return ConfigError{ConfigProblem::missing_file,
                       std::string(filename),
                       0,
                       "server.data_directory",
                       fmt::format("{} cannot be used: {}", data, error_text(failure)),
                       "`peregrine init` makes it"};
  }
  for (const Certificate& each : settings.tls.certificates) {
    if (auto error = check_file(filename, "tls.certificates", each.chain, false)) return error;
    if (auto error = check_file(filename, "tls.certificates", each.key, true)) return error;
  }
  return std::nullopt;
}

}  // namespace peregrine::config
