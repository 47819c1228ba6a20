#pragma once
// What the tests of sessions share: a worker without a supervisor. For tests only.

#include <gtest/gtest.h>
#include <list>
#include <optional>
#include <unistd.h>

#include "role/worker.h"

namespace peregrine::role {

class WorkerFixture {
 protected:
  WorkerFixture() { hold_control_descriptor(); }

  struct World {
    net::Loop loop;
    net::Gate gate{loop};
    std::optional<Worker> worker;
  };

  /// A worker's lines wait for its whole process; so what they run on outlives the test.
  static World& make_world() {
    static auto& all = *new std::list<World>;
    return all.emplace_back();
  }

 private:
  // The worker takes its control line at a fixed number, which must not be somebody else's.
  void hold_control_descriptor() {
    auto line = sys::socket_pair(sys::SocketKind::seqpacket);
    ASSERT_TRUE(line);
    // Our own end may stand in its way.
    if (line->first.get() == k_control_descriptor) std::swap(line->first, line->second);
    supervisor_ = std::move(line->first);
    if (line->second.get() == k_control_descriptor) {
      static_cast<void>(line->second.release());
    } else {
      ASSERT_GE(::dup2(line->second.get(), k_control_descriptor), 0);
    }
  }

  sys::Fd supervisor_;
};

}  // namespace peregrine::role
