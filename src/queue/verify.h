#pragma once
// The queue's invariants, checked over all that is stored, and a readable listing of it. Both only
// read. The check goes in steps, each of which sees the queue at rest, so that it may run on core's
// loop while the server works; what changes between two steps is no finding.

#include <functional>
#include <string_view>

#include "queue/change.h"

namespace peregrine::queue {

using Findings = std::function<void(const store::Finding&)>;

class Check {
 public:
  /// Both outlive it.
  Check(store::Store& store, const Findings& report) : store_(store), report_(report) {}

  /// Looks at some records; false when there are none left, and finish() is due.
  std::expected<bool, QueueError> step();
  /// The counters and the links of contents.
  std::expected<void, QueueError> finish();

 private:
  void check_record(BytesView key, BytesView value);
  void check_header(BytesView value);
  void check_message(QueueId id, BytesView value);
  void check_recipient(QueueId id, std::uint32_t index, BytesView value);
  void check_due(const ParsedKey& key);
  void check_destination(const std::string& name, BytesView value);
  void check_lease(LeaseId id, BytesView value);
  void check_marker(const ParsedKey& key);
  void check_trace(const ParsedKey& key, BytesView value);
  void expect_key(const Bytes& key, std::string_view owner, std::string_view what);
  void found(std::string_view where, std::string_view what);

  store::Store& store_;
  const Findings& report_;
  Bytes next_ = family_prefix(KeyFamily::header);
  store::Version began_;
  bool has_begun_ = false;
  Header header_;
  std::uint64_t messages_ = 0;
  std::uint64_t recipients_ = 0;
};

/// All steps at once.
std::expected<void, QueueError> verify(store::Store& store, const Findings& report);

/// One JSON object a line for each record; no contents, no secrets.
std::expected<void, QueueError> dump(store::Store& store,
                                     const std::function<void(std::string_view)>& out);

}  // namespace peregrine::queue
