#include "core/offline.h"

#include <condition_variable>
#include <mutex>

#include "base/result.h"
#include "core/remote_wire.h"
#include "mail/verify.h"
#include "queue/verify.h"
#include "remote/inspect.h"

namespace peregrine::core {
namespace {

void put(const Offline::Out& out, std::string text, bool is_problem) {
  api::TextLine line;
  line.set_text(std::move(text));
  line.set_is_problem(is_problem);
  out(line);
}

}  // namespace

std::expected<std::unique_ptr<Offline>, std::string> Offline::open(const config::Settings& settings,
                                                                   store::Create create) {
  TRY(Model model, open_model(settings, create));
  return std::make_unique<Offline>(Private{}, settings, std::move(model));
}

api::AdminResult Offline::settled(api::AdminResult result) {
  if (!result.done() || reach_disk(model_.directory->last_sequence())) return result;
  api::AdminResult failed;
  failed.set_error("the disk failed, and the change may be lost: check the disk and the result");
  return failed;
}

bool Offline::reach_disk(store::Sequence wanted) {
  std::mutex mutex;
  std::condition_variable wake;
  bool has_failed = false;
  model_.store->on_durable([&](std::expected<store::Sequence, store::StoreError> news) {
    std::lock_guard lock(mutex);
    has_failed = has_failed || !news;
    wake.notify_one();
  });
  std::unique_lock lock(mutex);
  // Looked at again now and then: the disk may have been quicker than the line above.
  while (model_.store->durable() < wanted && !has_failed) {
    wake.wait_for(lock, std::chrono::milliseconds(20));
  }
  lock.unlock();
  model_.store->on_durable({});
  return model_.store->durable() >= wanted;
}

api::AdminResult Offline::domain_add(const api::DomainRequest& request) {
  return settled(admin_.domain_add(request));
}

api::AdminResult Offline::domain_remove(const api::DomainRequest& request) {
  return settled(admin_.domain_remove(request));
}

api::DomainListResponse Offline::domain_list() {
  return admin_.domain_list();
}

api::AdminResult Offline::account_add(const api::AccountRequest& request) {
  api::AdminResult checked = admin_.check_account_add(request);
  if (!checked.done()) return checked;
  auto hash = make_credentials(request.password(), credential_cost(settings_));
  if (!hash) return not_hashed();
  return settled(admin_.account_add(request, *hash));
}

api::AdminResult Offline::account_password(const api::AccountRequest& request) {
  api::AdminResult checked = admin_.check_account_password(request);
  if (!checked.done()) return checked;
  auto hash = make_credentials(request.password(), credential_cost(settings_));
  if (!hash) return not_hashed();
  return settled(admin_.account_password(request, *hash));
}

api::AdminResult Offline::account_remove(const api::AccountRequest& request) {
  api::AdminResult result = settled(admin_.account_remove(request));
  if (result.done()) admin_.purge_orphans();
  return result;
}

api::AccountListResponse Offline::account_list(const api::AccountListRequest& request) {
  api::AccountListResponse response;
  for (const directory::AccountInfo& account : admin_.accounts_of(request.domain())) {
    *response.add_accounts() = admin_.describe(account);
  }
  return response;
}

api::AppPasswordResult Offline::app_password_add(const api::AppPasswordRequest& request) {
  api::AppPasswordResult result = admin_.app_password_add(request);
  if (!result.done()) return result;
  api::AdminResult done;
  done.set_done(true);
  done = settled(std::move(done));
  if (done.done()) return result;
  result.Clear();
  result.set_error(done.error());
  return result;
}

api::AdminResult Offline::app_password_remove(const api::AppPasswordRequest& request) {
  return settled(admin_.app_password_remove(request));
}

api::AppPasswordListResponse Offline::app_password_list(
    const api::AppPasswordListRequest& request) {
  return admin_.app_password_list(request);
}

api::AdminResult Offline::alias_add(const api::AliasRequest& request) {
  return settled(admin_.alias_add(request));
}

api::AdminResult Offline::alias_remove(const api::AliasRequest& request) {
  return settled(admin_.alias_remove(request));
}

api::AliasListResponse Offline::alias_list(const api::AliasListRequest& request) {
  return admin_.alias_list(request);
}

api::CountsResponse Offline::counts() {
  api::CountsResponse response = admin_.counts();
  std::uint64_t messages = 0;
  for (const directory::AccountInfo& account : admin_.accounts_of({})) {
    messages += admin_.describe(account).messages();
  }
  response.set_messages(messages);
  return response;
}

std::expected<void, std::string> Offline::tls_results(const api::TlsResultListRequest& request,
                                                      const Results& out) {
  constexpr std::size_t k_a_step = 1000;
  Bytes position;
  do {
    auto found = model_.tls_results->list(position, k_a_step, request.domain());
    if (!found) return std::unexpected("the store cannot be read: peregrine verify says more");
    for (const remote::Counted& each : *found) out(info_of(each));
  } while (!position.empty());
  return {};
}

void Offline::dump(const api::DumpRequest& request, const Out& out) {
  auto subject = admin_.dump_subject(request);
  if (!subject) return put(out, subject.error(), true);
  auto dumped = mail::dump(*model_.store, {.account = *subject},
                           [&](std::string_view line) { put(out, std::string(line), false); });
  if (dumped && !*subject) {
    auto put_line = [&](std::string_view line) { put(out, std::string(line), false); };
    if (queue::dump(*model_.store, put_line) && remote::dump(*model_.store, put_line)) return;
  }
  if (!dumped || !*subject) put(out, "store: cannot be read to its end", true);
}

void Offline::verify(const Out& out) {
  std::size_t findings = 0;
  auto report = [&](const store::Finding& finding) {
    ++findings;
    put(out, finding.where + ": " + finding.what, true);
  };
  if (!model_.store->verify(report)) report({"store", "cannot be read to its end"});
  if (!remote::verify(*model_.store, report)) report({"remote", "cannot be read to its end"});
  if (!mail::verify(*model_.store, *model_.directory, report)) {
    report({"accounts", "cannot be read to their end"});
  }
  if (!queue::verify(*model_.store, report)) report({"queue", "cannot be read to its end"});
  put(out, verify_summary(findings), false);
}

}  // namespace peregrine::core
