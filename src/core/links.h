#pragma once
// Links: the channels to core's callers. The supervisor hands over a socket for each worker, again
// when the worker was started anew, and one for each operator's command; the role comes with it and
// nothing that arrives can change it.

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/call.h"
#include "role/control.h"

namespace peregrine::core {

/// Commands of operators at a time; the oldest makes room.
inline constexpr std::size_t k_most_operators = 16;

class Links {
 public:
  explicit Links(Core& core) : core_(core) {}
  ~Links();
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  /// A worker's link; an older one of the same role and index ends, with its sessions.
  void add(role::LinkedSocket link);
  void add_operator(sys::Fd socket);
  void close_all();
  [[nodiscard]] std::size_t open() const { return channels_.size(); }

 private:
  /// The number of the new channel; 0 when the socket cannot be used.
  std::uint64_t open_channel(Role role, std::uint32_t index, sys::Fd socket);
  void close(std::uint64_t number);

  Core& core_;
  std::uint64_t next_channel_ = 1;
  // owners: see rpc/channel.h
  std::map<std::uint64_t, std::shared_ptr<rpc::Channel>> channels_;
  std::map<std::pair<Role, std::uint32_t>, std::uint64_t> workers_;
  std::vector<std::uint64_t> operators_;  ///< oldest first; ended ones are dropped in passing
};

}  // namespace peregrine::core
