#include "crypto/tls.h"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/certificate.h"
#include "crypto/openssl_handles.h"

namespace peregrine::crypto {
namespace {

using Status = TlsConnection::Status;
using SessionHandle = std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>>;

constexpr int k_most_rounds = 50;

struct ClientOptions {
  std::string host;
  std::vector<std::string> alpn;
  int lowest = TLS1_2_VERSION;
  int highest = TLS1_3_VERSION;
  std::string ciphers = "ALL:@SECLEVEL=0";
  SSL_SESSION* session = nullptr;
};

/// A client and a server on a pair of sockets, moved step by step by the test.
class Pair {
 public:
  Pair(const TlsService& service, const ClientOptions& options)
      : context_(SSL_CTX_new(TLS_client_method())) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    SSL_CTX_set_min_proto_version(context_.get(), options.lowest);
    SSL_CTX_set_max_proto_version(context_.get(), options.highest);
    SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str());
    client_.reset(SSL_new(context_.get()));
    SSL_set_fd(client_.get(), fds_[0]);
    if (!options.host.empty()) SSL_set_tlsext_host_name(client_.get(), options.host.c_str());
    std::string wire;
    for (const std::string& name : options.alpn) {
      wire.push_back(static_cast<char>(name.size()));
      wire += name;
    }
    SSL_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
    if (options.session != nullptr) SSL_set_session(client_.get(), options.session);
    SSL_set_connect_state(client_.get());
    server_.emplace(service, fds_[1]);
  }
  ~Pair() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// True when both ends have finished the handshake.
  bool handshake() {
    Status status = Status::want_read;
    for (int i = 0; i < k_most_rounds; ++i) {
      int client = SSL_do_handshake(client_.get());
      if (client != 1 && SSL_get_error(client_.get(), client) == SSL_ERROR_SSL) {
        client_reason_ = ERR_GET_REASON(ERR_peek_error());
        ERR_clear_error();
        server_->handshake();
        return false;
      }
      if (status != Status::done) status = server_->handshake().status;
      if (status == Status::failed) {
        ERR_clear_error();
        SSL_do_handshake(client_.get());
        client_reason_ = ERR_GET_REASON(ERR_peek_error());
        ERR_clear_error();
        return false;
      }
      if (client == 1 && status == Status::done) return true;
    }
    return false;
  }

  /// The ticket that the server sent, with a byte of data before it to be sure it has arrived.
  SessionHandle ticket() {
    EXPECT_EQ(server_->write("x").size, 1U);
    char byte = 0;
    EXPECT_EQ(SSL_read(client_.get(), &byte, 1), 1);
    return SessionHandle(SSL_get1_session(client_.get()));
  }

  std::string certificate_name() {
    X509Handle certificate(SSL_get1_peer_certificate(client_.get()));
    std::array<char, 100> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    return name.data();
  }

  SSL* client() { return client_.get(); }
  TlsConnection& server() { return *server_; }
  int client_reason() const { return client_reason_; }
  int client_fd() const { return fds_[0]; }

 private:
  std::array<int, 2> fds_{};
  ContextHandle context_;
  SslHandle client_;
  std::optional<TlsConnection> server_;
  int client_reason_ = 0;
};

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    identities().clear();
    for (std::vector<std::string> names :
         {std::vector<std::string>{"mail.example.org", "imap.example.org"},
          std::vector<std::string>{"other.example.net", "*.wild.example"}}) {
      identities().push_back(*make_self_signed(names, 1));
    }
  }

  static std::vector<CertificateAndKey>& identities() {
    static std::vector<CertificateAndKey> made;
    return made;
  }
  static TlsService service(TlsServiceOptions options) {
    std::vector<TlsIdentityPem> pems;
    for (const auto& identity : identities())
      pems.push_back({identity.chain_pem, identity.key_pem});
    return std::move(*TlsService::create(options, pems));
  }
  static TlsService imaps() { return service({.name = "imaps", .alpn = {"imap"}}); }
};

TEST_F(TlsTest, TalksBothVersionsAndKnowsTheFacts) {
  TlsService imap = imaps();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair(imap, {.host = "mail.example.org",
                     .alpn = {"pop3", "imap"},
                     .lowest = version,
                     .highest = version});
    ASSERT_TRUE(pair.handshake()) << pair.server().error();
    EXPECT_EQ(pair.server().version(), version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    EXPECT_EQ(pair.server().server_name(), "mail.example.org");
    EXPECT_EQ(pair.server().alpn(), "imap");
    EXPECT_FALSE(pair.server().is_resumed());
    Bytes binding(32, '\0');
    SSL_export_keying_material(pair.client(), reinterpret_cast<unsigned char*>(binding.data()), 32,
                               "EXPORTER-Channel-Binding", 24, nullptr, 0, 1);
    EXPECT_EQ(pair.server().exporter(), binding);
    // The certificate is signed with ECDSA and SHA-256.
    std::array<unsigned char, 32> hash{};
    unsigned size = hash.size();
    X509Handle served(SSL_get1_peer_certificate(pair.client()));
    ASSERT_EQ(X509_digest(served.get(), EVP_sha256(), hash.data(), &size), 1);
    EXPECT_EQ(pair.server().server_end_point(),
              BytesView(reinterpret_cast<const char*>(hash.data()), hash.size()));
  }
}

