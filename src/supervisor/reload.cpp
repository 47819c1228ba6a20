#include "supervisor/reload.h"

#include "base/log.h"
#include "base/result.h"
#include "config/parse.h"
#include "config/rule.h"
#include "supervisor/inputs.h"

namespace peregrine::supervisor {

config::Settings reloadable(const config::Settings& running, config::Settings loaded) {
  using config::Reload;
#define PEREGRINE_SECTION(name, Type, text)
#define PEREGRINE_OPTION(section, member, Type, initial, rule, reload, text) \
  if ((reload) == Reload::no) loaded.section.member = running.section.member;
#define PEREGRINE_SECTION_END(name, Type)
#include "config/options.def"
  return loaded;
}

std::expected<Reloaded, config::ConfigError> load_again(const std::string& config_path,
                                                        const config::Settings& running) {
  TRY(config::Settings loaded, config::load_file(config_path));
  for (std::string_view name : config::restart_needed(running, loaded)) {
    log_event(LogLevel::warning, "supervisor.restart_needed", {{"option", name}});
  }
  Reloaded out;
  out.settings = reloadable(running, std::move(loaded));
  TRY(out.identities, read_identities(out.settings, config_path));
  return out;
}

}  // namespace peregrine::supervisor
