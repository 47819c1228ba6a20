// The call that hands a message to core, for mail that comes in and for mail of an account alike.

#include "api/queue.pb.h"
#include "mime/search_text.h"
#include "role/content.h"
#include "smtpd/envelope.h"
#include "smtpd/session.h"

namespace peregrine::smtpd {

template <class Request>
sys::SysResult<sys::Fd> Session::fill_request(Request& request, const Transaction& transaction,
                                              Incoming& incoming, const MessageSummary& summary) {
  request.set_connection(connection_.facts.id.value);
  request.set_trace(incoming.trace);
  BytesView message = incoming.message;
  *request.mutable_envelope() =
      make_envelope(transaction.mail, message.substr(0, summary.header_size), message, wall_now());
  for (const AcceptedRecipient& recipient : transaction.recipients) {
    *request.add_recipients() = make_recipient(recipient);
  }
  mime::SearchText words = mime::search_text(message, summary);
  std::size_t stays_here = return_path_size(message);
  auto packed = role::pack_content({.summary = encode_summary(summary),
                                    .search_headers = std::move(words.headers),
                                    .search_body = std::move(words.body),
                                    .raw = std::move(incoming.message)});
  if (!packed) return std::unexpected(packed.error());
  *request.mutable_content() = std::move(packed->content);
  request.mutable_content()->set_return_path_size(stays_here);
  return std::move(packed->memory_file);
}

template sys::SysResult<sys::Fd> Session::fill_request(api::DeliverRequest&, const Transaction&,
                                                       Incoming&, const MessageSummary&);
template sys::SysResult<sys::Fd> Session::fill_request(api::SubmitRequest&, const Transaction&,
                                                       Incoming&, const MessageSummary&);

}  // namespace peregrine::smtpd