TEST_F(TlsTest, CarriesDataAndItsEnd) {
  TlsService imap = imaps();
  Pair pair(imap, {});
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(pair.server().alpn(), "");
  std::array<char, 64> buffer{};
  EXPECT_EQ(pair.server().read(buffer).status, Status::want_read);
  ASSERT_EQ(SSL_write(pair.client(), "a1 NOOP\r\n", 9), 9);
  auto got = pair.server().read(buffer);
  ASSERT_EQ(got.status, Status::done);
  EXPECT_EQ(BytesView(buffer.data(), got.size), "a1 NOOP\r\n");
  EXPECT_EQ(pair.server().write("").status, Status::done);

  // Until the socket is full, then the same bytes again once the client has read.
  std::string block(60'000, 'z');
  std::size_t sent = 0;
  TlsConnection::Result result;
  while ((result = pair.server().write(block)).status == Status::done) sent += result.size;
  EXPECT_EQ(result.status, Status::want_write);
  std::size_t received = 0;
  while (received < sent + block.size()) {
    std::array<char, 4096> part{};
    int n = SSL_read(pair.client(), part.data(), static_cast<int>(part.size()));
    if (n > 0) {
      received += static_cast<std::size_t>(n);
      continue;
    }
    result = pair.server().write(std::string(block));
    if (result.status != Status::done) break;
    sent += result.size;
    if (sent > 2'000'000) break;
  }
  EXPECT_GT(received, 100'000U);

  SSL_shutdown(pair.client());
  EXPECT_EQ(pair.server().read(buffer).status, Status::closed);
  pair.server().shutdown();
}

TEST_F(TlsTest, TheClientsAbruptEndIsAnEnd) {
  TlsService imap = imaps();
  Pair pair(imap, {});
  ASSERT_TRUE(pair.handshake());
  ::shutdown(pair.client_fd(), SHUT_RDWR);
  std::array<char, 8> buffer{};
  EXPECT_EQ(pair.server().read(buffer).status, Status::closed);
}

TEST_F(TlsTest, ChoosesTheCertificateByName) {
  TlsService imap = imaps();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (auto [host, name] : std::vector<std::pair<std::string, std::string>>{
             {"", "mail.example.org"},
             {"imap.example.org", "mail.example.org"},
             {"OTHER.example.NET", "other.example.net"},
             {"a.wild.example", "other.example.net"},
             {"a.b.wild.example", "mail.example.org"},
             {"wild.example", "mail.example.org"},
             {"unknown.test", "mail.example.org"}}) {
      Pair pair(imap, {.host = host, .lowest = version, .highest = version});
      ASSERT_TRUE(pair.handshake()) << host;
      EXPECT_EQ(pair.certificate_name(), name) << host;
      EXPECT_EQ(pair.server().server_name(), host);
    }
  }
}

TEST_F(TlsTest, AnotherApplicationProtocolIsTurnedAway) {
  TlsService imap = imaps();
  TlsService submission = service({.name = "submission", .alpn = {}});
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const TlsService* server : {&imap, &submission}) {
      Pair pair(*server, {.alpn = {"h2", "http/1.1"}, .lowest = version, .highest = version});
      EXPECT_FALSE(pair.handshake());
      EXPECT_EQ(pair.client_reason(), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
      EXPECT_EQ(pair.server().error(), "no application protocol");
      // A prefix or a longer name is another protocol.
      EXPECT_FALSE(Pair(*server, {.alpn = {"ima", "imap2"}}).handshake());
    }
  }
}

