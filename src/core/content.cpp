#include "core/content.h"

#include <array>

#include "base/result.h"
#include "core/core.h"
#include "mail/search.h"
#include "model/summary.h"

namespace peregrine::core {
namespace {

using Parts = std::array<BytesView, 4>;  // summary, search headers, search body, raw

/// The mapping cut by the announced lengths, which must be all of it.
Answer<Parts> cut(BytesView bytes, const api::Content& content) {
  Parts parts;
  if (content.lengths_size() != static_cast<int>(parts.size())) {
    return std::unexpected(api::ErrorCode::malformed);
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::uint64_t length = content.lengths(static_cast<int>(i));
    if (length > bytes.size()) return std::unexpected(api::ErrorCode::malformed);
    parts[i] = bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) return std::unexpected(api::ErrorCode::malformed);
  return parts;
}

bool is_inline_empty(const api::Content& content) {
  return content.summary().empty() && content.search_headers().empty() &&
         content.search_body().empty() && content.raw().empty();
}

}  // namespace

Answer<Content> Content::open(api::Content&& content, sys::Fd descriptor,
                              std::uint64_t message_size) {
  Content out;
  Parts parts;
  out.return_path_size_ = content.return_path_size();
  if (descriptor) {
    if (!is_inline_empty(content)) return std::unexpected(api::ErrorCode::malformed);
    auto mapping = sys::SealedMapping::open(descriptor.get(), message_size + mib(16));
    if (!mapping) return std::unexpected(api::ErrorCode::malformed);
    out.mapping_ = std::move(*mapping);
    TRY(parts, cut(out.mapping_.view(), content));
  } else {
    if (!content.lengths().empty()) return std::unexpected(api::ErrorCode::malformed);
    out.inline_ = std::make_unique<api::Content>(std::move(content));
    parts = {out.inline_->summary(), out.inline_->search_headers(), out.inline_->search_body(),
             out.inline_->raw()};
  }
  auto [summary, headers, body, raw] = parts;
  if (raw.size() > message_size + k_trace_allowance) return std::unexpected(api::ErrorCode::limit);
  auto decoded = decode_summary(summary, raw.size());
  if (headers.size() + body.size() >= mail::k_max_payload || !decoded) {
    return std::unexpected(api::ErrorCode::malformed);
  }
  out.header_size_ = decoded->header_size;
  if (out.return_path_size_ > out.header_size_) {
    return std::unexpected(api::ErrorCode::malformed);
  }
  out.summary_ = summary;
  out.raw_ = raw;
  out.search_text_ = mail::join_search_text(headers, body);
  return out;
}

mail::NewMessage Content::message(const crypto::Digest& digest, UnixTime date) const {
  return {.raw = raw_,
          .blob = store::BlobId{digest},
          .summary = summary_,
          .search_text = search_text_,
          .internal_date = date};
}

net::Task<crypto::Digest> digest_of(Core& core, const Content& content) {
  BytesView raw = content.raw();
  if (raw.size() <= kib(256)) co_return crypto::sha256(raw);
  auto job = [raw] { return crypto::sha256(raw); };
  auto digest = co_await run_on(core.reading, job);
  co_return digest;
}

}  // namespace peregrine::core
