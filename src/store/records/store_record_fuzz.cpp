// Every decoder of what stands in a table, on any bytes: key and value as one input.

#include <cstdint>
#include <cstdlib>

#include "base/codec.h"
#include "store/records/frame.h"
#include "store/records/keys.h"
#include "store/records/packer.h"

using namespace peregrine::store;
using peregrine::Bytes;
using peregrine::BytesView;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_payload(BytesView payload) {
  if (auto content = unpack(payload)) {
    auto again = unpack(Packer().pack(*content));
    require(again && *again == *content);
  }
  if (auto size = unpack_pieces_mark(payload)) {
    require(piece_count(*size) > 1 && unpack_pieces_mark(pack_pieces_mark(*size)) == size);
  }
  if (auto head = decode_head(payload)) {
    auto again = decode_head(encode_head(*head));
    require(again && again->size == head->size && again->due_seconds == head->due_seconds);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  peregrine::Decoder in(BytesView(reinterpret_cast<const char*>(data), size));
  BytesView key = in.bytes(256);
  BytesView value = in.rest();
  for (Table table : {Table::meta, Table::data, Table::blobs, Table::links}) printable(table, key);
  if (auto link = parse_link_key(key)) require(link_key(*link) == key);
  if (auto entry = parse_collect_key(key)) {
    require(collect_key(entry->due_seconds, entry->blob) == key);
  }
  if (auto payload = unframe(key, value)) {
    require(frame(key, *payload) == value);
    read_payload(*payload);
  }
  // Behind a sound frame stands what a fuzzer cannot reach through the checksum.
  require(unframe(key, frame(key, value)) == value);
  read_payload(value);
  return 0;
}
