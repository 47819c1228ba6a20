#include "resolver/resolver.h"

#include <algorithm>
#include <unbound-event.h>
#include <unbound.h>

#include "base/result.h"
#include "resolver/answer.h"
#include "resolver/context.h"

namespace peregrine::resolver {
namespace {

constexpr int k_class_in = 1;
constexpr int k_bogus = 1;
constexpr int k_secure = 2;

Status status_of(MessageStatus status) {
  switch (status) {
    case MessageStatus::ok:
      return Status::ok;
    case MessageStatus::no_data:
      return Status::no_data;
    case MessageStatus::no_name:
      return Status::no_name;
    case MessageStatus::failed:
      break;
  }
  return Status::failed;
}

Answer failure(Status status, std::string_view reason) {
  return {.status = status, .reason = std::string(reason)};
}

}  // namespace

struct Resolver::Question {
  Resolver* resolver = nullptr;
  std::string name;
  RecordType type = RecordType::a;
  Answer answer;
  bool is_answered = false;
  net::Waiter* waiter = nullptr;
  bool is_abandoned = false;  // nobody waits; the library still works
};

void Resolver::Release::operator()(ub_ctx* context) const {
  ::ub_ctx_delete(context);
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::no_data:
      return "no data";
    case Status::no_name:
      return "no such name";
    case Status::failed:
      return "failed";
    case Status::bogus:
      return "bogus";
    case Status::bad_name:
      return "bad name";
  }
  return "?";
}

Resolver::Resolver(net::Gate& gate, const config::DnsSettings& settings)
    : loop_(gate.loop()),
      timeout_(settings.timeout),
      events_(gate),
      context_(events_.is_open() ? ::ub_ctx_create_ub_event(events_.handle()) : nullptr) {}

Resolver::~Resolver() {
  stop();
}

std::expected<std::unique_ptr<Resolver>, std::string> Resolver::create(
    net::Gate& gate, const config::DnsSettings& settings) {
  std::unique_ptr<Resolver> out(new Resolver(gate, settings));
  TRY_VOID(out->start(settings));
  return out;
}

std::expected<void, std::string> Resolver::start(const config::DnsSettings& settings) {
  if (context_ == nullptr) return std::unexpected("the library does not start");
  TRY_VOID(configure(context_.get(), settings));
  // The first question makes the library read and set up everything; it knows this name by itself.
  Question first;
  first.resolver = this;
  first.name = "localhost";
  int error =
      ::ub_resolve_event(context_.get(), "localhost.", 1, k_class_in, &first, receive, nullptr);
  if (error != 0) return std::unexpected(std::string(::ub_strerror(error)));
  if (first.answer.status != Status::ok) return std::unexpected("the library has no answer");
  return {};
}

// Called in the middle of the library's work: notes the answer, and does nothing else.
void Resolver::receive(void* data, int code, void* packet, int size, int security, char* why_bogus,
                       int was_limited) {
  auto& question = *static_cast<Question*>(data);
  question.is_answered = true;
  if (security == k_bogus) {
    question.answer = failure(Status::bogus, why_bogus == nullptr ? "" : why_bogus);
  } else if (code != 0 || packet == nullptr || size <= 0) {
    question.answer = failure(Status::failed,
                              was_limited != 0 ? "too many questions" : "no server has an answer");
  } else {
    BytesView wire(static_cast<const char*>(packet), static_cast<std::size_t>(size));
    auto message = read_message(wire, question.name, question.type);
    if (!message) {
      question.answer = failure(Status::failed, message_error_text(message.error()));
    } else {
      question.answer = {.status = status_of(message->status),
                         .is_secure = security == k_secure,
                         .records = std::move(message->records),
                         .ttl = message->ttl,
                         .canonical_name = std::move(message->canonical_name),
                         .reason = {}};
      if (question.answer.status == Status::failed) {
        question.answer = failure(Status::failed, "the servers refuse to answer");
      }
    }
  }
  question.resolver->finish(question);
}

// The waiter is resumed by the loop, not from inside the library.
void Resolver::finish(Question& question) {
  auto found = questions_.find(&question);
  if (found == questions_.end()) return;
  if (question.is_abandoned) {
    questions_.erase(found);
  } else if (question.waiter != nullptr) {
    loop_.post([this, &question] {
      // Another question may have come to stand at this address.
      if (!questions_.contains(&question) || !question.is_answered) return;
      if (question.waiter == nullptr) return;
      std::exchange(question.waiter, nullptr)->finish(net::WaitResult::ready);
    });
  }
}

net::Task<Answer> Resolver::lookup(std::string name, RecordType type, Deadline deadline) {
  auto asked = question_name(name);
  if (!asked) co_return failure(Status::bad_name, "the name cannot be asked");
  if (context_ == nullptr) co_return failure(Status::failed, "the resolver is stopping");
  if (questions_.size() >= k_most_lookups) co_return failure(Status::failed, "too many lookups");
  deadline = std::min(deadline, deadline_in(timeout_));

  auto owned = std::make_unique<Question>();
  Question& question = *owned;
  question.resolver = this;
  question.name = std::move(*asked);
  question.type = type;
  questions_.emplace(&question, std::move(owned));
  std::string absolute = question.name + ".";
  int error = ::ub_resolve_event(context_.get(), absolute.c_str(), static_cast<int>(type),
                                 k_class_in, &question, receive, nullptr);
  if (error != 0) {
    questions_.erase(&question);
    co_return failure(Status::failed, ::ub_strerror(error));
  }
  if (!question.is_answered) {
    net::WaitFor answered(loop_, question.waiter, deadline);
    static_cast<void>(co_await answered);
  }
  if (!question.is_answered) {
    question.is_abandoned = true;
    if (context_ == nullptr) questions_.erase(&question);
    co_return failure(Status::failed, "out of time");
  }
  Answer answer = std::move(question.answer);
  questions_.erase(&question);
  co_return answer;
}

void Resolver::stop() {
  if (context_ == nullptr) return;
  events_.stop();
  context_.reset();
  std::erase_if(questions_, [](const auto& each) { return each.second->is_abandoned; });
  // Their coroutines take themselves out.
  while (true) {
    auto waiting = std::ranges::find_if(
        questions_, [](const auto& each) { return each.second->waiter != nullptr; });
    if (waiting == questions_.end()) return;
    std::exchange(waiting->second->waiter, nullptr)->finish(net::WaitResult::cancelled);
  }
}

}  // namespace peregrine::resolver
