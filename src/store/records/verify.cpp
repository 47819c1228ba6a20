// verify() of RecordStore: every record of every table, and the promises between them.

#include "base/codec.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "store/records/frame.h"
#include "store/records/record_store.h"

namespace peregrine::store {

class RecordStore::Verification {
 public:
  Verification(RecordStore& store, const std::function<void(const Finding&)>& report)
      : store_(store), report_(report) {}

  std::expected<void, StoreError> run() {
    TRY_VOID(each(Table::data, [&](BytesView key, BytesView) {
      if (!partition_of(key)) found(Table::data, key, "key is too short for a partition");
    }));
    TRY_VOID(each(Table::meta, [&](BytesView key, BytesView payload) { meta(key, payload); }));
    TRY_VOID(each(Table::links, [&](BytesView key, BytesView payload) { link(key, payload); }));
    close_blob();
    return {};
  }

 private:
  void found(Table table, BytesView key, std::string what) {
    report_({printable(table, key), std::move(what)});
  }

  /// Every record of a table whose frame holds. Where the engine itself cannot read on, that is a
  /// finding, and the rest of the table stays unread.
  std::expected<void, StoreError> each(
      Table table, const std::function<void(BytesView key, BytesView payload)>& check) {
    Bytes last;
    auto scanned =
        store_.engine_->scan(table, {}, {}, Scan::forward, [&](BytesView key, BytesView stored) {
          last.assign(key);
          auto payload = unframe(key, stored);
          if (payload) {
            check(key, *payload);
          } else {
            found(table, key, to_text(payload.error()));
          }
          return true;
        });
    if (scanned) return {};
    if (scanned.error() != StoreError::corrupt) return scanned;
    found(table, last, "the records after this one cannot be read; the log names the file");
    return {};
  }

  void meta(BytesView key, BytesView payload) {
    auto kind = key.empty() ? MetaKind{} : static_cast<MetaKind>(key.front());
    if (kind == MetaKind::collect) {
      if (!parse_collect_key(key)) found(Table::meta, key, "not an entry to collect");
      return;
    }
    Decoder in(payload);
    in.varint();
    if (!in.done() || (kind != MetaKind::format && kind != MetaKind::version)) {
      found(Table::meta, key, "unknown meta record");
    }
  }

  // Links come right behind the head of their blob: one pass, and one blob in hand.
  void link(BytesView key, BytesView payload) {
    if (key.size() == k_digest_bytes) {
      close_blob();
      blob_ = parse_blob(key);
      links_ = 0;
      head_ = decode_head(payload).value_or(BlobHead{});
      if (!decode_head(payload)) found(Table::links, key, "not a blob head");
      check_content();
      return;
    }
    auto link = parse_link_key(key);
    if (!link) return found(Table::links, key, "not a link");
    if (!payload.empty()) found(Table::links, key, "a link has no content");
    if (!blob_ || *blob_ != link->blob) return found(Table::links, key, "its blob has no head");
    ++links_;
  }

  void check_content() {
    auto content = store_.read_blob(*blob_);
    if (!content) {
      // The server goes on while this reads: what was collected meanwhile is no finding.
      if (content.error() == StoreError::not_found && !store_.has_blob(*blob_))
        return blob_.reset();
      const char* what = content.error() == StoreError::not_found ? "the blob is missing"
                                                                  : "the blob cannot be read";
      found(Table::blobs, blob_->bytes(), what);
    } else if (content->size() != head_.size) {
      found(Table::blobs, blob_->bytes(), "the blob has not the size that its head says");
    }
  }

  void close_blob() {
    if (!blob_ || links_ != 0) return;
    auto entry = store_.engine_->get(Table::meta, collect_key(head_.due_seconds, *blob_));
    if (entry && entry->has_value()) return;
    // Linked again or collected meanwhile.
    if (!store_.has_blob(*blob_) || store_.has_other_link(*blob_, {}).value_or(true)) return;
    found(Table::blobs, blob_->bytes(), "no link, and not waiting to be collected");
  }

  RecordStore& store_;
  const std::function<void(const Finding&)>& report_;
  std::optional<BlobId> blob_;
  BlobHead head_;
  std::size_t links_ = 0;
};

std::expected<void, StoreError> RecordStore::verify(
    const std::function<void(const Finding&)>& report) {
  return Verification(*this, report).run();
}

}  // namespace peregrine::store
