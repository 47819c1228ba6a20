#include "mime/defect.h"

namespace peregrine::mime {

std::string_view defect_name(Defect defect) {
  switch (defect) {
    case Defect::duplicate_field:
      return "duplicate_field";
    case Defect::duplicate_boundary:
      return "duplicate_boundary";
    case Defect::nul:
      return "nul";
    case Defect::bare_cr:
      return "bare_cr";
    case Defect::bare_lf:
      return "bare_lf";
    case Defect::missing_close:
      return "missing_close";
    case Defect::over_limit:
      return "over_limit";
    case Defect::missing_boundary:
      return "missing_boundary";
    case Defect::malformed_header:
      return "malformed_header";
    case Defect::malformed_content:
      return "malformed_content";
    case Defect::reused_boundary:
      return "reused_boundary";
    case Defect::text_after_boundary:
      return "text_after_boundary";
    case Defect::encoded_container:
      return "encoded_container";
    case Defect::space_before_colon:
      return "space_before_colon";
    case Defect::duplicate_parameter:
      return "duplicate_parameter";
    case Defect::malformed_address:
      return "malformed_address";
    case Defect::raw_8bit_header:
      return "raw_8bit_header";
  }
  return "?";
}

}  // namespace peregrine::mime
