#pragma once
// Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2183) with their parameters,
// continued and charset-tagged ones (RFC 2231) put together. Values are taken folded or unfolded;
// nothing fails: what a damaged value still says is returned, and what was wrong is in `defects`.
//
// A parameter that carried a charset is in UTF-8 and keeps the "*" at the end of its name;
// find_parameter() knows both names.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/defect.h"
#include "mime/limits.h"
#include "model/summary.h"

namespace peregrine::mime {

struct ContentType {
  std::string type, subtype;  ///< lower case; both empty when the value has no "type/subtype"
  std::vector<Parameter> parameters;
  Defects defects;
};

struct ContentDisposition {
  std::string type;  ///< lower case, may be empty
  std::vector<Parameter> parameters;
  Defects defects;
};

ContentType parse_content_type(std::string_view value, const Limits& limits = {});
ContentDisposition parse_content_disposition(std::string_view value, const Limits& limits = {});

/// True for the types whose body is a message: message/rfc822 and message/global (RFC 6532).
bool is_message_type(std::string_view type, std::string_view subtype);

/// What the scan for parts needs of a Content-Type: no parameter but the boundary is kept.
struct ContainerType {
  std::string type, subtype;
  std::string boundary;  ///< empty when there is none
  Defects defects;
};
ContainerType parse_container_type(std::string_view value, const Limits& limits = {});

/// The value of a parameter by its lower-case name, the one with a charset first; null if absent.
const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name);

/// The file name of a part as people see it, in UTF-8: of the disposition, else the type's "name";
/// encoded words are decoded though RFC 2047 section 5 forbids them there. Empty when there is
/// none. Not safe as a path.
std::string file_name(const Part& part);

/// The charset parameter of a text part, or "us-ascii" (RFC 2046 section 4.1.2).
std::string_view charset_of(const Part& part);

}  // namespace peregrine::mime
