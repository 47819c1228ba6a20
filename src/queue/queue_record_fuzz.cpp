// Feeds bytes to every decoder of the queue's records, to the key parser and to sender rewriting.
// What decodes must encode to a record that decodes to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "queue/records.h"
#include "queue/srs.h"

namespace {

using namespace peregrine;
using namespace peregrine::queue;

template <class T>
void round_trip(const Decoded<T>& record, Decoded<T> (*decode)(BytesView)) {
  if (!record) return;
  auto again = decode(encode(*record));
  if (!again || *again != *record) std::abort();
}

void rewrite(const Address& address) {
  const UnixTime now{1'800'000'000};
  const Bytes secret(32, 's');
  // Nobody writes the code without the secret.
  if (is_rewritten(address) && restore_sender(address, secret, now)) std::abort();
  auto rewritten = rewrite_sender(address, "ours.test", secret, now);
  if (!rewritten) return;
  auto restored = restore_sender(*rewritten, secret, now);
  if (!is_rewritten(address) && (!restored || *restored != address)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView bytes(reinterpret_cast<const char*>(data), size);
  round_trip(decode_header(bytes), decode_header);
  round_trip(decode_message(bytes), decode_message);
  round_trip(decode_recipient(bytes), decode_recipient);
  round_trip(decode_destination(bytes), decode_destination);
  round_trip(decode_lease(bytes), decode_lease);
  round_trip(decode_trace(bytes), decode_trace);
  round_trip(decode_event(bytes), decode_event);
  (void)parse_key(bytes);
  if (auto address = Address::parse(bytes)) rewrite(*address);
  return 0;
}
