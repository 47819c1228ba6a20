// peregrine tls-report list

#include <ctime>
#include <fmt/core.h>

#include "cli/operator_line.h"
#include "remote/record.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

/// "2026-01-31", of the day that begins there (UTC).
std::string date_of(std::int64_t seconds) {
  std::time_t time = seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return std::to_string(seconds);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

template <class Type>
std::string name_or_unknown(std::optional<Type> type) {
  return type ? std::string(remote::name_of(*type)) : "unknown";
}

Outcome<int> list(const Context& context, const std::string& domain) {
  TRY(auto line, open_operator_line(context));
  api::TlsResultListRequest request;
  request.set_domain(ascii_lower(domain));
  JsonList out;
  std::uint64_t count = 0;
  auto show = [&](const api::TlsResultInfo& info) {
    const api::TlsResult& result = info.result();
    std::string policy =
        name_or_unknown(remote::policy_type_of(static_cast<std::uint64_t>(result.policy())));
    std::string type =
        name_or_unknown(remote::result_type_of(static_cast<std::uint64_t>(result.result())));
    if (context.json) {
      out.add(fmt::format(
          R"({{"day":"{}","domain":{},"policy":"{}","result":"{}","receiving_mx":{},"sessions":{}}})",
          date_of(info.day()), supervisor::json_quoted(result.domain()), policy, type,
          supervisor::json_quoted(result.receiving_mx()), result.sessions()));
      return;
    }
    if (count++ == 0) {
      fmt::print("{:<10}  {:<24} {:<15} {:<25} {:>8}  {}\n", "day", "domain", "policy", "result",
                 "sessions", "receiving host");
    }
    fmt::print("{:<10}  {:<24} {:<15} {:<25} {:>8}  {}\n", date_of(info.day()), result.domain(),
               policy, type, result.sessions(), result.receiving_mx());
  };
  TRY_VOID(
      line->each<api::TlsResultInfo>(api::Method::tls_results, request.SerializeAsString(), show));
  if (context.json) out.end();
  if (!context.json && count == 0) fmt::print("no session\n");
  return k_done;
}

}  // namespace

void add_tls_report(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "tls-report",
                              "What came of TLS with other servers, by day (RFC 8460)");
  auto domain = std::make_shared<std::string>();  // owners: the option and the command
  CLI::App* command = add_command(*group, context, "list", "List the sessions of the last 30 days");
  command->add_option("domain", *domain, "Only with servers of this domain");
  add_json_flag(*command, context);
  command->callback([&context, domain] {
    context.action = [&context, domain] { return list(context, *domain); };
  });
}

}  // namespace peregrine::cli
