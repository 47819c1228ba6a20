#include <gtest/gtest.h>

#include "remote/inspect.h"
#include "remote/policies.h"
#include "remote/results.h"

namespace peregrine::remote {
namespace {

constexpr UnixTime k_start{1'700'000'000};

UnixTime later(std::int64_t seconds) {
  return {k_start.seconds + seconds};
}

PolicyRecord record(std::uint32_t max_age, Bytes text = "version: STSv1\n") {
  return {.id = "2025a", .fetched = k_start, .max_age = max_age, .text = std::move(text)};
}

class RemoteTest : public testing::Test {
 protected:
  RemoteTest() : store(store::open_memory()) {}

  std::optional<PolicyRecord> get(std::string_view domain, UnixTime now = k_start) {
    auto found = policies->get(domain, now);
    EXPECT_TRUE(found);
    return found ? *found : std::nullopt;
  }
  std::vector<Counted> all(TlsResults& results, std::string_view domain = {}) {
    std::vector<Counted> out;
    Bytes position;
    do {
      auto some = results.list(position, 3, domain);
      EXPECT_TRUE(some);
      if (!some) break;
      out.insert(out.end(), some->begin(), some->end());
    } while (!position.empty());
    return out;
  }
  void write(Bytes key, Bytes value) {
    store::Commit commit;
    commit.partitions.push_back({store::k_system_partition, std::nullopt, {{key, value}}});
    EXPECT_TRUE(store->commit(commit));
  }
  std::size_t findings() {
    std::size_t count = 0;
    EXPECT_TRUE(verify(*store, [&](const store::Finding&) { ++count; }));
    return count;
  }

  std::unique_ptr<store::Store> store;
  std::unique_ptr<StsPolicies> policies = *StsPolicies::open(*store);
};

TEST_F(RemoteTest, APolicyOutlivesARestartAndNotItsTime) {
  ASSERT_TRUE(policies->put("dest.test", record(1000), k_start));
  policies = *StsPolicies::open(*store);
  EXPECT_EQ(policies->size(), 1U);
  EXPECT_EQ(get("dest.test"), record(1000));
  EXPECT_TRUE(get("dest.test", later(999)));
  EXPECT_FALSE(get("dest.test", later(1000)));
  EXPECT_FALSE(get("other.test"));
  ASSERT_TRUE(policies->purge(later(999), 10));
  EXPECT_EQ(policies->size(), 1U);
  ASSERT_TRUE(policies->purge(later(1000), 10));
  EXPECT_EQ(policies->size(), 0U);
  EXPECT_EQ((*StsPolicies::open(*store))->size(), 0U);
}

TEST_F(RemoteTest, ANewPolicyTakesThePlaceOfTheOne) {
  ASSERT_TRUE(policies->put("dest.test", record(1000), k_start));
  ASSERT_TRUE(policies->put("dest.test", record(5), k_start));
  EXPECT_EQ(policies->size(), 1U);
  EXPECT_FALSE(get("dest.test", later(5)));
}

TEST_F(RemoteTest, WhatEndsFirstMakesRoom) {
  policies = *StsPolicies::open(*store, {.records = 2, .bytes = mib(1)});
  ASSERT_TRUE(policies->put("a.test", record(1000), k_start));
  ASSERT_TRUE(policies->put("b.test", record(500), k_start));
  ASSERT_TRUE(policies->put("c.test", record(700), k_start));
  EXPECT_EQ(policies->size(), 2U);
  EXPECT_TRUE(get("a.test") && get("c.test"));
  EXPECT_FALSE(get("b.test"));
}

TEST_F(RemoteTest, TheirBytesAreBounded) {
  policies = *StsPolicies::open(*store, {.records = 100, .bytes = kib(100)});
  for (char c = 'a'; c <= 'j'; ++c) {
    ASSERT_TRUE(
        policies->put(std::string(1, c) + ".test", record(1000, Bytes(kib(40), 'x')), k_start));
  }
  EXPECT_EQ(policies->size(), 2U);
  EXPECT_EQ((*StsPolicies::open(*store))->size(), 2U);
}

TEST_F(RemoteTest, OnlySoundPoliciesAreOnes) {
  EXPECT_TRUE(is_sound(record(k_most_max_age)));
  EXPECT_FALSE(is_sound(record(k_most_max_age + 1)));
  EXPECT_FALSE(is_sound(record(1, Bytes(k_most_policy_bytes + 1, 'x'))));
  PolicyRecord other = record(1);
  for (const std::string& id : {std::string(), std::string(33, 'a'), std::string("a b")}) {
    other.id = id;
    EXPECT_FALSE(is_sound(other));
  }
  EXPECT_TRUE(is_domain("dest.test"));
  for (std::string_view name : {"", "Dest.test", "dest.test.", "[192.0.2.1]", "a b.test"}) {
    EXPECT_FALSE(is_domain(name)) << name;
  }
}

Counted counted(std::uint32_t day, std::string mx, std::uint64_t sessions,
                std::string domain = "dest.test") {
  return {.key = {.day = day,
                  .domain = std::move(domain),
                  .policy = PolicyType::sts,
                  .result = ResultType::certificate_expired,
                  .receiving_mx = std::move(mx)},
          .sessions = sessions};
}

TEST_F(RemoteTest, ResultsAddUpByDayAndHost) {
  auto results = *TlsResults::open(*store);
  ASSERT_TRUE(results->add({counted(7, "mx1.test", 1), counted(7, "mx1.test", 2)}));
  ASSERT_TRUE(results->add({counted(7, "mx1.test", 4), counted(8, "mx1.test", 1)}));
  ASSERT_TRUE(results->add({counted(7, "mx2.test", 1), counted(7, "mx1.test", 1, "else.test")}));
  EXPECT_EQ(results->size(), 4U);
  auto found = all(*results, "dest.test");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].key, counted(7, "mx1.test", 0).key);
  EXPECT_EQ(found[0].sessions, 7U);
  EXPECT_EQ(all(*results).size(), 4U);
  EXPECT_EQ((*TlsResults::open(*store))->size(), 4U);
}

TEST_F(RemoteTest, ResultsAreBounded) {
  auto results = *TlsResults::open(*store, {.records = 8, .records_a_domain = 5});
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(results->add({counted(7, "mx" + std::to_string(i) + ".test", 1)}));
  }
  auto found = all(*results);
  ASSERT_EQ(found.size(), 6U);
  // What has no host's name for want of room is counted all the same.
  EXPECT_EQ(found[0].key.receiving_mx, "");
  EXPECT_EQ(found[0].sessions, 15U);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(results->add({counted(7, "", 1, "d" + std::to_string(i) + ".test")}));
  }
  EXPECT_EQ(results->size(), 8U);
}

