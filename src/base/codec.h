#pragma once
// Encoder and Decoder: the project's small binary encoding for records on disk and for control
// messages between processes: LEB128 unsigned integers, fixed big-endian integers (for keys that
// must sort) and length-prefixed bytes. The Decoder treats its input as hostile: after the first
// malformed field `ok()` is false, every further read gives an empty value, and nothing is
// allocated by an announced number. Check `done()` at the end.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace peregrine {

class Encoder {
 public:
  Encoder& u8(std::uint8_t value);
  Encoder& varint(std::uint64_t value);
  Encoder& fixed32(std::uint32_t value);  ///< big-endian
  Encoder& fixed64(std::uint64_t value);  ///< big-endian
  Encoder& bytes(BytesView value);        ///< varint length, then the bytes
  Encoder& raw(BytesView value);          ///< the bytes alone
  Encoder& boolean(bool value) { return u8(value ? 1 : 0); }

  [[nodiscard]] const Bytes& view() const { return out_; }
  [[nodiscard]] Bytes take() { return std::move(out_); }
  [[nodiscard]] std::size_t size() const { return out_.size(); }

 private:
  Bytes out_;
};

class Decoder {
 public:
  explicit Decoder(BytesView input) : input_(input) {}

  std::uint8_t u8();
  std::uint64_t varint();
  /// A varint of at most `maximum`; a larger one is malformed.
  std::uint64_t varint(std::uint64_t maximum);
  std::uint32_t fixed32();
  std::uint64_t fixed64();
  /// A view into the input; at most `maximum` bytes long.
  BytesView bytes(std::size_t maximum = SIZE_MAX);
  BytesView raw(std::size_t count);
  bool boolean() { return varint(1) != 0; }
  BytesView rest();
  /// A count of elements that each take at least one byte: larger than what is left is malformed.
  std::size_t count();

  void fail() { ok_ = false; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return position_ == input_.size(); }
  [[nodiscard]] bool done() const { return ok_ && at_end(); }

 private:
  BytesView input_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

/// CRC-32C (Castagnoli) of `bytes`, in hardware where the machine has it. For rot, not for trust.
std::uint32_t crc32c(BytesView bytes, std::uint32_t seed = 0);

}  // namespace peregrine
