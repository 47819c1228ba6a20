#include "proto/sasl/scram.h"

#include <algorithm>

#include "base/cursor.h"
#include "proto/sasl/names.h"
#include "text/base64.h"
#include "text/utf8.h"

namespace peregrine::sasl {
namespace {

constexpr std::unexpected<SaslError> k_malformed(SaslError::malformed);
constexpr std::size_t k_max_nonce = 256;
constexpr std::size_t k_max_binding_name = 64;
constexpr std::size_t k_max_extensions = 16;

/// RFC 5802 section 7: printable = %x21-2B / %x2D-7E.
bool is_nonce(BytesView text) {
  return !text.empty() && text.size() <= k_max_nonce &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

/// RFC 5802 section 7: cb-name = 1*(ALPHA / DIGIT / "." / "-").
bool is_binding_name(BytesView text) {
  return !text.empty() && text.size() <= k_max_binding_name &&
         std::ranges::all_of(text, [](char c) {
           return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '-';
         });
}

/// RFC 5802 section 7: attr-val = ALPHA "=" 1*value-char.
bool is_attribute(BytesView text) {
  if (text.size() < 3 || text[1] != '=') return false;
  bool is_letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
  return is_letter && !text.contains('\0') && text::is_valid_utf8(text);
}

/// Up to the next comma, which goes too.
BytesView take_field(BytesView& rest) {
  std::size_t comma = rest.find(',');
  BytesView field = rest.substr(0, comma);
  rest = comma == BytesView::npos ? BytesView() : rest.substr(comma + 1);
  return field;
}

/// The value of `field` when it is the attribute `name`.
std::optional<BytesView> value_of(BytesView field, char name) {
  if (field.size() < 2 || field[0] != name || field[1] != '=') return std::nullopt;
  return field.substr(2);
}

bool read_binding(BytesView flag, ClientFirst& out) {
  if (flag == "n") return true;
  if (flag == "y") {
    out.binding = Binding::not_offered;
    return true;
  }
  auto name = value_of(flag, 'p');
  if (!name || !is_binding_name(*name)) return false;
  out.binding = Binding::used;
  out.binding_name = *name;
  return true;
}

/// What stands behind the nonce: extensions, which are optional by definition.
bool are_extensions(BytesView rest) {
  for (std::size_t count = 0; !rest.empty(); ++count) {
    bool is_last = !rest.contains(',');
    if (count == k_max_extensions || !is_attribute(take_field(rest))) return false;
    if (rest.empty() && !is_last) return false;  // a comma at the end
  }
  return true;
}

}  // namespace

std::optional<std::string> decode_saslname(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') return std::nullopt;
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    // RFC 5802 section 5.1: "=" stands for nothing but these two.
    std::string_view escape = text.substr(i, 3);
    if (escape != "=2C" && escape != "=3D") return std::nullopt;
    out += escape == "=2C" ? ',' : '=';
    i += 2;
  }
  if (!is_id(out) || out.empty()) return std::nullopt;
  return out;
}

std::expected<ClientFirst, SaslError> parse_client_first(BytesView message) {
  if (message.size() > k_max_scram_message) return k_malformed;
  ClientFirst out;
  BytesView rest = message;
  if (!read_binding(take_field(rest), out)) return k_malformed;
  // RFC 5802 section 7: gs2-header = gs2-cbind-flag "," [ authzid ] ",".
  BytesView authorization = take_field(rest);
  if (!authorization.empty()) {
    auto value = value_of(authorization, 'a');
    auto name = value ? decode_saslname(*value) : std::nullopt;
    if (!name) return k_malformed;
    out.authorization_id = *std::move(name);
  }
  out.gs2_header = message.substr(0, message.size() - rest.size());
  out.bare = rest;
  // RFC 5802 section 5.1: "m=" is an extension that must be understood, and none is: it stands
  // where the name does.
  auto name = value_of(take_field(rest), 'n');
  auto decoded = name ? decode_saslname(*name) : std::nullopt;
  bool has_more = !rest.empty();
  auto nonce = value_of(take_field(rest), 'r');
  if (!decoded || !has_more || !nonce || !is_nonce(*nonce)) return k_malformed;
  bool ends_in_comma = message.ends_with(',');
  if (ends_in_comma || !are_extensions(rest)) return k_malformed;
  out.authentication_id = *std::move(decoded);
  out.nonce = *nonce;
  return out;
}

std::expected<ClientFinal, SaslError> parse_client_final(BytesView message) {
  if (message.size() > k_max_scram_message) return k_malformed;
  // RFC 5802 section 7: the proof comes last, and is of all that stands before it.
  std::size_t at = message.rfind(",p=");
  if (at == BytesView::npos) return k_malformed;
  ClientFinal out;
  out.without_proof = message.substr(0, at);
  BytesView rest = message.substr(0, at);
  auto binding = value_of(take_field(rest), 'c');
  auto nonce = value_of(take_field(rest), 'r');
  if (!binding || !nonce || !is_nonce(*nonce) || !are_extensions(rest)) return k_malformed;
  if (out.without_proof.ends_with(',')) return k_malformed;
  auto decoded = text::base64_decode(*binding);
  auto proof = text::base64_decode(message.substr(at + 3));
  if (!decoded || decoded->empty() || !proof || proof->empty()) return k_malformed;
  out.binding = *std::move(decoded);
  out.nonce = *nonce;
  out.proof = *std::move(proof);
  return out;
}

}  // namespace peregrine::sasl
