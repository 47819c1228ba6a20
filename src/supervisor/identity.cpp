#include "supervisor/identity.h"

#include <cstring>
#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "sys/privileges.h"

namespace peregrine::supervisor {
namespace {

using config::ConfigError;

ConfigError problem(const std::string& config_path, std::string key, std::string what,
                    std::string remedy) {
  return {.problem = config::ConfigProblem::bad_value,
          .file = config_path,
          .key = std::move(key),
          .what = std::move(what),
          .remedy = std::move(remedy)};
}

}  // namespace

// Without server.user it is the operator's wish that the processes stay who they are; each gives
// its capabilities up when it seals itself.
std::expected<void, ConfigError> leave_root(const config::Settings& settings,
                                            const std::string& config_path) {
  if (::geteuid() != 0 || settings.server.user.empty()) return {};
  const passwd* user = ::getpwnam(settings.server.user.c_str());
  if (user == nullptr) {
    return std::unexpected(problem(config_path, "server.user", "there is no such user",
                                   "make it, for example with useradd --system"));
  }
  sys::UserIds ids{user->pw_uid, user->pw_gid};
  if (!settings.server.group.empty()) {
    const struct group* group = ::getgrnam(settings.server.group.c_str());
    if (group == nullptr) {
      return std::unexpected(problem(config_path, "server.group", "there is no such group",
                                     "make it, for example with groupadd --system"));
    }
    ids.group = group->gr_gid;
  }
  auto dropped = sys::drop_privileges(ids, {});
  if (dropped) return {};
  return std::unexpected(problem(config_path, "server.user",
                                 fmt::format("cannot become {}: {}", settings.server.user,
                                             std::strerror(dropped.error().number)),
                                 "start the server as that user"));
}

}  // namespace peregrine::supervisor
