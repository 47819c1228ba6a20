#include "mail/keys.h"

#include <utility>

#include "base/codec.h"

namespace peregrine::mail {
namespace {

Encoder start(KeyFamily family) {
  Encoder out;
  out.u8(std::to_underlying(family));
  return out;
}

Bytes key32(KeyFamily family, std::uint32_t number) {
  return start(family).fixed32(number).take();
}

Bytes key64(KeyFamily family, std::uint64_t number) {
  return start(family).fixed64(number).take();
}

Bytes after(std::uint8_t family) {
  return Bytes(1, static_cast<char>(family + 1));
}

}  // namespace

Bytes header_key() {
  return start(KeyFamily::header).take();
}
Bytes mailbox_key(MailboxId mailbox) {
  return key32(KeyFamily::mailbox, mailbox.value);
}
Bytes counters_key(MailboxId mailbox) {
  return key32(KeyFamily::counters, mailbox.value);
}
Bytes subscription_key(std::string_view name) {
  return start(KeyFamily::subscription).raw(name).take();
}
Bytes doomed_key(MailboxId mailbox) {
  return key32(KeyFamily::doomed, mailbox.value);
}
Bytes entry_key(MailboxId mailbox, Uid uid) {
  return start(KeyFamily::entry).fixed32(mailbox.value).fixed32(uid.value).take();
}
Bytes expunged_key(MailboxId mailbox, ModSeq modseq) {
  return start(KeyFamily::expunged).fixed32(mailbox.value).fixed64(modseq.value).take();
}
Bytes message_key(MessageId message) {
  return key64(KeyFamily::message, message.value);
}
Bytes references_key(MessageId message) {
  return key64(KeyFamily::references, message.value);
}
Bytes text_key(MessageId message) {
  return key64(KeyFamily::text, message.value);
}
Bytes block_key(BlockId block) {
  return key32(KeyFamily::index_block, block.value);
}
Bytes rows_key(BlockId block, std::uint32_t group) {
  return start(KeyFamily::index_rows).fixed32(block.value).fixed32(group).take();
}

KeyRange family_range(KeyFamily family) {
  return {start(family).take(), after(std::to_underlying(family))};
}

KeyRange account_range() {
  return {header_key(), after(std::to_underlying(KeyFamily::doomed))};
}

KeyRange mailbox_range(KeyFamily family, MailboxId mailbox) {
  Bytes end = mailbox.value == UINT32_MAX ? after(std::to_underlying(family))
                                          : key32(family, mailbox.value + 1);
  return {key32(family, mailbox.value), std::move(end)};
}

KeyRange block_range(BlockId block) {
  Bytes end = block.value == UINT32_MAX ? after(std::to_underlying(KeyFamily::index_rows))
                                        : key32(KeyFamily::index_rows, block.value + 1);
  return {key32(KeyFamily::index_rows, block.value), std::move(end)};
}

std::optional<ParsedKey> parse_key(BytesView key) {
  Decoder in(key);
  ParsedKey out;
  out.family = static_cast<KeyFamily>(in.u8());
  switch (out.family) {
    case KeyFamily::header:
      break;
    case KeyFamily::mailbox:
    case KeyFamily::counters:
    case KeyFamily::doomed:
    case KeyFamily::index_block:
      out.first = in.fixed32();
      break;
    case KeyFamily::subscription:
      out.name = in.rest();
      break;
    case KeyFamily::entry:
    case KeyFamily::index_rows:
      out.first = in.fixed32();
      out.second = in.fixed32();
      break;
    case KeyFamily::expunged:
      out.first = in.fixed32();
      out.second = in.fixed64();
      break;
    case KeyFamily::message:
    case KeyFamily::references:
    case KeyFamily::text:
      out.second = in.fixed64();
      break;
    default:
      return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return out;
}

std::string_view family_name(KeyFamily family) {
  switch (family) {
    case KeyFamily::header:
      return "header";
    case KeyFamily::mailbox:
      return "mailbox";
    case KeyFamily::counters:
      return "counters";
    case KeyFamily::subscription:
      return "subscription";
    case KeyFamily::doomed:
      return "doomed";
    case KeyFamily::entry:
      return "entry";
    case KeyFamily::expunged:
      return "expunged";
    case KeyFamily::message:
      return "message";
    case KeyFamily::references:
      return "references";
    case KeyFamily::text:
      return "text";
    case KeyFamily::index_block:
      return "index_block";
    case KeyFamily::index_rows:
      return "index_rows";
  }
  return "?";
}

}  // namespace peregrine::mail
