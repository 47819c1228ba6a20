#pragma once
// Content transfer encodings (RFC 2045 section 6): the body of a part as its author wrote it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "model/summary.h"

namespace peregrine::mime {

enum class TransferEncoding : std::uint8_t {
  identity,  ///< 7bit, 8bit, binary, or none said
  quoted_printable,
  base64,
  uuencode,
  unknown,  ///< BINARY answers UNKNOWN-CTE
};

TransferEncoding transfer_encoding(const Part& part);

/// The decoded bytes, at most `max_bytes`; nothing for an unknown encoding. Damage is read over.
std::optional<Bytes> decode_body(BytesView body, TransferEncoding encoding,
                                 std::size_t max_bytes = SIZE_MAX);

/// The body of a part within the message that was summarised; empty if it does not lie within.
BytesView body_of(const Part& part, BytesView raw);

}  // namespace peregrine::mime
