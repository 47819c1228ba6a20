#pragma once
// read_message: what a message is, as model/summary.h describes it: sizes, envelope, parts. It runs
// once for each message received, appended or submitted, and no reader parses again. Any bytes are
// a message; what was wrong with them is in `defects` (mime::Defect).
//
// Promises about the result, which decode_summary() checks:
//   - a part is PartKind::multipart exactly when its type is "multipart", and then has a child;
//   - it is PartKind::message exactly when its type is message/rfc822 or message/global, and then
//     has one child and an envelope; its body is read as a message whatever its encoding says;
//   - a multipart in which no part can be found is a leaf text/plain; one beyond the limits, or a
//     message beyond them, a leaf application/octet-stream;
//   - no string holds NUL, CR or LF.
// Time is linear in the size; memory beside the message is at most its size and 8 MiB.

#include <string_view>

#include "mime/defect.h"
#include "mime/limits.h"
#include "model/summary.h"

namespace peregrine::mime {

MessageSummary read_message(std::string_view raw, const Limits& limits = {});

}  // namespace peregrine::mime
