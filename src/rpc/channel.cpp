#include "rpc/channel.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "base/log.h"
#include "sys/descriptors.h"

namespace peregrine::rpc {
namespace {

constexpr std::size_t k_read_chunk = kib(64);
/// Descriptors that came before the frames they belong to.
constexpr std::size_t k_most_early_descriptors = 64;

// One loop a thread, and reads never span a wait: all channels of a thread share the buffer.
std::span<char> scratch() {
  static thread_local std::array<char, k_read_chunk> buffer;
  return buffer;
}

}  // namespace

std::shared_ptr<Channel> Channel::create(net::Gate& gate, sys::Fd fd, ChannelOptions options,
                                         Handler handler) {
  std::shared_ptr<Channel> channel(new Channel(gate, std::move(fd), options, std::move(handler)));
  gate.spawn(channel->run());
  return channel;
}

net::Task<void> Channel::run() {
  auto self = shared_from_this();
  while (open_) {
    // A peer that asks and does not read must not fill our memory. Only who serves waits here: a
    // caller that waited too would wait for ever.
    if (handler_ && is_congested()) {
      waits_for_output_ = true;
      net::WaitResult wait = co_await sent_.wait(Deadline::max());
      waits_for_output_ = false;
      if (wait != net::WaitResult::ready) break;
      continue;
    }
    net::Stream::ReadResult result = read_some(scratch());
    if (result.kind == net::Stream::Read::would_block) {
      net::WaitResult wait = co_await stream_.readable(Deadline::max());
      if (wait != net::WaitResult::ready) break;
      continue;
    }
    if (result.kind != net::Stream::Read::data) break;
    in_.append(scratch().data(), result.size);
    if (!take_frames()) {
      broken_ = true;
      break;
    }
    // A short read means that the socket is empty: asking again would only cost a system call.
    if (result.size < k_read_chunk && open_) {
      net::WaitResult wait = co_await stream_.readable(Deadline::max());
      if (wait != net::WaitResult::ready) break;
    }
  }
  close();
}

net::Stream::ReadResult Channel::read_some(std::span<char> buffer) {
  if (!options_.passes_descriptors) return stream_.try_read(buffer);
  auto received = sys::receive_with_descriptors(stream_.fd(), buffer, sys::k_most_descriptors);
  if (!received) {
    bool again = sys::would_block(received.error());
    return {again ? net::Stream::Read::would_block : net::Stream::Read::error};
  }
  for (sys::Fd& fd : received->descriptors) in_descriptors_.push_back(std::move(fd));
  if (in_descriptors_.size() > k_most_early_descriptors) return {net::Stream::Read::error};
  if (received->bytes == 0) return {net::Stream::Read::end};
  return {net::Stream::Read::data, received->bytes};
}

bool Channel::take_frames() {
  std::size_t position = 0;
  while (open_) {
    BytesView rest = BytesView(in_).substr(position);
    auto header = read_frame_header(rest, options_.max_payload);
    if (!header) {
      log_event(LogLevel::error, "rpc.bad_frame", {{"error", static_cast<int>(header.error())}});
      return false;
    }
    if (!*header || rest.size() - k_frame_header_size < (*header)->length) break;
    // The handlers started here may not keep the view: `in_` moves on.
    if (!handle(**header, rest.substr(k_frame_header_size, (*header)->length))) return false;
    position += k_frame_header_size + (*header)->length;
  }
  in_.erase(0, position);
  if (in_.empty() && in_.capacity() > kib(128)) Bytes().swap(in_);
  return true;
}

bool Channel::handle(const FrameHeader& header, BytesView payload) {
  switch (header.kind) {
    case FrameKind::request:
      return handle_request(header, payload);
    case FrameKind::cancel:
      if (auto it = serving_.find(header.call); it != serving_.end()) cancel_serving(it->second);
      return true;
    case FrameKind::credit: {
      auto it = serving_.find(header.call);
      Decoder decoder(payload);
      auto credit = static_cast<std::int64_t>(decoder.varint(mib(64)));
      if (!decoder.done()) return false;
      if (it == serving_.end()) return true;
      it->second.credit = std::min(it->second.credit + credit, std::int64_t{mib(64)});
      if (it->second.credit_waiter != nullptr) {
        std::exchange(it->second.credit_waiter, nullptr)->finish(net::WaitResult::ready);
      }
      return true;
    }
    case FrameKind::response:
    case FrameKind::item:
    case FrameKind::end:
    case FrameKind::error:
      handle_answer(header, payload);
      return true;
  }
  return false;
}

bool Channel::handle_request(const FrameHeader& header, BytesView payload) {
  if (!handler_ || serving_.size() >= options_.max_calls || serving_.contains(header.call)) {
    log_event(LogLevel::error, "rpc.request_refused", {{"calls", serving_.size()}});
    return false;
  }
  sys::Fd descriptor;
  if (header.has_descriptor) {
    if (in_descriptors_.empty()) return false;
    descriptor = std::move(in_descriptors_.front());
    in_descriptors_.pop_front();
  }
  serving_.emplace(header.call, Serving{});
  handler_(Request(shared_from_this(), header.call, header.method, Bytes(payload),
                   std::move(descriptor)));
  return true;
}

void Channel::handle_answer(const FrameHeader& header, BytesView payload) {
  auto it = pending_.find(header.call);
  if (it == pending_.end()) return;  // cancelled meanwhile
  Pending& pending = *it->second;
  if (header.kind == FrameKind::response || header.kind == FrameKind::item) {
    pending.items.emplace_back(payload);
  }
  if (header.kind == FrameKind::error) {
    pending.failure = CallFailure{CallFailure::Kind::refused, header.method};
  }
  if (header.kind != FrameKind::item) {
    pending.ended = true;
    pending_.erase(it);
  }
  if (pending.waiter != nullptr) {
    std::exchange(pending.waiter, nullptr)->finish(net::WaitResult::ready);
  }
}

void Channel::cancel_serving(Serving& serving) {
  if (std::exchange(serving.cancelled, true)) return;
  auto action = std::exchange(serving.on_cancel, {});
  net::Waiter* waiter = std::exchange(serving.credit_waiter, nullptr);
  // Either may end the call, and with it `serving` and what the action refers to: one is enough.
  if (waiter != nullptr) {
    waiter->finish(net::WaitResult::cancelled);
  } else if (action) {
    action();
  }
}

void Channel::close() {
  if (!std::exchange(open_, false)) return;
  auto self = shared_from_this();
  stream_.cancel();
  // What resumes here may drop other calls of this channel: take them one at a time.
  while (!pending_.empty()) {
    Pending& pending = *pending_.begin()->second;
    pending_.erase(pending_.begin());
    pending.ended = true;
    pending.failure = CallFailure{};
    if (pending.waiter != nullptr) {
      std::exchange(pending.waiter, nullptr)->finish(net::WaitResult::ready);
    }
  }
  std::vector<std::uint32_t> calls;
  for (auto& [call, serving] : serving_) calls.push_back(call);
  for (std::uint32_t call : calls) {
    auto it = serving_.find(call);
    if (it != serving_.end()) cancel_serving(it->second);
  }
  stream_.release();
  sent_.cancel();
  if (auto action = std::exchange(on_close_, {})) action();
}

std::uint32_t Channel::start_call(std::uint16_t method, BytesView request, Pending& pending,
                                  sys::Fd descriptor) {
  std::uint32_t call = next_call_++;
  if (!open_) {
    pending.ended = true;
    pending.failure = CallFailure{};
    return call;
  }
  pending_.emplace(call, &pending);
  send({.call = call, .kind = FrameKind::request, .method = method}, request,
       std::move(descriptor));
  return call;
}

net::Task<std::expected<Bytes, CallFailure>> Channel::call(std::uint16_t method, Bytes request,
                                                           Deadline deadline, sys::Fd descriptor) {
  auto self = shared_from_this();
  Pending pending;
  std::uint32_t call = start_call(method, request, pending, std::move(descriptor));
  Bytes().swap(request);
  if (!pending.ended) {
    net::WaitResult wait = co_await net::WaitFor(loop_, pending.waiter, deadline);
    if (wait != net::WaitResult::ready && !pending.ended) {
      pending_.erase(call);
      send({.call = call, .kind = FrameKind::cancel}, {});
      co_return std::unexpected(CallFailure{CallFailure::Kind::timed_out});
    }
  }
  if (pending.failure) co_return std::unexpected(*pending.failure);
  if (pending.items.empty()) co_return Bytes{};
  co_return std::move(pending.items.front());
}

void Channel::send(const FrameHeader& header, BytesView payload, sys::Fd descriptor) {
  if (!open_) return;
  FrameHeader full = header;
  full.has_descriptor = static_cast<bool>(descriptor);
  if (descriptor) out_descriptors_.emplace_back(out_.size(), std::move(descriptor));
  append_frame(out_, full, payload);
  schedule_flush();
}

void Channel::schedule_flush() {
  if (std::exchange(flushing_, true)) return;
  loop_.post([self = shared_from_this()] {
    // The first attempt needs no coroutine, and nearly always it is the only one.
    while (self->open_ && !self->out_.empty()) {
      auto written = self->write_some();
      if (!written) {
        self->close();
      } else if (*written == 0) {
        self->gate_.spawn(self->flush());
        return;
      }
    }
    self->flushing_ = false;
  });
}

net::Task<void> Channel::flush() {
  auto self = shared_from_this();
  while (open_ && !out_.empty()) {
    auto written = write_some();
    if (!written) {
      close();
      break;
    }
    if (*written > 0) continue;
    net::WaitResult wait = co_await stream_.writable(Deadline::max());
    if (wait != net::WaitResult::ready) break;
  }
  flushing_ = false;
}

std::expected<std::size_t, net::NetError> Channel::write_some() {
  std::size_t end = out_.size();
  bool with_descriptor = !out_descriptors_.empty() && out_descriptors_.front().first == 0;
  std::size_t next = with_descriptor ? 1 : 0;
  if (out_descriptors_.size() > next) end = out_descriptors_[next].first;
  BytesView chunk = BytesView(out_).substr(0, end);

  std::size_t written = 0;
  if (with_descriptor) {
    int fd = out_descriptors_.front().second.get();
    auto sent = sys::send_with_descriptors(stream_.fd(), chunk, std::span<const int>(&fd, 1));
    if (!sent) {
      if (sys::would_block(sent.error())) return std::size_t{0};
      return std::unexpected(net::NetError::closed);
    }
    written = *sent;
    if (written > 0) out_descriptors_.pop_front();
  } else {
    auto sent = stream_.try_write(chunk);
    if (!sent) return std::unexpected(sent.error());
    written = *sent;
  }
  out_.erase(0, written);
  if (waits_for_output_ && !is_congested()) {
    loop_.post([self = shared_from_this()] {
      if (self->waits_for_output_) self->sent_.notify();
    });
  }
  for (auto& [offset, fd] : out_descriptors_) offset -= written;
  if (out_.empty() && out_.capacity() > kib(128)) Bytes().swap(out_);
  return written;
}

Request::Request(std::shared_ptr<Channel> channel, std::uint32_t call, std::uint16_t method,
                 Bytes payload, sys::Fd descriptor)
    : channel_(std::move(channel)),
      call_(call),
      method_(method),
      payload_(std::move(payload)),
      descriptor_(std::move(descriptor)) {}

Request::~Request() {
  if (channel_) fail(0, "dropped");
}

void Request::respond(BytesView response) {
  channel_->serving_.erase(call_);
  channel_->send({.call = call_, .kind = FrameKind::response}, response);
  channel_.reset();
}

void Request::fail(std::uint16_t code, std::string_view log_text) {
  channel_->serving_.erase(call_);
  channel_->send({.call = call_, .kind = FrameKind::error, .method = code}, log_text);
  channel_.reset();
}

void Request::finish() {
  channel_->serving_.erase(call_);
  channel_->send({.call = call_, .kind = FrameKind::end}, {});
  channel_.reset();
}

bool Request::is_cancelled() const {
  auto it = channel_->serving_.find(call_);
  return it == channel_->serving_.end() || it->second.cancelled || !channel_->is_open();
}

void Request::on_cancel(std::function<void()> action) {
  auto it = channel_->serving_.find(call_);
  if (it != channel_->serving_.end()) it->second.on_cancel = std::move(action);
}

net::Task<bool> Request::send_item(BytesView item) {
  auto channel = channel_;
  while (true) {
    auto it = channel->serving_.find(call_);
    if (it == channel->serving_.end() || it->second.cancelled) co_return false;
    Channel::Serving& serving = it->second;
    // The reader keeps less than half of the credit back once it has taken all that was sent: an
    // item larger than what is left must not wait for more than that.
    auto size = static_cast<std::int64_t>(item.size());
    if (serving.credit >= size ||
        serving.credit > static_cast<std::int64_t>(k_initial_credit / 2)) {
      serving.credit -= size;
      channel->send({.call = call_, .kind = FrameKind::item}, item);
      co_return true;
    }
    net::WaitResult wait =
        co_await net::WaitFor(channel->loop_, serving.credit_waiter, Deadline::max());
    if (wait != net::WaitResult::ready) co_return false;
  }
}

ItemStream::ItemStream(std::shared_ptr<Channel> channel, std::uint16_t method, BytesView request)
    : channel_(std::move(channel)), call_(channel_->start_call(method, request, pending_, {})) {}

ItemStream::~ItemStream() {
  if (pending_.ended) return;
  channel_->pending_.erase(call_);
  channel_->send({.call = call_, .kind = FrameKind::cancel}, {});
}

net::Task<std::expected<std::optional<Bytes>, CallFailure>> ItemStream::next(Deadline deadline) {
  if (pending_.items.empty() && !pending_.ended) {
    net::WaitResult wait = co_await net::WaitFor(channel_->loop_, pending_.waiter, deadline);
    if (wait != net::WaitResult::ready && pending_.items.empty() && !pending_.ended) {
      co_return std::unexpected(CallFailure{CallFailure::Kind::timed_out});
    }
  }
  if (pending_.items.empty()) {
    if (pending_.failure) co_return std::unexpected(*pending_.failure);
    co_return std::optional<Bytes>{};
  }
  Bytes item = std::move(pending_.items.front());
  pending_.items.pop_front();
  consumed_ += item.size();
  if (consumed_ >= k_initial_credit / 2 && !pending_.ended) {
    Bytes grant = Encoder().varint(consumed_).take();
    channel_->send({.call = call_, .kind = FrameKind::credit}, grant);
    consumed_ = 0;
  }
  co_return std::optional<Bytes>(std::move(item));
}

void ItemStream::interrupt() {
  if (pending_.waiter != nullptr) {
    std::exchange(pending_.waiter, nullptr)->finish(net::WaitResult::cancelled);
  }
}

}  // namespace peregrine::rpc
