#include "store/rocksdb/log_check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <rocksdb/file_checksum.h>
#include <unistd.h>
#include <vector>

#include "base/codec.h"
#include "base/result.h"
#include "sys/fd.h"

namespace peregrine::store {

namespace {

// RocksDB's log: blocks of 32 KiB of records: a masked CRC-32C of all that follows, a 2-byte
// little-endian length, a type, and the content. A record never crosses a block; a longer one is
// cut into several. Fewer than seven bytes at a block's end are padding.
constexpr std::size_t k_block = kib(32);
constexpr std::size_t k_header = 7;
enum class Piece : std::uint8_t { none = 0, full = 1, first = 2, middle = 3, last = 4 };

// A batch begins with its sequence number and its count; a mark follows as an entry that is kept in
// the log alone: its tag, its length, its bytes.
constexpr std::size_t k_batch_header = 12;
constexpr std::uint8_t k_mark_size = 28;
constexpr std::uint8_t k_log_data_tag = 3;
constexpr std::string_view k_magic = "pgm1";
constexpr std::size_t k_prefix = k_batch_header + 2 + k_mark_size;

std::uint64_t read_little(BytesView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

/// Of the type and the content, as a record's header holds it.
std::uint32_t masked_crc(BytesView bytes) {
  auto generator = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  std::uint32_t crc = 0;  // big-endian in the checksum's text
  for (char c : generator->GetChecksum()) crc = crc << 8 | static_cast<unsigned char>(c);
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

/// What the logs read so far amount to. One object reads them all, in the order of their numbers.
class LogScan {
 public:
  /// Of the current log: where its good records end.
  [[nodiscard]] std::uint64_t good_end() const { return good_end_; }
  /// Durable commits that come behind damage, so that cutting there would lose them.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  void begin_log() {
    good_end_ = 0;
    is_inside_ = false;
    // What is damaged at the end of one log lies before all of the next.
    before_damaged_ = before_damaged_ || damaged_;
    damaged_ = false;
  }

  void read_block(BytesView block, std::uint64_t offset) {
    std::size_t at = 0;
    while (block.size() - at >= k_header) {
      BytesView header = block.substr(at, k_header);
      std::size_t length = read_little(header.substr(4, 2));
      auto piece = static_cast<Piece>(header[6]);
      bool fits = length <= block.size() - at - k_header;
      bool is_good =
          fits && piece >= Piece::full && piece <= Piece::last &&
          masked_crc(block.substr(at + 6, 1 + length)) == read_little(header.substr(0, 4));
      // RocksDB too looks no further than to the end of this block.
      if (!is_good) return note_damage();
      take(piece, block.substr(at + k_header, length), offset + at + k_header + length);
      at += k_header + length;
    }
  }

 private:
  void note_damage() {
    damaged_ = true;
    is_inside_ = false;
  }

  void take(Piece piece, BytesView content, std::uint64_t end) {
    if (piece == Piece::full || piece == Piece::first) {
      prefix_.clear();
      is_inside_ = true;
    }
    if (!is_inside_) return;  // its beginning is lost
    prefix_.append(content.substr(0, k_prefix - prefix_.size()));
    if (piece == Piece::first || piece == Piece::middle) return;
    is_inside_ = false;
    auto mark = mark_of(prefix_);
    if (mark && before_damaged_ && !damaged_ && goes_on(*mark)) before_damaged_ = false;
    if (!before_damaged_ && !damaged_) {
      good_end_ = end;
      if (mark) last_ = *mark;
    } else if (mark) {
      judge(*mark);
    }
  }

  /// A log that was not closed ends in zeros; the next one begins with the next commit, or is of a
  /// later run, which has read all of this one.
  [[nodiscard]] bool goes_on(const LogMark& mark) const {
    if (mark.run == last_.run) return mark.commit == last_.commit + 1;
    return !after_ || mark.run != after_->run;
  }

  /// A good record behind damage: which commits are missing, and whether it has seen them durable.
  void judge(const LogMark& mark) {
    if (!after_) after_ = mark;
    std::uint64_t last_missing = after_->commit - 1;
    // With nothing good before the damage one commit is known to be missing, no more.
    std::uint64_t first_missing = after_->run == last_.run ? last_.commit + 1 : last_missing;
    if (mark.run != after_->run || mark.durable < first_missing || first_missing == 0) return;
    lost_ = std::max(lost_, std::min(mark.durable, last_missing) + 1 - first_missing);
  }

  LogMark last_;                  ///< of the last record before any damage
  std::optional<LogMark> after_;  ///< of the first record behind it
  bool before_damaged_ = false;   ///< in a log before this one
  bool damaged_ = false;          ///< in this one, or only its end
  bool is_inside_ = false;        ///< a record that was cut into several
  Bytes prefix_;                  ///< of that record
  std::uint64_t good_end_ = 0;
  std::uint64_t lost_ = 0;
};

struct LogEnd {
  std::string path;
  sys::Fd file;
  std::uint64_t good_end = 0;
};

std::unexpected<OpenError> io_failure(const std::string& path) {
  return std::unexpected(
      OpenError{StoreError::io, fmt::format("{} cannot be read: {}", path, std::strerror(errno))});
}

std::expected<LogEnd, OpenError> read_log(const std::string& path, LogScan& scan) {
  LogEnd log{path, sys::Fd(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)), 0};
  if (!log.file) return io_failure(path);
  scan.begin_log();
  Bytes block(k_block, '\0');
  std::uint64_t offset = 0;
  while (true) {
    ssize_t n = pread(log.file.get(), block.data(), block.size(), static_cast<off_t>(offset));
    if (n < 0) return io_failure(path);
    scan.read_block(BytesView(block).substr(0, static_cast<std::size_t>(n)), offset);
    offset += static_cast<std::uint64_t>(n);
    if (static_cast<std::size_t>(n) < k_block) break;
  }
  log.good_end = scan.good_end();
  return log;
}

std::expected<void, OpenError> cut(const LogEnd& log) {
  auto end = static_cast<off_t>(log.good_end);
  if (ftruncate(log.file.get(), end) == 0 && fsync(log.file.get()) == 0) return {};
  return std::unexpected(OpenError{
      StoreError::io, fmt::format("{} cannot be cut: {}", log.path, std::strerror(errno))});
}

std::vector<std::string> logs_of(const std::string& directory) {
  std::vector<std::pair<std::uint64_t, std::string>> found;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(directory, code), end; !code && entry != end;
       entry.increment(code)) {
    std::string name = entry->path().filename();
    if (!name.ends_with(".log")) continue;
    found.emplace_back(std::strtoull(name.c_str(), nullptr, 10), entry->path());
  }
  std::ranges::sort(found);
  std::vector<std::string> out;
  for (auto& [number, path] : found) out.push_back(std::move(path));
  return out;
}

}  // namespace

