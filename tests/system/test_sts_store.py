"""MTA-STS policies that outlive a restart (RFC 8461 section 5.1), and what is counted of TLS
(RFC 8460 section 4). The policy's host is a web server on port 443 of a loopback address."""

from __future__ import annotations

import http.server
import json
import smtplib
import ssl
import subprocess
import threading

import pytest

from lib.dns import Dns
from lib.receiver import Receiver
from lib.server import PASSWORD, Server, wait_until

ANN = "ann@example.test"
POLICY_ADDRESS = "127.0.0.44"
ZONES = {
    "remote.example": f"""
@ MX 10 mx
mx A 127.0.0.1
_mta-sts TXT "v=STSv1; id=20250101;"
mta-sts A {POLICY_ADDRESS}
""",
}
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.remote.example\r\nmax_age: 86400\r\n"
MESSAGE = b"From: <ann@example.test>\r\nSubject: out\r\n\r\nbody\r\n"


class PolicyHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(POLICY)))
        self.end_headers()
        self.wfile.write(POLICY)

    def log_message(self, *_):
        pass


@pytest.fixture()
def certificate(tmp_path):
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=policy",
                    "-addext", "subjectAltName=DNS:mta-sts.remote.example", "-keyout", str(key),
                    "-out", str(chain)], check=True, capture_output=True)
    tmp_path.chmod(0o755)
    chain.chmod(0o644)
    return key, chain


@pytest.fixture()
def policy_host(certificate):
    key, chain = certificate
    try:
        web = http.server.HTTPServer((POLICY_ADDRESS, 443), PolicyHandler)
    except OSError:
        pytest.skip("port 443 of a loopback address cannot be had")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()

    def stop():
        if thread.is_alive():
            web.shutdown()
            web.server_close()
            thread.join()

    yield stop
    stop()


@pytest.fixture()
def receiver():
    other = Receiver().start()
    yield other
    other.stop()


@pytest.fixture()
def server(receiver, certificate):
    dns = Dns(ZONES).start()
    server = Server({**dns.options(), "outbound.enabled": True, "outbound.allow_loopback": True,
                     "outbound.port": receiver.port, "tls.trust_store": str(certificate[1]),
                     "auth.allow_plaintext_loopback": True}).create()
    server.add_account("ann")
    server.start()
    yield server
    server.destroy()
    dns.destroy()


def submit(server: Server) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", server.port("submission")) as client:
        client.starttls(context=context)
        client.login("ann", PASSWORD)
        assert client.sendmail(ANN, ["a@remote.example"], MESSAGE) == {}


def wait_deferred(server: Server) -> dict:
    """The one recipient, once it was tried."""
    def tried():
        messages = json.loads(server.command("queue", "list", "--json").stdout)
        recipients = messages[0]["recipients"] if messages else []
        return recipients[0] if recipients and recipients[0]["attempts"] else None
    return wait_until(tried, "an attempt", timeout=40)


def results(server: Server) -> list[dict]:
    return json.loads(server.command("tls-report", "list", "remote.example", "--json").stdout)


def test_a_policy_holds_after_a_restart_while_its_host_is_away(server, receiver, policy_host):
    submit(server)
    assert "4.7.4" in json.dumps(wait_deferred(server))
    assert b'"record":"sts_policy","domain":"remote.example","id":"20250101"' in \
        server.command("dump").stdout
    policy_host()
    server.command("queue", "drop", "--all")
    server.stop()
    # While no server runs the same can be looked at.
    assert b'"sts_policy"' in server.command("dump").stdout
    assert results(server)
    server.command("verify")
    server.start()
    submit(server)
    assert "4.7.4" in json.dumps(wait_deferred(server))
    assert receiver.messages == []
    (result,) = wait_until(lambda: [each for each in results(server) if each["sessions"] >= 2],
                           "both sessions counted")
    assert (result["policy"], result["result"], result["receiving_mx"]) == (
        "sts", "starttls-not-supported", "mx.remote.example")
    server.command("verify")
