#pragma once
// Resolver: looks names up and validates what it hears, by libunbound in this thread. Follows the
// tree from the root, or asks the forwarders of the configuration; answers are cached, within
// dns.cache_size.
//
//   auto resolver = Resolver::create(gate, settings.dns);
//   Answer answer = co_await (*resolver)->lookup("example.org", RecordType::mx, deadline);
//
// create() reads all that will ever be read from files and draws random numbers: call it before the
// sandbox. The gate must outlive it.

#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/settings.h"
#include "net/gate.h"
#include "resolver/event_base.h"
#include "resolver/question.h"

struct ub_ctx;

namespace peregrine::resolver {

enum class Status : std::uint8_t { ok, no_data, no_name, failed, bogus, bad_name };
std::string_view status_name(Status status);

struct Answer {
  Status status = Status::failed;
  bool is_secure = false;      ///< validated, from a trust anchor down
  std::vector<Bytes> records;  ///< rdata, names uncompressed
  std::uint32_t ttl = 0;       ///< seconds
  std::string canonical_name;  ///< where CNAMEs led; empty when there was none
  std::string reason;          ///< of `failed` and `bogus`: for the log
};

/// Questions that the library works on, with those whose asker has stopped waiting.
inline constexpr std::size_t k_most_lookups = 1024;
/// Sockets that the library may open at a time, UDP and TCP.
inline constexpr std::size_t k_most_sockets = 512 + 64;

class Resolver {
 public:
  /// The error: why the library does not start with these settings.
  static std::expected<std::unique_ptr<Resolver>, std::string> create(
      net::Gate& gate, const config::DnsSettings& settings);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Waits for the answer until `deadline`, and no longer than dns.timeout.
  net::Task<Answer> lookup(std::string name, RecordType type, Deadline deadline);
  [[nodiscard]] std::size_t running() const { return questions_.size(); }

  /// Ends the library; lookups under way are answered `failed`.
  void stop();

 private:
  struct Question;
  struct Release {
    void operator()(ub_ctx* context) const;
  };

  Resolver(net::Gate& gate, const config::DnsSettings& settings);
  std::expected<void, std::string> start(const config::DnsSettings& settings);
  static void receive(void* question, int code, void* packet, int size, int security,
                      char* why_bogus, int was_limited);
  void finish(Question& question);

  net::Loop& loop_;
  config::Duration timeout_;
  // Owned until the library has called back, which it does once for each.
  std::unordered_map<Question*, std::unique_ptr<Question>> questions_;
  EventBase events_;
  std::unique_ptr<ub_ctx, Release> context_;
};

}  // namespace peregrine::resolver
