// The calls of outgoing mail.
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {

net::Task<Answer<api::CheckSenderResponse>> check_sender(Core&, Call&, api::CheckSenderRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<api::SubmitResponse>> submit(Core&, Call&, api::SubmitRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<api::LeaseResponse>> lease(Core&, Call&, api::LeaseRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<void>> queue_content(Core&, Call&, api::QueueContentRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<api::ReportResponse>> report(Core&, Call&, api::ReportRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<api::NotifyResponse>> notify(Core&, Call&, api::NotifyRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<void>> queue_list(Core&, Call&, api::QueueListRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<api::QueueChangeResponse>> queue_change(Core&, Call&, api::QueueChangeRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}
net::Task<Answer<void>> trace(Core&, Call&, api::TraceRequest) {
  co_return std::unexpected(api::ErrorCode::failed);
}

}  // namespace peregrine::core
