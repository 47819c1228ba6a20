#include "model/address.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace peregrine {
namespace {

using Result = std::expected<Address, AddressError>;

std::string canonical(std::string_view text) {
  Result address = Address::parse(text);
  return address ? address->to_string() : "error " + std::to_string(int(address.error()));
}

AddressError error_of(std::string_view text, AllowUtf8 utf8 = AllowUtf8::yes) {
  Result address = Address::parse(text, utf8);
  EXPECT_FALSE(address) << text;
  return address ? AddressError{255} : address.error();
}

TEST(Address, HasOneCanonicalForm) {
  EXPECT_EQ(canonical("Anna@Example.ORG"), "Anna@example.org");
  EXPECT_EQ(canonical("\"anna\"@example.org"), "anna@example.org");
  EXPECT_EQ(canonical("\"an\\na\"@example.org"), "anna@example.org");
  EXPECT_EQ(canonical("\"a.b\"@example.org"), "a.b@example.org");
  EXPECT_EQ(canonical("\"a..b\"@example.org"), "\"a..b\"@example.org");
  EXPECT_EQ(canonical("\"a b\"@example.org"), "\"a b\"@example.org");
  EXPECT_EQ(canonical(R"("a\"\\b"@example.org)"), R"("a\"\\b"@example.org)");
  EXPECT_EQ(canonical("\"\"@example.org"), "\"\"@example.org");
  EXPECT_EQ(canonical("a@localhost"), "a@localhost");
  EXPECT_EQ(canonical("a@xn--bcher-kva.example"), "a@xn--bcher-kva.example");
  EXPECT_EQ(canonical("a@b\xc3\xbc"
                      "cher.example"),
            "a@xn--bcher-kva.example");
  EXPECT_EQ(canonical("a@B\xc3\x9c"
                      "CHER.example"),
            "a@xn--bcher-kva.example");
  EXPECT_EQ(canonical("a@bu\xcc\x88"
                      "cher.example"),
            "a@xn--bcher-kva.example");
  EXPECT_EQ(canonical("a@fa\xc3\x9f.example"), "a@xn--fa-hia.example");
}

TEST(Address, ReadsAddressLiterals) {
  EXPECT_EQ(canonical("a@[192.0.2.1]"), "a@[192.0.2.1]");
  EXPECT_EQ(canonical("a@[ipv6:2001:DB8:0:0:0:0:0:1]"), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(canonical("a@[IPv6:2001:db8::1]"), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(canonical("a@[IPv6:::ffff:192.0.2.1]"), "a@[IPv6:::ffff:192.0.2.1]");
  EXPECT_TRUE(Address::parse("a@[192.0.2.1]")->is_literal());
  for (const char* bad : {"a@[]", "a@[192.0.2]", "a@[192.0.2.256]", "a@[192.000.002.001]",
                          "a@[2001:db8::1]", "a@[IPv6:192.0.2.1]", "a@[IPv6:fe80::1%eth0]",
                          "a@[x:y]", "a@[ 192.0.2.1]", "a@[192.0.2.1", "a@192.0.2.1"}) {
    EXPECT_EQ(error_of(bad), AddressError::bad_domain) << bad;
  }
  EXPECT_EQ(error_of("a@[192.0.2.1].example"), AddressError::trailing_text);
  using namespace std::string_view_literals;
  EXPECT_EQ(error_of("a@[192.0.2.1\0]"sv), AddressError::bad_domain);
}

TEST(Address, SaysWhatIsWrong) {
  EXPECT_EQ(error_of(""), AddressError::empty);
  EXPECT_EQ(error_of("anna"), AddressError::no_domain);
  EXPECT_EQ(error_of("anna@"), AddressError::no_domain);
  EXPECT_EQ(error_of("@example.org"), AddressError::bad_local_part);
  EXPECT_EQ(error_of("@a.example,@b.example:c@d.example"), AddressError::source_route);
  EXPECT_EQ(error_of("a@example.org."), AddressError::bad_domain);
  EXPECT_EQ(error_of("a@exa_mple.org"), AddressError::bad_domain);
  EXPECT_EQ(error_of("a@-example.org"), AddressError::bad_domain);
  EXPECT_EQ(error_of("a@example.123"), AddressError::bad_domain);
  EXPECT_EQ(error_of("a(comment)@example.org"), AddressError::bad_local_part);
  EXPECT_EQ(error_of("a @example.org"), AddressError::bad_local_part);
  EXPECT_EQ(error_of("a@ example.org"), AddressError::bad_domain);
  EXPECT_EQ(error_of("\"a\tb\"@example.org"), AddressError::bad_local_part);
  EXPECT_EQ(error_of("\xff@example.org"), AddressError::bad_local_part);
  EXPECT_EQ(error_of("a@\xff.example"), AddressError::bad_domain);
  EXPECT_EQ(error_of("\xc3\xa4@example.org", AllowUtf8::no), AddressError::needs_smtputf8);
  EXPECT_EQ(error_of("a@\xc3\xa4.example", AllowUtf8::no), AddressError::needs_smtputf8);
}

TEST(Address, KeepsItsLengthLimits) {
  // RFC 5321 section 4.5.3.1: 64 octets of local part, 256 of path with its brackets.
  EXPECT_TRUE(Address::parse(std::string(64, 'a') + "@example.org"));
  EXPECT_EQ(error_of(std::string(65, 'a') + "@example.org"), AddressError::too_long);
  std::string label(59, 'b');
  std::string domain = label + '.' + label + '.' + label + '.' + label;
  EXPECT_TRUE(Address::parse(std::string(254 - 1 - domain.size(), 'a') + '@' + domain));
  EXPECT_EQ(error_of(std::string(255 - 1 - domain.size(), 'a') + '@' + domain),
            AddressError::too_long);
  EXPECT_TRUE(Address::parse("a@" + std::string(63, 'b') + ".example"));
  EXPECT_EQ(error_of("a@" + std::string(64, 'b') + ".example"), AddressError::too_long);
}

TEST(Address, NeverMapsACharacterIntoAsciiLettersOrDots) {
  // Kelvin sign, dotted capital I, fullwidth letter, ideographic full stop, division slash.
  for (const char* bad : {"a@\xe2\x84\xaa.example", "a@\xc4\xb0.example", "a@\xef\xbd\x81.example",
                          "a@x\xe3\x80\x82y.example", "a@x\xe2\x88\x95y.example"}) {
    EXPECT_EQ(error_of(bad), AddressError::bad_domain) << bad;
  }
  for (const char* bad : {"a@xn--.example", "a@xn--a.example", "a@xn--abc-.example",
                          "a@xn--99999999.example", "a@xn--BCHER-KVA\xc3\xbc.example"}) {
    EXPECT_EQ(error_of(bad), AddressError::bad_domain) << bad;
  }
}

TEST(Address, RefusesControlsInAnyEncoding) {
  for (const char* bad : {"a\xc2\x85@d.example", "\"a\xe2\x80\xae\"@d.example",
                          "a\xe2\x81\xa6@d.example", "\x7f@d.example", "\"\x1b\"@d.example"}) {
    EXPECT_EQ(error_of(bad), AddressError::bad_local_part) << bad;
  }
  std::string marks;
  for (int i = 0; i < 31; ++i) marks += "\xcc\x81";
  EXPECT_EQ(error_of("a" + marks + "@d.example"), AddressError::bad_local_part);
}

TEST(AddressKey, IsEqualForTheSameMailbox) {
  auto key = [](std::string_view text) { return Address::parse(text)->key(); };
  EXPECT_EQ(key("Anna@Example.org"), key("\"aNNa\"@example.ORG"));
  EXPECT_EQ(key("J\xc3\x9cRGEN@example.org"), key("ju\xcc\x88rgen@example.org"));
  EXPECT_NE(key("stra\xc3\x9f"
                "e@example.org"),
            key("strasse@example.org"));
  EXPECT_NE(key("a.b@example.org"), key("ab@example.org"));
  EXPECT_EQ(key("\"u@e\"@d.example"), "u@e@d.example");
}

TEST(AddressDetail, IsCutAtTheFirstSeparator) {
  auto cut = [](std::string_view text) {
    return Address::parse(text)->without_detail('+').to_string();
  };
  EXPECT_EQ(cut("anna+lists+x@d.example"), "anna@d.example");
  EXPECT_EQ(cut("anna@d.example"), "anna@d.example");
  EXPECT_EQ(cut("+anna@d.example"), "+anna@d.example");
  EXPECT_EQ(cut("\"a b+c\"@d.example"), "\"a b\"@d.example");
}

TEST(CanonicalDomain, TakesDomainsAndNoLiterals) {
  EXPECT_EQ(canonical_domain("Example.ORG"), "example.org");
  EXPECT_FALSE(canonical_domain("[192.0.2.1]"));
  EXPECT_FALSE(canonical_domain(""));
  EXPECT_FALSE(canonical_domain("."));
  EXPECT_FALSE(canonical_domain("a..b"));
  EXPECT_FALSE(canonical_domain(".a"));
}

// The isemail collection: its own diagnosis of each text, and what SMTP makes of it here.

struct Sample {
  std::string text;
  std::string diagnosis;
};

std::string element(const std::string& test, const std::string& name) {
  std::size_t start = test.find('<' + name + '>');
  if (start == std::string::npos) return {};
  start += name.size() + 2;
  return test.substr(start, test.find("</" + name + '>') - start);
}

/// Resolves XML's entities; U+2400 + n stands for the control character n in these files.
std::string resolve(const std::string& xml) {
  std::string out;
  for (std::size_t i = 0; i < xml.size(); ++i) {
    std::size_t end = xml[i] == '&' ? xml.find(';', i) : std::string::npos;
    if (end == std::string::npos) {
      out += xml[i];
      continue;
    }
    std::string name = xml.substr(i + 1, end - i - 1);
    if (name.starts_with("#x24")) {
      out += static_cast<char>(std::stoi(name.substr(4), nullptr, 16));
    } else {
      out += name == "#xA9" ? "\xc2\xa9" : name == "amp" ? "&" : "?";
    }
    i = end;
  }
  return out;
}

std::vector<Sample> isemail_samples() {
  std::ifstream file(std::filesystem::path(PEREGRINE_SOURCE_DIR) /
                     "../shared/data/isemail/test/tests.xml");
  std::stringstream all;
  all << file.rdbuf();
  std::string xml = all.str();
  std::vector<Sample> samples;
  for (std::size_t at = xml.find("<test id="); at != std::string::npos;
       at = xml.find("<test id=", at + 1)) {
    std::string test = xml.substr(at, xml.find("</test>", at) - at);
    samples.push_back({resolve(element(test, "address")), element(test, "diagnosis")});
  }
  return samples;
}

// Refused although isemail calls them valid in some grammar: comments and folding white space
// (CFWS), RFC 5322's obsolete forms (DEPREC), domains that are no host names and literals that are
// no addresses (RFC5322), and a numeric top-level domain.
TEST(AddressIsemail, AcceptsExactlyTheMailboxesOfSmtp) {
  static const std::set<std::string> k_accepted = {
      "ISEMAIL_VALID",
      "ISEMAIL_DNSWARN_NO_RECORD",
      "ISEMAIL_DNSWARN_NO_MX_RECORD",
      "ISEMAIL_RFC5321_QUOTEDSTRING",
      "ISEMAIL_RFC5321_ADDRESSLITERAL",
      "ISEMAIL_RFC5321_TLD",
      "ISEMAIL_RFC5321_IPV6DEPRECATED",
  };
  std::vector<Sample> samples = isemail_samples();
  if (samples.empty()) GTEST_SKIP() << "the collection is not here";
  EXPECT_GT(samples.size(), 150U);
  for (const Sample& sample : samples) {
    Result address = Address::parse(sample.text);
    EXPECT_EQ(address.has_value(), k_accepted.contains(sample.diagnosis))
        << sample.diagnosis << ": " << sample.text;
    if (address) EXPECT_EQ(Address::parse(address->to_string()), *address) << sample.text;
  }
}

// Forms that other mail systems read as an address at `external.example` (V17). Whatever reads as
// an address here is one at our own domain.
TEST(Address, NeverFindsTheExternalDomainInOurAddress) {
  for (const char* text : {
           "u%external.example@ours.example",
           "\"u@external.example\"@ours.example",
           "\"u%external.example\"@ours.example",
           "external.example!u@ours.example",
           "=?utf-8?q?u=40external.example?=@ours.example",
           "\"u\\@external.example\"@ours.example",
           "u@external.example@ours.example",
           "@ours.example:u@external.example",
           "@external.example,@ours.example:u@external.example",
           "u@external.example%ours.example",
           "u\\@external.example@ours.example",
           "u@ours.example:25",
           "external.example!u",
           "u%external.example",
           "\"u@external.example\"",
           "<u@external.example>@ours.example",
           "\"<u@external.example>\"@ours.example",
           "u@external.example,x@ours.example",
       }) {
    Result address = Address::parse(text);
    if (address) EXPECT_EQ(address->domain(), "ours.example") << text;
  }
  EXPECT_TRUE(Address::parse("u%external.example@ours.example"));
  EXPECT_FALSE(Address::parse("u@external.example@ours.example"));
}

}  // namespace
}  // namespace peregrine
