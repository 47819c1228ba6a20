#pragma once
// Part numbers as IMAP counts them (RFC 9051 section 6.4.5.1), and the byte ranges that its section
// specifications name.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/summary.h"

namespace peregrine::mime {

/// The index of the part that the numbers name, such as {4, 2, 1} for "4.2.1"; the empty path names
/// the root. Nothing when there is no such part.
std::optional<std::uint32_t> find_part(const std::vector<Part>& parts,
                                       std::span<const std::uint32_t> numbers);

/// The root part of the message that part `index` encloses: what HEADER and TEXT behind its number
/// refer to. Nothing unless it is PartKind::message.
std::optional<std::uint32_t> enclosed_root(const std::vector<Part>& parts, std::uint32_t index);

/// The children of a part, in order.
std::vector<std::uint32_t> children_of(const std::vector<Part>& parts, std::uint32_t index);

}  // namespace peregrine::mime
