#pragma once
// Session: one IMAP connection after login. It reads commands, has each executed (commands.h) and
// writes the answers; what is here besides that is what commands share: the client, the selected
// mailbox and the way to core. One command is under way at a time.

#include <memory>
#include <optional>
#include <string>

#include "api/client.h"
#include "imapd/answer.h"
#include "imapd/view.h"
#include "proto/imap/framer.h"
#include "proto/imap/parse_command.h"
#include "role/client.h"

namespace peregrine::imapd {

class Session {
 public:
  /// Both must outlive it.
  Session(role::Worker& worker, role::Connection& connection);

  net::Task<role::SessionEnd> run();

  // For the commands.

  [[nodiscard]] const config::Settings& settings() const { return worker_.settings(); }
  [[nodiscard]] net::Loop& loop() const { return listening_.loop(); }
  [[nodiscard]] ConnectionId connection_id() const { return connection_.facts.id; }
  /// How core calls this session.
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::shared_ptr<rpc::Channel> core() const { return core_; }
  /// For one call to core.
  [[nodiscard]] static Deadline call_deadline();
  /// The answer to a failed call; ends the session where the failure does.
  Answer failed(const rpc::CallFailure& failure, Missing missing = Missing::nonexistent);

  /// Of the command under way.
  [[nodiscard]] const std::string& tag() const { return tag_; }
  [[nodiscard]] Bytes& out() { return client_.out(); }
  /// Sends what is in out() if it is much. False: stop, the client is gone.
  net::Task<bool> flush_if_full();
  [[nodiscard]] imap::Framer& framer() { return framer_; }
  [[nodiscard]] const imap::Limits& limits() const { return limits_; }
  /// Waits for bytes and gives them to the framer. After anything but `data` and `interrupted` the
  /// session has said goodbye and is_ended().
  net::Task<role::Client::Input> receive(Deadline deadline);
  [[nodiscard]] Deadline idle_deadline() const;
  /// The memory for a message that the client is about to send.
  [[nodiscard]] role::HeldMessage hold_message() { return worker_.hold_message(connection_); }

  /// Null when none is selected.
  [[nodiscard]] Selected* selected() { return selected_.get(); }
  void select(std::unique_ptr<Selected> selected) { selected_ = std::move(selected); }
  /// Whether the mailbox of that name (UTF-8) is selected.
  [[nodiscard]] bool has_selected(std::string_view name) const {
    return selected_ && selected_->name == name;
  }
  /// Starts to listen for changes in the account, unless it does already.
  void watch();
  /// Tells what has changed in the selected mailbox: EXISTS, EXPUNGE and FETCH.
  net::Task<void> send_updates(Updates updates);
  /// Takes a keyword table that core sent, and tells the client when it has grown.
  void take_keywords(const google::protobuf::RepeatedPtrField<std::string>& keywords);
  /// Takes messages out of the view and says so.
  void announce_expunged(std::span<const std::uint32_t> uids);
  /// While it waits in IDLE, changes wake the session.
  void set_idling(bool idling) { is_idling_ = idling; }
  [[nodiscard]] bool has_changed() const { return has_changed_; }

  // For APPEND, which answers by itself.
  void set_tag(std::string tag) { tag_ = std::move(tag); }
  net::Task<void> finish_command(Answer answer);
  void take_parse_error(const imap::ParseError& error);

  /// Says BYE; nothing is read any more.
  void say_goodbye(std::string_view code, std::string_view text);
  /// Ends without a word: the client is in the middle of a literal.
  void break_off() { is_ended_ = true; }
  [[nodiscard]] bool is_ended() const { return is_ended_; }

 private:
  net::Task<bool> open();
  net::Task<void> close();
  net::Task<void> take_frame();
  net::Task<void> take_command(BytesView text);
  void count_error();
  net::Task<void> listen();
  void apply(const api::ChangesResponse& changes);
  void apply_entry(const ViewEntry& entry);

  role::Worker& worker_;
  role::Connection& connection_;
  role::Client client_;
  std::shared_ptr<rpc::Channel> core_;  // owners: see rpc/channel.h
  imap::Limits limits_;
  imap::Framer framer_;
  std::uint64_t id_ = 0;
  std::string tag_;
  std::unique_ptr<Selected> selected_;
  unsigned errors_ = 0;  // in a row
  bool is_ended_ = false;

  // The listener for changes: a coroutine beside the session, ended by close().
  net::Gate listening_;
  api::TypedStream<api::WatchItem>* changes_ = nullptr;
  bool is_idling_ = false;
  bool is_closing_ = false;
  bool has_changed_ = false;
  /// Why the session is over although the client still is there.
  enum class Ending : std::uint8_t { none, lost_core, revoked };
  void say_goodbye(Ending ending);
  Ending ending_ = Ending::none;
};

}  // namespace peregrine::imapd