TEST_F(RemoteTest, OldDaysGo) {
  auto results = *TlsResults::open(*store);
  std::uint32_t today = day_of(k_start);
  for (std::uint32_t i = 0; i < 40; ++i) ASSERT_TRUE(results->add({counted(today - i, "mx", 1)}));
  ASSERT_TRUE(results->purge(k_start, 4));
  EXPECT_EQ(results->size(), 36U);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(results->purge(k_start, 4));
  EXPECT_EQ(results->size(), k_days_kept);
  EXPECT_EQ(all(*results).front().key.day, today - k_days_kept + 1);
}

TEST_F(RemoteTest, VerifyAndDumpKnowTheRecords) {
  ASSERT_TRUE(policies->put("dest.test", record(1000), k_start));
  ASSERT_TRUE((*TlsResults::open(*store))->add({counted(7, "mx.test", 3)}));
  EXPECT_EQ(findings(), 0U);
  std::string text;
  ASSERT_TRUE(dump(*store, [&](std::string_view line) { text += std::string(line) + '\n'; }));
  EXPECT_NE(text.find(R"("domain":"dest.test","id":"2025a")"), std::string::npos);
  EXPECT_NE(text.find(R"("result":"certificate-expired","mx":"mx.test","sessions":3)"),
            std::string::npos);
  write(policy_key("bad.test"), "\x01garbage");
  write(Bytes("r\x03zzz"), "x");
  EXPECT_EQ(findings(), 2U);
  policies = *StsPolicies::open(*store);
  EXPECT_FALSE(get("bad.test"));
  ASSERT_TRUE(policies->purge(k_start, 10));
  EXPECT_EQ(findings(), 1U);
}

TEST(RemoteRecord, IsReadAsItWasWritten) {
  Bytes bytes = encode(record(1000));
  EXPECT_EQ(decode_policy(bytes), record(1000));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_policy(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_policy(bytes + "x"));
  bytes[0] = 2;
  EXPECT_FALSE(decode_policy(bytes));
  Bytes key = result_key(counted(7, "mx.test", 1).key);
  EXPECT_EQ(parse_result_key(key), counted(7, "mx.test", 1).key);
  for (std::size_t size = 0; size < key.size() - 7; ++size) {
    EXPECT_FALSE(parse_result_key(key.substr(0, size))) << size;
  }
  EXPECT_EQ(decode_count(encode_count(300)), 300U);
  EXPECT_EQ(name_of(PolicyType::none), "no-policy-found");
  EXPECT_EQ(name_of(ResultType::sts_webpki_invalid), "sts-webpki-invalid");
  EXPECT_FALSE(policy_type_of(0) || policy_type_of(4) || result_type_of(0) || result_type_of(13));
}

}  // namespace
}  // namespace peregrine::remote
