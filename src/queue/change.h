#pragma once
// Change: the queue as it is and as it shall be: what has been written into it is read back from it
// before it is committed. Everything that the rows promise is kept here: a recipient's rows follow
// its record, a message's timer and blob link follow its record, each destination stands where its
// first place, its pause and its leases say. finish() gives all of it as one store commit.
//
// For core's loop thread; short-lived: nothing else may write to the queue between its first read
// and the commit.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "queue/open_leases.h"
#include "queue/place_gaps.h"
#include "queue/records.h"

namespace peregrine::queue {

/// What a destination's place depends on besides what is stored.
struct Pace {
  UnixTime now;
  std::function<std::uint32_t(const std::string& destination)> most_leases;
  OpenLeases* open_leases = nullptr;
  PlaceGaps* place_gaps = nullptr;
};

class Change {
 public:
  template <class T>
  using Read = std::expected<std::optional<T>, QueueError>;

  /// `store` outlives it.
  explicit Change(store::Store& store) : store_(store) {}

  Read<Bytes> get(const Bytes& key);
  void put(Bytes key, Bytes value) { pending_.insert_or_assign(std::move(key), std::move(value)); }
  void remove(Bytes key) { pending_.insert_or_assign(std::move(key), std::nullopt); }
  /// The keys of [first, end) in order, with what is pending; `visit` answers false to stop.
  std::expected<void, QueueError> scan(const Bytes& first, const Bytes& end,
                                       const std::function<bool(BytesView, BytesView)>& visit);

  std::expected<Header*, QueueError> header();
  Read<MessageRecord> message(QueueId id);
  Read<RecipientRecord> recipient(QueueId id, std::uint32_t index);
  Read<DestinationRecord> destination(const std::string& name);
  Read<LeaseRecord> lease(LeaseId id);
  /// The indexes of a message's recipients.
  std::expected<std::vector<std::uint32_t>, QueueError> recipients(QueueId id);

  /// None as `after`: it goes. A message that goes is unlinked.
  void set_message(QueueId id, const std::optional<MessageRecord>& before,
                   const std::optional<MessageRecord>& after);
  /// A move that the table of states does not have stops the process: a mistake of ours.
  /// `message` counts its recipients; the caller writes it.
  void set_recipient(QueueId id, std::uint32_t index, const std::optional<RecipientRecord>& before,
                     const std::optional<RecipientRecord>& after);
  /// The pause and the reason are the caller's, the rest is settled by finish().
  void set_destination(const std::string& name, const DestinationRecord& record);
  void set_lease(LeaseId id, const LeaseRecord& record);
  void remove_lease(LeaseId id, const LeaseRecord& record);
  /// Others that are due come before this destination.
  void rotate(const std::string& name) { touched_[name].is_rotated = true; }

  void link(const store::BlobId& blob, QueueId holder);

  [[nodiscard]] bool is_empty() const { return pending_.empty(); }
  std::expected<store::Commit, QueueError> finish(const Pace& pace);
  /// Of the destinations that finish() placed, the first to be due.
  [[nodiscard]] std::optional<UnixTime> lowest_due() const { return lowest_due_; }

 private:
  struct Touched {
    std::vector<Row> added;
    std::vector<LeaseId> begun;  ///< leases
    std::vector<LeaseId> ended;
    bool is_rotated = false;
  };
  struct Leases {
    std::size_t count = 0;
    UnixTime first_end;
  };

  template <class T>
  Read<T> read(const Bytes& key, Decoded<T> (*decode)(BytesView));
  void set_place(const std::string& destination, const std::optional<Row>& before,
                 const std::optional<Row>& after);
  std::expected<void, QueueError> settle(const std::string& name, const Touched& touched,
                                         const Pace& pace);
  std::expected<std::optional<Row>, QueueError> first_place(const std::string& name,
                                                            const Row& from, const Pace& pace);
  std::expected<OpenLeases::Ids, QueueError> lease_ids(const std::string& name);
  std::expected<Leases, QueueError> leases(const std::string& name, const Touched& touched,
                                           const Pace& pace);

  store::Store& store_;
  std::map<Bytes, std::optional<Bytes>> pending_;
  std::optional<Header> header_;
  std::optional<Header> header_before_;
  std::map<std::string, Touched> touched_;
  std::optional<UnixTime> lowest_due_;
  store::Commit commit_;
};

/// The place of a recipient among those of its destination, and of its notification.
std::optional<Row> place_of(QueueId id, std::uint32_t index, const RecipientRecord& record);
std::optional<Row> notice_place_of(QueueId id, std::uint32_t index, const RecipientRecord& record);

}  // namespace peregrine::queue
