#include "role/typist_guard.h"

#include "base/log.h"

namespace peregrine::role {
namespace {

constexpr std::chrono::seconds k_pause{5};

bool is_watched(const config::SmtpSettings& settings, const rpc::OpenConnection& facts) {
  return !facts.tls && !facts.is_loopback && settings.typists != config::TypistPolicy::allow &&
         !config::contains(settings.trusted_networks, facts.peer);
}

}  // namespace

TypistGuard::TypistGuard(Worker& worker, const rpc::OpenConnection& facts, Watched watched)
    : worker_(worker), facts_(facts) {
  if (watched == Watched::no || !is_watched(worker.settings().smtp, facts)) return;
  typist_.emplace();
  typist_->answered(Monotonic::now());
  typist_->first_line_took(std::chrono::milliseconds(facts.first_line_milliseconds));
}

BytesView TypistGuard::receive(BytesView received, bool in_line) {
  if (!typist_) return received;
  bytes_ = Bytes(received);
  typist_->receive(bytes_, in_line, Monotonic::now());
  if (typist_->is_proven() && !std::exchange(is_known_, true)) meet();
  return bytes_;
}

/// A person at a terminal, where nobody has a reason to be.
void TypistGuard::meet() {
  config::TypistPolicy policy = worker_.settings().smtp.typists;
  log_event(LogLevel::info, facts_.service == Service::smtp ? "smtp.typist" : "login.typist",
            {{"conn", HexId{facts_.id.value}},
             {"service", service_name(facts_.service)},
             {"peer", facts_.peer},
             {"policy", config::k_typist_policies[static_cast<std::size_t>(policy)]}});
  worker_.count_typist();
  has_to_go_ = policy == config::TypistPolicy::close;
}

void TypistGuard::replied() {
  if (!typist_) return;
  typist_->answered(Monotonic::now());
  if (is_known_ && worker_.settings().smtp.typists == config::TypistPolicy::delay) {
    pause_ = k_pause;
  }
}

void TypistGuard::replied(Bytes& out) {
  replied();
  if (!typist_ || !typist_->should_ask()) return;
  out.insert(out.size() - 2, Typist::k_question);
  typist_->asked();
}

}  // namespace peregrine::role
