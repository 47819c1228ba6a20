#include <utility>

#include "base/result.h"
#include "directory/json_line.h"
#include "mail/records.h"
#include "mail/verify.h"

namespace peregrine::mail {
namespace {

using directory::JsonLine;

void describe(JsonLine& line, const AccountHeader& record) {
  line.add("next_mailbox", record.next_mailbox.value);
  line.add("next_message", record.next_message.value);
  line.add("highest_modseq", record.highest_modseq.value);
  line.add("last_uid_validity", record.last_uid_validity);
  line.add("index_next", record.index_next.value).add("next_block", record.next_block.value);
}

void describe(JsonLine& line, const MailboxRecord& record) {
  line.add("name", record.name).add("uid_validity", record.uid_validity.value);
  line.add("use", std::to_underlying(record.use));
  line.add("no_select", int{record.no_select}).add("keywords", record.keywords.size());
}

void describe(JsonLine& line, const Counters& record) {
  line.add("uid_next", record.uid_next.value).add("messages", record.messages);
  line.add("unseen", record.unseen).add("deleted", record.deleted).add("size", record.size);
  line.add("highest_modseq", record.highest_modseq.value);
  line.add("log_floor", record.log_floor.value);
}

void describe(JsonLine& line, const Entry& record) {
  line.add("message", record.message.value).add("flags", record.flags.bits);
  line.add("keywords", record.keywords).add("modseq", record.modseq.value);
  line.add("internal_date", record.internal_date.seconds);
  line.add("saved", record.saved).add("size", record.size);
}

void describe(JsonLine& line, const MessageRecord& record) {
  line.add("blob", to_hex(record.blob.bytes())).add("size", record.size);
  line.add("thread", record.thread.value);
  if (record.summary.blob) line.add("summary_blob", to_hex(record.summary.blob->bytes()));
  if (record.text_blob) line.add("text_blob", to_hex(record.text_blob->bytes()));
}

void describe(JsonLine& line, const ExpungedRecord& record) {
  std::string uids;
  for (const UidRange& range : record.uids) {
    if (!uids.empty()) uids.push_back(',');
    uids += std::to_string(range.first.value);
    if (range.count > 1) uids += ":" + std::to_string(range.first.value + range.count - 1);
  }
  line.add("when", record.when.seconds).add("uids", uids);
}

void describe(JsonLine& line, const BlockRecord& record) {
  line.add("messages", record.messages.size()).add("first", record.messages.front().value);
  line.add("last", record.messages.back().value);
}

void describe(JsonLine& line, std::uint32_t count) {
  line.add("count", count);
}
void describe(JsonLine&, bool) {}
/// Texts and rows are contents: only their size is shown.
void describe(JsonLine& line, BytesView bytes) {
  line.add("bytes", bytes.size());
}

template <class T>
void describe(JsonLine& line, const Decoded<T>& record) {
  if (record) {
    describe(line, *record);
  } else {
    line.add("error", record.error() == RecordError::newer_format ? "newer format" : "malformed");
  }
}

void describe_value(JsonLine& line, KeyFamily family, BytesView value) {
  switch (family) {
    case KeyFamily::header:
      return describe(line, decode_header(value));
    case KeyFamily::mailbox:
      return describe(line, decode_mailbox(value));
    case KeyFamily::counters:
      return describe(line, decode_counters(value));
    case KeyFamily::subscription:
    case KeyFamily::doomed:
      return describe(line, decode_marker(value));
    case KeyFamily::entry:
      return describe(line, decode_entry(value));
    case KeyFamily::expunged:
      return describe(line, decode_expunged(value));
    case KeyFamily::message:
      return describe(line, decode_message(value));
    case KeyFamily::references:
      return describe(line, decode_references(value));
    case KeyFamily::index_block:
      return describe(line, decode_block(value));
    case KeyFamily::text:
    case KeyFamily::index_rows:
      return describe(line, decode_bytes(value));
  }
}

std::string describe_record(AccountId account, BytesView key, BytesView value) {
  JsonLine line;
  line.add("account", account.value);
  auto parsed = parse_key(key);
  if (!parsed) return line.add("record", "unknown").add("key", to_hex(key)).take();
  line.add("record", family_name(parsed->family));
  if (parsed->family == KeyFamily::subscription) line.add("name", parsed->name);
  line.add("id", parsed->first).add("number", parsed->second);
  describe_value(line, parsed->family, value);
  return line.take();
}

}  // namespace

std::expected<void, MailError> dump(store::Store& store, const DumpFilter& filter,
                                    const std::function<void(std::string_view)>& out) {
  if (!filter.account) {
    auto dumped = directory::dump(store, out);
    if (!dumped) return std::unexpected(MailError::io);
  }
  auto partitions = store.partitions();
  if (!partitions) return std::unexpected(from_store(partitions.error()));
  for (store::PartitionId partition : *partitions) {
    AccountId account(partition.value);
    if (partition == store::k_system_partition) continue;
    if (filter.account && *filter.account != account) continue;
    auto scanned =
        store.scan(partition, {}, {}, store::Scan::forward, [&](BytesView key, BytesView value) {
          out(describe_record(account, key, value));
          return true;
        });
    if (!scanned && scanned.error() != store::StoreError::corrupt) {
      return std::unexpected(from_store(scanned.error()));
    }
  }
  return {};
}

}  // namespace peregrine::mail
