#pragma once
// Channel: calls over a stream socket between two processes. Either end may call; each end serves
// with the handler it was given. Frames that are queued in one turn of the loop leave in one write.
//
//   auto reply = co_await channel->call(method, request, deadline_in(10s));
//   ItemStream items(channel, method, request);
//   while (true) { auto item = co_await items.next(deadline); … }
//
// Owners: the role that made it, and every call under way on it, on both sides; hence shared_ptr.

#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/bytes.h"
#include "net/event.h"
#include "net/gate.h"
#include "net/stream.h"
#include "rpc/frame.h"
#include "sys/fd.h"

namespace peregrine::rpc {

/// Why a call gave no response.
struct CallFailure {
  enum class Kind : std::uint8_t { disconnected, timed_out, refused };
  Kind kind = Kind::disconnected;
  std::uint16_t code = 0;  ///< of `refused`: api::ErrorCode
};

class Channel;

/// A request being served. Exactly one of respond(), fail() and finish() ends it; dropping it
/// without any of them refuses the call.
class Request {
 public:
  Request(std::shared_ptr<Channel> channel, std::uint32_t call, std::uint16_t method, Bytes payload,
          sys::Fd descriptor);
  Request(Request&&) noexcept = default;
  Request& operator=(Request&&) noexcept = default;
  ~Request();

  [[nodiscard]] std::uint16_t method() const { return method_; }
  [[nodiscard]] const Bytes& payload() const { return payload_; }
  [[nodiscard]] sys::Fd take_descriptor() { return std::move(descriptor_); }
  /// Frees the payload once it has been decoded.
  void drop_payload() { Bytes().swap(payload_); }

  void respond(BytesView response);
  void fail(std::uint16_t code, std::string_view log_text);
  /// Sends one element of a stream when the caller's credit allows. False: the caller has gone.
  net::Task<bool> send_item(BytesView item);
  void finish();
  /// True once the caller cancelled or disconnected.
  [[nodiscard]] bool is_cancelled() const;
  /// `action` runs when the caller cancels or disconnects, unless a send_item() waits, which then
  /// answers false.
  void on_cancel(std::function<void()> action);

 private:
  std::shared_ptr<Channel> channel_;
  std::uint32_t call_;
  std::uint16_t method_;
  Bytes payload_;
  sys::Fd descriptor_;
};

/// max_payload of who calls core: answers come from the one process that is trusted, and grow with
/// the mailbox.
inline constexpr std::size_t k_max_answer = mib(32);

struct ChannelOptions {
  /// Descriptors are sent and received; otherwise a frame that announces one ends the channel.
  bool passes_descriptors = false;
  /// Of what is received.
  std::size_t max_payload = mib(1);
  /// Requests being served at a time; one more ends the channel.
  std::size_t max_calls = 65536;
  /// Answers that the peer has not read yet; beyond it no further request is taken.
  std::size_t max_unsent = mib(4);
};

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using Handler = std::function<void(Request)>;

  /// Reads frames in `gate`, which must outlive the channel, until the peer is gone or breaks a
  /// rule. The descriptor must be non-blocking.
  static std::shared_ptr<Channel> create(net::Gate& gate, sys::Fd fd, ChannelOptions options,
                                         Handler handler = {});

  /// Ends the channel: every call under way fails with `disconnected`.
  void close();
  [[nodiscard]] bool is_open() const { return open_; }
  /// It ended because the peer sent what is no frame, or none that may come.
  [[nodiscard]] bool is_broken() const { return broken_; }
  /// `action` runs once, when the channel has ended, after its calls were cancelled.
  void on_close(std::function<void()> action) { on_close_ = std::move(action); }

  net::Task<std::expected<Bytes, CallFailure>> call(std::uint16_t method, Bytes request,
                                                    Deadline deadline, sys::Fd descriptor = {});

 private:
  friend class Request;
  friend class ItemStream;

  struct Pending {  // a call that we made
    net::Waiter* waiter = nullptr;
    bool ended = false;
    std::deque<Bytes> items;  // of a stream; of a call: its response
    std::optional<CallFailure> failure;
  };
  struct Serving {                           // a call that we serve
    std::int64_t credit = k_initial_credit;  ///< below zero after an item larger than it
    net::Waiter* credit_waiter = nullptr;
    bool cancelled = false;
    std::function<void()> on_cancel;
  };

  Channel(net::Gate& gate, sys::Fd fd, ChannelOptions options, Handler handler)
      : gate_(gate),
        loop_(gate.loop()),
        stream_(loop_, std::move(fd)),
        options_(options),
        handler_(std::move(handler)),
        sent_(loop_) {}

  net::Task<void> run();
  [[nodiscard]] bool is_congested() const { return out_.size() > options_.max_unsent; }

  std::uint32_t start_call(std::uint16_t method, BytesView request, Pending& pending,
                           sys::Fd descriptor);
  void send(const FrameHeader& header, BytesView payload, sys::Fd descriptor = {});
  void schedule_flush();
  net::Task<void> flush();
  [[nodiscard]] std::expected<std::size_t, net::NetError> write_some();
  [[nodiscard]] net::Stream::ReadResult read_some(std::span<char> buffer);
  [[nodiscard]] bool take_frames();
  [[nodiscard]] bool handle(const FrameHeader& header, BytesView payload);
  [[nodiscard]] bool handle_request(const FrameHeader& header, BytesView payload);
  void handle_answer(const FrameHeader& header, BytesView payload);
  void cancel_serving(Serving& serving);

  net::Gate& gate_;
  net::Loop& loop_;
  net::Stream stream_;
  ChannelOptions options_;
  Handler handler_;
  std::function<void()> on_close_;
  net::Event sent_;  ///< output went out while the reader waits for that
  bool waits_for_output_ = false;
  bool open_ = true;
  bool broken_ = false;
  bool flushing_ = false;
  Bytes in_;
  std::deque<sys::Fd> in_descriptors_;
  Bytes out_;
  std::deque<std::pair<std::size_t, sys::Fd>> out_descriptors_;  // offset in out_
  std::uint32_t next_call_ = 1;
  std::unordered_map<std::uint32_t, Pending*> pending_;
  std::unordered_map<std::uint32_t, Serving> serving_;
};

/// The caller's end of a stream. Dropping it cancels the call.
class ItemStream {
 public:
  ItemStream(std::shared_ptr<Channel> channel, std::uint16_t method, BytesView request);
  ~ItemStream();
  ItemStream(const ItemStream&) = delete;
  ItemStream& operator=(const ItemStream&) = delete;

  /// The next element, or nothing when the stream has ended in order.
  net::Task<std::expected<std::optional<Bytes>, CallFailure>> next(Deadline deadline);
  /// Ends a next() that is waiting, as if it had timed out.
  void interrupt();
  /// True when next() would not wait.
  [[nodiscard]] bool has_next() const { return !pending_.items.empty() || pending_.ended; }

 private:
  std::shared_ptr<Channel> channel_;
  Channel::Pending pending_;
  std::uint32_t call_;
  std::uint64_t consumed_ = 0;
};

}  // namespace peregrine::rpc
