#include "role/ban_table.h"

namespace peregrine::role {
namespace {

// The words of a row.
constexpr std::size_t k_low = 0;
constexpr std::size_t k_high = 1;
constexpr std::size_t k_until = 2;
constexpr std::size_t k_row_words = 3;
// Rows tried for a network.
constexpr std::size_t k_steps = 8;

/// Seconds of a clock that all processes of a machine share; 0 is never a ban's end.
std::uint32_t seconds_of(Deadline time) {
  auto since = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  if (since <= 0) return 0;
  return since >= UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(since);
}

std::uint64_t read_fingerprint(std::span<sys::SharedMemory::Word> row) {
  std::uint64_t high = row[k_high].load(std::memory_order_relaxed);
  return high << 32 | row[k_low].load(std::memory_order_relaxed);
}

}  // namespace

std::optional<BanTable> BanTable::open(const sys::Fd& table, crypto::SipKey key,
                                       sys::Access access) {
  auto memory = sys::SharedMemory::open(table.get(), access);
  if (!memory || memory->words().size() != k_words) return std::nullopt;
  return BanTable(std::move(*memory), key);
}

std::uint64_t BanTable::fingerprint(const sys::SocketAddress& network) const {
  auto ip = network.ip_bytes();
  return crypto::siphash13(key_, BytesView(reinterpret_cast<const char*>(ip.data()), ip.size()));
}

BanTable::Row BanTable::row(std::uint64_t fingerprint, std::size_t step) const {
  return memory_.words().subspan((fingerprint + step) % k_rows * k_row_words, k_row_words);
}

std::optional<BanTable::Row> BanTable::find(std::uint64_t fingerprint) const {
  for (std::size_t step = 0; step < k_steps; ++step) {
    Row each = row(fingerprint, step);
    if (each[k_until].load(std::memory_order_acquire) == 0) continue;
    if (read_fingerprint(each) == fingerprint) return each;
  }
  return std::nullopt;
}

void BanTable::set(const sys::SocketAddress& network, Deadline until) {
  std::uint64_t print = fingerprint(network);
  auto target = find(print);
  if (!target) {
    // A free row, or the one whose ban ends first.
    target = row(print, 0);
    for (std::size_t step = 1; step < k_steps; ++step) {
      Row each = row(print, step);
      if (each[k_until].load(std::memory_order_relaxed) <
          (*target)[k_until].load(std::memory_order_relaxed)) {
        target = each;
      }
    }
  }
  // Free while its fingerprint changes.
  (*target)[k_until].store(0, std::memory_order_release);
  (*target)[k_low].store(static_cast<std::uint32_t>(print), std::memory_order_release);
  (*target)[k_high].store(static_cast<std::uint32_t>(print >> 32), std::memory_order_release);
  (*target)[k_until].store(seconds_of(until), std::memory_order_release);
}

void BanTable::erase(const sys::SocketAddress& network) {
  if (auto found = find(fingerprint(network))) {
    (*found)[k_until].store(0, std::memory_order_release);
  }
}

void BanTable::clear() {
  for (auto& word : memory_.words()) word.store(0, std::memory_order_relaxed);
}

bool BanTable::holds(const sys::SocketAddress& network, Deadline now) const {
  auto found = find(fingerprint(network));
  return found && (*found)[k_until].load(std::memory_order_relaxed) > seconds_of(now);
}

}  // namespace peregrine::role
