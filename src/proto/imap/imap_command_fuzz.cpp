// The grammar on any text: parsing is bounded and total, and what it gives holds its promises. The
// first byte chooses the stage.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "proto/imap/chars.h"
#include "proto/imap/fetch_writer.h"
#include "proto/imap/list_match.h"
#include "proto/imap/parse_command.h"
#include "proto/imap/responses.h"
#include "proto/imap/writer.h"

namespace peregrine::imap {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_set(const SequenceSet& set) {
  auto numbers = set.resolve(1000);
  std::uint32_t before = 0;
  for (const auto& range : numbers.ranges()) {
    require(range.first >= 1 && range.first <= range.last);
    require(before == 0 || range.first - before > 1);
    before = range.last;
  }
  if (!numbers.empty()) {
    require(numbers.contains(numbers.smallest()) && numbers.contains(numbers.largest()));
    require(set.is_saved_result() || numbers.count() >= 1);
  }
}

struct Checker {
  void operator()(const Search& search) const {
    const auto& nodes = search.keys.nodes;
    require(!nodes.empty() && nodes.size() <= Limits{}.search_keys);
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      require(nodes[i].end > i && nodes[i].end <= nodes.size());
      require(is_operator(nodes[i].key) == (nodes[i].end > i + 1));
      if (const auto* set = std::get_if<SequenceSet>(&nodes[i].argument)) check_set(*set);
    }
    std::size_t asked = 0;
    (void)search.keys.matches(
        [&asked](const SearchNode& node) { return ++asked % 2 == 0 && !is_operator(node.key); });
    require(asked >= 1 && asked <= nodes.size());
  }
  void operator()(const Fetch& fetch) const {
    check_set(fetch.set);
    require(fetch.items.attributes != 0 || !fetch.items.bodies.empty());
    // A label without the offset's length is a BODY item again.
    for (const auto& item : fetch.items.bodies) {
      std::string label = "a FETCH 1 ";
      auto plain = item;
      plain.partial = std::nullopt;
      write_label(label, plain);
      auto again = parse_command(label, Limits{});
      require(again.has_value());
      const auto& back = std::get<Fetch>(again->body).items.bodies.at(0);
      require(back.section == item.section && back.kind == item.kind);
    }
  }
  void operator()(const Store& store) const { check_set(store.set); }
  void operator()(const Copy& copy) const { check_set(copy.set); }
  void operator()(const Move& move) const { check_set(move.set); }
  void operator()(const List& list) const {
    require(!list.patterns.empty());
    for (const auto& pattern : list.patterns) {
      (void)ListPattern(join_reference(list.reference, pattern)).matches("INBOX/a/b");
    }
  }
  void operator()(const Select& select) const {
    // A name written back is the same name.
    std::string line = "a SELECT ";
    write_astring(line, select.mailbox.raw);
    auto again = parse_command(line, Limits{});
    require(again && std::get<Select>(again->body).mailbox == select.mailbox);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

void parse_one(BytesView text, const Limits& limits) {
  auto command = parse_command(text, limits);
  if (!command) {
    const auto& error = command.error();
    require(error.position <= text.size());
    require(error.tag.empty() == (error.kind == SyntaxError::no_tag));
    std::string answer;
    write_parse_error(answer, error);
    require(answer.ends_with("\r\n") && answer.find('\n') == answer.size() - 1);
    return;
  }
  require(!command->tag.empty() && all_in(k_tag_char, command->tag));
  require(!command_name(command->body).empty());
  std::visit(Checker{}, command->body);
}

}  // namespace
}  // namespace peregrine::imap

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  using peregrine::imap::Limits;
  Limits limits = (data[0] & 1) != 0 ? Limits::before_login() : Limits{};
  peregrine::imap::parse_one(text, limits);
  return 0;
}
