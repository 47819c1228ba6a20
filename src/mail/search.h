#pragma once
// Search in the texts of messages: which of them hold a string. Free of an account's state, so that
// it may run on any thread while the account changes; a message that is removed meanwhile matches
// nothing.
//
// The text of a message is what the worker made that received it, folded by text::search_fold():
// one line "name: value\n" for each header field, in order, the name in lower case; then an empty
// line
// "\n"; then the decoded text of the body, which may have lines of its own. No value holds a line
// end (folding makes it a space). A message without header fields starts with the empty line.

#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "mail/error.h"
#include "model/ids.h"
#include "store/store.h"

namespace peregrine::mail {

/// Where to look. Never renumber: sent between processes.
enum class SearchField : std::uint8_t {
  header = 1,  ///< in the fields called `name`; an empty needle asks whether there is one
  body = 2,
  text = 3,  ///< header and body
};

struct SearchCondition {
  SearchField field = SearchField::text;
  std::string name;    ///< of header fields, lower case
  std::string needle;  ///< folded as the text is
};

/// The text of a message whose two halves came as mime::SearchText has them.
Bytes join_search_text(std::string_view headers, std::string_view body);

/// True when `text` meets the condition. Linear in the text.
bool matches(std::string_view text, const SearchCondition& condition);

/// For each condition, those of `candidates` (rising) that meet it. Stops early, with what was
/// found so far dropped, when `stop` is requested: the answer is `over_limit`.
std::expected<std::vector<std::vector<MessageId>>, MailError> search(
    store::Store& store, AccountId account, const std::vector<MessageId>& candidates,
    const std::vector<SearchCondition>& conditions, const std::stop_token& stop = {});

}  // namespace peregrine::mail
