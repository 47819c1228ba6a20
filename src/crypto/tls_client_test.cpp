#include "crypto/tls_client.h"

#include <array>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/certificate.h"

namespace peregrine::crypto {
namespace {

using Status = TlsConnection::Status;

constexpr int k_most_rounds = 50;

struct Outcome {
  bool client = false;
  bool server = false;
  bool verified = false;
  std::string error;
  std::string server_name;
};

/// A handshake between a client of ours and a service with that certificate.
Outcome shake(const TlsClient& client, const TlsTarget& target, const CertificateAndKey& pair) {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  auto service = TlsService::create({.name = "smtp"}, {{pair.chain_pem, pair.key_pem}});
  TlsConnection ours = client.connect(target, fds[0]);
  TlsConnection theirs(*service, fds[1]);
  Outcome out;
  for (int i = 0; i < k_most_rounds; ++i) {
    auto here = ours.handshake();
    auto there = theirs.handshake();
    out.client = here.status == Status::done;
    out.server = there.status == Status::done;
    if (here.status == Status::failed || (out.client && out.server)) break;
  }
  out.verified = out.client && ours.is_verified();
  out.error = ours.error();
  out.server_name = theirs.server_name();
  ::close(fds[0]);
  ::close(fds[1]);
  return out;
}

class TlsClientTest : public ::testing::Test {
 protected:
  CertificateAndKey pair = *make_self_signed({"mx.example.org"}, 2);
  CertificateAndKey other = *make_self_signed({"mx.example.org"}, 2);
  TlsClient trusting = *TlsClient::create(pair.chain_pem);
  TlsClient plain = *TlsClient::create("");

  DaneRecord record(const CertificateAndKey& of) {
    auto facts = inspect_certificate(of.chain_pem);
    return {3, 1, 1, Bytes(view(facts->key_fingerprint))};
  }
};

TEST_F(TlsClientTest, WithoutProofAnyCertificateWill) {
  Outcome out = shake(plain, {.host = "mx.example.net"}, pair);
  EXPECT_TRUE(out.client && out.server);
  EXPECT_FALSE(out.verified);
  EXPECT_EQ(out.server_name, "mx.example.net");
}

TEST_F(TlsClientTest, AddressesAreNoServerNames) {
  Outcome out = shake(plain, {.host = "192.0.2.1"}, pair);
  EXPECT_TRUE(out.client);
  EXPECT_EQ(out.server_name, "");
}

TEST_F(TlsClientTest, ANameIsProvedUnderTheTrustStoreAlone) {
  TlsTarget target{.host = "mx.example.org", .proof = TlsProof::name, .names = {"mx.example.org"}};
  EXPECT_TRUE(shake(trusting, target, pair).verified);
  EXPECT_FALSE(shake(trusting, target, other).client);
  EXPECT_FALSE(shake(plain, target, pair).client);
  target.names = {"mx.example.net"};
  Outcome wrong = shake(trusting, target, pair);
  EXPECT_FALSE(wrong.client);
  EXPECT_NE(wrong.error.find("ostname mismatch"), std::string::npos) << wrong.error;
  target.names = {};
  EXPECT_FALSE(shake(trusting, target, pair).client);
}

TEST_F(TlsClientTest, ARecordProvesTheKeyWhateverTheName) {
  TlsTarget target{
      .host = "mx.elsewhere.example", .proof = TlsProof::dane, .records = {record(pair)}};
  EXPECT_TRUE(shake(plain, target, pair).verified);
  EXPECT_FALSE(shake(plain, target, other).client);
  // A second record, for a key to come, does not get in the way.
  target.records.insert(target.records.begin(), record(other));
  EXPECT_TRUE(shake(plain, target, pair).verified);
}

TEST_F(TlsClientTest, RecordsThatMeanNothingProveNothing) {
  DaneRecord good = record(pair);
  EXPECT_TRUE(is_usable(good));
  for (DaneRecord bad :
       {DaneRecord{1, 1, 1, good.data}, DaneRecord{0, 1, 1, good.data},
        DaneRecord{3, 2, 1, good.data}, DaneRecord{3, 1, 3, good.data},
        DaneRecord{3, 1, 2, good.data}, DaneRecord{3, 1, 1, "short"}, DaneRecord{3, 1, 0, ""}}) {
    EXPECT_FALSE(is_usable(bad));
    TlsTarget target{.host = "mx.example.org", .proof = TlsProof::dane, .records = {bad}};
    EXPECT_FALSE(shake(trusting, target, pair).client);
  }
}

TEST_F(TlsClientTest, CountsItsAuthorities) {
  EXPECT_EQ(plain.authorities(), 0U);
  EXPECT_EQ(trusting.authorities(), 1U);
  EXPECT_EQ(TlsClient::create("# some text\n" + pair.chain_pem + other.chain_pem)->authorities(),
            2U);
}

}  // namespace
}  // namespace peregrine::crypto
