// Stored password hashes, which an operator may import from anywhere.

#include <cstdlib>
#include <string_view>

#include "crypto/password.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using peregrine::crypto::PasswordCost;
  std::string_view hash(reinterpret_cast<const char*>(data), size);
  auto cost = peregrine::crypto::password_cost(hash);
  if (!cost) return 0;
  const PasswordCost& most = peregrine::crypto::k_highest_password_cost;
  if (cost->memory_kib > most.memory_kib || cost->passes > most.passes ||
      cost->lanes > most.lanes || cost->lanes == 0) {
    std::abort();
  }
  // Cheap ones are worked off as well.
  if (cost->memory_kib <= 64 && cost->passes <= 2) {
    [[maybe_unused]] auto result = peregrine::crypto::verify_password(hash, "x");
  }
  return 0;
}
