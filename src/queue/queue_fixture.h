#pragma once
// What the queue's tests share: a queue on a store in memory, a clock that they set, no jitter, and
// a courier's answers. For tests only.

#include <gtest/gtest.h>
#include <memory>

#include "queue/queue.h"
#include "queue/verify.h"
#include "store/memory/memory_store.h"

namespace peregrine::queue {

class QueueTest : public testing::Test {
 protected:
  QueueTest() { reopen(); }
  void TearDown() override { expect_sound(); }

  /// Forgets what is in memory, as a new start of core does.
  void reopen() {
    queue = std::make_unique<Queue>(*memory.store, options, [this] { return next_random += 2; });
  }

  QueueId add(std::vector<NewRecipient> recipients, const std::string& from = "a@ours.test",
              const std::string& held = {}) {
    Bytes content = "Subject: x\r\n\r\n" + std::to_string(++contents);
    NewMessage message;
    message.envelope.mail_from = from;
    message.blob = store::BlobId{crypto::sha256(content)};
    message.size = content.size();
    message.trace = TraceId(contents);
    message.held_because = held;
    message.recipients = std::move(recipients);
    return add(message, content);
  }
  QueueId add(const NewMessage& message, const Bytes& content) {
    Change change = queue->change();
    auto id = queue->enqueue(change, message, now);
    EXPECT_TRUE(id);
    auto commit = queue->finish(change, now);
    EXPECT_TRUE(commit);
    if (!id || !commit) return {};
    commit->new_blobs.emplace_back(message.blob, content);
    EXPECT_TRUE(memory.store->commit(*commit));
    return *id;
  }
  QueueId add(const std::string& to, std::uint32_t notify = 0) {
    return add({{.address = to, .notify = notify}});
  }

  std::optional<Lease> lease(const LeaseAsk& ask = {}) {
    auto leased = queue->lease(ask, now);
    EXPECT_TRUE(leased);
    return leased ? *leased : std::nullopt;
  }
  /// A lease that must be there.
  Lease take(const LeaseAsk& ask = {}) {
    auto leased = lease(ask);
    EXPECT_TRUE(leased);
    return leased.value_or(Lease{});
  }
  void say(const Lease& of, Outcome outcome, bool is_last = true) {
    Report report{.lease = of.id, .is_last = is_last};
    for (const LeasedMessage& message : of.messages) {
      for (const auto& [index, record] : message.recipients) {
        report.results.push_back(result(message.id, index, outcome));
      }
    }
    EXPECT_TRUE(queue->report(report, now));
  }
  static Result result(QueueId id, std::uint32_t index, Outcome outcome) {
    return {id, index, outcome, "4.2.0", "mx.there.test", "450 later", "TLSv1.3"};
  }
  void fail_destination(const Lease& of) {
    EXPECT_TRUE(queue->report({.lease = of.id,
                               .destination_failed = true,
                               .destination = of.destination,
                               .reason = "no route",
                               .is_last = true},
                              now));
  }
  void tend() {
    for (int i = 0; i < 1000; ++i) {
      auto more = queue->tend(now);
      ASSERT_TRUE(more);
      if (!*more) return;
    }
  }

  std::optional<RecipientRecord> recipient(QueueId id, std::uint32_t index = 0) {
    auto record = queue->change().recipient(id, index);
    EXPECT_TRUE(record);
    return record ? *record : std::nullopt;
  }
  std::optional<MessageRecord> message(QueueId id) {
    auto record = queue->change().message(id);
    EXPECT_TRUE(record);
    return record ? *record : std::nullopt;
  }
  Header header() {
    Change change = queue->change();
    auto header = change.header();
    EXPECT_TRUE(header);
    return header ? **header : Header{};
  }
  std::vector<std::string> findings() {
    std::vector<std::string> out;
    EXPECT_TRUE(verify(*memory.store, [&](const store::Finding& finding) {
      out.push_back(finding.where + ": " + finding.what);
    }));
    return out;
  }
  void expect_sound() { EXPECT_EQ(findings(), std::vector<std::string>{}); }
  void expect_empty() {
    EXPECT_EQ(header().messages, 0U);
    EXPECT_EQ(header().recipients, 0U);
    EXPECT_EQ(*queue->next_due(), std::nullopt);
  }

  store::MemoryStore memory = store::open_memory_with_hooks();
  Options options;
  std::unique_ptr<Queue> queue;
  UnixTime now{1'800'000'000};
  std::uint64_t next_random = 1;
  std::uint64_t contents = 0;
};

}  // namespace peregrine::queue
