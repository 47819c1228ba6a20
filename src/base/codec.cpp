#include "base/codec.h"

#include <array>
#include <cstring>

namespace peregrine {

Encoder& Encoder::u8(std::uint8_t value) {
  out_.push_back(static_cast<char>(value));
  return *this;
}

Encoder& Encoder::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
  return *this;
}

Encoder& Encoder::fixed32(std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(value >> shift));
  return *this;
}

Encoder& Encoder::fixed64(std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(value >> shift));
  return *this;
}

Encoder& Encoder::bytes(BytesView value) {
  varint(value.size());
  out_.append(value);
  return *this;
}

Encoder& Encoder::raw(BytesView value) {
  out_.append(value);
  return *this;
}

std::uint8_t Decoder::u8() {
  if (!ok_ || position_ >= input_.size()) {
    ok_ = false;
    return 0;
  }
  return static_cast<std::uint8_t>(input_[position_++]);
}

std::uint64_t Decoder::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    std::uint8_t byte = u8();
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  ok_ = false;
  return 0;
}

std::uint64_t Decoder::varint(std::uint64_t maximum) {
  std::uint64_t value = varint();
  if (value > maximum) {
    ok_ = false;
    return 0;
  }
  return value;
}

std::uint32_t Decoder::fixed32() {
  std::uint32_t value = 0;
  for (char c : raw(4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint64_t Decoder::fixed64() {
  std::uint64_t value = 0;
  for (char c : raw(8)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

BytesView Decoder::raw(std::size_t count) {
  if (!ok_ || count > input_.size() - position_) {
    ok_ = false;
    return {};
  }
  BytesView out = input_.substr(position_, count);
  position_ += count;
  return out;
}

BytesView Decoder::bytes(std::size_t maximum) {
  std::uint64_t size = varint();
  if (size > maximum) {
    ok_ = false;
    return {};
  }
  return raw(size);
}

BytesView Decoder::rest() {
  return raw(input_.size() - position_);
}

std::size_t Decoder::count() {
  return varint(input_.size() - position_);
}

namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto k_crc_table = make_crc_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(BytesView bytes,
                                                                std::uint32_t crc) {
  std::uint64_t wide = crc;
  while (bytes.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
    bytes.remove_prefix(8);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (char c : bytes) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(c));
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(BytesView bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc32c_hardware(bytes, crc);
#endif
  for (char c : bytes) crc = (crc >> 8) ^ k_crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

}  // namespace peregrine
