#include "proto/imap/syntax_error.h"

namespace peregrine::imap {

std::string_view client_text(SyntaxError error) {
  switch (error) {
    case SyntaxError::no_tag:
      return "A command starts with a tag";
    case SyntaxError::unknown_command:
      return "Unknown command";
    case SyntaxError::not_in_this_state:
      return "Command is not valid in this state";
    case SyntaxError::bad_syntax:
      return "Syntax error";
    case SyntaxError::bad_string:
      return "Malformed string";
    case SyntaxError::bad_number:
      return "Number is missing or out of range";
    case SyntaxError::bad_date:
      return "Malformed date";
    case SyntaxError::bad_flag:
      return "Malformed or unknown flag";
    case SyntaxError::unknown_option:
      return "Unknown option";
    case SyntaxError::unknown_search_key:
      return "Unknown search key";
    case SyntaxError::unknown_fetch_item:
      return "Unknown data item";
    case SyntaxError::trailing_text:
      return "Unexpected text at the end of the command";
    case SyntaxError::too_deep:
      return "Too many nested parentheses";
    case SyntaxError::too_many_tokens:
      return "Too many arguments";
  }
  return "Syntax error";
}

std::string_view log_text(SyntaxError error) {
  switch (error) {
    case SyntaxError::no_tag:
      return "no tag";
    case SyntaxError::unknown_command:
      return "unknown command";
    case SyntaxError::not_in_this_state:
      return "command needs authentication";
    case SyntaxError::bad_syntax:
      return "syntax error";
    case SyntaxError::bad_string:
      return "malformed string or literal";
    case SyntaxError::bad_number:
      return "number missing or out of range";
    case SyntaxError::bad_date:
      return "malformed date";
    case SyntaxError::bad_flag:
      return "malformed or unknown flag";
    case SyntaxError::unknown_option:
      return "unknown option";
    case SyntaxError::unknown_search_key:
      return "unknown search key";
    case SyntaxError::unknown_fetch_item:
      return "unknown fetch item";
    case SyntaxError::trailing_text:
      return "text after the command";
    case SyntaxError::too_deep:
      return "parentheses exceed the depth limit";
    case SyntaxError::too_many_tokens:
      return "arguments exceed their limit";
  }
  return "syntax error";
}

}  // namespace peregrine::imap
