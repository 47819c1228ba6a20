#include "imapd/special_use.h"

#include <array>

#include "api/mailbox.pb.h"

namespace peregrine::imapd {
namespace {

struct Use {
  imap::SpecialUse use;
  std::uint32_t attribute;
};
constexpr std::array<Use, 5> k_uses = {{
    {imap::SpecialUse::archive, api::ATTRIBUTE_ARCHIVE},
    {imap::SpecialUse::drafts, api::ATTRIBUTE_DRAFTS},
    {imap::SpecialUse::junk, api::ATTRIBUTE_JUNK},
    {imap::SpecialUse::sent, api::ATTRIBUTE_SENT},
    {imap::SpecialUse::trash, api::ATTRIBUTE_TRASH},
}};

}  // namespace

std::optional<std::uint32_t> attribute_of(const std::vector<imap::SpecialUse>& uses) {
  if (uses.empty()) return 0;
  // RFC 6154 section 3: a server may refuse a combination; here a mailbox has one use.
  if (uses.size() > 1) return std::nullopt;
  for (const Use& use : k_uses) {
    if (use.use == uses.front()) return use.attribute;
  }
  return std::nullopt;
}

std::optional<imap::SpecialUse> special_use_of(std::uint32_t attributes) {
  for (const Use& use : k_uses) {
    if ((attributes & use.attribute) != 0) return use.use;
  }
  return std::nullopt;
}

}  // namespace peregrine::imapd
