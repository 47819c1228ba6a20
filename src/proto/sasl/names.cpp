#include "proto/sasl/names.h"

#include <algorithm>

#include "text/utf8.h"

namespace peregrine::sasl {

bool is_id(BytesView text) {
  return text.size() <= k_max_id && text::is_valid_utf8(text) &&
         std::ranges::all_of(text,
                             [](char c) { return (c & 0x80) != 0 || (c >= ' ' && c != '\x7f'); });
}

bool is_password(BytesView text) {
  return !text.empty() && text.size() <= k_max_password && !text.contains('\0') &&
         text::is_valid_utf8(text);
}

}  // namespace peregrine::sasl
