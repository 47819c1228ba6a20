// peregrine trace

#include <fmt/core.h>

#include "cli/operator_line.h"
#include "cli/queue_print.h"
#include "core/queue_wire.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

std::string to_json(const api::TraceEvent& event) {
  return fmt::format(R"({{"milliseconds":{},"trace":{},"event":{},"text":{}}})", event.time(),
                     supervisor::json_quoted(id_text(event.trace())),
                     supervisor::json_quoted(event.event()), supervisor::json_quoted(event.text()));
}

Outcome<int> trace(const Context& context, const std::string& subject) {
  if (!core::trace_subject(subject)) {
    return problem(fmt::format(
        "{}: neither an address nor a message's id as the log shows it (msg=...)", subject));
  }
  TRY(auto line, open_operator_line(context));
  api::TraceRequest request;
  request.set_id_or_address(subject);
  JsonList out;
  std::uint64_t count = 0;
  TRY_VOID(line->each<api::TraceEvent>(
      api::Method::trace, request.SerializeAsString(), [&](const api::TraceEvent& event) {
        ++count;
        if (context.json) return out.add(to_json(event));
        fmt::print("{}  {}  {:<12}  {}\n", local_time(event.time() / 1000), id_text(event.trace()),
                   event.event(), event.text());
      }));
  if (context.json) out.end();
  if (count != 0 || context.json) return k_done;
  return problem(fmt::format(
      "nothing is known of {}; stories are kept for as long as queue.trace_history says", subject));
}

}  // namespace

void add_trace(CLI::App& parent, Context& context) {
  CLI::App* command = add_command(parent, context, "trace",
                                  "Tell what became of a message, or of all mail of an address");
  auto subject = std::make_shared<std::string>();  // owners: this command's option and action
  command->add_option("subject", *subject, "A message's id in the log, or an address")->required();
  add_json_flag(*command, context);
  command->callback([&context, subject] {
    context.action = [&context, subject] { return trace(context, *subject); };
  });
}

}  // namespace peregrine::cli
