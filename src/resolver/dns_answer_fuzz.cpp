// A DNS message, its first byte choosing the type that was asked for.

#include "resolver/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace peregrine;
  using namespace peregrine::resolver;
  if (size == 0) return 0;
  BytesView wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  RecordType type = record_type(std::uint32_t{data[0]}).value_or(RecordType::mx);
  auto message = read_message(wire, "a.example", type);
  if (!message) return 0;
  if (message->records.size() > k_most_records) __builtin_trap();
  if ((message->status == MessageStatus::ok) == message->records.empty()) __builtin_trap();
  for (const Bytes& record : message->records) {
    if (record.size() > k_largest_record) __builtin_trap();
    bool is_name = type == RecordType::ptr || type == RecordType::ns || type == RecordType::cname;
    // What was expanded is a whole name.
    if (is_name && !name_text(record)) __builtin_trap();
    if (type == RecordType::mx && !name_text(BytesView(record).substr(2))) __builtin_trap();
  }
  return 0;
}
