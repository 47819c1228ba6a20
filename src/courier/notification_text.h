#pragma once
// The words of a notification, for people: what happened to which recipient, what the other server
// said, and what to do next. The only place with such sentences.

#include <string>
#include <string_view>
#include <vector>

#include "api/queue.pb.h"

namespace peregrine::courier {

/// One line of ASCII.
std::string subject_of(const std::vector<const api::RecipientNotice*>& notices);

/// Lines ended by CRLF; UTF-8 where an address is.
std::string human_text(const std::vector<const api::RecipientNotice*>& notices,
                       std::string_view hostname);

}  // namespace peregrine::courier
