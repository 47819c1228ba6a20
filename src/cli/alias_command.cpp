// peregrine alias add | list | remove

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/operator_line.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

struct AliasArguments {
  std::string address;
  std::vector<std::string> targets;
  std::string domain;
};

Outcome<int> change_alias(const Context& context, api::Method method,
                          const AliasArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AliasRequest request;
  request.set_address(arguments.address);
  for (const std::string& target : arguments.targets) request.add_targets(target);
  return change(*line, method, request);
}

Outcome<int> list_aliases(const Context& context, const AliasArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AliasListRequest request;
  request.set_domain(arguments.domain);
  TRY(auto list, line->call<api::AliasListResponse>(api::Method::alias_list, request));
  JsonList out;
  for (const api::AliasRequest& alias : list.aliases()) {
    std::vector<std::string> targets(alias.targets().begin(), alias.targets().end());
    if (!context.json) {
      fmt::print("{} -> {}\n", alias.address(), fmt::join(targets, ", "));
      continue;
    }
    for (std::string& target : targets) target = supervisor::json_quoted(target);
    out.add(fmt::format(R"({{"address":{},"targets":[{}]}})",
                        supervisor::json_quoted(alias.address()), fmt::join(targets, ",")));
  }
  if (context.json) out.end();
  return k_done;
}

}  // namespace

void add_alias(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "alias", "Addresses that lead to others");
  auto arguments = std::make_shared<AliasArguments>();  // owners: the commands below

  CLI::App* add = add_command(*group, context, "add", "Make an alias");
  add->add_option("address", arguments->address,
                  "The alias; *@DOMAIN receives what nobody else does")
      ->required();
  add->add_option("target", arguments->targets, "Where its mail goes")->required();
  add->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return change_alias(context, api::Method::alias_add, *arguments);
    };
  });

  CLI::App* remove = add_command(*group, context, "remove", "Remove an alias");
  remove->add_option("address", arguments->address, "The alias")->required();
  remove->callback([&context, arguments] {
    context.action = [&context, arguments] {
      return change_alias(context, api::Method::alias_remove, *arguments);
    };
  });

  CLI::App* list = add_command(*group, context, "list", "List the aliases");
  list->add_option("--domain", arguments->domain, "Only those of this domain");
  add_json_flag(*list, context);
  list->callback([&context, arguments] {
    context.action = [&context, arguments] { return list_aliases(context, *arguments); };
  });
}

}  // namespace peregrine::cli
