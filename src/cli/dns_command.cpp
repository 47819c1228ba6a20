// peregrine dns lookup

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <netinet/in.h>

#include "base/cursor.h"
#include "cli/command.h"
#include "resolver/answer.h"
#include "resolver/resolver.h"
#include "resolver/run.h"
#include "supervisor/status.h"

namespace peregrine::cli {
namespace {

using resolver::Answer;
using resolver::RecordType;

constexpr int k_not_found = 1;

std::uint32_t number_at(BytesView data, std::size_t position, std::size_t size) {
  std::uint32_t out = 0;
  for (char c : data.substr(position, size)) out = out << 8 | static_cast<std::uint8_t>(c);
  return out;
}

std::string name_at(BytesView data, std::size_t position) {
  if (position > data.size()) return "?";
  auto text = resolver::name_text(data.substr(position));
  return text ? *text + "." : "?";
}

std::string address_text(BytesView data) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  int family = data.size() == sizeof(in6_addr) ? AF_INET6 : AF_INET;
  bool is_whole = data.size() == sizeof(in6_addr) || data.size() == sizeof(in_addr);
  if (!is_whole || ::inet_ntop(family, data.data(), out.data(), out.size()) == nullptr) return "?";
  return out.data();
}

// RFC 1035 section 3.3.14: strings of up to 255 bytes, each with its length.
std::string strings_text(BytesView data) {
  std::string out;
  Cursor cursor(data);
  while (auto size = cursor.take()) {
    auto string = cursor.take(static_cast<std::uint8_t>(*size));
    if (!string) return "?";
    if (!out.empty()) out += ' ';
    out += '"';
    for (char c : *string) {
      bool is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
      out += is_plain ? std::string(1, c) : fmt::format("\\{:03}", static_cast<std::uint8_t>(c));
    }
    out += '"';
  }
  return out;
}

// As a zone file spells it; "?" for what is too short.
std::string record_text(RecordType type, BytesView data) {
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa:
      return address_text(data);
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::ptr:
      return name_at(data, 0);
    case RecordType::mx:
      return fmt::format("{} {}", number_at(data, 0, 2), name_at(data, 2));
    case RecordType::txt:
      return strings_text(data);
    case RecordType::srv:
      if (data.size() < 7) return "?";
      return fmt::format("{} {} {} {}", number_at(data, 0, 2), number_at(data, 2, 2),
                         number_at(data, 4, 2), name_at(data, 6));
    case RecordType::tlsa:
      if (data.size() < 3) return "?";
      return fmt::format("{} {} {} {}", number_at(data, 0, 1), number_at(data, 1, 1),
                         number_at(data, 2, 1), to_hex(data.substr(3)));
    case RecordType::soa:
      break;
  }
  return to_hex(data);
}

std::string_view trust_text(const Answer& answer) {
  if (answer.status == resolver::Status::bogus) return "bogus";
  return answer.is_secure ? "secure" : "insecure";
}

void print_text(const std::string& name, RecordType type, const Answer& answer) {
  std::string way = answer.canonical_name.empty()
                        ? std::string()
                        : fmt::format(", an alias of {}", answer.canonical_name);
  fmt::print("{} {}{}: {}", name, resolver::type_name(type), way,
             resolver::status_name(answer.status));
  if (answer.status == resolver::Status::bogus || answer.status == resolver::Status::failed) {
    fmt::print(": {}\n", answer.reason);
    return;
  }
  fmt::print(", {}, for {} s\n", trust_text(answer), answer.ttl);
  for (const Bytes& record : answer.records) fmt::print("  {}\n", record_text(type, record));
}

void print_json(const std::string& name, RecordType type, const Answer& answer) {
  std::vector<std::string> records;
  for (const Bytes& each : answer.records)
    records.push_back(supervisor::json_quoted(record_text(type, each)));
  fmt::print(R"({{"name":{},"type":"{}","status":"{}","trust":"{}","ttl":{},"canonical_name":{},)"
             R"("reason":{},"records":[{}]}})"
             "\n",
             supervisor::json_quoted(name), resolver::type_name(type),
             resolver::status_name(answer.status), trust_text(answer), answer.ttl,
             supervisor::json_quoted(answer.canonical_name), supervisor::json_quoted(answer.reason),
             fmt::join(records, ","));
}

net::Task<void> ask(net::Loop& loop, resolver::Resolver& asked, std::string name, RecordType type,
                    Answer& out) {
  Deadline deadline = Deadline::max();  // dns.timeout holds
  out = co_await asked.lookup(std::move(name), type, deadline);
  asked.stop();
  loop.stop();
}

Outcome<int> look_up(const Context& context, const std::string& name, const std::string& word) {
  auto type = resolver::record_type(std::string_view(word));
  if (!type) {
    return problem(fmt::format(
        "{} is no type that can be asked for; it is A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TLSA "
        "or TXT",
        word));
  }
  if (!resolver::question_name(name)) {
    return problem(fmt::format("{} is no name; write one such as mx.example.org", name));
  }
  TRY(config::Settings settings, load_settings(context));
  net::Loop loop;
  net::Gate gate(loop);
  auto asked = resolver::Resolver::create(gate, settings.dns);
  if (!asked) return problem(fmt::format("the resolver does not start: {}", asked.error()));
  // Answers of strangers are read here as well: with the rights of the server's own resolver, and
  // with that of writing them down.
  static std::array<char, kib(64)> output;  // stdio would look at the file to choose a size
  std::setvbuf(stdout, output.data(), _IOFBF, output.size());
  sys::SandboxPolicy kept = resolver::policy(settings);
  kept.limits.file_bytes = mib(16);
  if (auto sealed = sys::enter_sandbox(kept); !sealed) {
    return problem(fmt::format("the sandbox cannot be entered: {}; see peregrine sandbox-check",
                               sys::step_name(sealed.error().step)));
  }
  Answer answer;
  // Posted, for an answer from the library itself comes before the loop runs.
  loop.post([&] { gate.spawn(ask(loop, **asked, name, *type, answer)); });
  loop.run();
  if (context.json) {
    print_json(name, *type, answer);
  } else {
    print_text(name, *type, answer);
  }
  return answer.status == resolver::Status::ok ? k_done : k_not_found;
}

}  // namespace

void add_dns(CLI::App& parent, Context& context) {
  CLI::App* group = add_group(parent, context, "dns", "Names, as the server sees them");
  CLI::App* lookup = add_command(*group, context, "lookup",
                                 "Look a name up with the server's settings, and validate it");
  auto name = std::make_shared<std::string>();  // owners: the parser and the action
  auto type = std::make_shared<std::string>("A");
  lookup->add_option("name", *name, "The name")->required();
  lookup->add_option("type", *type, "The type of records, A when left out");
  add_json_flag(*lookup, context);
  lookup->callback([&context, name, type] {
    context.action = [&context, name, type] { return look_up(context, *name, *type); };
  });
}

}  // namespace peregrine::cli
