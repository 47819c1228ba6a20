// The operator's calls that read all that is stored: dump and verify, as streams of lines.
#include <map>
#include <optional>
#include <utility>

#include "core/call.h"
#include "core/core.h"
#include "core/line_stream.h"
#include "core/upkeep.h"
#include "mail/verify.h"
#include "queue/verify.h"
#include "remote/inspect.h"

namespace peregrine::core {
namespace {

enum class LineKind : bool { plain, problem };

net::Task<bool> send_line(Core& core, Call& call, std::string text, LineKind kind) {
  api::TextLine line;
  line.set_text(std::move(text));
  line.set_is_problem(kind == LineKind::problem);
  bool sent = co_await send(core, call, line.SerializeAsString());
  co_return sent;
}

/// Sends what the stream makes, to its end; answers how many lines that were, or nothing when the
/// reader has gone.
net::Task<std::optional<std::size_t>> send_all(Core& core, Call& call, LineStream& stream,
                                               LineKind kind) {
  std::size_t count = 0;
  bool is_there = true;
  while (true) {
    std::vector<std::string> lines = co_await stream.next();
    if (lines.empty()) break;
    for (std::string& line : lines) {
      if (!is_there) break;
      ++count;
      is_there = co_await send_line(core, call, std::move(line), kind);
    }
    if (!is_there) stream.abandon();
  }
  if (!is_there) co_return std::nullopt;
  co_return count;
}

/// The check of the accounts while the server goes on: each account in one turn of the loop, which
/// shows it at rest, and the links once more for those that have changed by the end.
class LiveCheck {
 public:
  explicit LiveCheck(Core& core) : core_(core), store_(*core.model.store) {
    if (!directory::verify(store_, report_)) note({"directory", "cannot be read"});
    auto partitions = store_.partitions();
    if (partitions) partitions_ = *std::move(partitions);
  }
  LiveCheck(const LiveCheck&) = delete;
  LiveCheck& operator=(const LiveCheck&) = delete;

  /// The next account; false when there is none left.
  bool step() {
    if (next_ == partitions_.size()) return false;
    check(partitions_[next_++], report_);
    return true;
  }

  void finish() {
    mail::Report silent = [](const store::Finding&) {};
    // New accounts, and those with commits since: their links, as they are now.
    auto present = store_.partitions();
    if (!present) return note({"store", "its partitions cannot be listed"});
    std::vector<store::BlobLink> wanted;
    for (store::PartitionId partition : *present) {
      auto seen = seen_.find(partition);
      if (seen == seen_.end() || seen->second.version != store_.version(partition)) {
        check(partition, silent);
      }
      const auto& links = seen_[partition].links;
      wanted.insert(wanted.end(), links.begin(), links.end());
    }
    if (!mail::verify_links(store_, std::move(wanted), report_)) {
      note({"store", "its links cannot be read"});
    }
  }

  [[nodiscard]] std::vector<std::string> take_findings() { return std::exchange(findings_, {}); }

 private:
  struct Seen {
    store::Version version;
    std::vector<store::BlobLink> links;
  };

  void check(store::PartitionId partition, const mail::Report& report) {
    if (partition == store::k_system_partition) return;
    AccountId account(partition.value);
    if (core_.model.directory->find_account(account) == nullptr) {
      report({"account " + std::to_string(account.value), "has mail, and is not in the directory"});
    }
    Seen& seen = seen_[partition];
    seen.links.clear();
    seen.version = store_.version(partition);
    if (!mail::verify_account(store_, account, report, seen.links)) {
      note({"account " + std::to_string(account.value), "cannot be read"});
    }
  }

  void note(const store::Finding& finding) {
    findings_.push_back(finding.where + ": " + finding.what);
  }

