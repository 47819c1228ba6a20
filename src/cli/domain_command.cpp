// peregrine domain add | list | remove

#include <fmt/format.h>

#include "cli/operator_line.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

Outcome<int> change_domain(const Context& context, api::Method method, const std::string& domain) {
  TRY(auto line, open_operator_line(context));
  api::DomainRequest request;
  request.set_domain(domain);
  return change(*line, method, request);
}

Outcome<int> list_domains(const Context& context) {
  TRY(auto line, open_operator_line(context));
  TRY(auto list,
      line->call<api::DomainListResponse>(api::Method::domain_list, api::DomainListRequest()));
  if (!context.json) {
    for (const std::string& domain : list.domains()) fmt::print("{}\n", domain);
    return k_done;
  }
  JsonList out;
  for (const std::string& domain : list.domains()) {
    out.add(fmt::format(R"({{"domain":{}}})", supervisor::json_quoted(domain)));
  }
  out.end();
  return k_done;
}

}  // namespace

void add_domain(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "domain", "The domains that receive mail here");
  auto domain = std::make_shared<std::string>();  // owners: the two commands below
  for (auto [name, method, text] :
       {std::tuple{"add", api::Method::domain_add, "Receive mail for a domain"},
        std::tuple{"remove", api::Method::domain_remove,
                   "Stop receiving for a domain that has no accounts and aliases left"}}) {
    CLI::App* command = add_command(*group, context, name, text);
    command->add_option("domain", *domain, "The domain, such as example.org")->required();
    command->callback([&context, method, domain] {
      context.action = [&context, method, domain] {
        return change_domain(context, method, *domain);
      };
    });
  }
  CLI::App* list = add_command(*group, context, "list", "List the domains");
  add_json_flag(*list, context);
  list->callback([&context] { context.action = [&context] { return list_domains(context); }; });
}

}  // namespace peregrine::cli
