#pragma once
// FetchWriter: one FETCH response, item by item, appended to a string that must outlive it.
//
//   FetchWriter fetch(out, sequence);
//   fetch.uid(uid).flags(flags, keywords);
//   fetch.item(body_item, data);   // or item_header() and then the bytes, for a large body
//   fetch.finish();

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "model/flags.h"
#include "model/ids.h"
#include "model/summary.h"
#include "proto/imap/command.h"
#include "proto/imap/fetch_item.h"

namespace peregrine::imap {

/// The name of the item in the answer: `BODY[HEADER.FIELDS (To)]<0>`, `RFC822.TEXT`, ….
void write_label(std::string& out, const BodyItem& item);

class FetchWriter {
 public:
  FetchWriter(std::string& out, std::uint32_t sequence);

  FetchWriter& uid(Uid uid);
  FetchWriter& flags(FlagSet flags, std::span<const std::string> keywords);
  FetchWriter& internal_date(const DateTime& date);
  FetchWriter& size(std::uint64_t bytes);
  FetchWriter& envelope(const Envelope& envelope);
  FetchWriter& body(const MessageSummary& summary);
  FetchWriter& body_structure(const MessageSummary& summary);

  /// The content, already cut to item.partial. BINARY with NUL becomes a literal8; elsewhere NUL
  /// becomes "?".
  FetchWriter& item(const BodyItem& item, BytesView data);
  /// The label and the announcement of `bytes` bytes, which the caller appends or sends next.
  FetchWriter& item_header(const BodyItem& item, std::uint64_t bytes);
  /// A part that the message does not have.
  FetchWriter& item_nil(const BodyItem& item);
  FetchWriter& binary_size(const BodyItem& item, std::uint64_t bytes);

  void finish();

 private:
  void start_item(std::string_view name);
  void start_item(const BodyItem& item);

  std::string& out_;
  bool is_first_ = true;
};

}  // namespace peregrine::imap
