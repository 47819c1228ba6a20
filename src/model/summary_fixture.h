#pragma once
// The summary of a message of one header field and one part. For tests only.

#include <string>

#include "model/summary.h"

namespace peregrine {

struct PlainMessage {
  std::string raw;
  MessageSummary summary;
};

inline PlainMessage plain_message(const std::string& subject, const std::string& body) {
  PlainMessage out;
  out.raw = "Subject: " + subject + "\r\n\r\n" + body;
  out.summary.size = out.raw.size();
  out.summary.header_size = out.raw.size() - body.size();
  out.summary.envelope.subject = subject;
  Part part;
  part.body_offset = out.summary.header_size;
  part.body_size = body.size();
  out.summary.parts.push_back(part);
  return out;
}

}  // namespace peregrine
