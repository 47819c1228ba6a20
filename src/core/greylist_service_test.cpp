// The greylist through the call that mx makes.
#include "core/core_fixture.h"

namespace peregrine::core {
namespace {

class GreylistCall : public CoreTest {
 protected:
  net::Task<void> put_off_once();
  net::Task<void> refuse_nonsense();
};

net::Task<void> GreylistCall::put_off_once() {
  Channel mx = connect(Role::mx, 1);
  api::GreylistRequest request;
  request.set_peer("192.0.2.1");
  request.set_sender_domain("remote.example");
  request.set_recipient("alice@example.test");
  auto first = co_await api::greylist(mx, request, soon());
  EXPECT_TRUE(first && first->wait_seconds() == 300);
  // The same mailbox, spelled in another way.
  request.set_peer("192.0.2.77");
  request.set_sender_domain("Remote.Example");
  request.set_recipient("ALICE@example.test");
  auto second = co_await api::greylist(mx, request, soon());
  EXPECT_TRUE(second && second->wait_seconds() > 0 && second->wait_seconds() <= 300);
  EXPECT_EQ(core->model.greylist->size(), 1U);
}

TEST_F(GreylistCall, PutsAStrangerOff) {
  run(put_off_once());
}

net::Task<void> GreylistCall::refuse_nonsense() {
  std::vector<api::GreylistRequest> all(3);
  all[0].set_peer("example.org");
  all[1].set_peer("192.0.2.1");
  all[1].set_sender_domain(std::string(5000, 'a'));
  all[2].set_peer("192.0.2.1");
  all[2].set_recipient(std::string(5000, 'a'));
  for (const api::GreylistRequest& request : all) {
    Channel mx = connect(Role::mx, 1);
    auto answer = co_await api::greylist(mx, request, soon());
    EXPECT_TRUE(!answer && api::refused_with(answer.error(), api::ErrorCode::malformed));
  }
  EXPECT_EQ(core->model.greylist->size(), 0U);
}

TEST_F(GreylistCall, KeepsNoNonsense) {
  run(refuse_nonsense());
}

}  // namespace
}  // namespace peregrine::core
