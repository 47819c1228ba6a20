#include "supervisor/status.h"

#include <fmt/format.h>
#include <iterator>

namespace peregrine::supervisor {
namespace {

std::string quoted(std::string_view text) {
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

}  // namespace

std::string status_json(const std::vector<ChildReport>& children,
                        const std::vector<BoundListener>& listeners) {
  std::string out = R"({"roles":[)";
  std::uint64_t connections = 0;
  std::string_view separator;
  for (const ChildReport& child : children) {
    if (child.slot.role == Role::front) connections += child.connections;
    fmt::format_to(
        std::back_inserter(out),
        R"({}{{"role":"{}","index":{},"pid":{},"restarts":{},"connections":{},"served":{}}})",
        separator, role_name(child.slot.role), child.slot.index, child.pid, child.restarts,
        child.connections, child.served);
    separator = ",";
  }
  out += R"(],"listeners":[)";
  separator = "";
  for (const BoundListener& listener : listeners) {
    fmt::format_to(std::back_inserter(out), R"({}{{"service":"{}","address":{}}})", separator,
                   service_name(listener.service), quoted(listener.address));
    separator = ",";
  }
  fmt::format_to(std::back_inserter(out), "],\"connections\":{}}}\n", connections);
  return out;
}

}  // namespace peregrine::supervisor
