// peregrine verify

#include <fmt/core.h>

#include "cli/operator_line.h"

namespace peregrine::cli {
namespace {

Outcome<int> verify(const Context& context) {
  TRY(auto line, open_operator_line(context));
  bool is_sound = true;
  TRY_VOID(line->lines(api::Method::verify, api::VerifyRequest().SerializeAsString(),
                       [&is_sound](const api::TextLine& text) {
                         fmt::print("{}\n", text.text());
                         if (text.is_problem()) is_sound = false;
                       }));
  if (is_sound) return k_done;
  return problem(
      "the store is damaged; keep a copy of the data directory and restore from a "
      "backup what the lines above name");
}

}  // namespace

void add_verify(CLI::App& parent, Context& context) {
  CLI::App* command =
      add_command(parent, context, "verify",
                  "Read all that is stored and check that it holds together; changes nothing");
  command->callback([&context] { context.action = [&context] { return verify(context); }; });
}

}  // namespace peregrine::cli
