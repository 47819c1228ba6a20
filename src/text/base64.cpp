#include "text/base64.h"

#include <algorithm>
#include <array>

namespace peregrine::text {
namespace {

constexpr std::string_view k_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t k_other = 64;
constexpr std::uint8_t k_padding = 65;
constexpr std::size_t k_line_bytes = 57;  // 76 characters

constexpr auto make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(k_other);
  for (std::size_t i = 0; i < k_alphabet.size(); ++i) {
    values[static_cast<unsigned char>(k_alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  values['='] = k_padding;
  return values;
}
constexpr auto k_values = make_values();

std::uint8_t value_of(char c) {
  return k_values[static_cast<unsigned char>(c)];
}

void append_encoded(Bytes& out, BytesView bytes) {
  auto at = [bytes](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out.push_back(k_alphabet[group >> 18]);
    out.push_back(k_alphabet[group >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? k_alphabet[group >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? k_alphabet[group & 63] : '=');
  }
}

/// Collects six bits at a time and writes whole bytes, up to a limit.
class Sink {
 public:
  Sink(Bytes& out, std::size_t max_bytes) : out_(out), max_bytes_(max_bytes) {}

  [[nodiscard]] bool full() const { return out_.size() >= max_bytes_; }
  [[nodiscard]] bool aligned() const { return bits_ == 0; }

  void add(std::uint8_t six_bits) {
    group_ = group_ << 6 | six_bits;
    bits_ += 6;
    if (bits_ >= 8) {
      bits_ -= 8;
      put(group_ >> bits_);
      group_ &= (1U << bits_) - 1;
    }
  }
  void add_group(std::uint32_t twenty_four_bits) {
    put(twenty_four_bits >> 16);
    put(twenty_four_bits >> 8);
    put(twenty_four_bits);
  }
  void drop_rest() { group_ = bits_ = 0; }

 private:
  void put(std::uint32_t byte) {
    if (!full()) out_.push_back(static_cast<char>(byte));
  }

  Bytes& out_;
  std::size_t max_bytes_;
  std::uint32_t group_ = 0;
  unsigned bits_ = 0;
};

}  // namespace

Bytes base64_encode(BytesView bytes) {
  Bytes out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  append_encoded(out, bytes);
  return out;
}

Bytes base64_encode_lines(BytesView bytes) {
  Bytes out;
  out.reserve(bytes.size() / k_line_bytes * 78 + 82);
  for (std::size_t i = 0; i < bytes.size(); i += k_line_bytes) {
    append_encoded(out, bytes.substr(i, k_line_bytes));
    out.append("\r\n");
  }
  return out;
}

std::optional<Bytes> base64_decode(std::string_view encoded) {
  if (encoded.size() % 4 != 0) return std::nullopt;
  std::string_view digits = encoded;
  for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.remove_suffix(1);
  Bytes out;
  out.reserve(encoded.size() / 4 * 3);
  Sink sink(out, SIZE_MAX);
  std::uint8_t last = 0;
  for (char c : digits) {
    last = value_of(c);
    if (last >= k_other) return std::nullopt;
    sink.add(last);
  }
  std::size_t padding = encoded.size() - digits.size();
  unsigned unused = padding == 2 ? 0x0FU : padding == 1 ? 0x03U : 0U;
  if ((last & unused) != 0) return std::nullopt;
  return out;
}

Bytes base64_decode_lenient(std::string_view encoded, std::size_t max_bytes) {
  Bytes out;
  out.reserve(std::min(encoded.size() / 4 * 3 + 3, max_bytes));
  Sink sink(out, max_bytes);
  std::size_t i = 0;
  while (i < encoded.size() && !sink.full()) {
    if (sink.aligned() && encoded.size() - i >= 4) {
      unsigned a = value_of(encoded[i]), b = value_of(encoded[i + 1]);
      unsigned c = value_of(encoded[i + 2]), d = value_of(encoded[i + 3]);
      if ((a | b | c | d) < k_other) {
        sink.add_group(a << 18 | b << 12 | c << 6 | d);
        i += 4;
        continue;
      }
    }
    std::uint8_t value = value_of(encoded[i++]);
    if (value < k_other) sink.add(value);
    if (value == k_padding) sink.drop_rest();
  }
  return out;
}

}  // namespace peregrine::text
