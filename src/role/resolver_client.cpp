#include "role/resolver_client.h"

#include "api/methods.h"

namespace peregrine::role {
namespace {

DnsAnswer no_answer(std::string_view reason) {
  DnsAnswer out;
  out.reason = reason;
  return out;
}

}  // namespace

net::Task<DnsAnswer> lookup(std::shared_ptr<rpc::Channel> resolver, std::string name,
                            dns::Type type, Deadline deadline) {
  api::LookupRequest request;
  request.set_name(std::move(name));
  request.set_type(static_cast<std::uint32_t>(type));
  Bytes payload = request.SerializeAsString();
  auto answer = co_await resolver->call(api::k_lookup, std::move(payload), deadline);
  if (!answer) {
    bool late = answer.error().kind == rpc::CallFailure::Kind::timed_out;
    co_return no_answer(late ? "the resolver is slow" : "the resolver is away");
  }
  api::LookupResponse response;
  if (!response.ParseFromString(*answer)) co_return no_answer("malformed");
  DnsAnswer out;
  out.status = response.status() == api::DNS_UNSPECIFIED ? api::DNS_FAILED : response.status();
  out.secure = response.secure();
  out.ttl = response.ttl();
  out.canonical_name = std::move(*response.mutable_canonical_name());
  out.reason = std::move(*response.mutable_reason());
  if (out.status != api::DNS_OK) co_return out;
  for (std::string& record : *response.mutable_records()) out.records.push_back(std::move(record));
  co_return out;
}

}  // namespace peregrine::role
