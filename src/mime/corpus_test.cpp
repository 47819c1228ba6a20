// Judges the readers of this folder by the test data of other mail programs. Where they mean
// something else than we do, the case is listed with the reason.

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "mime/address_list.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/search_text.h"
#include "mime/structure.h"
#include "mime/test_support.h"
#include "text/date.h"
#include "text/fold.h"

namespace peregrine::mime {
namespace {

using test::Json;

Json read_json(const std::filesystem::path& path) {
  return test::JsonReader(test::read_file(path)).read();
}

std::filesystem::path vectors() {
  return test::data_folder() / "mail-parser-stalwart/resources";
}

/// The cases of one file of header vectors, each with the field's value as a message would hold it.
template <class Judge>
void for_each_case(const char* file, Judge judge) {
  auto path = vectors() / file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no ../shared/data";
  for (const Json& item : read_json(path).items) {
    std::string raw = "X:" + item.find("header")->text;
    HeaderReader reader(raw);
    auto field = reader.next();
    ASSERT_TRUE(field) << raw;
    judge(std::string(field->value), *item.find("expected"));
  }
}

std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
  return text;
}

/// Every address below a list or group of the vectors.
void collect_addresses(const Json& value, std::vector<std::pair<std::string, std::string>>& out) {
  if (const Json* address = value.find("address"); address != nullptr && !address->is_null) {
    const Json* name = value.find("name");
    out.emplace_back(name->is_null ? std::string() : name->text, address->text);
  }
  for (const Json& item : value.items) collect_addresses(item, out);
}

TEST(Corpus, AddressesAreWhatAnotherReaderSees) {
  // These take comments into the name, or keep the obsolete route.
  const std::set<std::string> k_other_name = {"pete@silly.test",          "c@public.example",
                                              "jdoe@machine.example",     "jdoe@one.test",
                                              "nsb@thumper.bellcore.com", "a@b.com"};
  for_each_case("address.json", [&](const std::string& value, const Json& expected) {
    std::vector<std::pair<std::string, std::string>> theirs;
    collect_addresses(expected, theirs);
    Defects defects;
    std::vector<EnvelopeAddress> ours = parse_address_list(value, defects);
    std::erase_if(ours, [](const EnvelopeAddress& a) { return !a.host; });
    ASSERT_EQ(ours.size(), theirs.size()) << value;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      std::string address = *ours[i].mailbox + (ours[i].host->empty() ? "" : "@" + *ours[i].host);
      std::string theirs_address = without_spaces(theirs[i].second);
      if (theirs_address.starts_with('@')) theirs_address.erase(0, theirs_address.find(':') + 1);
      EXPECT_EQ(address, theirs_address) << value;
      if (k_other_name.contains(address)) continue;
      EXPECT_EQ(decode_words(ours[i].name.value_or("")), theirs[i].first) << value;
    }
  });
}

TEST(Corpus, DatesAreWhatAnotherReaderSees) {
  // Numbers alone as a date, the date inside a Received field, and a time zone that Unix has but
  // RFC 5322 has not.
  const std::set<std::string> k_not_ours = {"20 11 (", "4 8 15 1", "by 2002:"};
  for_each_case("date.json", [&](const std::string& value, const Json& expected) {
    std::string line = unfold(value);
    auto date = text::parse_message_date(line);
    if (k_not_ours.contains(line.substr(0, 8)) || k_not_ours.contains(line.substr(0, 7))) return;
    EXPECT_EQ(date.has_value(), !expected.is_null) << line;
    if (!date || expected.is_null || line.ends_with("EST5EDT")) return;
    auto number = [&expected](const char* name) { return std::stoi(expected.find(name)->text); };
    int zone = number("tz_hour") * 60 + number("tz_minute");
    if (expected.find("tz_before_gmt")->text == "true") zone = -zone;
    std::string written = text::write_message_date(date->time, zone);
    auto again = text::parse_message_date(written);
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(date->zone_minutes, zone) << line;
    EXPECT_NE(written.find(" " + std::to_string(number("year")) + " "), std::string::npos) << line;
    std::int64_t in_day = number("hour") * 3600 + number("minute") * 60 + number("second");
    EXPECT_EQ((date->time.seconds + zone * 60 + 86400LL * 365 * 70) % 86400, in_day) << line;
  });
}

TEST(Corpus, UnstructuredTextIsWhatAnotherReaderSees) {
  for_each_case("unstructured.json", [&](const std::string& value, const Json& expected) {
    // They put a space where a word is glued to text, and one for any white space.
    EXPECT_EQ(without_spaces(decode_words(unfold(value))), without_spaces(expected.text)) << value;
  });
}

