#pragma once
// Every fixed reply of the SMTP and LMTP servers: the only place with reply codes and the texts
// that clients see. Texts say nothing about the program, its version, its files or other users.
// Codes: RFC 5321 section 4.2.3; enhanced status codes: RFC 3463, RFC 5248 and the RFC named at the
// line.

#include "proto/smtp/reply.h"

namespace peregrine::smtp {

// Success.
inline constexpr FixedReply k_reply_ready_for_tls{220, {2, 0, 0}, "Ready to start TLS"};
inline constexpr FixedReply k_reply_closing{221, {2, 0, 0}, "Closing the connection"};
inline constexpr FixedReply k_reply_authenticated{235, {2, 7, 0}, "Authentication succeeded"};
inline constexpr FixedReply k_reply_ok{250, {2, 0, 0}, "OK"};
inline constexpr FixedReply k_reply_sender_ok{250, {2, 1, 0}, "Sender OK"};
inline constexpr FixedReply k_reply_recipient_ok{250, {2, 1, 5}, "Recipient OK"};
inline constexpr FixedReply k_reply_message_accepted{250, {2, 6, 0}, "Message accepted"};
inline constexpr FixedReply k_reply_chunk_ok{250, {2, 0, 0}, "Chunk received"};
// RFC 6710 section 5: the new priority stands first.
inline constexpr FixedReply k_reply_priority_lowered{250, {2, 3, 6}, "0 is the new priority"};
inline constexpr FixedReply k_reply_help{214, {2, 0, 0}, "See RFC 5321"};
// RFC 5321 section 3.5.3: 252 for an address that exists and for one that does not.
inline constexpr FixedReply k_reply_not_verified{
    252, {2, 1, 5}, "Cannot verify an address, but will take the message and try"};
inline constexpr FixedReply k_reply_start_data{354, {}, "End data with <CR><LF>.<CR><LF>"};
// draft-hall-prdr: a reply for each recipient follows, and then one for the message.
inline constexpr FixedReply k_reply_per_recipient{353, {}, "One reply for each recipient follows"};

// For now, not: the connection closes after a 421.
inline constexpr FixedReply k_reply_shutting_down{421, {4, 3, 2}, "Service is shutting down"};
inline constexpr FixedReply k_reply_overloaded{421, {4, 3, 2}, "Too busy, try again later"};
inline constexpr FixedReply k_reply_timeout{421, {4, 4, 2}, "Timed out waiting for the client"};
inline constexpr FixedReply k_reply_too_many_connections{
    421, {4, 7, 0}, "Too many connections from your network"};
inline constexpr FixedReply k_reply_too_many_errors{421, {4, 7, 0}, "Too many errors"};
inline constexpr FixedReply k_reply_session_revoked{
    421, {4, 7, 0}, "Account was removed or its password changed"};
inline constexpr FixedReply k_reply_no_interactive{
    421, {4, 7, 0}, "Interactive sessions are not allowed"};
inline constexpr FixedReply k_reply_small_chunks{421, {4, 7, 0}, "Too many small chunks"};
inline constexpr FixedReply k_reply_too_slow{421, {4, 4, 2}, "Nothing was handed over in time"};
// RFC 9422 section 4.1.
inline constexpr FixedReply k_reply_session_full{421, {4, 5, 0}, "Too many messages in a session"};
inline constexpr FixedReply k_reply_mailbox_busy{450, {4, 2, 0}, "Mailbox is busy"};
inline constexpr FixedReply k_reply_rate_limited{450, {4, 7, 1}, "Too many messages, try later"};
inline constexpr FixedReply k_reply_recipient_budget{
    450, {4, 7, 1}, "Too many recipients from your network, try later"};
inline constexpr FixedReply k_reply_local_error{451, {4, 3, 0}, "Local error, try again later"};
inline constexpr FixedReply k_reply_mailbox_full{452, {4, 2, 2}, "Mailbox is full"};
inline constexpr FixedReply k_reply_no_storage{452, {4, 3, 1}, "Not enough storage"};
// RFC 5321 section 4.5.3.1.10: 452 and not 552.
inline constexpr FixedReply k_reply_too_many_recipients{452, {4, 5, 3}, "Too many recipients"};
// RFC 3207 section 4.
inline constexpr FixedReply k_reply_tls_unavailable{
    454, {4, 7, 0}, "TLS not available due to a temporary reason"};
// RFC 4954 section 6.
inline constexpr FixedReply k_reply_auth_unavailable{
    454, {4, 7, 0}, "Temporary authentication failure"};

// Commands.
inline constexpr FixedReply k_reply_unknown_command{500, {5, 5, 1}, "Command not recognized"};
inline constexpr FixedReply k_reply_bad_characters{500, {5, 5, 2}, "Invalid characters"};
inline constexpr FixedReply k_reply_bare_line_end{500, {5, 5, 2}, "Lines end with CR LF only"};
inline constexpr FixedReply k_reply_line_too_long{500, {5, 5, 2}, "Line too long"};
// RFC 4954 section 6.
inline constexpr FixedReply k_reply_auth_line_too_long{
    500, {5, 5, 6}, "Authentication exchange line is too long"};
inline constexpr FixedReply k_reply_bad_arguments{501, {5, 5, 4}, "Invalid arguments"};
inline constexpr FixedReply k_reply_bad_hello_name{501, {5, 5, 4}, "Invalid domain or literal"};
inline constexpr FixedReply k_reply_bad_sender{501, {5, 1, 7}, "Invalid sender address"};
inline constexpr FixedReply k_reply_bad_recipient{501, {5, 1, 3}, "Invalid recipient address"};
inline constexpr FixedReply k_reply_auth_cancelled{501, {5, 7, 0}, "Authentication cancelled"};
inline constexpr FixedReply k_reply_auth_bad_base64{501, {5, 5, 2}, "Cannot decode the response"};
inline constexpr FixedReply k_reply_not_implemented{502, {5, 5, 1}, "Command not implemented"};
inline constexpr FixedReply k_reply_bad_sequence{503, {5, 5, 1}, "Bad sequence of commands"};
inline constexpr FixedReply k_reply_hello_first{503, {5, 5, 1}, "Send EHLO first"};
inline constexpr FixedReply k_reply_no_sender{503, {5, 5, 1}, "Need MAIL command"};
inline constexpr FixedReply k_reply_no_recipients{503, {5, 5, 1}, "No valid recipients"};
inline constexpr FixedReply k_reply_nested_mail{503, {5, 5, 1}, "Sender already given"};
inline constexpr FixedReply k_reply_tls_active{503, {5, 5, 1}, "TLS is already active"};
inline constexpr FixedReply k_reply_already_authenticated{503, {5, 5, 1}, "Already authenticated"};
inline constexpr FixedReply k_reply_unknown_mechanism{504, {5, 5, 4}, "Unrecognized mechanism"};
inline constexpr FixedReply k_reply_unknown_parameter{555, {5, 5, 4}, "Unsupported parameter"};

// Policy.
// RFC 3207 section 4.
inline constexpr FixedReply k_reply_tls_required{
    530, {5, 7, 0}, "Must issue a STARTTLS command first"};
inline constexpr FixedReply k_reply_auth_required{530, {5, 7, 0}, "Authentication required"};
inline constexpr FixedReply k_reply_auth_failed{
    535, {5, 7, 8}, "Authentication credentials invalid"};
// RFC 4954 section 6.
inline constexpr FixedReply k_reply_auth_needs_tls{
    538, {5, 7, 11}, "Encryption required for authentication"};
inline constexpr FixedReply k_reply_no_such_user{550, {5, 1, 1}, "No such recipient here"};
inline constexpr FixedReply k_reply_relay_denied{550, {5, 7, 1}, "Relaying denied"};
inline constexpr FixedReply k_reply_sender_not_yours{550, {5, 7, 1}, "Sender address not allowed"};
// RFC 6531 section 3.5: 550 for MAIL, 553 for RCPT.
inline constexpr FixedReply k_reply_non_ascii_sender{
    550, {5, 6, 7}, "Non-ASCII sender address needs SMTPUTF8"};
inline constexpr FixedReply k_reply_non_ascii_recipient{
    553, {5, 6, 7}, "Non-ASCII recipient address needs SMTPUTF8"};
// RFC 1870 section 6.
inline constexpr FixedReply k_reply_too_big{552, {5, 3, 4}, "Message too big"};
inline constexpr FixedReply k_reply_source_route{553, {5, 1, 3}, "Source routes are not accepted"};
inline constexpr FixedReply k_reply_rejected{554, {5, 7, 1}, "Rejected by policy"};
inline constexpr FixedReply k_reply_early_talk{554, {5, 5, 0}, "Spoke out of turn"};
inline constexpr FixedReply k_reply_foreign_protocol{554, {5, 5, 0}, "Not an SMTP client"};
inline constexpr FixedReply k_reply_bare_control{
    554, {5, 6, 0}, "Message contains a bare CR, a bare LF or a NUL"};
// RFC 3030 section 3: only BODY=BINARYMIME has octets that are not lines.
inline constexpr FixedReply k_reply_chunk_not_lines{
    550, {5, 6, 1}, "Message with a bare CR, a bare LF or a NUL needs BINARYMIME"};
inline constexpr FixedReply k_reply_long_text_line{554, {5, 6, 0}, "Message has a line too long"};
inline constexpr FixedReply k_reply_malformed_message{554, {5, 6, 0}, "Message is malformed"};

}  // namespace peregrine::smtp
