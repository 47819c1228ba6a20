#pragma once
// PartReader: the second step of read_message(). It reads the header of each part found and writes
// down what the summary keeps of it, within one memory budget for the whole message.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/defect.h"
#include "mime/header.h"
#include "mime/limits.h"
#include "mime/part_scan.h"
#include "model/summary.h"

namespace peregrine::mime {

class PartReader {
 public:
  PartReader(const Limits& limits, std::size_t budget)
      : limits_(limits), budget_(budget), parameter_bytes_left_(limits.parameter_bytes) {}

  /// Reads the header of a part. If `envelope` is not null the part is the root of a message and
  /// its envelope is filled in, with the defaults of RFC 9051 section 7.5.2.
  Part read(std::string_view header, const PartExtent& extent, Envelope* envelope);

  [[nodiscard]] Defects defects() const { return defects_; }

 private:
  void read_content_field(const FieldView& field, unsigned id, Part& part);
  void read_envelope_field(const FieldView& field, unsigned id, Envelope& envelope);
  void read_content_type(std::string_view value, Part& part);
  void read_disposition(std::string_view value, Part& part);
  void read_language(std::string_view value, Part& part);
  void append_addresses(std::string_view value, std::vector<EnvelopeAddress>& list);
  void default_to_from(const Envelope& envelope, std::vector<EnvelopeAddress>& list);
  static void fix_type(Part& part, const PartExtent& extent);

  /// Takes memory off the budget; false, and a defect, when it is used up.
  bool take(std::size_t bytes);
  bool take(const std::string& text);
  /// Counts the bytes of fields with parameters, the slowest to read.
  bool take_parameters(std::size_t bytes);
  void keep(std::string value, std::optional<std::string>& target);
  void keep(std::vector<Parameter> parameters, std::vector<Parameter>& target);

  const Limits& limits_;
  std::size_t budget_;
  std::size_t parameter_bytes_left_;
  bool exhausted_ = false;
  Defects defects_;
};

}  // namespace peregrine::mime
