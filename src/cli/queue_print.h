#pragma once
// How queued messages are shown: a line each, one in full, or JSON. Times are local.

#include <string>

#include "api/queue.pb.h"

namespace peregrine::cli {

/// "2026-01-31T12:34:56+0100"; "-" for 0.
std::string local_time(std::int64_t seconds);
/// A message's id as the log shows it.
std::string id_text(std::uint64_t id);

void print_queue_header();
void print_queue_line(const api::QueueMessageInfo& message);
void print_queue_message(const api::QueueMessageInfo& message);
std::string queue_json(const api::QueueMessageInfo& message);

}  // namespace peregrine::cli
