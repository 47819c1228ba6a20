"""TLS: versions, ALPN, SNI, tickets, and what comes before and after the handshake (V15, V16)."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import warnings

import pytest

from lib.clients import Imap
from lib.connection import client_context
from lib.server import HOSTNAME, toml_value

IMPLICIT = ("imaps", "pop3s")


def handshake(server, service: str, context: ssl.SSLContext, name: str = HOSTNAME,
              session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", server.port(service)), timeout=15)
    try:
        return context.wrap_socket(raw, server_hostname=name, session=session)
    except BaseException:
        raw.close()
        raise


def old_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = client_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize("service", IMPLICIT)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(shared_server, service, version):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(shared_server, service, old_context(version))


@pytest.mark.parametrize("service", IMPLICIT)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_are_spoken(shared_server, service, version):
    context = client_context()
    context.minimum_version = context.maximum_version = version
    with handshake(shared_server, service, context) as stream:
        assert stream.version() == version.name.replace("_", ".")
        assert "GCM" in stream.cipher()[0] or "CHACHA20" in stream.cipher()[0]
        assert stream.compression() is None


@pytest.mark.parametrize("ciphers", [
    "AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256",
])
def test_weak_ciphers_are_refused(shared_server, ciphers):
    """V16: no key exchange without forward secrecy, no CBC."""
    context = client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(shared_server, "imaps", context)


@pytest.mark.parametrize("service, protocol", [("imaps", "imap"), ("pop3s", "pop3")])
def test_alpn_of_the_service(shared_server, service, protocol):
    context = client_context()
    context.set_alpn_protocols(["something", protocol])
    with handshake(shared_server, service, context) as stream:
        assert stream.selected_alpn_protocol() == protocol


@pytest.mark.parametrize("service, offered", [
    ("imaps", ["h2"]), ("imaps", ["http/1.1"]), ("imaps", ["pop3"]), ("imaps", ["h2", "pop3"]),
    ("pop3s", ["h2"]), ("pop3s", ["imap"]),
])
def test_foreign_alpn_gets_an_alert(shared_server, service, offered):
    context = client_context()
    context.set_alpn_protocols(offered)
    with pytest.raises(ssl.SSLError) as failure:
        handshake(shared_server, service, context)
    assert "NO_APPLICATION_PROTOCOL" in str(failure.value).upper().replace(" ", "_")


@pytest.mark.parametrize("offered", [["h2"], ["http/1.1"], ["imap"]])
def test_foreign_alpn_after_starttls(shared_server, source, offered):
    context = client_context()
    context.set_alpn_protocols(offered)
    connection = shared_server.connect("smtp", source=source)
    connection.line()
    connection.send(b"EHLO client.test\r\n")
    while not connection.line().startswith(b"250 "):
        pass
    connection.send(b"STARTTLS\r\n")
    assert connection.line().startswith(b"220 ")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connection.start_tls(context)
    connection.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("first, second", [("imaps", "pop3s"), ("pop3s", "imaps")])
def test_ticket_of_another_service_is_not_taken(shared_server, version, first, second):
    """V16: a session belongs to the service that made it."""
    context = client_context()
    context.minimum_version = context.maximum_version = version
    with handshake(shared_server, first, context) as stream:
        assert stream.recv(1024), "the greeting; tickets of TLS 1.3 come before it"
        session = stream.session
    with handshake(shared_server, second, context, session=session) as stream:
        assert not stream.session_reused
        assert stream.recv(1024)


def test_no_early_data_and_no_renegotiation(shared_server):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    address = f"127.0.0.1:{shared_server.port('imaps')}"
    for version in ("-tls1_3", "-tls1_2"):
        done = subprocess.run(["openssl", "s_client", "-connect", address, version],
                              input=b"a LOGOUT\r\n", capture_output=True, timeout=20)
        text = done.stdout.decode(errors="replace")
        assert "Max Early Data: 0" in text or "Max Early Data" not in text
    # "R" on a line of its own asks s_client to renegotiate.
    done = subprocess.run(["openssl", "s_client", "-connect", address, "-tls1_2"],
                          input=b"R\n", capture_output=True, timeout=20)
    assert b"* OK" in done.stdout
    assert done.returncode != 0 or b"alert" in done.stderr or b"no renegotiation" in done.stderr


def test_many_server_names_do_not_grow_memory(shared_server):
    """V16: a name that no certificate has costs nothing that stays."""
    def memory() -> int:
        total = 0
        for pid in shared_server.role_pids("front"):
            with open(f"/proc/{pid}/status") as status:
                total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return total

    def knock(count: int, tag: str) -> None:
        for n in range(count):
            handshake(shared_server, "imaps", client_context(), f"{tag}{n}.example.test").close()

    knock(100, "warm")
    before = memory()
    knock(300, "more")
    assert memory() - before < 4096, "KiB for 300 names"


def test_server_name_chooses_the_certificate(make_server, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    server = make_server(start=False)
    import tomllib
    config = tomllib.loads(server.config.read_text())
    first = config["tls"]["certificates"][0]
    key, chain = server.data / "other.key", server.data / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key), "-out",
                    str(chain), "-days", "2", "-subj", "/CN=other.test", "-addext",
                    "subjectAltName=DNS:other.test"], check=True, capture_output=True)
    key.chmod(0o600)
    second = {"chain": str(chain), "key": str(key)}
    tables = ", ".join("{ " + ", ".join(f"{name} = {toml_value(value)}"
                                        for name, value in pair.items()) + " }"
                       for pair in (first, second))
    server.config.write_text(replace_certificates(server.config.read_text(), tables))
    server.start()

    def names(server_name: str) -> str:
        with handshake(server, "imaps", client_context(), server_name) as stream:
            der = stream.getpeercert(binary_form=True)
        return "other" if b"other.test" in der else "first"

    assert names("other.test") == "other"
    assert names("OTHER.test") == "other"
    assert names(HOSTNAME) == "first"
    assert names("unknown.test") == "first"


def replace_certificates(text: str, tables: str) -> str:
    """The configuration with `certificates` of [tls] set to `tables`, however it was written."""
    import re
    without = re.sub(r"(?m)^\[\[tls\.certificates\]\]\n(?:[^\[\n][^\n]*\n)*", "", text)
    without = re.sub(r"(?ms)^certificates = \[.*?\]\s*$", "", without)
    assert re.search(r"(?m)^\[tls\]", without), "no [tls] in the configuration"
    return re.sub(r"(?m)^\[tls\]\n", f"[tls]\ncertificates = [{tables}]\n", without)


def test_plain_text_on_a_tls_port(shared_server, source):
    for service in IMPLICIT:
        connection = shared_server.connect(service, source=source)
        connection.send(b"a NOOP\r\nQUIT\r\n")
        assert b"OK" not in connection.rest()
        connection.close()


def test_starttls_tail_in_a_second_segment(shared_server, source):
    """V13: a tail that arrives after the command's own segment is no better than one within it.

    It reaches the TLS layer as a broken ClientHello, and nothing of it is answered in clear.
    """
    for service, before, command in (("smtp", b"EHLO x.test\r\n", b"STARTTLS\r\n"),
                                     ("imap", b"", b"a STARTTLS\r\n"),
                                     ("pop3", b"", b"STLS\r\n")):
        connection = shared_server.connect(service, source=source)
        connection.line()
        if before:
            connection.send(before)
            while not connection.line().startswith(b"250 "):
                pass
        connection.send(command)
        assert connection.line().startswith((b"220", b"a OK", b"+OK"))
        connection.send(b"b NOOP\r\nNOOP\r\nb NOOP\r\nNOOP\r\n")
        rest = connection.rest()
        assert b"\r\n" not in rest, rest
        connection.close()


def test_session_in_tls_survives_slow_reader(shared_server, user):
    """Replies larger than the socket's buffers arrive whole at a client that reads late."""
    client = Imap.open(shared_server, user)
    big = b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 120_000
    client.append("INBOX", big).ok()
    client.select()
    tags = [client.send("FETCH 1 BODY.PEEK[]") for _ in range(6)]
    for tag in tags:
        reply = client.finish(tag).ok()
        assert reply[0].count(b"0123456789abcdef\r\n") == 120_000
    client.logout()
