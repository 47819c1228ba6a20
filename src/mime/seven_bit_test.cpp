#include "mime/seven_bit.h"

#include <gtest/gtest.h>

#include "mime/structure.h"
#include "mime/test_support.h"
#include "mime/transfer.h"

namespace peregrine::mime {
namespace {

using test::crlf;

std::string convert(const std::string& text) {
  std::string raw = crlf(text);
  auto out = to_seven_bit(raw);
  if (!out) return "refused: " + std::string(describe(out.error()));
  EXPECT_TRUE(is_seven_bit(*out));
  // Every leaf reads as before.
  MessageSummary before = read_message(raw);
  MessageSummary after = read_message(*out);
  EXPECT_EQ(before.parts.size(), after.parts.size());
  for (std::size_t i = 0; i < std::min(before.parts.size(), after.parts.size()); ++i) {
    if (before.parts[i].kind != PartKind::leaf) continue;
    EXPECT_EQ(decode_body(body_of(before.parts[i], raw), transfer_encoding(before.parts[i])),
              decode_body(body_of(after.parts[i], *out), transfer_encoding(after.parts[i])));
  }
  return *out;
}

const std::string k_head = "Subject: x\nMIME-Version: 1.0\n";

TEST(SevenBit, WhatIsSoStaysAsItIs) {
  EXPECT_EQ(convert("Subject: x\n\nplain\n"), crlf("Subject: x\n\nplain\n"));
}

TEST(SevenBit, TextBecomesQuotedPrintable) {
  EXPECT_EQ(
      convert(k_head + "Content-Type: text/plain; charset=utf-8\n"
                       "Content-Transfer-Encoding: 8bit\nX-A: b\n\ngr\xc3\xbc\xc3\x9f\x65 = \n.\n"),
      crlf(k_head + "Content-Type: text/plain; charset=utf-8\n"
                    "Content-Transfer-Encoding: quoted-printable\nX-A: b\n\n"
                    "gr=C3=BC=C3=9Fe =3D=20\n.\n"));
}

TEST(SevenBit, AFieldThatIsNotThereIsMade) {
  EXPECT_EQ(convert(k_head + "\n\xe4\n"),
            crlf("Content-Transfer-Encoding: quoted-printable\n" + k_head + "\n=E4\n"));
}

TEST(SevenBit, PartsAreConvertedWhereTheyMustBe) {
  EXPECT_EQ(convert(k_head + "Content-Type: multipart/mixed; boundary=b\n"
                             "Content-Transfer-Encoding: 8bit\n\n"
                             "--b\n\nplain\n"
                             "--b\nContent-Type: image/png\n"
                             "Content-Transfer-Encoding: binary\n\n\xff\xfe\xfd\n"
                             "--b\nContent-Type: message/rfc822\n"
                             "Content-Transfer-Encoding: 8bit\n\n"
                             "Subject: y\nMIME-Version: 1.0\n\n\xe4\n"
                             "--b--\n"),
            crlf(k_head + "Content-Type: multipart/mixed; boundary=b\n"
                          "Content-Transfer-Encoding: 7bit\n\n"
                          "--b\n\nplain\n"
                          "--b\nContent-Type: image/png\n"
                          "Content-Transfer-Encoding: base64\n\n//79\n\n"
                          "--b\nContent-Type: message/rfc822\n"
                          "Content-Transfer-Encoding: 7bit\n\n"
                          "Content-Transfer-Encoding: quoted-printable\n"
                          "Subject: y\nMIME-Version: 1.0\n\n=E4\n"
                          "--b--\n"));
}

TEST(SevenBit, LongLinesAreFolded) {
  std::string line(2000, 'x');
  EXPECT_NE(convert(k_head + "\n" + line + "\n").find("quoted-printable"), std::string::npos);
}

TEST(SevenBit, BinaryIsBase64) {
  std::string raw =
      crlf(k_head + "Content-Transfer-Encoding: binary\n\n") + "a\nb\rc\0" + std::string(1, '\0');
  auto out = to_seven_bit(raw);
  ASSERT_TRUE(out);
  EXPECT_NE(out->find("base64\r\n\r\nYQpiDWMA\r\n"), std::string::npos);
}

TEST(SevenBit, WhatCannotBeConvertedIsRefused) {
  const std::pair<std::string, SevenBitError> cases[] = {
      {"DKIM-Signature: v=1\n" + k_head + "\n\xe4\n", SevenBitError::is_signed},
      {"ARC-Seal: i=1\n" + k_head + "\n\xe4\n", SevenBitError::is_signed},
      {k_head + "Content-Type: multipart/signed; boundary=b\n\n--b\n\n\xe4\n--b--\n",
       SevenBitError::is_signed},
      {"Subject: x\n\n\xe4\n", SevenBitError::is_not_mime},
      {"Subject: \xc3\xa4\nMIME-Version: 1.0\n\n\xe4\n", SevenBitError::outside_of_parts},
      {k_head + "Content-Type: multipart/mixed; boundary=b\n\n\xe4\n--b\n\nx\n--b--\n",
       SevenBitError::outside_of_parts},
      {k_head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xe4\n",
       SevenBitError::is_ambiguous},
      {k_head + "Content-Transfer-Encoding: base64\n\n\xe4\n", SevenBitError::cannot_encode},
      {k_head + "Content-Transfer-Encoding: x-own\n\n\xe4\n", SevenBitError::cannot_encode},
      {k_head + "Content-Type: message/partial\n\n\xe4\n", SevenBitError::cannot_encode},
  };
  for (const auto& [text, error] : cases) {
    EXPECT_EQ(convert(text), "refused: " + std::string(describe(error))) << text;
  }
}

// A soft break must not make a boundary.
TEST(SevenBit, ABrokenLineIsNoBoundary) {
  std::string text = k_head + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xe4" +
                     std::string(72, 'x') + "--b\n--b--\n";
  std::string out = convert(text);
  EXPECT_TRUE(out.starts_with("refused: ") || out.find("\r\n--b\r\n--b--") == std::string::npos);
}

}  // namespace
}  // namespace peregrine::mime
