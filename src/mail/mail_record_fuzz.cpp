// Feeds bytes to every decoder of an account's records, and to the key parser. What decodes must
// encode to a record that decodes to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mail/mailbox_name.h"
#include "mail/records.h"
#include "mail/search.h"
#include "mail/view.h"

namespace {

using namespace peregrine;
using namespace peregrine::mail;

template <class T>
void round_trip(const Decoded<T>& record, auto decode) {
  if (!record) return;
  auto again = decode(encode(*record));
  if (!again || *again != *record) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView bytes(reinterpret_cast<const char*>(data), size);
  round_trip(decode_header(bytes), decode_header);
  round_trip(decode_mailbox(bytes), decode_mailbox);
  round_trip(decode_counters(bytes), decode_counters);
  round_trip(decode_message(bytes), decode_message);
  round_trip(decode_expunged(bytes), decode_expunged);
  round_trip(decode_block(bytes), decode_block);
  auto entry = decode_entry(bytes);
  round_trip(entry, decode_entry);
  if (entry && Row(Uid{1}, *entry).entry() != *entry) std::abort();
  (void)decode_references(bytes);
  (void)decode_marker(bytes);
  (void)decode_bytes(bytes);
  (void)parse_key(bytes);
  auto name = normalise_name(bytes);
  if (name && !is_normal_name(*name)) std::abort();
  (void)matches(bytes, {SearchField::header, "a", "b"});
  (void)matches(bytes, {SearchField::text, "", "ab"});
  return 0;
}
