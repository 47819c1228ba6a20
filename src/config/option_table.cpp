#include "config/option_table.h"

#include "config/value_text.h"

namespace peregrine::config {
namespace {

template <class T>
std::string* path_member(T& /*member*/, RuleKind /*kind*/) {
  return nullptr;
}
std::string* path_member(std::string& member, RuleKind kind) {
  return kind == RuleKind::path ? &member : nullptr;
}

constexpr Section k_sections[] = {
#define PEREGRINE_SECTION(name, Type, text) {#name, text},
#define PEREGRINE_OPTION(section, member, Type, initial, rule, reload, text)
#define PEREGRINE_SECTION_END(name, Type)
#include "config/options.def"
};

const Option k_options[] = {
#define PEREGRINE_SECTION(name, Type, text)
#define PEREGRINE_OPTION(section, member, Type, initial, rule, reload, text)                       \
  {#section,                                                                                       \
   #section "." #member,                                                                           \
   kind_name<Type>(),                                                                              \
   rule,                                                                                           \
   reload,                                                                                         \
   text,                                                                                           \
   [](const RawValue& raw, const Rule& r, Settings& s) { return read(raw, r, s.section.member); }, \
   [](const Settings& s, const Rule& r) { return check(s.section.member, r); },                    \
   [](const Settings& s, const Rule& r) { return write(s.section.member, r); },                    \
   [](Encoder& encoder, const Settings& s) { put(encoder, s.section.member); },                    \
   [](Decoder& decoder, Settings& s) { get(decoder, s.section.member); },                          \
   [](const Settings& a, const Settings& b) { return a.section.member == b.section.member; },      \
   [](Settings& s) { return path_member(s.section.member, (rule).kind); },                         \
   write_bound<Type>},
#define PEREGRINE_SECTION_END(name, Type)
#include "config/options.def"
};

}  // namespace

std::span<const Option> options() {
  return k_options;
}
std::span<const Section> sections() {
  return k_sections;
}

}  // namespace peregrine::config