Bytes encode(const LogMark& mark) {
  Encoder out;
  out.raw(k_magic).fixed64(mark.run).fixed64(mark.commit).fixed64(mark.durable);
  return out.take();
}

std::optional<LogMark> mark_of(BytesView record) {
  Decoder in(record.substr(std::min(record.size(), k_batch_header)));
  bool is_mark = in.u8() == k_log_data_tag && in.u8() == k_mark_size && in.raw(4) == k_magic;
  LogMark mark{.run = in.fixed64(), .commit = in.fixed64(), .durable = in.fixed64()};
  if (!is_mark || !in.ok() || mark.commit == 0) return std::nullopt;
  return mark;
}

std::expected<void, OpenError> check_logs(const std::string& directory) {
  LogScan scan;
  std::vector<LogEnd> logs;
  for (const std::string& path : logs_of(directory)) {
    TRY(LogEnd log, read_log(path, scan));
    logs.push_back(std::move(log));
    if (scan.lost() == 0) continue;
    auto damaged = std::ranges::find_if(logs, [](const LogEnd& each) {
      off_t size = lseek(each.file.get(), 0, SEEK_END);
      return static_cast<off_t>(each.good_end) < size;
    });
    const LogEnd& at = damaged == logs.end() ? logs.back() : *damaged;
    return std::unexpected(OpenError{
        StoreError::corrupt,
        fmt::format("{} is damaged at byte {}: {} or more changes behind it were acknowledged and "
                    "cannot be read; restore the data directory from a backup, or give them up: "
                    "truncate --size={} {}",
                    at.path, at.good_end, scan.lost(), at.good_end, at.path)});
  }
  for (const LogEnd& log : logs) TRY_VOID(cut(log));
  return {};
}

}  // namespace peregrine::store