TEST(Corpus, ContentTypesAreWhatAnotherReaderSees) {
  std::size_t cases = 0, other_parameters = 0;
  for_each_case("content_type.json", [&](const std::string& value, const Json& expected) {
    ContentType ours = parse_content_type(value);
    const Json* subtype = expected.find("c_subtype");
    // One word is a disposition for them, and no type for us.
    if (subtype == nullptr || subtype->is_null) return;
    ++cases;
    if (expected.find("c_type")->text != "malicious") {
      std::string theirs = expected.find("c_type")->text + "/" + subtype->text;
      // RFC 2045 section 5.1: a subtype has no slash.
      if (theirs == "text/plain/format") theirs = "text/plain";
      EXPECT_EQ(ours.type + "/" + ours.subtype, theirs) << value;
    }
    const Json* attributes = expected.find("attributes");
    if (attributes == nullptr) return;
    for (const Json& attribute : attributes->items) {
      const std::string& name = attribute.items[0].text;
      if (name.ends_with("-language")) continue;
      const std::string* found = find_parameter(ours.parameters, name);
      bool same = found != nullptr &&
                  without_spaces(decode_words(*found)) == without_spaces(attribute.items[1].text);
      if (!same) ++other_parameters;
    }
  });
  if (cases == 0) return;
  EXPECT_GT(cases, 70U);
  // All of them in the two fields made to be malicious, and where "%" escapes are in no charset.
  EXPECT_LE(other_parameters, 12U);
}

/// Where the bodies of all parts start, those of enclosed messages among them.
void collect_bodies(const Json& parts, std::vector<std::uint64_t>& out) {
  for (const Json& part : parts.items) {
    out.push_back(std::stoull(part.find("offset_body")->text));
    const Json* message = part.find("body")->find("Message");
    if (message != nullptr) collect_bodies(*message->find("parts"), out);
  }
}

TEST(Corpus, PartsLieWhereAnotherReaderSeesThem) {
  if (!std::filesystem::exists(vectors())) GTEST_SKIP() << "no ../shared/data";
  // They decode a message in base64, which RFC 2046 section 5.2.1 forbids, and look into it.
  const std::set<std::string> k_different = {"008.crlf.json"};
  std::size_t messages = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(vectors() / "eml")) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(".crlf.json")) continue;
    if (entry.path().parent_path().filename() == "rfc" && k_different.contains(name)) continue;
    auto eml = entry.path().parent_path() / (name.substr(0, name.find('.')) + ".eml");
    std::string raw = test::crlf(test::read_file(eml));
    MessageSummary summary = read_message(raw);
    std::vector<std::uint64_t> theirs, ours;
    collect_bodies(*read_json(entry.path()).find("parts"), theirs);
    for (const Part& part : summary.parts) ours.push_back(part.body_offset);
    ++messages;
    EXPECT_EQ(ours, theirs) << eml;
  }
  EXPECT_GT(messages, 50U);
}

/// The part types that a .ref file of MIME-tools names.
std::multiset<std::string> ref_types(const std::string& text) {
  std::multiset<std::string> out;
  constexpr std::string_view k_key = "\"Type\" => \"";
  for (std::size_t i = text.find(k_key); i != std::string::npos; i = text.find(k_key, i + 1)) {
    std::size_t start = i + k_key.size();
    std::string type = ascii_lower(text.substr(start, text.find('"', start) - start));
    // A type without subtype is none (RFC 2045 section 5.2).
    out.insert(type == "text" ? "text/plain" : type);
  }
  return out;
}

TEST(Corpus, PartTypesAreWhatMimeToolsSees) {
  auto folder = test::data_folder() / "mime-tools-perl/testmsgs";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no ../shared/data";
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".ref") continue;
    std::string name = entry.path().stem().string();
    auto msg = folder / (name + ".msg");
    std::string ref = test::read_file(entry.path());
    // The others are about extracting uuencoded text from bodies.
    if (name.starts_with("uu-") || !std::filesystem::exists(msg)) continue;
    std::multiset<std::string> ours;
    for (const Part& part : read_message(test::crlf(test::read_file(msg))).parts) {
      ours.insert(part.type + "/" + part.subtype);
    }
    ++compared;
    std::multiset<std::string> theirs = ref_types(ref);
    // Some files do not speak of the message itself.
    EXPECT_LE(ours.size(), theirs.size() + 1) << name;
    EXPECT_TRUE(std::ranges::includes(ours, theirs)) << name;
  }
  EXPECT_GT(compared, 10U);
}

TEST(Corpus, EveryMessageGivesAConsistentSummaryAndSearchText) {
  if (!std::filesystem::exists(test::data_folder())) GTEST_SKIP() << "no ../shared/data";
  std::size_t messages = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::data_folder())) {
    auto extension = entry.path().extension();
    bool mail = extension == ".eml" || extension == ".msg" || extension == ".txt";
    if (!entry.is_regular_file() || !mail) continue;
    ++messages;
    std::string file = test::read_file(entry.path());
    for (const std::string& raw : {file, test::crlf(file), file.substr(0, file.size() / 2)}) {
      MessageSummary summary = read_message(raw);
      auto again = decode_summary(encode_summary(summary), raw.size());
      EXPECT_TRUE(again && *again == summary) << entry.path();
      SearchText text = search_text(raw, summary);
      EXPECT_TRUE(text::is_valid_utf8(text.body) && text::is_valid_utf8(text.headers))
          << entry.path();
    }
  }
  EXPECT_GT(messages, 200U);
}

}  // namespace
}  // namespace peregrine::mime