  Core& core_;
  store::Store& store_;
  mail::Report report_ = [this](const store::Finding& finding) { note(finding); };
  std::vector<store::PartitionId> partitions_;
  std::size_t next_ = 0;
  std::map<store::PartitionId, Seen> seen_;
  std::vector<std::string> findings_;
};

net::Task<std::optional<std::size_t>> send_findings(Core& core, Call& call, LiveCheck& check) {
  std::vector<std::string> findings = check.take_findings();
  std::size_t count = findings.size();
  for (std::string& finding : findings) {
    bool sent = co_await send_line(core, call, std::move(finding), LineKind::problem);
    if (!sent) co_return std::nullopt;
  }
  co_return count;
}

net::Task<std::optional<std::size_t>> verify_model(Core& core, Call& call) {
  LiveCheck check(core);
  std::size_t count = 0;
  bool more = true;
  while (more) {
    more = check.step();
    if (!more) check.finish();
    auto sent = co_await send_findings(core, call, check);
    if (!sent) co_return std::nullopt;
    count += *sent;
    co_await net::sleep_until(core.loop, Monotonic::now());
  }
  co_return count;
}

/// The check of the queue, some records in a turn of the loop.
net::Task<std::optional<std::size_t>> verify_queue(Core& core, Call& call) {
  std::vector<std::string> findings;
  queue::Findings report = [&findings](const store::Finding& finding) {
    findings.push_back(finding.where + ": " + finding.what);
  };
  queue::Check check(*core.model.store, report);
  std::size_t count = 0;
  bool more = true;
  while (more) {
    auto step = check.step();
    more = step && *step;
    bool is_whole = step.has_value();
    if (is_whole && !more) is_whole = check.finish().has_value();
    if (!is_whole) report({"queue", "cannot be read to its end"});
    for (std::string& finding : findings) {
      ++count;
      bool sent = co_await send_line(core, call, std::move(finding), LineKind::problem);
      if (!sent) co_return std::nullopt;
    }
    findings.clear();
    co_await net::sleep_until(core.loop, Monotonic::now());
  }
  co_return count;
}

net::Task<std::optional<std::size_t>> verify_store(Core& core, Call& call) {
  store::Store& store = *core.model.store;
  LineStream stream(core.loop, [&store](const LineStream::Out& out) {
    auto checked = store.verify(
        [&out](const store::Finding& finding) { out(finding.where + ": " + finding.what); });
    if (!checked) out("store: cannot be read to its end");
    auto remembered = remote::verify(
        store, [&out](const store::Finding& finding) { out(finding.where + ": " + finding.what); });
    if (!remembered) out("remote: cannot be read to its end");
  });
  auto count = co_await send_all(core, call, stream, LineKind::problem);
  co_return count;
}

net::Task<void> verify_all(Core& core, Call& call) {
  // What removed accounts have left is on its way out and no finding.
  co_await purge_orphans(core, [] { return false; });
  auto in_store = co_await verify_store(core, call);
  if (!in_store) co_return;
  auto in_model = co_await verify_model(core, call);
  if (!in_model) co_return;
  auto in_queue = co_await verify_queue(core, call);
  if (!in_queue) co_return;
  std::size_t all = *in_store + *in_model + *in_queue;
  static_cast<void>(co_await send_line(core, call, verify_summary(all), LineKind::plain));
}

}  // namespace

net::Task<Answer<void>> dump(Core& core, Call& call, api::DumpRequest request) {
  auto subject = core.admin.dump_subject(request);
  if (!subject) {
    static_cast<void>(co_await send_line(core, call, subject.error(), LineKind::problem));
    co_return Answer<void>{};
  }
  store::Store& store = *core.model.store;
  LineStream stream(core.loop, [&store, account = *subject](const LineStream::Out& out) {
    bool is_whole = mail::dump(store, {.account = account}, out).has_value();
    if (!account) is_whole = queue::dump(store, out) && is_whole;
    if (!account) is_whole = remote::dump(store, out) && is_whole;
    if (!is_whole) out("store: cannot be read to its end");
  });
  static_cast<void>(co_await send_all(core, call, stream, LineKind::plain));
  co_return Answer<void>{};
}

net::Task<Answer<void>> verify(Core& core, Call& call, api::VerifyRequest) {
  if (core.is_verifying) co_return std::unexpected(api::ErrorCode::in_use);
  core.is_verifying = true;
  co_await verify_all(core, call);
  core.is_verifying = false;
  co_return Answer<void>{};
}

}  // namespace peregrine::core
