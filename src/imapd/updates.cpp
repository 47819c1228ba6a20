// What happens to the selected mailbox while the client looks at it.

#include <algorithm>

#include "base/log.h"
#include "imapd/entries.h"
#include "imapd/session.h"
#include "proto/imap/fetch_writer.h"

namespace peregrine::imapd {

void Session::watch() {
  if (listening_.running() == 0) listening_.spawn(listen());
}

net::Task<void> Session::listen() {
  api::WatchRequest request;
  request.set_session(id_);
  auto changes = api::watch(core_, request);
  changes_ = &changes;
  // The first element says that the listening has begun.
  auto item = co_await changes.next(Deadline::max());
  while (item && *item && !is_closing_) {
    item = co_await changes.next(Deadline::max());
    if (!item || !*item || is_closing_) break;
    has_changed_ = true;
    if (is_idling_) client_.interrupt();
  }
  changes_ = nullptr;
  if (is_closing_) co_return;
  // The session is over, also for a client that is waiting: core has ended it, and with it the
  // stream, or has gone. A command under way may be in the middle of a literal; the next receive()
  // says goodbye.
  bool is_revoked = item || api::refused_with(item.error(), api::ErrorCode::not_authorized);
  ending_ = is_revoked ? Ending::revoked : Ending::lost_core;
  client_.interrupt();
}

net::Task<void> Session::send_updates(Updates updates) {
  if (!selected_) co_return;
  if (has_changed_ || updates == Updates::ask_always) {
    has_changed_ = false;
    api::ChangesRequest request;
    request.set_session(id_);
    request.set_mailbox(selected_->mailbox.value);
    request.set_since(selected_->modseq.value);
    auto changes = co_await api::changes(core_, request, call_deadline());
    if (changes && !changes->gone()) {
      apply(*changes);
    } else if (changes || api::refused_with(changes.error(), api::ErrorCode::not_found)) {
      say_goodbye("", "Selected mailbox was deleted");
      co_return;
    } else {
      // What the client sees would be wrong from here on.
      say_goodbye(api::refused_with(changes.error(), api::ErrorCode::not_authorized)
                      ? Ending::revoked
                      : Ending::lost_core);
      co_return;
    }
  }
  if (updates == Updates::without_expunges || selected_->withheld.empty()) co_return;
  std::vector<std::uint32_t> uids = std::exchange(selected_->withheld, {});
  announce_expunged(uids);
}

void Session::apply(const api::ChangesResponse& changes) {
  take_keywords(changes.keywords());
  selected_->modseq = ModSeq(changes.modseq());
  std::vector<std::uint32_t> gone(changes.expunged().begin(), changes.expunged().end());
  if (changes.reset()) {
    // All entries are here: what the view has beyond them is gone.
    auto& uids = changes.entries().uid();
    for (std::uint32_t place = 0; place < selected_->view.size(); ++place) {
      std::uint32_t uid = selected_->view.uid(place).value;
      if (!std::binary_search(uids.begin(), uids.end(), uid)) gone.push_back(uid);
    }
  }
  std::vector<std::uint32_t> all;
  std::ranges::sort(gone);
  std::ranges::set_union(gone, selected_->withheld, std::back_inserter(all));
  selected_->withheld = std::move(all);

  std::uint32_t before = selected_->view.size();
  for_each_entry(changes.entries(), [this](const ViewEntry& entry) { apply_entry(entry); });
  if (selected_->view.size() == before) return;
  imap::write_exists(out(), selected_->view.size());
  imap::write_recent(out(), 0);
}

void Session::apply_entry(const ViewEntry& entry) {
  MailboxView& view = selected_->view;
  if (entry.uid > view.last_uid()) {
    view.append(entry);
    return;
  }
  auto place = view.find(entry.uid);
  if (!place || !view.set(*place, entry.flags, entry.keywords)) return;
  imap::FetchWriter(out(), *place + 1)
      .uid(entry.uid)
      .flags(entry.flags, keyword_names(entry.keywords, selected_->keywords))
      .finish();
}

void Session::take_keywords(const google::protobuf::RepeatedPtrField<std::string>& keywords) {
  if (static_cast<std::size_t>(keywords.size()) <= selected_->keywords.size()) return;
  selected_->keywords.assign(keywords.begin(), keywords.end());
  FlagSet all{k_all_flag_bits};
  imap::write_flags(out(), all, selected_->keywords);
  if (selected_->is_read_only) return;
  imap::write_untagged(out(), imap::Condition::ok,
                       imap::permanent_flags_code(all, selected_->keywords, imap::NewKeywords::yes),
                       "New keywords");
}

void Session::announce_expunged(std::span<const std::uint32_t> uids) {
  for (std::uint32_t number : selected_->view.remove(uids)) imap::write_expunge(out(), number);
}

}  // namespace peregrine::imapd
