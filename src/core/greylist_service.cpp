// Whether a stranger has to come again: the one call of the greylist.
#include "core/call.h"
#include "core/core.h"

namespace peregrine::core {
namespace {

/// RFC 5321 section 4.5.3.1: a path has 256 octets.
constexpr std::size_t k_longest_name = 512;

}  // namespace

net::Task<Answer<api::GreylistResponse>> greylist(Core& core, Call& /*call*/,
                                                  api::GreylistRequest request) {
  auto network = greylist::network_of(request.peer());
  bool is_bounded = request.sender_domain().size() <= k_longest_name &&
                    request.recipient().size() <= k_longest_name;
  if (!network || !is_bounded) co_return std::unexpected(api::ErrorCode::malformed);
  auto recipient = Address::parse(request.recipient());
  greylist::Triplet triplet{.network = std::move(*network),
                            .sender_domain = ascii_lower(request.sender_domain()),
                            .recipient = recipient ? recipient->key() : request.recipient()};
  auto delay = std::chrono::duration_cast<std::chrono::seconds>(core.settings.junk.greylist_delay);
  auto wait = core.model.greylist->check(triplet, wall_now(), delay);
  if (!wait) co_return std::unexpected(api::ErrorCode::failed);
  api::GreylistResponse response;
  response.set_wait_seconds(static_cast<std::uint32_t>(wait->count()));
  co_return response;
}

}  // namespace peregrine::core
