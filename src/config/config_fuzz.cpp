// Arbitrary text as a configuration file: what is accepted survives being written and read again.
#include <cstdint>
#include <cstdlib>

#include "config/document.h"
#include "config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto settings = config::parse_text(text, "fuzz.toml");
  if (!settings) {
    if (settings.error().to_string().find('\n') != std::string::npos) std::abort();
    return 0;
  }
  auto again = config::parse_text(config::sample_toml(*settings), "again.toml");
  if (!again || !(*again == *settings)) std::abort();
  auto decoded = config::decode(config::encode(*settings));
  if (!decoded || !(*decoded == *settings)) std::abort();
  return 0;
}
