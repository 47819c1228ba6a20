// peregrine ban list | add | lift

#include <fmt/core.h>

#include "base/cursor.h"
#include "cli/operator_line.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

struct BanArguments {
  std::string address;
  std::uint64_t seconds = 0;
};

/// "90s", "30m", "1h", "2d"; 0 seconds for none of these.
std::string read_span(std::string& text) {
  constexpr std::pair<char, std::uint64_t> k_units[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}};
  auto number = text.empty() ? std::nullopt
                             : parse_number(std::string_view(text).substr(0, text.size() - 1),
                                            std::uint64_t{10} * 366 * 86'400);
  for (auto [letter, factor] : k_units) {
    if (!number || *number == 0 || text.back() != letter) continue;
    text = std::to_string(*number * factor);
    return {};
  }
  return "write a number and s, m, h or d, such as 1h";
}

Outcome<int> change_ban(const Context& context, api::Method method, const BanArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::BanRequest request;
  request.set_address(arguments.address);
  request.set_seconds(arguments.seconds);
  return change(*line, method, request);
}

Outcome<int> list_bans(const Context& context) {
  TRY(auto line, open_operator_line(context));
  TRY(auto list, line->call<api::BanListResponse>(api::Method::ban_list, api::BanListRequest{}));
  JsonList out;
  for (const api::BanInfo& ban : list.bans()) {
    if (!context.json) {
      fmt::print("{:<24} {:>8} s left  {}{}\n", ban.network(), ban.seconds_left(), ban.reason(),
                 ban.times() > 1 ? fmt::format(" ({} times within a day)", ban.times()) : "");
      continue;
    }
    out.add(
        fmt::format(R"({{"network":{},"seconds_left":{},"times":{},"reason":{},"by_operator":{}}})",
                    supervisor::json_quoted(ban.network()), ban.seconds_left(), ban.times(),
                    supervisor::json_quoted(ban.reason()), ban.is_by_operator()));
  }
  if (context.json) out.end();
  return k_done;
}

}  // namespace

void add_ban(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "ban", "Addresses that are turned away for a time");
  auto arguments = std::make_shared<BanArguments>();  // owners: the commands below

  CLI::App* list = add_command(*group, context, "list", "List the bans");
  add_json_flag(*list, context);
  list->callback([&context] { context.action = [&context] { return list_bans(context); }; });

  CLI::App* add = add_command(*group, context, "add", "Ban an address, for IPv6 its /64");
  add->add_option("address", arguments->address, "The address")->required();
  add->add_option("--for", arguments->seconds, "How long, such as 30m, 1h or 7d; else bans.time")
      ->transform(CLI::Validator(read_span, "SPAN"));
  add->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return change_ban(context, api::Method::ban_add, *arguments);
    };
  });

  CLI::App* lift = add_command(*group, context, "lift", "End a ban");
  lift->add_option("address", arguments->address, "The address")->required();
  lift->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return change_ban(context, api::Method::ban_lift, *arguments);
    };
  });
}

}  // namespace peregrine::cli
