#include "config/document.h"

#include <fmt/format.h>

#include "config/option_table.h"
#include "config/value_text.h"

namespace peregrine::config {
namespace {

constexpr std::size_t k_width = 80;

// `text` in lines of at most k_width, each led by `lead`.
std::string wrap(std::string_view text, std::string_view lead) {
  std::string out;
  std::string line(lead);
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (line.size() > lead.size() && line.size() + 1 + word.size() > k_width) {
      out += line + "\n";
      line = lead;
    }
    if (line.size() > lead.size()) line += ' ';
    line += word;
  }
  return out + line + "\n";
}

std::string kind_text(const Option& option) {
  if (option.rule.kind == RuleKind::words) {
    return fmt::format("{} {}", option.kind, join_quoted(option.rule.words));
  }
  if (option.rule.kind == RuleKind::trust_anchor) return fmt::format("{} DNS records", option.kind);
  if (option.rule.kind == RuleKind::dns_list) return fmt::format("{} zone and weight", option.kind);
  if (option.rule.kind != RuleKind::range) return std::string(option.kind);
  return fmt::format("{} from {} to {}{}{}", option.kind, option.bound(option.rule.minimum),
                     option.bound(option.rule.maximum), option.rule.unit.empty() ? "" : " ",
                     option.rule.unit);
}

}  // namespace

std::string reference_markdown() {
  const Settings defaults;
  std::string out =
      "# Configuration reference\n\n"
      "One TOML file holds the server's settings; accounts and domains are data and have "
      "commands.\n"
      "`peregrine init` writes a first file with every option in it, and `peregrine config\n"
      "reference` prints this text. A file with an error is refused as a whole, with the line and\n"
      "what would be right; a running server then keeps the settings it has.\n\n"
      "A size is a number and `B`, `KiB`, `MiB` or `GiB`. A duration is a number and `ms`, `s`,\n"
      "`min`, `h` or `days`. Both stand in quotes. Every limit has a ceiling, and no value means\n"
      "\"unlimited\".\n";
  for (const Section& section : sections()) {
    out += fmt::format("\n## [{}]\n\n{}", section.name, wrap(section.text, ""));
    for (const Option& option : options()) {
      if (option.section != section.name) continue;
      out +=
          fmt::format("\n### {}\n\n- {}\n- default: `{}`\n- takes effect on {}\n\n{}", option.name,
                      kind_text(option), option.write(defaults, option.rule),
                      option.reload == Reload::yes ? "reload" : "restart", wrap(option.text, ""));
    }
  }
  return out;
}

std::string sample_toml(const Settings& settings) {
  const Settings defaults;
  std::string out =
      "# Peregrine's configuration. A line that starts with \"#\" and a setting shows the\n"
      "# default; take the \"#\" away to change it. All of it takes effect on a restart, and what\n"
      "# is not marked \"(restart)\" on a reload.\n";
  for (const Section& section : sections()) {
    out += fmt::format("\n{}[{}]\n", wrap(section.text, "# "), section.name);
    for (const Option& option : options()) {
      if (option.section != section.name) continue;
      std::string text = fmt::format("{} ({}{})", option.text, kind_text(option),
                                     option.reload == Reload::yes ? "" : ") (restart");
      out += fmt::format("\n{}{}{} = {}\n", wrap(text, "# "),
                         option.equal(settings, defaults) ? "#" : "", option.member(),
                         option.write(settings, option.rule));
    }
  }
  return out;
}

}  // namespace peregrine::config
