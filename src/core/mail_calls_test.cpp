// Mail through core's calls: in by deliver and append, out by open_mailbox and fetch.
#include "core/core_fixture.h"

namespace peregrine::core {
namespace {

class MailCalls : public CoreTest {
 protected:
  net::Task<void> begin() {
    imap = connect(Role::imap);
    mx = connect(Role::mx);
    session = co_await log_in(imap, "alice@example.test", Role::imap);
  }

  net::Task<std::vector<api::OpenMailboxItem>> open(std::string name) {
    api::OpenMailboxRequest request;
    request.set_session(session);
    request.set_name(name);
    auto stream = api::open_mailbox(imap, request);
    std::vector<api::OpenMailboxItem> items;
    while (true) {
      auto item = co_await stream.next(soon());
      EXPECT_TRUE(item);
      if (!item || !*item) break;
      items.push_back(**item);
    }
    co_return items;
  }

  net::Task<std::vector<api::FetchedMessage>> fetch(std::uint32_t mailbox,
                                                    std::vector<std::uint32_t> uids,
                                                    std::uint32_t parts,
                                                    std::uint64_t raw_offset = 0,
                                                    std::uint64_t raw_length = 0) {
    api::FetchRequest request;
    request.set_session(session);
    request.set_mailbox(mailbox);
    request.mutable_uids()->Assign(uids.begin(), uids.end());
    request.set_parts(parts);
    request.set_raw_offset(raw_offset);
    request.set_raw_length(raw_length);
    auto stream = api::fetch(imap, request);
    std::vector<api::FetchedMessage> out;
    while (true) {
      auto item = co_await stream.next(soon());
      EXPECT_TRUE(item);
      if (!item || !*item) break;
      for (const api::FetchedMessage& message : (*item)->messages()) {
        if (out.empty() || out.back().last()) {
          out.push_back(message);
        } else {
          out.back().mutable_raw()->append(message.raw());
          out.back().set_last(message.last());
        }
      }
    }
    co_return out;
  }

  Channel imap;
  Channel mx;
  std::uint64_t session = 0;

