#pragma once
// Queue: outgoing mail. What it knows is on disk alone: memory does not grow with it. Messages come
// in with enqueue(), leave by leases that the courier reports on, and end delivered or with a
// notification to their sender. The time is the caller's, for tests and for one clock a call.
//
// What commits answers, or makes last_sequence() answer, the commit's sequence: nothing that
// depends on it may leave the process before it is durable. For core's loop thread alone.

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "crypto/hash.h"
#include "queue/change.h"
#include "queue/trace.h"
#include "queue/types.h"

namespace peregrine::queue {

using std::chrono::seconds;

struct Options {
  seconds lifetime = std::chrono::days(5);
  seconds delay_warning = std::chrono::hours(4);  ///< 0: none
  seconds retry_first = std::chrono::minutes(5);
  seconds retry_longest = std::chrono::hours(4);
  seconds lease_time = std::chrono::minutes(30);
  std::uint32_t leases_per_destination = 20;
  /// Instead of that, if there is a function.
  std::function<std::uint32_t(const std::string& destination)> leases_of;
  /// What goes by the same connections: mail of two groups is never in one lease. None: all is.
  std::function<std::string(const MessageRecord& message)> group_of;
  seconds trace_history = std::chrono::days(30);  ///< 0: none
};

struct LeaseAsk {
  std::string prefer;           ///< a destination, or empty
  bool only_preferred = false;  ///< nothing of others
  std::size_t most_messages = 20;
};

struct LeasedMessage {
  QueueId id;
  MessageRecord record;
  std::vector<std::pair<std::uint32_t, RecipientRecord>> recipients;  ///< by index
};

struct Lease {
  LeaseId id;
  LeaseKind kind = LeaseKind::send;
  std::string destination;  ///< empty: notifications are to be made
  UnixTime expires;
  std::vector<LeasedMessage> messages;
};

struct Report {
  LeaseId lease;
  std::vector<Result> results;
  bool destination_failed = false;
  std::string destination;  ///< the lease's own
  std::string reason;
  bool is_last = false;
};

struct Filter {
  QueueId message;          ///< none: any
  std::string sender;       ///< an address or "@domain", in lower case; empty: any
  std::string recipient;    ///< the same
  std::string destination;  ///< empty: any
  bool only_held = false;
  bool only_failing = false;  ///< tried at least once
  [[nodiscard]] bool matches(QueueId id, const MessageRecord& message) const;
  [[nodiscard]] bool matches(const MessageRecord& message, const RecipientRecord& recipient) const;
};

/// Never renumber: sent between processes.
enum class Action : std::uint8_t {
  retry = 1,
  hold = 2,
  release = 3,
  drop = 4,    ///< gone, and nobody is told
  bounce = 5,  ///< failed, and the sender is told
  route = 6,
};

class Edit;

class Queue {
 public:
  using Random = std::function<std::uint64_t()>;
  /// `store` outlives it.
  Queue(store::Store& store, const Options& options, Random random = crypto::random_u64)
      : store_(store), options_(options), random_(std::move(random)) {}

  void set_options(const Options& options) {
    options_ = options;
    // An id holds its lease's end, which may be earlier from now on.
    last_lease_ = {};
  }
  [[nodiscard]] Change change() { return Change(store_); }
  /// All of the change as a commit, to be joined with others; tell committed() of it.
  std::expected<store::Commit, QueueError> finish(Change& change, UnixTime now);
  std::expected<store::Sequence, QueueError> commit(Change& change, UnixTime now);
  void committed(store::Sequence sequence) {
    last_sequence_ = sequence;
    is_unconfirmed_ = false;
  }
  [[nodiscard]] store::Sequence last_sequence() const { return last_sequence_; }

  /// Plans a message, whose content the commit carries or which is stored.
  std::expected<QueueId, QueueError> enqueue(Change& change, const NewMessage& message,
                                             UnixTime now);
  /// Unless stories are switched off.
  std::expected<void, QueueError> trace(Change& change, TraceId trace, const Event& event,
                                        UnixTime now);

