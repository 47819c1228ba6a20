#include "cli/queue_print.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <vector>

#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

using supervisor::json_quoted;

/// What the message waits for, in a word.
std::string_view state_of(const api::QueueMessageInfo& message) {
  if (message.held()) return "held";
  auto has = [&](std::string_view state) {
    return std::ranges::any_of(message.recipients(),
                               [&](const auto& each) { return each.state() == state; });
  };
  if (has("leased")) return "sending";
  return has("waiting") ? "waiting" : "notifying";
}

/// The first attempt to come.
std::int64_t next_of(const api::QueueMessageInfo& message) {
  std::int64_t next = 0;
  for (const api::QueueRecipientInfo& each : message.recipients()) {
    if (each.next_attempt() == 0) continue;
    next = next == 0 ? each.next_attempt() : std::min(next, each.next_attempt());
  }
  return next;
}

std::string sender_of(const api::QueueMessageInfo& message) {
  return message.mail_from().empty() ? "<>" : message.mail_from();
}

std::string recipients_of(const api::QueueMessageInfo& message) {
  if (message.recipients().empty()) return "-";
  if (message.recipients_size() == 1) return message.recipients(0).address();
  return fmt::format("{} and {} more", message.recipients(0).address(),
                     message.recipients_size() - 1);
}

}  // namespace

std::string local_time(std::int64_t seconds) {
  if (seconds == 0) return "-";
  std::time_t time = seconds;
  std::tm parts{};
  std::array<char, 40> text{};
  if (localtime_r(&time, &parts) == nullptr) return "-";
  std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &parts);
  return {text.data(), size};
}

std::string id_text(std::uint64_t id) {
  return fmt::format("{:016x}", id);
}

void print_queue_header() {
  fmt::print("{:<16}  {:<9}  {:>9}  {:<24}  {:<24}  {}\n", "ID", "STATE", "SIZE", "ARRIVED",
             "NEXT ATTEMPT", "FROM -> TO");
}

void print_queue_line(const api::QueueMessageInfo& message) {
  fmt::print("{:<16}  {:<9}  {:>9}  {:<24}  {:<24}  {} -> {}\n", id_text(message.message()),
             state_of(message), message.size(), local_time(message.arrived()),
             local_time(next_of(message)), sender_of(message), recipients_of(message));
}

void print_queue_message(const api::QueueMessageInfo& message) {
  auto line = [](std::string_view name, std::string_view value) {
    if (!value.empty()) fmt::print("{:<12}{}\n", name, value);
  };
  line("id", id_text(message.message()));
  line("trace", id_text(message.trace()));
  line("from", sender_of(message));
  line("account", message.submitter());
  line("size", fmt::format("{} bytes", message.size()));
  line("arrived", local_time(message.arrived()));
  line("expires", local_time(message.expires()));
  if (message.held()) line("held", message.held_because());
  for (const api::QueueRecipientInfo& each : message.recipients()) {
    fmt::print("\n");
    line("to", each.address());
    line("  by", each.destination());
    line("  state", each.state());
    line("  attempts", fmt::format("{}", each.attempts()));
    if (each.next_attempt() != 0) line("  next", local_time(each.next_attempt()));
    line("  status", each.last_status());
    line("  host", each.last_host());
    line("  reply", each.last_diagnostic());
  }
}

std::string queue_json(const api::QueueMessageInfo& message) {
  std::vector<std::string> recipients;
  for (const api::QueueRecipientInfo& each : message.recipients()) {
    recipients.push_back(fmt::format(
        R"({{"index":{},"address":{},"destination":{},"state":{},"attempts":{},"next_attempt":{},)"
        R"("last_status":{},"last_host":{},"last_diagnostic":{}}})",
        each.index(), json_quoted(each.address()), json_quoted(each.destination()),
        json_quoted(each.state()), each.attempts(), each.next_attempt(),
        json_quoted(each.last_status()), json_quoted(each.last_host()),
        json_quoted(each.last_diagnostic())));
  }
  return fmt::format(
      R"({{"id":{},"trace":{},"from":{},"account":{},"size":{},"arrived":{},"expires":{},)"
      R"("held":{},"held_because":{},"recipients":[{}]}})",
      json_quoted(id_text(message.message())), json_quoted(id_text(message.trace())),
      json_quoted(message.mail_from()), json_quoted(message.submitter()), message.size(),
      message.arrived(), message.expires(), message.held() ? "true" : "false",
      json_quoted(message.held_because()), fmt::join(recipients, ","));
}

}  // namespace peregrine::cli
