// The operator's calls to the core of a running server.

#include "cli/running_server_line.h"

#include <fmt/core.h>

#include "api/client.h"
#include "net/gate.h"

namespace peregrine::cli {
namespace {

// Hashing a password waits for others that are being hashed.
constexpr std::chrono::seconds k_call_time{60};
// `verify` may read all mail before it has something to say.
constexpr std::chrono::hours k_line_time{24};

Problem describe(const rpc::CallFailure& failure) {
  using Kind = rpc::CallFailure::Kind;
  if (failure.kind == Kind::timed_out) {
    return {"the server does not answer; its log says what it is doing"};
  }
  if (failure.kind == Kind::refused) {
    return {fmt::format("the server refuses the call (error {}); its log says why", failure.code)};
  }
  return {"the server is starting, ending or without its core; try again in a moment"};
}

// One connection with its loop: a command makes one call, two at most.
class Line {
 public:
  explicit Line(sys::Fd connection)
      : channel_(rpc::Channel::create(calls_, std::move(connection),
                                      {.max_payload = rpc::k_max_answer})) {}

  using Work = net::Task<void> (*)(Line& line);

  void run(net::Task<void> work) {
    own_.spawn(finish(std::move(work)));
    loop_.run();
  }
  [[nodiscard]] std::shared_ptr<rpc::Channel> channel() { return channel_; }

 private:
  net::Task<void> finish(net::Task<void> work) {
    co_await work;
    channel_->close();
    static_cast<void>(co_await calls_.drained(deadline_in(std::chrono::seconds(1))));
    loop_.stop();
  }

  net::Loop loop_;
  net::Gate calls_{loop_};
  net::Gate own_{loop_};
  std::shared_ptr<rpc::Channel> channel_;  // owners: see rpc/channel.h
};

// The references are of the caller's frame, which waits for the loop.
net::Task<void> make_call(Line& line, api::Method method, Bytes request, Outcome<Bytes>& out) {
  auto answer = co_await line.channel()->call(static_cast<std::uint16_t>(method),
                                              std::move(request), deadline_in(k_call_time));
  if (answer) {
    out = std::move(*answer);
  } else {
    out = std::unexpected(describe(answer.error()));
  }
}

net::Task<void> read_items(Line& line, api::Method method, const Bytes& request,
                           const OperatorLine::ItemSink& sink, Outcome<void>& out) {
  rpc::ItemStream stream(line.channel(), static_cast<std::uint16_t>(method), request);
  while (true) {
    auto item = co_await stream.next(deadline_in(k_line_time));
    if (!item) {
      out = std::unexpected(describe(item.error()));
      break;
    }
    if (!*item) break;
    sink(**item);
  }
}

class RunningServerLine : public OperatorLine {
 public:
  RunningServerLine(config::Settings settings, sys::Fd connection)
      : settings_(std::move(settings)), connection_(std::move(connection)) {}

 private:
  Outcome<void> items(api::Method method, Bytes request, const ItemSink& sink) override {
    TRY(sys::Fd connection, take_connection());
    Line line(std::move(connection));
    Outcome<void> out;
    line.run(read_items(line, method, request, sink, out));
    return out;
  }

  Outcome<Bytes> exchange(api::Method method, Bytes request) override {
    TRY(sys::Fd connection, take_connection());
    Line line(std::move(connection));
    Outcome<Bytes> out;
    line.run(make_call(line, method, std::move(request), out));
    return out;
  }

  Outcome<sys::Fd> take_connection() {
    if (connection_) return std::move(connection_);
    auto again = connect_control(settings_, ControlKind::admin);
    if (again && !*again) return problem("the server has just ended; try again");
    return again;
  }

  config::Settings settings_;
  sys::Fd connection_;
};

}  // namespace

std::unique_ptr<OperatorLine> make_running_server_line(config::Settings settings,
                                                       sys::Fd connection) {
  return std::make_unique<RunningServerLine>(std::move(settings), std::move(connection));
}

}  // namespace peregrine::cli
