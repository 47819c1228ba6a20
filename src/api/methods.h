#pragma once
// The table of calls: number, name, request, response, and which roles may make it. A call without
// a row here does not compile; core's authorize() reads the same rows (core/authorize.h).
//
// M(number, name, Request, Response, roles): a call with one answer.
// S(number, name, Request, Item, roles): a call answered by a stream of items.
//
// Never renumber: the wire between two builds during an upgrade carries these.

#include <cstdint>

#include "api/abuse.pb.h"
#include "api/admin.pb.h"
#include "api/delivery.pb.h"
#include "api/mailbox.pb.h"
#include "api/queue.pb.h"
#include "api/resolver.pb.h"
#include "api/session.pb.h"
#include "model/service.h"

namespace peregrine::api {

/// A set of roles, a bit each.
using RoleSet = std::uint16_t;
constexpr RoleSet role_bit(Role role) {
  return static_cast<RoleSet>(1U << static_cast<unsigned>(role));
}

inline constexpr RoleSet k_login = role_bit(Role::login);
inline constexpr RoleSet k_mx = role_bit(Role::mx);
inline constexpr RoleSet k_imap = role_bit(Role::imap);
inline constexpr RoleSet k_pop3 = role_bit(Role::pop3);
inline constexpr RoleSet k_submission = role_bit(Role::submission);
inline constexpr RoleSet k_courier = role_bit(Role::courier);
inline constexpr RoleSet k_accepts = k_mx | k_submission;
inline constexpr RoleSet k_reader = k_imap | k_pop3;
inline constexpr RoleSet k_session = k_reader | k_submission;
inline constexpr RoleSet k_stranger = k_mx | k_login | k_submission;
inline constexpr RoleSet k_admin = role_bit(Role::admin);

// clang-format off
#define PEREGRINE_CALLS(M, S)                                                            \
  M(1, authenticate, AuthenticateRequest, AuthenticateResponse, k_login)                 \
  M(2, redeem, RedeemRequest, RedeemResponse, k_session)                                 \
  M(3, release, ReleaseRequest, ReleaseResponse, k_session)                              \
  M(4, scram_begin, ScramBeginRequest, ScramBeginResponse, k_login)                      \
  M(5, scram_finish, ScramFinishRequest, ScramFinishResponse, k_login)                   \
  M(10, check_recipient, CheckRecipientRequest, CheckRecipientResponse, k_accepts)       \
  M(11, deliver, DeliverRequest, DeliverResponse, k_mx)                                  \
  M(12, check_sender, CheckSenderRequest, CheckSenderResponse, k_submission)             \
  M(13, submit, SubmitRequest, SubmitResponse, k_submission)                             \
  M(14, lease, LeaseRequest, LeaseResponse, k_courier)                                   \
  S(15, queue_content, QueueContentRequest, QueueContentItem, k_courier)                 \
  M(16, report, ReportRequest, ReportResponse, k_courier)                                \
  M(17, notify, NotifyRequest, NotifyResponse, k_courier)                                \
  M(18, greylist, GreylistRequest, GreylistResponse, k_mx)                               \
  M(20, list_mailboxes, ListMailboxesRequest, ListMailboxesResponse, k_imap)             \
  M(21, status, StatusRequest, StatusResponse, k_imap)                                   \
  M(22, create_mailbox, CreateMailboxRequest, CreateMailboxResponse, k_imap)             \
  M(23, delete_mailbox, DeleteMailboxRequest, DeleteMailboxResponse, k_imap)             \
  M(24, rename_mailbox, RenameMailboxRequest, RenameMailboxResponse, k_imap)             \
  M(25, subscribe, SubscribeRequest, SubscribeResponse, k_imap)                          \
  S(26, open_mailbox, OpenMailboxRequest, OpenMailboxItem, k_reader)                     \
  M(27, changes, ChangesRequest, ChangesResponse, k_imap)                                \
  S(28, watch, WatchRequest, WatchItem, k_session)                                       \
  S(29, fetch, FetchRequest, FetchItem, k_reader)                                        \
  M(30, store_flags, StoreFlagsRequest, StoreFlagsResponse, k_imap)                      \
  M(31, append, AppendRequest, AppendResponse, k_imap)                                   \
  M(32, copy, CopyRequest, CopyResponse, k_imap)                                         \
  M(33, expunge, ExpungeRequest, ExpungeResponse, k_reader)                              \
  M(34, search, SearchRequest, SearchResponse, k_imap)                                   \
  M(35, lock_inbox, LockInboxRequest, LockInboxResponse, k_pop3)                         \
  M(40, charge, ChargeRequest, ChargeResponse, k_mx | k_submission)                      \
  M(41, report_offence, ReportOffenceRequest, ReportOffenceResponse, k_stranger)         \
  M(42, ban_list, BanListRequest, BanListResponse, k_admin)                              \
  M(43, ban_add, BanRequest, AdminResult, k_admin)                                       \
  M(44, ban_lift, BanRequest, AdminResult, k_admin)                                      \
  M(50, domain_add, DomainRequest, AdminResult, k_admin)                                 \
  M(51, domain_remove, DomainRequest, AdminResult, k_admin)                              \
  M(52, domain_list, DomainListRequest, DomainListResponse, k_admin)                     \
  M(53, account_add, AccountRequest, AdminResult, k_admin)                               \
  M(54, account_remove, AccountRequest, AdminResult, k_admin)                            \
  M(55, account_password, AccountRequest, AdminResult, k_admin)                          \
  M(56, account_list, AccountListRequest, AccountListResponse, k_admin)                  \
  M(57, alias_add, AliasRequest, AdminResult, k_admin)                                   \
  M(58, alias_remove, AliasRequest, AdminResult, k_admin)                                \
  M(59, alias_list, AliasListRequest, AliasListResponse, k_admin)                        \
  M(60, counts, CountsRequest, CountsResponse, k_admin)                                  \
  S(61, dump, DumpRequest, TextLine, k_admin)                                            \
  S(62, verify, VerifyRequest, TextLine, k_admin)                                        \
  S(63, queue_list, QueueListRequest, QueueMessageInfo, k_admin)                         \
  M(64, queue_change, QueueChangeRequest, QueueChangeResponse, k_admin)                  \
  S(65, trace, TraceRequest, TraceEvent, k_admin)                                        \
  M(70, app_password_add, AppPasswordRequest, AppPasswordResult, k_admin)                \
  M(71, app_password_remove, AppPasswordRequest, AdminResult, k_admin)                   \
  M(72, app_password_list, AppPasswordListRequest, AppPasswordListResponse, k_admin)     \
  M(90, sts_get, StsGetRequest, StsGetResponse, k_courier)                               \
  M(91, sts_put, StsPutRequest, StsPutResponse, k_courier)                               \
  M(92, tls_report, TlsReportRequest, TlsReportResponse, k_courier)                      \
  S(93, tls_results, TlsResultListRequest, TlsResultInfo, k_admin)
// clang-format on

enum class Method : std::uint16_t {
#define PEREGRINE_METHOD(number, name, Request, Response, roles) name = number,
  PEREGRINE_CALLS(PEREGRINE_METHOD, PEREGRINE_METHOD)
#undef PEREGRINE_METHOD
};

/// The resolver's one call, on channels of its own that only `courier` and `mx` have.
inline constexpr std::uint16_t k_lookup = 100;

/// The roles of a method's row; none for a number without a row.
constexpr RoleSet roles_of(std::uint16_t method) {
  switch (static_cast<Method>(method)) {
#define PEREGRINE_ROLES(number, name, Request, Response, roles) \
  case Method::name:                                            \
    return roles;
    PEREGRINE_CALLS(PEREGRINE_ROLES, PEREGRINE_ROLES)
#undef PEREGRINE_ROLES
  }
  return 0;
}

/// The roles that any row names.
inline constexpr RoleSet k_callers = 0
#define PEREGRINE_CALLERS(number, name, Request, Response, roles) | (roles)
    PEREGRINE_CALLS(PEREGRINE_CALLERS, PEREGRINE_CALLERS);
#undef PEREGRINE_CALLERS

/// Why core refuses a call; CallFailure::code. Never renumber.
enum class ErrorCode : std::uint16_t {
  dropped = 0,
  malformed = 1,       ///< the request could not be decoded: the channel ends as well
  not_authorized = 2,  ///< no row for this role, or not this channel's session
  not_found = 3,       ///< no such mailbox or message
  already_exists = 4,
  bad_name = 5,  ///< a mailbox name that cannot be
  over_quota = 6,
  no_space = 7,
  failed = 8,  ///< the store failed; the log says how
  in_use = 9,
  limit = 10,  ///< too many mailboxes, keywords and the like
  has_children = 11,
  not_permitted = 12,  ///< an operation that this mailbox does not allow
  bad_ticket = 13,
};

}  // namespace peregrine::api
