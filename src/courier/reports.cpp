#include "courier/reports.h"

#include "base/log.h"

namespace peregrine::courier {
namespace {

constexpr std::chrono::seconds k_report_time{60};
// Core restarts within seconds; after this the lease has gone back and the mail may be sent twice.
constexpr std::chrono::minutes k_core_away{2};

api::ReportOutcome outcome_of(Gravity gravity) {
  switch (gravity) {
    case Gravity::temporary:
      return api::REPORT_TEMPORARY;
    case Gravity::permanent:
      return api::REPORT_PERMANENT;
    case Gravity::not_tried:
      return api::REPORT_NOT_TRIED;
  }
  return api::REPORT_TEMPORARY;
}

std::string_view event_of(api::ReportOutcome outcome) {
  switch (outcome) {
    case api::REPORT_DELIVERED:
    case api::REPORT_RELAYED:
      return "courier.delivered";
    case api::REPORT_PERMANENT:
      return "courier.failed";
    default:
      return "courier.deferred";
  }
}

}  // namespace

Credentials read_credentials(BytesView text) {
  Credentials out;
  while (!text.empty()) {
    BytesView line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::size_t first = line.find(' ');
    std::size_t second = first == BytesView::npos ? first : line.find(' ', first + 1);
    if (line.starts_with('#') || second == BytesView::npos) continue;
    std::string host = ascii_lower(line.substr(0, first));
    std::string user(line.substr(first + 1, second - first - 1));
    out.emplace(std::pair(std::move(host), std::move(user)), line.substr(second + 1));
  }
  return out;
}

api::RecipientReport make_report(const api::LeasedMessage& message, std::size_t recipient,
                                 const RecipientState& state, const Place& place) {
  api::RecipientReport out;
  out.set_message(message.message());
  out.set_index(message.recipients(static_cast<int>(recipient)).index());
  out.set_remote_host(place.host);
  out.set_remote_address(place.address);
  out.set_tls(place.tls);
  if (state.delivered) {
    out.set_outcome(state.delivered->honours_dsn ? api::REPORT_DELIVERED : api::REPORT_RELAYED);
    out.set_reply_code(state.delivered->code);
    out.set_status(state.delivered->status);
    out.set_diagnostic(state.delivered->text);
  } else if (state.failure) {
    out.set_outcome(outcome_of(state.failure->gravity));
    out.set_reply_code(state.failure->code);
    out.set_status(state.failure->status);
    out.set_diagnostic(state.failure->text);
  }
  return out;
}

void log_report(const api::LeasedMessage& message, std::size_t recipient,
                const std::string& destination, const api::RecipientReport& report) {
  log_event(report.outcome() == api::REPORT_PERMANENT ? LogLevel::warning : LogLevel::info,
            event_of(report.outcome()),
            {{"msg", HexId{message.trace()}},
             {"to", message.recipients(static_cast<int>(recipient)).recipient().address()},
             {"destination", destination},
             {"host", report.remote_host()},
             {"address", report.remote_address()},
             {"code", report.reply_code()},
             {"status", report.status()},
             {"tls", report.tls()},
             {"delay", wall_now().seconds - message.arrived()},
             {"text", report.diagnostic()}});
}

net::Task<bool> send_report(Courier& courier, api::ReportRequest request) {
  Deadline give_up = deadline_in(k_core_away);
  while (true) {
    auto answer = co_await api::report(courier.worker.core(), request, deadline_in(k_report_time));
    if (answer) co_return true;
    bool is_refused = answer.error().kind == rpc::CallFailure::Kind::refused;
    if (is_refused || Monotonic::now() >= give_up) {
      log_event(LogLevel::error, "courier.report_lost",
                {{"lease", request.lease()}, {"recipients", request.recipients_size()}});
      co_return false;
    }
    co_await net::sleep_until(courier.worker.loop(), deadline_in(courier.core_pause));
  }
}

}  // namespace peregrine::courier
