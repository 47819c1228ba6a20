#include "smtpd/verdict.h"

#include "api/client.h"
#include "proto/smtp/replies.h"

namespace peregrine::smtpd {
namespace {

// The alias is ours and so is the lack: temporary, for the operator to mend.
constexpr smtp::FixedReply k_reply_needs_relay{
    451, {4, 3, 5}, "Cannot be forwarded: outgoing mail is not switched on"};

// RFC 6409 section 6.1.
constexpr smtp::FixedReply k_reply_not_owner{
    553, {5, 7, 1}, "Not an address of the account that has logged in"};
constexpr smtp::FixedReply k_reply_account_limited{
    450, {4, 7, 1}, "Too much mail from this account, try again later"};
constexpr smtp::FixedReply k_reply_no_relay{
    550, {5, 7, 1}, "Recipient is elsewhere, and this server sends no mail out"};

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
    case api::DELIVER_NO_RELAY:
      return k_reply_no_relay;
    default:
      return smtp::k_reply_local_error;
  }
}

const smtp::FixedReply& reply_to(api::SubmitOutcome outcome) {
  switch (outcome) {
    case api::SUBMIT_NOT_OWNER:
      return k_reply_not_owner;
    case api::SUBMIT_NO_SPACE:
      return smtp::k_reply_no_storage;
    case api::SUBMIT_RATE_LIMITED:
      return k_reply_account_limited;
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
