#include "imapd/extensions.h"

#include <array>
#include <type_traits>

namespace peregrine::imapd {
namespace {

// Those with a name of their own in the configuration.
constexpr std::array<std::string_view, 10> k_optional = {
    "LITERAL+", "ID",          "IDLE",          "NAMESPACE",   "UIDPLUS",
    "MOVE",     "SPECIAL-USE", "LIST-EXTENDED", "LIST-STATUS", "STATUS=SIZE"};

struct ExtensionOf {
  std::string_view operator()(const imap::Id&) const { return "ID"; }
  std::string_view operator()(const imap::Idle&) const { return "IDLE"; }
  std::string_view operator()(const imap::Namespace&) const { return "NAMESPACE"; }
  std::string_view operator()(const imap::UidExpunge&) const { return "UIDPLUS"; }
  std::string_view operator()(const imap::Move&) const { return "MOVE"; }
  std::string_view operator()(const imap::Unselect&) const { return "UNSELECT"; }
  std::string_view operator()(const imap::Search& search) const {
    return search.returns ? "ESEARCH" : "";
  }
  std::string_view operator()(const imap::Create& create) const {
    return create.special_use.empty() ? "" : "SPECIAL-USE";
  }
  std::string_view operator()(const imap::Status& status) const {
    return status.items.has(imap::StatusItem::size) ? "STATUS=SIZE" : "";
  }
  std::string_view operator()(const imap::List& list) const {
    if (list.returned.status) return "LIST-STATUS";
    return list.is_extended ? "LIST-EXTENDED" : "";
  }
  template <class Other>
  std::string_view operator()(const Other&) const {
    return "";
  }
};

}  // namespace

bool has_extension(const config::Settings& settings, std::string_view name) {
  return !config::has_word(settings.imap.disabled_extensions, name);
}

std::vector<std::string> capabilities(const config::Settings& settings) {
  std::vector<std::string> names = {"IMAP4rev1", "ENABLE", "CHILDREN"};
  for (std::string_view name : k_optional) {
    if (has_extension(settings, name)) names.emplace_back(name);
  }
  if (has_extension(settings, "UNSELECT")) names.emplace_back("UNSELECT");
  if (has_extension(settings, "ESEARCH")) names.emplace_back("ESEARCH");
  if (has_extension(settings, "SPECIAL-USE")) names.emplace_back("CREATE-SPECIAL-USE");
  // RFC 7889 section 3: the size that APPEND takes in any mailbox.
  if (has_extension(settings, "APPENDLIMIT")) {
    names.push_back("APPENDLIMIT=" + std::to_string(settings.limits.message_size));
  }
  return names;
}

std::string_view extension_of(const imap::CommandBody& command) {
  return std::visit(ExtensionOf(), command);
}

imap::Limits limits_of(const config::Settings& settings) {
  imap::Limits limits = imap::Limits::after_login(settings.limits.message_size);
  limits.command_bytes = settings.limits.imap_command;
  limits.literal_bytes = settings.limits.imap_literal;
  limits.non_sync =
      has_extension(settings, "LITERAL+") ? imap::NonSync::literal_plus : imap::NonSync::refused;
  return limits;
}

}  // namespace peregrine::imapd