  /// Nothing when nothing is due.
  std::expected<std::optional<Lease>, QueueError> lease(const LeaseAsk& ask, UnixTime now);
  /// When something will be due; nothing when the queue is empty.
  std::expected<std::optional<UnixTime>, QueueError> next_due();
  /// What the courier may read under its lease: `not_found` for all else.
  std::expected<MessageRecord, QueueError> leased_message(LeaseId lease, QueueId message,
                                                          UnixTime now);
  std::expected<store::Sequence, QueueError> report(const Report& report, UnixTime now);
  /// Of a sender that is gone: ends every lease. What was leased counts as tried, and rests before
  /// the next attempt: it may be what ended the sender.
  std::expected<store::Sequence, QueueError> end_leases(UnixTime now);
  /// Plans the end of notices that the lease names, and answers the message they are about.
  std::expected<MessageRecord, QueueError> end_notices(Change& change, LeaseId lease,
                                                       QueueId message,
                                                       std::span<const std::uint32_t> indexes,
                                                       UnixTime now);

  /// Expires and warns, forgets old stories, some at a time; true when there is more to do.
  std::expected<bool, QueueError> tend(UnixTime now);

  /// Messages that match, in order of arrival, from `from` on: at most `limit` of `looked_at` that
  /// are read. `from` moves on; none at the end.
  std::expected<std::vector<QueueId>, QueueError> select(const Filter& filter, QueueId& from,
                                                         std::size_t limit, std::size_t looked_at);
  /// A message and those of its recipients that match.
  std::expected<std::optional<LeasedMessage>, QueueError> describe(QueueId id,
                                                                   const Filter& filter);
  /// Applies an action to a message, or to those of its recipients that match, in a commit.
  std::expected<store::Sequence, QueueError> operate(std::span<const QueueId> ids,
                                                     const Filter& filter, Action action,
                                                     const std::string& route, UnixTime now);

  /// The secret of sender rewriting, made when there is none: then it must be committed.
  std::expected<Bytes, QueueError> secret(Change& change);

 private:
  friend class Edit;
  struct Picked;

  [[nodiscard]] UnixTime pause_after(std::uint32_t attempts, UnixTime now);
  std::expected<std::vector<std::string>, QueueError> candidates(const LeaseAsk& ask,
                                                                 Change& change, UnixTime now);
  std::expected<std::optional<Picked>, QueueError> pick(Change& change, const std::string& name,
                                                        std::size_t most, UnixTime now);
  std::expected<std::optional<Lease>, QueueError> lease_of(const std::string& name,
                                                           std::size_t most, UnixTime now);
  LeaseId new_lease(UnixTime expires);
  std::expected<void, QueueError> take(Change& change, Lease& lease, LeasedMessage& leased);
  std::expected<void, QueueError> report_message(Change& change, const Report& report, QueueId id,
                                                 std::span<const Result> results,
                                                 LeaseRecord* lease, UnixTime now);
  [[nodiscard]] UnixTime after_breath(const Report& report, UnixTime now) const;
  std::expected<void, QueueError> give_back(Edit& edit, std::uint32_t index,
                                            const RecipientRecord& before, UnixTime earliest,
                                            UnixTime now);
  std::expected<void, QueueError> give_back(Change& change, const Report& report,
                                            const LeaseRecord& lease, UnixTime now);
  std::expected<Report, QueueError> report_of_lost(LeaseId id);
  std::expected<void, QueueError> note_destination(Change& change, const Report& report,
                                                   const LeaseRecord& lease, UnixTime now);
  std::expected<void, QueueError> tend_message(Change& change, QueueId id, UnixTime timer,
                                               UnixTime now);
  std::expected<void, QueueError> operate_on(Change& change, QueueId id, const Filter& filter,
                                             Action action, const std::string& route, UnixTime now);

  store::Store& store_;
  Options options_;
  Random random_;
  LeaseId last_lease_;
  OpenLeases open_leases_;
  PlaceGaps place_gaps_;
  bool is_unconfirmed_ = false;  // a commit was made, and nobody said that it is stored
  store::Sequence last_sequence_;
  /// No destination is due before: keeps scans from reading over what has long been removed.
  UnixTime floor_;
};

}  // namespace peregrine::queue
