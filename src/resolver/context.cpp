#include "resolver/context.h"

#include <algorithm>
#include <fmt/format.h>
#include <unbound.h>

#include "base/result.h"
#include "resolver/resolver.h"

namespace peregrine::resolver {
namespace {

using Result = std::expected<void, std::string>;

// The keys with which the root zone is signed, of 2017 and 2024 (IANA).
constexpr const char* k_root_keys[] = {
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
};

Result set(ub_ctx* context, const char* name, const std::string& value) {
  if (::ub_ctx_set_option(context, name, value.c_str()) == 0) return {};
  return std::unexpected(fmt::format("the library refuses {} {}", name, value));
}

Result set_all(ub_ctx* context,
               std::initializer_list<std::pair<const char*, const char*>> options) {
  for (auto [name, value] : options) TRY_VOID(set(context, name, value));
  return {};
}

// The records weigh most; the rest is what leads to them.
Result bound_memory(ub_ctx* context, config::Size total) {
  TRY_VOID(set(context, "rrset-cache-size:", fmt::format("{}", total / 2)));
  TRY_VOID(set(context, "msg-cache-size:", fmt::format("{}", total / 4)));
  TRY_VOID(set(context, "key-cache-size:", fmt::format("{}", total / 8)));
  TRY_VOID(set(context, "neg-cache-size:", fmt::format("{}", total / 16)));
  TRY_VOID(set(context, "num-queries-per-thread:", fmt::format("{}", k_most_lookups)));
  return set_all(context, {{"outgoing-range:", "512"},
                           {"outgoing-num-tcp:", "64"},
                           {"infra-cache-numhosts:", "10000"}});
}

Result harden(ub_ctx* context) {
  return set_all(context, {// A forged answer must guess the letters' case as well.
                           {"use-caps-for-id:", "yes"},
                           {"qname-minimisation:", "yes"},
                           {"harden-glue:", "yes"},
                           {"harden-dnssec-stripped:", "yes"},
                           {"harden-below-nxdomain:", "yes"},
                           {"trust-anchor-signaling:", "no"},
                           {"val-log-level:", "2"}});
}

// Names of private networks exist only there, and only the forwarders can know them.
Result ask_forwarders(ub_ctx* context, const std::vector<config::ListenAddress>& forwarders) {
  if (forwarders.empty()) return {};
  TRY_VOID(set_all(context, {{"unblock-lan-zones:", "yes"}, {"do-not-query-localhost:", "no"}}));
  for (const config::ListenAddress& each : forwarders) {
    std::string address = fmt::format("{}@{}", each.ip, each.port == 0 ? 53 : each.port);
    if (::ub_ctx_set_fwd(context, address.c_str()) != 0) {
      return std::unexpected(fmt::format("{} cannot be a forwarder", address));
    }
  }
  return {};
}

Result trust(ub_ctx* context, const std::vector<std::string>& anchors) {
  auto add = [&](const char* anchor) -> Result {
    if (::ub_ctx_add_ta(context, anchor) == 0) return {};
    return std::unexpected(fmt::format("{} is no trust anchor", anchor));
  };
  bool has_root =
      std::ranges::any_of(anchors, [](const std::string& each) { return each.starts_with(". "); });
  for (const std::string& each : anchors) TRY_VOID(add(each.c_str()));
  if (has_root) return {};
  for (const char* each : k_root_keys) TRY_VOID(add(each));
  return {};
}

}  // namespace

std::expected<void, std::string> configure(ub_ctx* context, const config::DnsSettings& settings) {
  // The library's own lines would not be in the format of the log.
  ::ub_ctx_debugout(context, nullptr);
  TRY_VOID(bound_memory(context, settings.cache_size));
  TRY_VOID(harden(context));
  TRY_VOID(ask_forwarders(context, settings.forwarders));
  TRY_VOID(trust(context, settings.trust_anchors));
  // The last: it puts everything above into effect.
  if (!settings.forwarders.empty() && ::ub_ctx_zone_remove(context, "127.in-addr.arpa.") != 0) {
    return std::unexpected("the library does not accept the forwarders and trust anchors");
  }
  return {};
}

}  // namespace peregrine::resolver
