#include "smtpd/verdict.h"

#include "api/client.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtpd {
namespace {

// The alias is ours and so is the lack: temporary, for the operator to mend.
constexpr smtp::FixedReply k_reply_needs_relay{
    451, {4, 3, 5}, "Cannot be forwarded: outgoing mail is not switched on"};

}  // namespace

const smtp::FixedReply& reply_to(api::RecipientVerdict verdict) {
  switch (verdict) {
    case api::RECIPIENT_LOCAL:
      return smtp::k_reply_recipient_ok;
    case api::RECIPIENT_UNKNOWN:
      return smtp::k_reply_no_such_user;
    case api::RECIPIENT_NOT_LOCAL:
      return smtp::k_reply_relay_denied;
    case api::RECIPIENT_OVER_QUOTA:
      return smtp::k_reply_mailbox_full;
    case api::RECIPIENT_NEEDS_RELAY:
      return k_reply_needs_relay;
    case api::RECIPIENT_NO_SPACE:
      return smtp::k_reply_no_storage;
    default:
      return smtp::k_reply_local_error;
  }
}

const smtp::FixedReply& reply_to(api::DeliverOutcome outcome) {
  switch (outcome) {
    case api::DELIVER_OVER_QUOTA:
      return smtp::k_reply_mailbox_full;
    case api::DELIVER_NO_SPACE:
      return smtp::k_reply_no_storage;
    // The mailbox went away between RCPT and the message.
    case api::DELIVER_UNKNOWN:
      return smtp::k_reply_no_such_user;
    default:
      return smtp::k_reply_local_error;
  }
}

const smtp::FixedReply& reply_to(const rpc::CallFailure& failure) {
  if (api::refused_with(failure, api::ErrorCode::no_space)) return smtp::k_reply_no_storage;
  if (api::refused_with(failure, api::ErrorCode::over_quota)) return smtp::k_reply_mailbox_full;
  return smtp::k_reply_local_error;
}

bool is_refused_for_good(api::RecipientVerdict verdict) {
  return verdict == api::RECIPIENT_UNKNOWN || verdict == api::RECIPIENT_NOT_LOCAL;
}

}  // namespace peregrine::smtpd
