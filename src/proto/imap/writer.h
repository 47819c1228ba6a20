#pragma once
// The values that responses are made of, appended to a string: strings in their right form,
// numbers, flags, sets. Every function writes something a client can parse, whatever bytes it is
// given: no NUL, no CR or LF outside a literal, no 8-bit byte outside a literal.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "model/flags.h"
#include "model/ids.h"
#include "proto/imap/sequence_set.h"

namespace peregrine::imap {

/// A longer string is sent as a literal: clients' line buffers are finite.
inline constexpr std::size_t k_max_quoted_bytes = 1024;

void write_number(std::string& out, std::uint64_t number);
/// string: quoted where it can be, else a literal.
void write_string(std::string& out, BytesView text);
/// nstring: NIL for an absent value; an empty one is "".
void write_nstring(std::string& out, const std::optional<std::string>& text);
/// astring: an atom where it can be, else a string.
void write_astring(std::string& out, BytesView text);
/// A literal. Each NUL becomes "?", so the size stays as announced.
void write_literal(std::string& out, BytesView data);
/// The announcement of a literal; the caller sends exactly `bytes` bytes behind it.
void write_literal_header(std::string& out, std::uint64_t bytes);
/// An atom; what cannot stand in one becomes "?".
void write_atom(std::string& out, BytesView text);
/// `text` of resp-text: printable ASCII; other bytes become "?".
void write_text(std::string& out, std::string_view text);

/// "(\Seen \Deleted $junk)". Keywords that are not atoms are left out.
void write_flag_list(std::string& out, FlagSet flags, std::span<const std::string> keywords);

/// sequence-set in its shortest form; of a set that is not empty.
void write_number_set(std::string& out, const NumberSet& set);
/// uid-set in the given order, runs of ascending neighbours as ranges; of at least one UID.
void write_uid_set(std::string& out, std::span<const Uid> uids);

}  // namespace peregrine::imap