TEST_F(TlsTest, OldVersionsAndWeakSuitesAreRefused) {
  TlsService imap = imaps();
  for (int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    Pair pair(imap, {.lowest = version, .highest = version});
    EXPECT_FALSE(pair.handshake());
    EXPECT_EQ(pair.server().error(), "unsupported protocol");
  }
  for (const char* cipher :
       {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA",
        "aNULL:eNULL:@SECLEVEL=0", "PSK", "DHE-RSA-AES128-GCM-SHA256"}) {
    Pair pair(imap, {.highest = TLS1_2_VERSION, .ciphers = cipher});
    EXPECT_FALSE(pair.handshake()) << cipher;
  }
  EXPECT_TRUE(Pair(imap, {.highest = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"})
                  .handshake());
  TlsService strict = service({.name = "x", .require_tls_1_3 = true});
  EXPECT_FALSE(Pair(strict, {.highest = TLS1_2_VERSION}).handshake());
  EXPECT_TRUE(Pair(strict, {}).handshake());
}

TEST_F(TlsTest, TicketsWorkAtTheirOwnServiceOnly) {
  TlsService imap = imaps();
  TlsService pop = service({.name = "pop3s", .alpn = {"imap"}});
  TlsService same_name = imaps();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ClientOptions options{.host = "mail.example.org", .lowest = version, .highest = version};
    Pair first(imap, options);
    ASSERT_TRUE(first.handshake());
    SessionHandle ticket = first.ticket();
    options.session = ticket.get();
    for (auto [server, resumed] : std::vector<std::pair<const TlsService*, bool>>{
             {&pop, false}, {&same_name, false}, {&imap, true}}) {
      Pair next(*server, options);
      ASSERT_TRUE(next.handshake()) << version;
      EXPECT_EQ(next.server().is_resumed(), resumed) << version;
      EXPECT_EQ(next.server().server_name(), "mail.example.org");
      EXPECT_EQ(next.server().exporter().size(), 32U);
    }
  }
}

TEST_F(TlsTest, TicketsAreBoundToCertificateAndProtocol) {
  TlsService server = service({.name = "x", .alpn = {"one", "two"}});
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ClientOptions options{
        .host = "mail.example.org", .alpn = {"one"}, .lowest = version, .highest = version};
    Pair first(server, options);
    ASSERT_TRUE(first.handshake());
    SessionHandle ticket = first.ticket();
    auto resumes = [&](const std::string& host, const std::string& alpn) {
      // OpenSSL's client offers a session under any name: the refusal is the server's.
      ClientOptions changed = options;
      changed.host = host;
      changed.alpn = {alpn};
      changed.session = ticket.get();
      Pair next(server, changed);
      EXPECT_TRUE(next.handshake()) << host << ' ' << next.server().error();
      return next.server().is_resumed();
    };
    EXPECT_FALSE(resumes("other.example.net", "one")) << version;
    EXPECT_FALSE(resumes("mail.example.org", "two")) << version;
    EXPECT_TRUE(resumes("mail.example.org", "one")) << version;
  }
}

TEST_F(TlsTest, RenegotiationIsRefused) {
  TlsService imap = imaps();
  Pair pair(imap, {.highest = TLS1_2_VERSION});
  ASSERT_TRUE(pair.handshake());
  ASSERT_EQ(SSL_renegotiate(pair.client()), 1);
  SSL_do_handshake(pair.client());
  std::array<char, 8> buffer{};
  EXPECT_NE(pair.server().read(buffer).status, Status::done);
  char byte = 0;
  EXPECT_LE(SSL_read(pair.client(), &byte, 1), 0);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
}

TEST_F(TlsTest, PlainTextAndNoiseFailWithAReason) {
  TlsService imap = imaps();
  for (std::string input : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("EHLO x\r\n\r\n"),
                            std::string(200, '\xff'), std::string("\x16\x03\x01\xff\xff\xff", 6)}) {
    Pair pair(imap, {});
    ASSERT_EQ(::write(pair.client_fd(), input.data(), input.size()),
              static_cast<ssize_t>(input.size()));
    EXPECT_EQ(pair.server().handshake().status, Status::failed);
    EXPECT_NE(pair.server().error(), "");
    // A broken connection stays broken.
    std::array<char, 8> buffer{};
    EXPECT_EQ(pair.server().handshake().status, Status::failed);
    EXPECT_EQ(pair.server().read(buffer).status, Status::failed);
    EXPECT_EQ(pair.server().write("x").status, Status::failed);
    pair.server().shutdown();
  }
}

TEST_F(TlsTest, ConnectionsOutliveTheService) {
  std::optional<TlsService> imap(imaps());
  Pair pair(*imap, {.host = "other.example.net", .alpn = {"imap"}});
  imap.reset();
  ASSERT_TRUE(pair.handshake());
  EXPECT_EQ(pair.certificate_name(), "other.example.net");
}

TEST_F(TlsTest, UnusableIdentitiesAreRefused) {
  const auto& one = identities()[0];
  const auto& two = identities()[1];
  auto error = [](const std::vector<TlsIdentityPem>& pems) {
    auto made = TlsService::create({.name = "x"}, pems);
    EXPECT_FALSE(made);
    return made.error();
  };
  EXPECT_EQ(error({}), TlsSetupError::no_identity);
  EXPECT_EQ(error({{one.chain_pem, two.key_pem}}), TlsSetupError::bad_certificate);
  EXPECT_EQ(error({{"", ""}}), TlsSetupError::bad_certificate);
  EXPECT_FALSE(TlsService::create({.name = "x", .alpn = {""}}, {{one.chain_pem, one.key_pem}}));
}

}  // namespace
}  // namespace peregrine::crypto
