// peregrine queue list | show | retry | hold | release | drop | bounce | route

#include <charconv>
#include <fmt/core.h>

#include "cli/operator_line.h"
#include "cli/queue_print.h"
#include "core/queue_wire.h"

namespace peregrine::cli {
namespace {

struct QueueArguments {
  std::string id;
  std::string sender;
  std::string recipient;
  std::string destination;
  std::string route;
  bool only_held = false;
  bool only_failing = false;
  bool all = false;
};
using Arguments = std::shared_ptr<QueueArguments>;  // owners: the commands that it is filled by

Outcome<api::QueueFilter> filter_of(const QueueArguments& arguments) {
  api::QueueFilter filter;
  if (!arguments.id.empty()) {
    std::uint64_t id = 0;
    const char* end = arguments.id.data() + arguments.id.size();
    auto [last, error] = std::from_chars(arguments.id.data(), end, id, 16);
    if (error != std::errc{} || last != end || id == 0) {
      return problem(fmt::format(
          "{}: not a message's id; peregrine queue list shows those there are", arguments.id));
    }
    filter.set_message(id);
  }
  filter.set_sender(arguments.sender);
  filter.set_recipient(arguments.recipient);
  filter.set_destination(arguments.destination);
  filter.set_only_held(arguments.only_held);
  filter.set_only_failing(arguments.only_failing);
  auto checked = core::filter_of(filter);
  if (!checked) return problem(checked.error());
  return filter;
}

bool is_empty(const QueueArguments& arguments) {
  return arguments.id.empty() && arguments.sender.empty() && arguments.recipient.empty() &&
         arguments.destination.empty() && !arguments.only_held && !arguments.only_failing;
}

Outcome<int> list(const Context& context, const QueueArguments& arguments) {
  api::QueueListRequest request;
  TRY(*request.mutable_filter(), filter_of(arguments));
  TRY(auto line, open_operator_line(context));
  JsonList out;
  std::uint64_t count = 0;
  TRY_VOID(line->each<api::QueueMessageInfo>(api::Method::queue_list, request.SerializeAsString(),
                                             [&](const api::QueueMessageInfo& message) {
                                               if (context.json)
                                                 return out.add(queue_json(message));
                                               if (count++ == 0) print_queue_header();
                                               print_queue_line(message);
                                             }));
  if (context.json) out.end();
  if (!context.json && count == 0) fmt::print("no message\n");
  return k_done;
}

Outcome<int> show(const Context& context, const QueueArguments& arguments) {
  api::QueueListRequest request;
  TRY(*request.mutable_filter(), filter_of(arguments));
  TRY(auto line, open_operator_line(context));
  bool is_there = false;
  TRY_VOID(line->each<api::QueueMessageInfo>(api::Method::queue_list, request.SerializeAsString(),
                                             [&](const api::QueueMessageInfo& message) {
                                               is_there = true;
                                               if (context.json) {
                                                 fmt::print("{}\n", queue_json(message));
                                               } else {
                                                 print_queue_message(message);
                                               }
                                             }));
  if (is_there) return k_done;
  return problem(fmt::format(
      "{}: no such message in the queue; peregrine queue list shows those there are, and "
      "peregrine trace says what became of one",
      arguments.id));
}

Outcome<int> change_queue(const Context& context, const QueueArguments& arguments,
                          api::QueueAction action) {
  if (is_empty(arguments) && !arguments.all) {
    return problem("say which messages: an id, filters such as --sender, or --all");
  }
  api::QueueChangeRequest request;
  TRY(*request.mutable_filter(), filter_of(arguments));
  request.set_action(action);
  request.set_route(arguments.route);
  auto checked = core::action_of(request);
  if (!checked) return problem(checked.error());
  TRY(auto line, open_operator_line(context));
  TRY(auto answer, line->call<api::QueueChangeResponse>(api::Method::queue_change, request));
  if (!answer.error().empty()) return problem(answer.error());
  if (answer.messages() == 0) {
    return problem("no message matches; peregrine queue list shows those there are");
  }
  fmt::print("{} message{}\n", answer.messages(), answer.messages() == 1 ? "" : "s");
  return k_done;
}

void add_filters(CLI::App& command, const Arguments& arguments) {
  command.add_option("--id", arguments->id, "Only this message");
  command.add_option("--sender", arguments->sender, "Only from this address, @DOMAIN or <>");
  command.add_option("--recipient", arguments->recipient, "Only to this address or @DOMAIN");
  command.add_option("--destination", arguments->destination,
                     "Only what goes to this domain or route");
  command.add_flag("--held", arguments->only_held, "Only what is held");
  command.add_flag("--failing", arguments->only_failing, "Only what has been tried before");
}

void add_change(CLI::App& group, Context& context, const std::string& name,
                const std::string& description, api::QueueAction action) {
  auto arguments = std::make_shared<QueueArguments>();
  CLI::App* command = add_command(group, context, name, description);
  command->add_option("id", arguments->id, "The message");
  add_filters(*command, arguments);
  command->add_flag("--all", arguments->all, "All messages");
  if (action == api::QUEUE_ROUTE) {
    command->add_option("--to", arguments->route, "The domain or route to send by")->required();
  }
  command->callback([&context, arguments, action] {
    context.action = [&context, arguments, action] {
      return change_queue(context, *arguments, action);
    };
  });
}

}  // namespace

void add_queue(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "queue", "Mail that waits to be sent");

  auto listed = std::make_shared<QueueArguments>();
  CLI::App* all = add_command(*group, context, "list", "List the messages");
  add_filters(*all, listed);
  add_json_flag(*all, context);
  all->callback([&context, listed] {
    context.action = [&context, listed] { return list(context, *listed); };
  });

  auto shown = std::make_shared<QueueArguments>();
  CLI::App* one = add_command(*group, context, "show", "Show a message and its recipients");
  one->add_option("id", shown->id, "The message")->required();
  add_json_flag(*one, context);
  one->callback(
      [&context, shown] { context.action = [&context, shown] { return show(context, *shown); }; });

  add_change(*group, context, "retry", "Try messages now", api::QUEUE_RETRY);
  add_change(*group, context, "hold", "Keep messages until they are released", api::QUEUE_HOLD);
  add_change(*group, context, "release", "Let held messages go", api::QUEUE_RELEASE);
  add_change(*group, context, "drop", "Remove messages; nobody is told", api::QUEUE_DROP);
  add_change(*group, context, "bounce", "Return messages to their senders", api::QUEUE_BOUNCE);
  add_change(*group, context, "route", "Send messages by another way", api::QUEUE_ROUTE);
}

}  // namespace peregrine::cli
