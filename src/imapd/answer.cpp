#include "imapd/answer.h"

#include "api/client.h"

namespace peregrine::imapd {

Answer answer_to(const rpc::CallFailure& failure, Missing missing) {
  if (failure.kind != rpc::CallFailure::Kind::refused) {
    return no("UNAVAILABLE", "Mail store is not available, try again later");
  }
  switch (static_cast<api::ErrorCode>(failure.code)) {
    case api::ErrorCode::not_found:
      return no(missing == Missing::try_create ? "TRYCREATE" : "NONEXISTENT", "No such mailbox");
    case api::ErrorCode::already_exists:
      return no("ALREADYEXISTS", "Mailbox exists already");
    case api::ErrorCode::bad_name:
      return no("CANNOT", "Mailbox name is not allowed");
    case api::ErrorCode::over_quota:
      return no("OVERQUOTA", "Quota exceeded");
    case api::ErrorCode::no_space:
      return no("UNAVAILABLE", "No space left, try again later");
    case api::ErrorCode::in_use:
      return no("INUSE", "Mailbox is in use");
    case api::ErrorCode::limit:
      return no("LIMIT", "Limit reached");
    case api::ErrorCode::has_children:
      return no("HASCHILDREN", "Mailbox has mailboxes below it");
    case api::ErrorCode::not_permitted:
      return no("CANNOT", "Not possible with this mailbox");
    case api::ErrorCode::not_authorized:
      return no("UNAVAILABLE", "Session has ended");
    default:
      return no("UNAVAILABLE", "Internal error, try again later");
  }
}

bool ends_session(const rpc::CallFailure& failure) {
  return failure.kind == rpc::CallFailure::Kind::disconnected ||
         api::refused_with(failure, api::ErrorCode::not_authorized);
}

}  // namespace peregrine::imapd
