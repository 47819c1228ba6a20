// Feeds bytes to every decoder of the directory's records. What decodes must encode to a record
// that decodes again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "directory/record.h"

namespace {

template <class T>
void round_trip(const T& record, auto decode) {
  peregrine::Bytes bytes = encode(record);
  auto again = decode(bytes);
  if (!again || encode(*again) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine::directory;
  peregrine::BytesView bytes(reinterpret_cast<const char*>(data), size);
  if (auto record = decode_header(bytes)) round_trip(*record, decode_header);
  if (auto record = decode_domain(bytes)) round_trip(*record, decode_domain);
  if (auto record = decode_account(bytes)) round_trip(*record, decode_account);
  if (auto record = decode_alias(bytes)) round_trip(*record, decode_alias);
  auto decode_named = [](peregrine::BytesView record) { return decode_app_password("n", record); };
  if (auto record = decode_app_password("n", bytes)) round_trip(*record, decode_named);
  return 0;
}
