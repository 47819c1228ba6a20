#include "supervisor/status.h"

#include <fmt/format.h>
#include <iterator>

namespace peregrine::supervisor {
namespace {

// Client connections are counted at the fronts.
std::uint64_t client_connections(const std::vector<ChildReport>& children) {
  std::uint64_t out = 0;
  for (const ChildReport& child : children) {
    if (child.slot.role == Role::front) out += child.connections;
  }
  return out;
}

long long seconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

/// What the numbers do not say; nothing of a process that serves.
std::string remark(const ChildReport& child) {
  if (child.silent_for) return fmt::format("  not answering for {} s", seconds(*child.silent_for));
  if (child.pid == 0) return "  not running";
  return child.is_ready ? "" : "  starting";
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string status_json(const std::vector<ChildReport>& children,
                        const std::vector<BoundListener>& listeners) {
  std::string out = R"({"roles":[)";
  std::string_view separator;
  for (const ChildReport& child : children) {
    fmt::format_to(
        std::back_inserter(out),
        R"({}{{"role":"{}","index":{},"pid":{},"restarts":{},"connections":{},"served":{},"offences":{},"banned":{},"typists":{})",
        separator, role_name(child.slot.role), child.slot.index, child.pid, child.restarts,
        child.connections, child.served, child.offences, child.banned, child.typists);
    bool answers = child.is_ready && !child.silent_for;
    fmt::format_to(std::back_inserter(out), R"(,"answering":{},"silent_seconds":{}}})", answers,
                   child.silent_for ? seconds(*child.silent_for) : 0);
    separator = ",";
  }
  out += R"(],"listeners":[)";
  separator = "";
  for (const BoundListener& listener : listeners) {
    fmt::format_to(std::back_inserter(out), R"({}{{"service":"{}","address":{}}})", separator,
                   service_name(listener.service), json_quoted(listener.address));
    separator = ",";
  }
  fmt::format_to(std::back_inserter(out), "],\"connections\":{}}}\n", client_connections(children));
  return out;
}

std::string status_text(const std::vector<ChildReport>& children,
                        const std::vector<BoundListener>& listeners) {
  std::string out = fmt::format("{:<8} {:>5} {:>8} {:>8} {:>11} {:>9}\n", "process", "index", "pid",
                                "restarts", "connections", "served");
  for (const ChildReport& child : children) {
    fmt::format_to(std::back_inserter(out), "{:<8} {:>5} {:>8} {:>8} {:>11} {:>9}{}\n",
                   role_name(child.slot.role), child.slot.index,
                   child.pid == 0 ? "-" : std::to_string(child.pid), child.restarts,
                   child.connections, child.served, remark(child));
  }
  out += '\n';
  for (const BoundListener& listener : listeners) {
    fmt::format_to(std::back_inserter(out), "{:<8} {}\n", service_name(listener.service),
                   listener.address);
  }
  fmt::format_to(std::back_inserter(out), "\n{} client connections\n",
                 client_connections(children));
  return out;
}

}  // namespace peregrine::supervisor
