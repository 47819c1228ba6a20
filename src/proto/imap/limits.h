#pragma once
// Limits of what an IMAP client may send: one value for the framer and the grammar of a connection.
// The value before login is a stricter one (V26), and there every framing error ends the
// connection; a session replaces its framer after login.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace peregrine::imap {

/// Which commands the grammar knows at all. Before login it holds no code path into the others.
enum class Stage : std::uint8_t { not_authenticated, authenticated };

/// Which non-synchronising literals `{n+}` are taken (RFC 7888).
enum class NonSync : std::uint8_t {
  refused,        ///< no capability announced
  literal_minus,  ///< LITERAL-: up to 4096 bytes
  literal_plus,   ///< LITERAL+: as large as a synchronising one
};

// RFC 7888 section 5: non-synchronising literals under LITERAL- hold 4096 bytes or less.
inline constexpr std::uint64_t k_literal_minus_bytes = 4096;

/// A longer tag is not read, and so not echoed.
inline constexpr std::size_t k_max_tag_bytes = 128;

struct Limits {
  Stage stage = Stage::authenticated;
  NonSync non_sync = NonSync::literal_minus;
  /// A command: its lines and literals together, without the last CRLF. A streamed literal does
  /// not count.
  std::size_t command_bytes = kib(64);
  std::size_t literals = 64;
  std::size_t literal_bytes = kib(64);  ///< of one that is not streamed
  /// The message of APPEND, which is streamed. 0: APPEND gets no treatment of its own.
  std::uint64_t append_bytes = mib(50);
  /// How much of a line that is too long is skipped to find its end; 0 ends the connection.
  std::size_t skip_bytes = mib(1);
  int depth = 32;             ///< parentheses within parentheses
  std::size_t tokens = 4096;  ///< atoms, strings and numbers of a command, SEARCH keys aside
  std::size_t search_keys = 8192;
  std::size_t body_items = 256;  ///< BODY[…] and the like of one FETCH, duplicates aside
  std::size_t list_patterns = 64;
  std::size_t id_fields = 30;  ///< RFC 2971 section 3.3: no more than 30 pairs

  static constexpr Limits before_login() {
    Limits limits;
    limits.stage = Stage::not_authenticated;
    limits.non_sync = NonSync::refused;
    limits.command_bytes = kib(8);
    limits.append_bytes = 0;
    limits.skip_bytes = 0;
    return limits;
  }
  static constexpr Limits after_login(std::uint64_t message_bytes) {
    Limits limits;
    limits.append_bytes = message_bytes;
    return limits;
  }
};

}  // namespace peregrine::imap