  net::Task<void> round_trip();
  net::Task<void> large_message();
  net::Task<void> damaged_message();
  net::Task<void> many_messages();
  net::Task<void> outcomes();
  net::Task<void> flags_and_changes();
  net::Task<void> copies_and_expunges();
  net::Task<void> searches();
  net::Task<void> watching();
  net::Task<void> revocation();
  net::Task<void> names();
  net::Task<void> held_back();
  net::Task<void> pop3_lock();
};

net::Task<void> MailCalls::round_trip() {
  co_await begin();
  api::Content content = content_of("first", "hello");
  std::string raw = content.raw();
  std::string summary = content.summary();
  auto outcome = co_await deliver_to(mx, "alice+list@example.test", content);
  EXPECT_EQ(outcome, api::DELIVER_OK);

  auto items = co_await open("inbox");
  EXPECT_EQ(items.size(), 1U);
  if (items.empty()) co_return;
  EXPECT_EQ(items[0].mailbox().name(), "INBOX");
  EXPECT_EQ(items[0].mailbox().messages(), 1U);
  EXPECT_EQ(items[0].entries().uid_size(), 1);
  std::uint32_t mailbox = items[0].mailbox().mailbox();

  std::uint32_t all = api::FETCH_SUMMARY | api::FETCH_DATES | api::FETCH_RAW | api::FETCH_HEADER;
  auto fetched = co_await fetch(mailbox, {9, 1}, all);
  EXPECT_EQ(fetched.size(), 2U);
  if (fetched.size() != 2) co_return;
  EXPECT_TRUE(fetched[0].missing());
  EXPECT_EQ(fetched[0].uid(), 9U);
  EXPECT_EQ(fetched[1].raw(), raw);
  EXPECT_EQ(fetched[1].summary(), summary);
  EXPECT_EQ(fetched[1].header(), "Subject: first\r\n\r\n");
  EXPECT_EQ(fetched[1].size(), raw.size());
  EXPECT_TRUE(fetched[1].last());

  auto part = co_await fetch(mailbox, {1}, api::FETCH_RAW, 9, 5);
  EXPECT_EQ(part.at(0).raw(), "first");
  auto behind = co_await fetch(mailbox, {1}, api::FETCH_RAW, 5000, 5);
  EXPECT_EQ(behind.at(0).raw(), "");
}

TEST_F(MailCalls, WhatIsDeliveredIsFetched) {
  run(round_trip());
  expect_sound();
}

net::Task<void> MailCalls::large_message() {
  co_await begin();
  std::string body;
  while (body.size() < mib(1)) body += "line " + std::to_string(body.size()) + "\r\n";
  api::Content content = content_of("large", body);
  content.set_search_body("");
  std::string raw = content.raw();
  Bytes packed = pack(content);
  auto memfd = sys::create_sealed_memfd(packed);
  api::DeliverRequest request;
  request.add_recipients()->set_address("alice@example.test");
  request.add_recipients()->set_address("bob@example.test");
  *request.mutable_content() = content;
  auto answer = co_await api::deliver(mx, request, soon(), std::move(*memfd));
  EXPECT_TRUE(answer && answer->outcomes_size() == 2);
  auto account = core->model.accounts->open(id_of("alice@example.test"));
  std::uint32_t inbox = (*account)->inbox().id.value;
  auto fetched = co_await fetch(inbox, {1}, api::FETCH_RAW);
  EXPECT_EQ(fetched.size(), 1U);
  if (!fetched.empty()) EXPECT_TRUE(fetched[0].raw() == raw && fetched[0].last());

  auto again = co_await fetch(inbox, {1, 2, 1}, api::FETCH_RAW | api::FETCH_DATES);
  EXPECT_EQ(again.size(), 3U);
  for (const api::FetchedMessage& message : again) {
    EXPECT_TRUE(message.last());
    EXPECT_TRUE(message.missing() ? message.uid() == 2 : message.raw() == raw);
    if (!message.missing()) EXPECT_EQ(message.size(), raw.size());
  }
  auto middle = co_await fetch(inbox, {1}, api::FETCH_RAW, 1000, kib(700));
  EXPECT_EQ(middle.size(), 1U);
  EXPECT_TRUE(middle.at(0).raw() == raw.substr(1000, kib(700)));
}

TEST_F(MailCalls, LargeMessagesTravelInMemfdsAndInPieces) {
  run(large_message());
  expect_sound();
}

net::Task<void> MailCalls::damaged_message() {
  co_await begin();
  api::Content content = content_of("rot", "there, and not to be read");
  std::string raw = content.raw();
  co_await deliver_to(mx, "alice@example.test", std::move(content));
  EXPECT_TRUE(hooks->flip_blob_bit(store::BlobId{crypto::sha256(raw)}));
  auto account = core->model.accounts->open(id_of("alice@example.test"));
  auto fetched = co_await fetch((*account)->inbox().id.value, {1, 2}, api::FETCH_RAW);
  EXPECT_EQ(fetched.size(), 2U);
  if (fetched.size() != 2) co_return;
  EXPECT_TRUE(fetched[0].damaged() && !fetched[0].missing());
  EXPECT_TRUE(fetched[1].missing() && !fetched[1].damaged());
}

TEST_F(MailCalls, WhatCannotBeReadIsNotCalledExpunged) {
  run(damaged_message());
}

net::Task<void> MailCalls::many_messages() {
  co_await begin();
  std::vector<std::uint32_t> uids;
  for (std::uint32_t i = 1; i <= 1500; ++i) {
    auto outcome = co_await deliver_to(mx, "alice@example.test",
                                       content_of("number " + std::to_string(i), "body"));
    EXPECT_EQ(outcome, api::DELIVER_OK);
    uids.push_back(1501 - i);
  }
  auto items = co_await open("INBOX");
  auto fetched = co_await fetch(items.at(0).mailbox().mailbox(), uids, api::FETCH_SUMMARY);
  EXPECT_EQ(fetched.size(), uids.size());
  for (std::size_t i = 0; i < fetched.size(); ++i) {
    EXPECT_EQ(fetched[i].uid(), uids[i]);
    EXPECT_FALSE(fetched[i].missing() || fetched[i].summary().empty());
  }
}

TEST_F(MailCalls, FetchKeepsTheOrderAskedFor) {
  run(many_messages());
}

net::Task<void> MailCalls::outcomes() {
  co_await begin();
  api::AliasRequest alias;
  alias.set_address("away@example.test");
  alias.add_targets("someone@elsewhere.test");
  EXPECT_TRUE(core->admin.alias_add(alias).done());
  alias.set_address("both@example.test");
  alias.clear_targets();
  alias.add_targets("alice@example.test");
  alias.add_targets("bob@example.test");
  EXPECT_TRUE(core->admin.alias_add(alias).done());
  auto quota = core->model.directory->set_quota(id_of("bob@example.test"), {.bytes = 10});
  EXPECT_TRUE(quota);

  const std::map<std::string, api::RecipientVerdict> expected = {
      {"alice@example.test", api::RECIPIENT_LOCAL},
      {"nobody@example.test", api::RECIPIENT_UNKNOWN},
      {"alice@elsewhere.test", api::RECIPIENT_NOT_LOCAL},
      {"away@example.test", api::RECIPIENT_NEEDS_RELAY},
      {"bob@example.test", api::RECIPIENT_OVER_QUOTA},
      {"both@example.test", api::RECIPIENT_OVER_QUOTA},
      {"PostMaster", api::RECIPIENT_LOCAL},
      {"\r\n", api::RECIPIENT_UNKNOWN},
  };
  api::DeliverRequest deliver;
  for (const auto& [address, verdict] : expected) {
    api::CheckRecipientRequest request;
    request.set_address(address);
    request.set_size(100);
    auto answer = co_await api::check_recipient(mx, request, soon());
    EXPECT_TRUE(answer);
    if (answer) EXPECT_EQ(answer->verdict(), verdict) << address;
    deliver.add_recipients()->set_address(address);
  }
  *deliver.mutable_content() = content_of("to many", "body");
  auto answer = co_await api::deliver(mx, deliver, soon());
  EXPECT_TRUE(answer && answer->outcomes_size() == 8);
  if (!answer || answer->outcomes_size() != 8) co_return;
  EXPECT_EQ(answer->outcomes(0), api::DELIVER_UNKNOWN);     // "\r\n"
  EXPECT_EQ(answer->outcomes(1), api::DELIVER_OK);          // PostMaster: alice, the first account
  EXPECT_EQ(answer->outcomes(2), api::DELIVER_UNKNOWN);     // elsewhere
  EXPECT_EQ(answer->outcomes(3), api::DELIVER_OK);          // alice
  EXPECT_EQ(answer->outcomes(4), api::DELIVER_FAILED);      // away
  EXPECT_EQ(answer->outcomes(5), api::DELIVER_OVER_QUOTA);  // bob
  EXPECT_EQ(answer->outcomes(6), api::DELIVER_OVER_QUOTA);  // both
  EXPECT_EQ(answer->outcomes(7), api::DELIVER_UNKNOWN);     // nobody
  auto items = co_await open("INBOX");
  EXPECT_EQ(items.at(0).mailbox().messages(), 1U);  // once, by however many ways
}

TEST_F(MailCalls, EachRecipientHasItsOutcome) {
  run(outcomes());
  expect_sound();
}

net::Task<void> MailCalls::flags_and_changes() {
  co_await begin();
  for (int i = 0; i < 3; ++i) {
    co_await deliver_to(mx, "alice@example.test", content_of("flags", std::to_string(i)));
  }
  auto items = co_await open("INBOX");
  api::MailboxInfo before = items.at(0).mailbox();
  api::StoreFlagsRequest request;
  request.set_session(session);
  request.set_mailbox(before.mailbox());
  request.add_uids(3);
  request.add_uids(1);
  request.add_uids(77);
  request.set_change(static_cast<std::uint32_t>(FlagChange::add));
  request.set_flags(static_cast<std::uint32_t>(Flag::seen));
  request.add_keywords("$forwarded");
  auto stored = co_await api::store_flags(imap, request, soon());
  EXPECT_TRUE(stored && stored->entries().uid_size() == 2);
  if (!stored) co_return;
  EXPECT_EQ(stored->keywords_size(), 1);

  request.set_conditional(true);
  request.set_unchanged_since(before.highest_modseq());
  auto refused = co_await api::store_flags(imap, request, soon());
  EXPECT_TRUE(refused && refused->modified_size() == 2);

  api::ChangesRequest since;
  since.set_session(session);
  since.set_mailbox(before.mailbox());
  since.set_since(before.highest_modseq());
  auto changed = co_await api::changes(imap, since, soon());
  EXPECT_TRUE(changed && changed->entries().uid_size() == 2 && !changed->gone());
  since.set_mailbox(4711);
  auto gone = co_await api::changes(imap, since, soon());
  EXPECT_TRUE(gone && gone->gone());

  request.set_flags(0x80);
  auto wrong = co_await api::store_flags(imap, request, soon());
  EXPECT_TRUE(refused_with(wrong, api::ErrorCode::malformed));
}

TEST_F(MailCalls, FlagsChangeAndAreSeenToHave) {
  run(flags_and_changes());
  expect_sound();
}

net::Task<void> MailCalls::copies_and_expunges() {
  co_await begin();
  api::AppendRequest append;
  append.set_session(session);
  append.set_name("INBOX");
  append.set_flags(static_cast<std::uint32_t>(Flag::deleted));
  append.set_internal_date(1'700'000'000);
  for (int i = 0; i < 4; ++i) {
    *append.mutable_content() = content_of("appended", std::to_string(i));
    auto added = co_await api::append(imap, append, soon());
    EXPECT_TRUE(added && added->uid() == static_cast<std::uint32_t>(i + 1));
  }
  append.set_name("No such place");
  auto nowhere = co_await api::append(imap, append, soon());
  EXPECT_TRUE(refused_with(nowhere, api::ErrorCode::not_found));

  auto items = co_await open("INBOX");
  std::uint32_t inbox = items.at(0).mailbox().mailbox();
  api::CopyRequest copy;
  copy.set_session(session);
  copy.set_mailbox(inbox);
  copy.set_target("Trash");
  copy.add_uids(2);
  copy.add_uids(1);
  auto copied = co_await api::copy(imap, copy, soon());
  EXPECT_TRUE(copied && copied->source_uids_size() == 2 && copied->source_uids(0) == 1);
  copy.set_move(true);
  copy.clear_uids();
  copy.add_uids(3);
  auto moved = co_await api::copy(imap, copy, soon());
  EXPECT_TRUE(moved && moved->target_uids_size() == 1);

  api::ExpungeRequest expunge;
  expunge.set_session(session);
  expunge.set_mailbox(inbox);
  expunge.set_only_these(true);
  expunge.set_with_deleted_flag(true);
  expunge.add_uids(4);
  auto one = co_await api::expunge(imap, expunge, soon());
  EXPECT_TRUE(one && one->uids_size() == 1);
  expunge.set_only_these(false);
  auto rest = co_await api::expunge(imap, expunge, soon());
  EXPECT_TRUE(rest && rest->uids_size() == 2);
  auto trash = co_await open("Trash");
  EXPECT_EQ(trash.at(0).mailbox().messages(), 3U);
}

TEST_F(MailCalls, MessagesAreCopiedMovedAndExpunged) {
  run(copies_and_expunges());
  expect_sound();
}

net::Task<void> MailCalls::searches() {
  co_await begin();
  co_await deliver_to(mx, "alice@example.test", content_of("apples", "pears in the text"));
  co_await deliver_to(mx, "alice@example.test", content_of("pears", "apples in the text"));
  auto items = co_await open("INBOX");
  api::SearchRequest request;
  request.set_session(session);
  request.set_mailbox(items.at(0).mailbox().mailbox());
  request.add_uids(2);
  request.add_uids(1);
  request.set_needle("apples");
  request.set_field(api::SEARCH_TEXT);
  auto both = co_await api::search(imap, request, soon());
  EXPECT_TRUE(both && both->uids_size() == 2 && both->uids(0) == 1);
  request.set_field(api::SEARCH_BODY);
  auto body = co_await api::search(imap, request, soon());
  EXPECT_TRUE(body && body->uids_size() == 1 && body->uids(0) == 2);
  request.set_field(api::SEARCH_HEADER);
  request.set_header("subject");
  auto header = co_await api::search(imap, request, soon());
  EXPECT_TRUE(header && header->uids_size() == 1 && header->uids(0) == 1);
}

TEST_F(MailCalls, SearchLooksWhereItIsTold) {
  run(searches());
}

net::Task<void> MailCalls::watching() {
  co_await begin();
  // The first look at an account makes its mailboxes, which is a change too.
  co_await deliver_to(mx, "alice@example.test", content_of("old", "body"));
  api::WatchRequest request;
  request.set_session(session);
  auto stream = api::watch(imap, request);
  auto first = co_await stream.next(soon());
  EXPECT_TRUE(first && first->has_value());
  auto quiet = co_await stream.next(deadline_in(std::chrono::milliseconds(50)));
  EXPECT_FALSE(quiet);
  co_await deliver_to(mx, "bob@example.test", content_of("not hers", "body"));
  co_await deliver_to(mx, "alice@example.test", content_of("news", "body"));
  auto second = co_await stream.next(soon());
  EXPECT_TRUE(second && second->has_value());
  // The end of the session is the end of the stream.
  api::ReleaseRequest release;
  release.set_session(session);
  auto released = co_await api::release(imap, release, soon());
  EXPECT_TRUE(released);
  auto end = co_await stream.next(soon());
  EXPECT_TRUE(end && !end->has_value());
}

TEST_F(MailCalls, WatchersHearOfTheirAccountAlone) {
  run(watching());
}

net::Task<void> MailCalls::revocation() {
  co_await begin();
  Channel admin = connect(Role::admin);
  api::WatchRequest request;
  request.set_session(session);
  auto stream = api::watch(imap, request);
  auto first = co_await stream.next(soon());
  EXPECT_TRUE(first && first->has_value());
  api::AccountRequest account;
  account.set_address("bob@example.test");
  account.set_password("another password");
  auto changed = co_await api::account_password(admin, account, soon());
  EXPECT_TRUE(changed && changed->done());
  api::StatusRequest status;
  status.set_session(session);
  status.set_name("INBOX");
  auto still = co_await api::status(imap, status, soon());
  EXPECT_TRUE(still) << "another account's password is not hers";
  account.set_address("alice@example.test");
  changed = co_await api::account_password(admin, account, soon());
  EXPECT_TRUE(changed && changed->done());
  // The account's first change was told before, at most.
  auto end = co_await stream.next(soon());
  while (end && end->has_value()) end = co_await stream.next(soon());
  EXPECT_TRUE(end && !end->has_value());
  auto gone = co_await api::status(imap, status, soon());
  EXPECT_TRUE(refused_with(gone, api::ErrorCode::not_authorized));
}

TEST_F(MailCalls, ANewPasswordEndsTheSessions) {
  run(revocation());
}

net::Task<void> MailCalls::names() {
  co_await begin();
  api::CreateMailboxRequest create;
  create.set_session(session);
  create.set_name("Work/2026");
  auto created = co_await api::create_mailbox(imap, create, soon());
  EXPECT_TRUE(created);
  auto again = co_await api::create_mailbox(imap, create, soon());
  EXPECT_TRUE(refused_with(again, api::ErrorCode::already_exists));
  create.set_name("a\x01");
  auto bad = co_await api::create_mailbox(imap, create, soon());
  EXPECT_TRUE(refused_with(bad, api::ErrorCode::bad_name));
  api::SubscribeRequest subscribe;
  subscribe.set_session(session);
  subscribe.set_name("Elsewhere");
  subscribe.set_subscribed(true);
  auto subscribed = co_await api::subscribe(imap, subscribe, soon());
  EXPECT_TRUE(subscribed);
  api::RenameMailboxRequest rename;
  rename.set_session(session);
  rename.set_from("Work");
  rename.set_to("Play");
  auto renamed = co_await api::rename_mailbox(imap, rename, soon());
  EXPECT_TRUE(renamed);
  api::ListMailboxesRequest list;
  list.set_session(session);
  auto listed = co_await api::list_mailboxes(imap, list, soon());
  EXPECT_TRUE(listed);
  if (!listed) co_return;
  std::map<std::string, std::uint32_t> attributes;
  for (const auto& mailbox : listed->mailboxes()) {
    attributes[mailbox.name()] = mailbox.attributes();
  }
  EXPECT_EQ(attributes.count("Play/2026"), 1U);
  EXPECT_NE(attributes["Play"] & api::ATTRIBUTE_HAS_CHILDREN, 0U);
  EXPECT_NE(attributes["Trash"] & api::ATTRIBUTE_TRASH, 0U);
  EXPECT_EQ(attributes["Elsewhere"], api::ATTRIBUTE_SUBSCRIBED | api::ATTRIBUTE_NON_EXISTENT);
  api::DeleteMailboxRequest remove;
  remove.set_session(session);
  remove.set_name("INBOX");
  auto kept = co_await api::delete_mailbox(imap, remove, soon());
  EXPECT_TRUE(refused_with(kept, api::ErrorCode::not_permitted));
}

TEST_F(MailCalls, MailboxesComeAndGo) {
  run(names());
  expect_sound();
}

net::Task<void> MailCalls::held_back() {
  co_await begin();
  hooks->hold_sync();
  api::DeliverRequest request;
  request.add_recipients()->set_address("alice@example.test");
  *request.mutable_content() = content_of("soon", "body");
  auto early = co_await api::deliver(mx, request, deadline_in(std::chrono::milliseconds(200)));
  EXPECT_TRUE(!early && early.error().kind == rpc::CallFailure::Kind::timed_out);
  // It is there, and nobody may know yet.
  api::StatusRequest status;
  status.set_session(session);
  status.set_name("INBOX");
  auto hidden = co_await api::status(imap, status, deadline_in(std::chrono::milliseconds(200)));
  EXPECT_TRUE(!hidden && hidden.error().kind == rpc::CallFailure::Kind::timed_out);
  hooks->release_sync();
  auto told = co_await api::status(imap, status, soon());
  EXPECT_TRUE(told && told->mailbox().messages() == 1);
}

TEST_F(MailCalls, NothingIsToldBeforeItIsOnDisk) {
  run(held_back());
}

net::Task<void> MailCalls::pop3_lock() {
  Channel pop3 = connect(Role::pop3);
  api::LockInboxRequest lock;
  std::uint64_t first = co_await log_in(pop3, "alice@example.test", Role::pop3);
  std::uint64_t second = co_await log_in(pop3, "alice@example.test", Role::pop3);
  lock.set_session(first);
  auto locked = co_await api::lock_inbox(pop3, lock, soon());
  EXPECT_TRUE(locked && locked->locked());
  lock.set_session(second);
  auto taken = co_await api::lock_inbox(pop3, lock, soon());
  EXPECT_TRUE(taken && !taken->locked());
  api::ReleaseRequest release;
  release.set_session(first);
  auto released = co_await api::release(pop3, release, soon());
  EXPECT_TRUE(released);
  auto free = co_await api::lock_inbox(pop3, lock, soon());
  EXPECT_TRUE(free && free->locked());
  // A worker that is started anew has lost its sessions, and they what they held.
  Channel fresh = connect(Role::pop3);
  std::uint64_t third = co_await log_in(fresh, "alice@example.test", Role::pop3);
  lock.set_session(third);
  auto mine = co_await api::lock_inbox(fresh, lock, soon());
  EXPECT_TRUE(mine && mine->locked());
  EXPECT_EQ(core->sessions.open(), 1U);
  auto old = co_await api::release(pop3, release, soon());
  EXPECT_TRUE(!old && old.error().kind == rpc::CallFailure::Kind::disconnected);
}

TEST_F(MailCalls, AMaildropHasOneReader) {
  run(pop3_lock());
}

}  // namespace
}  // namespace peregrine::core
