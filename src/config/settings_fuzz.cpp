// Arbitrary bytes where a worker expects its settings. The mark of the option list is put in front,
// so that the values behind it are reached.
#include <cstdint>
#include <cstdlib>

#include "config/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  static const Bytes k_mark = config::encode(config::Settings{}).substr(0, 4);
  auto settings = config::decode(k_mark + Bytes(reinterpret_cast<const char*>(data), size));
  if (!settings) return 0;
  auto again = config::decode(config::encode(*settings));
  if (!again || !(*again == *settings)) std::abort();
  return 0;
}
