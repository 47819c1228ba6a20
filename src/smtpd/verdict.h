#pragma once
// What core answers, as replies: a recipient's verdict, the outcomes of a delivery, and a call that
// failed.

#include <vector>

#include "api/delivery.pb.h"
#include "api/queue.pb.h"
#include "proto/smtp/reply.h"
#include "rpc/channel.h"

namespace peregrine::smtpd {

/// To RCPT.
const smtp::FixedReply& reply_to(api::RecipientVerdict verdict);
/// To the message, as far as one recipient is concerned; never called with DELIVER_OK.
const smtp::FixedReply& reply_to(api::DeliverOutcome outcome);
/// To MAIL or the message of an account; never called with SUBMIT_OK or SUBMIT_BAD_RECIPIENT.
const smtp::FixedReply& reply_to(api::SubmitOutcome outcome);
/// To the message when the call itself failed.
const smtp::FixedReply& reply_to(const rpc::CallFailure& failure);

/// The client guesses or relays, or its list is old.
bool is_refused_for_good(api::RecipientVerdict verdict);

}  // namespace peregrine::smtpd
