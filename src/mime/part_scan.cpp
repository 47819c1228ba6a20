#include "mime/part_scan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "mime/boundary_set.h"
#include "mime/header.h"
#include "mime/parameters.h"

namespace peregrine::mime {
namespace {

/// What a part's header says of nesting.
struct Container {
  PartKind kind = PartKind::leaf;
  Demoted demoted = Demoted::no;
  bool digest = false;
  std::string boundary;
};

bool is_transformed(std::string_view encoding) {
  std::string_view word = encoding;
  word = word.substr(0, word.find_first_of(" \t;("));
  return iequals(word, "base64") || iequals(word, "quoted-printable");
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t count_line_ends(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

class PartScanner {
 public:
  PartScanner(std::string_view raw, const Limits& limits) : raw_(raw), limits_(limits) {}

  PartScan scan() {
    begin_part(0, false);
    while (position_ < raw_.size() && !boundaries_.empty()) read_line();
    line_ends_ += count_line_ends(raw_.substr(position_));
    position_ = raw_.size();
    end_parts(0, false);
    return std::move(out_);
  }

 private:
  /// A part whose end has not been seen.
  struct Open {
    std::uint32_t part = 0;
    std::size_t line_ends_before = 0;  ///< in the message up to the body
    bool digest = false;
    bool awaits_close = false;  ///< a multipart whose closing delimiter has not come
  };

  /// Looks at one line of a body.
  void read_line() {
    std::size_t lf = raw_.find('\n', position_);
    std::size_t end = lf == std::string_view::npos ? raw_.size() : lf + 1;
    std::string_view line = raw_.substr(position_, end - position_);
    if (line.starts_with("--") && delimiter(line)) return;
    line_ends_ += lf == std::string_view::npos ? 0 : 1;
    position_ = end;
  }

  /// Acts on a delimiter line at position_ and steps behind it; false when it is none.
  bool delimiter(std::string_view line) {
    auto match = boundaries_.match(without_line_end(line).substr(2));
    if (!match) return false;
    if (!match->exact) out_.defects.add(Defect::text_after_boundary);
    std::size_t level = match->owner;
    end_parts(level + 1, true);
    line_ends_ += line.ends_with('\n') ? 1 : 0;
    position_ += line.size();
    Open& multipart = open_[level];
    if (match->closes) {
      // RFC 2046 section 5.1.1: what follows the closing delimiter is no part.
      multipart.awaits_close = false;
      boundaries_.close_from(match->owner);
    } else if (out_.parts.size() >= limits_.parts) {
      out_.defects.add(Defect::over_limit);
    } else {
      begin_part(multipart.part, multipart.digest);
    }
    return true;
  }

  /// Opens a part at position_, and those that begin with its body: of a message, its root part.
  void begin_part(std::uint32_t parent, bool default_is_message) {
    while (true) {
      auto index = static_cast<std::uint32_t>(out_.parts.size());
      PartExtent& part = out_.parts.emplace_back();
      part.parent = parent;
      part.default_is_message = default_is_message;
      part.header_offset = position_;
      Container container = read_header(default_is_message);
      part.kind = container.kind;
      part.demoted = container.demoted;
      part.body_offset = position_;
      auto level = static_cast<std::uint32_t>(open_.size());
      bool multipart = container.kind == PartKind::multipart;
      open_.push_back({index, line_ends_, container.digest, multipart});
      if (multipart && !boundaries_.open(std::move(container.boundary), level)) {
        out_.defects.add(Defect::reused_boundary);
      }
      if (container.kind != PartKind::message) return;
      parent = index;
      default_is_message = false;
    }
  }

  /// Reads the header at position_ and steps to the body.
  Container read_header(bool default_is_message) {
    std::string_view text = raw_.substr(position_);
    HeaderReader reader(text, limits_);
    std::optional<FieldView> type, encoding;
    std::optional<std::size_t> cut;
    while (auto field = reader.next()) {
      if (is_delimiter(field->raw)) {
        cut = field->offset;
        break;
      }
      if (!type && iequals(field->name, "content-type")) type = field;
      if (!encoding && iequals(field->name, "content-transfer-encoding")) encoding = field;
    }
    std::size_t size = cut.value_or(reader.body_offset());
    // RFC 2046 section 5.1.1: a part may have a header and no body, not even the blank line.
    if (reader.ended_by_text() && !cut && !is_delimiter(text.substr(size))) {
      out_.defects.add(Defect::malformed_header);
    }
    line_ends_ += count_line_ends(text.substr(0, size));
    position_ += size;
    return classify(type ? std::optional(type->value) : std::nullopt,
                    encoding && is_transformed(unfold(encoding->value)), default_is_message);
  }

  [[nodiscard]] bool is_delimiter(std::string_view text) const {
    if (boundaries_.empty() || !text.starts_with("--")) return false;
    std::string_view line = text.substr(0, text.find('\n'));
    return boundaries_.match(without_line_end(line).substr(2)).has_value();
  }

  Container classify(std::optional<std::string_view> content_type, bool transformed,
                     bool default_is_message) {
    ContainerType type;
    if (content_type) type = parse_container_type(*content_type, limits_);
    // RFC 2046 section 5.1.5: in a digest the default is message/rfc822.
    if (!content_type && default_is_message) {
      type.type = "message";
      type.subtype = "rfc822";
    }
    Container out;
    if (type.type == "multipart") {
      out.kind = PartKind::multipart;
    } else if (is_message_type(type.type, type.subtype)) {
      out.kind = PartKind::message;
    } else {
      return out;
    }
    out_.defects.add(type.defects);
    if (transformed) out_.defects.add(Defect::encoded_container);
    out.digest = type.subtype == "digest";
    out.boundary = std::move(type.boundary);
    if (open_.size() + 1 >= limits_.depth || out_.parts.size() >= limits_.parts) {
      out_.defects.add(Defect::over_limit);
      out.demoted = Demoted::over_limit;
      out.kind = PartKind::leaf;
    } else if (out.kind == PartKind::multipart && out.boundary.empty()) {
      out_.defects.add(Defect::missing_boundary);
      out.demoted = Demoted::unreadable;
      out.kind = PartKind::leaf;
    }
    return out;
  }

  /// Ends the open parts from `level` on, at position_. Before a delimiter the line end belongs to
  /// the delimiter.
  void end_parts(std::size_t level, bool at_delimiter) {
    if (level >= open_.size()) return;
    // Innermost first: a part whose header reaches up to the delimiter has no line end to give, and
    // then neither have those around it.
    std::size_t inner_end = 0;
    for (std::size_t i = open_.size(); i-- > level;) {
      inner_end = end_part(open_[i], at_delimiter, inner_end);
    }
    boundaries_.close_from(static_cast<std::uint32_t>(level));
    open_.resize(level);
  }

  /// Returns where the body ends, which is not before `inner_end`.
  std::size_t end_part(const Open& open, bool at_delimiter, std::size_t inner_end) {
    PartExtent& part = out_.parts[open.part];
    std::string_view body = raw_.substr(part.body_offset, position_ - part.body_offset);
    part.lines = line_ends_ - open.line_ends_before;
    std::string_view without_end = without_line_end(body);
    if (at_delimiter && body.ends_with('\n') &&
        part.body_offset + without_end.size() >= inner_end) {
      body = without_end;
      --part.lines;
    }
    part.body_size = body.size();
    if (part.kind == PartKind::multipart) check_multipart(open, part);
    return part.body_offset + body.size();
  }

  void check_multipart(const Open& open, PartExtent& part) {
    bool has_parts = out_.parts.size() > open.part + 1;
    if (!has_parts) {
      part.kind = PartKind::leaf;
      part.demoted = Demoted::unreadable;
      out_.defects.add(Defect::missing_boundary);
    } else if (open.awaits_close) {
      out_.defects.add(Defect::missing_close);
    }
  }

  std::string_view raw_;
  const Limits& limits_;
  PartScan out_;
  BoundarySet boundaries_;
  std::vector<Open> open_;  ///< root first
  std::size_t position_ = 0;
  std::size_t line_ends_ = 0;  ///< before position_
};

}  // namespace

PartScan scan_parts(std::string_view raw, const Limits& limits) {
  return PartScanner(raw, limits).scan();
}

}  // namespace peregrine::mime
