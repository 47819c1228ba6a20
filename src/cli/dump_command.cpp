// peregrine dump

#include <fmt/core.h>

#include "cli/operator_line.h"

namespace peregrine::cli {
namespace {

Outcome<int> dump(const Context& context, const std::string& filter) {
  TRY(auto line, open_operator_line(context));
  api::DumpRequest request;
  request.set_filter(filter);
  std::string failure;
  TRY_VOID(line->lines(api::Method::dump, request.SerializeAsString(),
                       [&failure](const api::TextLine& text) {
                         if (text.is_problem()) {
                           failure = text.text();
                         } else {
                           fmt::print("{}\n", text.text());
                         }
                       }));
  if (!failure.empty()) return problem(std::move(failure));
  return k_done;
}

}  // namespace

void add_dump(CLI::App& parent, Context& context) {
  CLI::App* command = add_command(parent, context, "dump",
                                  "List the stored records, one JSON object a line, without "
                                  "passwords and contents");
  auto filter = std::make_shared<std::string>();  // owners: this command's option and action
  command->add_option("account", *filter, "Only the records of this account");
  command->callback([&context, filter] {
    context.action = [&context, filter] { return dump(context, *filter); };
  });
}

}  // namespace peregrine::cli
