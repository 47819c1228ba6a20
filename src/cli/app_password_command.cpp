// peregrine account app-password add | list | remove

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <string.h>

#include "cli/operator_line.h"
#include "directory/app_password.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

struct AppPasswordArguments {
  std::string address;
  std::string name;
  std::string protocols = "imap,pop3,submission";
};

Outcome<int> add_one(const Context& context, const AppPasswordArguments& arguments) {
  auto protocols = directory::protocols_from_names(arguments.protocols);
  if (!protocols) {
    return problem("--protocols: some of imap, pop3 and submission, with commas between them");
  }
  TRY(auto line, open_operator_line(context));
  api::AppPasswordRequest request;
  request.set_address(arguments.address);
  request.set_name(arguments.name);
  request.set_protocols(*protocols);
  TRY(auto made, line->call<api::AppPasswordResult>(api::Method::app_password_add, request));
  if (!made.done()) return problem(made.error());
  if (context.json) {
    fmt::print(R"({{"address":{},"name":{},"password":{}}})"
               "\n",
               supervisor::json_quoted(arguments.address), supervisor::json_quoted(arguments.name),
               supervisor::json_quoted(made.password()));
  } else {
    // Alone on its line: for people to copy, and for scripts.
    fmt::print("{}\n", made.password());
  }
  explicit_bzero(made.mutable_password()->data(), made.password().size());
  return k_done;
}

Outcome<int> remove_one(const Context& context, const AppPasswordArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AppPasswordRequest request;
  request.set_address(arguments.address);
  request.set_name(arguments.name);
  return change(*line, api::Method::app_password_remove, request);
}

std::string day_of(std::int64_t seconds) {
  if (seconds == 0) return "never";
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

Outcome<int> list_them(const Context& context, const AppPasswordArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AppPasswordListRequest request;
  request.set_address(arguments.address);
  TRY(auto list, line->call<api::AppPasswordListResponse>(api::Method::app_password_list, request));
  if (!list.error().empty()) return problem(list.error());
  if (!context.json && !list.passwords().empty()) {
    fmt::print("{:<30} {:<21} {:<11} {}\n", "name", "protocols", "created", "last used");
  }
  JsonList out;
  for (const api::AppPasswordInfo& each : list.passwords()) {
    std::string protocols = directory::protocol_names(each.protocols());
    if (!context.json) {
      fmt::print("{:<30} {:<21} {:<11} {}\n", each.name(), protocols, day_of(each.created()),
                 day_of(each.last_used()));
      continue;
    }
    out.add(fmt::format(R"({{"name":{},"protocols":{},"created":{},"last_used":{}}})",
                        supervisor::json_quoted(each.name()), supervisor::json_quoted(protocols),
                        each.created(), each.last_used()));
  }
  if (context.json) out.end();
  return k_done;
}

}  // namespace

void add_app_password(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "app-password",
                              "Passwords of an account for single devices and programs");
  auto arguments = std::make_shared<AppPasswordArguments>();  // owners: the commands below
  using Work = Outcome<int> (*)(const Context&, const AppPasswordArguments&);
  auto make = [&](const std::string& name, const std::string& text, Work work) {
    CLI::App* command = add_command(*group, context, name, text);
    command->add_option("address", arguments->address, "The account")->required();
    command->callback([&context, arguments, work] {
      context.action = [&context, arguments, work] { return work(context, *arguments); };
    });
    return command;
  };
  CLI::App* add = make("add", "Make a password and print it, once", add_one);
  add->add_option("name", arguments->name, "What it is for, such as phone")->required();
  add->add_option("--protocols", arguments->protocols,
                  "What it opens: some of imap,pop3,submission; all of them when not given");
  add_json_flag(*add, context);
  CLI::App* list = make("list", "List the passwords, without themselves", list_them);
  add_json_flag(*list, context);
  CLI::App* remove = make("remove", "Make a password useless", remove_one);
  remove->add_option("name", arguments->name, "Which one")->required();
}

}  // namespace peregrine::cli
