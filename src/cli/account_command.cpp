// peregrine account add | list | password | remove; app_password_command.cpp adds app-password

#include <fmt/core.h>
#include <string.h>

#include "cli/operator_line.h"
#include "cli/password_input.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

struct AccountArguments {
  std::string address;
  std::string domain;
  bool password_stdin = false;
};

Outcome<int> set_password(const Context& context, api::Method method,
                          const AccountArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  TRY(Secret password,
      arguments.password_stdin ? read_password_line() : ask_password(arguments.address));
  api::AccountRequest request;
  request.set_address(arguments.address);
  request.set_password(std::string(password.reveal()));
  Outcome<int> outcome = change(*line, method, request);
  explicit_bzero(request.mutable_password()->data(), request.password().size());
  return outcome;
}

Outcome<int> remove_account(const Context& context, const AccountArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AccountRequest request;
  request.set_address(arguments.address);
  return change(*line, api::Method::account_remove, request);
}

Outcome<int> list_accounts(const Context& context, const AccountArguments& arguments) {
  TRY(auto line, open_operator_line(context));
  api::AccountListRequest request;
  request.set_domain(arguments.domain);
  TRY(auto list, line->call<api::AccountListResponse>(api::Method::account_list, request));
  if (!context.json && !list.accounts().empty()) {
    fmt::print("{:<40} {:>10} {:>15} {:>15}\n", "address", "messages", "bytes", "quota");
  }
  JsonList out;
  for (const api::AccountInfo& account : list.accounts()) {
    if (!context.json) {
      fmt::print("{:<40} {:>10} {:>15} {:>15}\n", account.address(), account.messages(),
                 account.size(), account.quota());
      continue;
    }
    out.add(fmt::format(R"({{"address":{},"messages":{},"size":{},"quota":{}}})",
                        supervisor::json_quoted(account.address()), account.messages(),
                        account.size(), account.quota()));
  }
  if (context.json) out.end();
  return k_done;
}

}  // namespace

void add_account(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "account", "The accounts, each with a mailbox");
  auto arguments = std::make_shared<AccountArguments>();  // owners: the commands below
  for (auto [name, method, text] :
       {std::tuple{"add", api::Method::account_add, "Make an account"},
        std::tuple{"password", api::Method::account_password,
                   "Give an account a new password; its sessions end"}}) {
    CLI::App* command = add_command(*group, context, name, text);
    command->add_option("address", arguments->address, "Such as alice@example.org")->required();
    command->add_flag("--password-stdin", arguments->password_stdin,
                      "Read the password from the first line of standard input");
    command->callback([&context, method, arguments] {
      context.action = [&context, method, arguments] {
        return set_password(context, method, *arguments);
      };
    });
  }

  CLI::App* remove =
      add_command(*group, context, "remove", "Remove an account with all of its mail");
  remove->add_option("address", arguments->address, "The account")->required();
  remove->callback([&context, arguments] {
    context.action = [&context, arguments] { return remove_account(context, *arguments); };
  });

  CLI::App* list = add_command(*group, context, "list", "List the accounts");
  list->add_option("--domain", arguments->domain, "Only those of this domain");
  add_json_flag(*list, context);
  list->callback([&context, arguments] {
    context.action = [&context, arguments] { return list_accounts(context, *arguments); };
  });

  add_app_password(*group, context);
}

}  // namespace peregrine::cli
