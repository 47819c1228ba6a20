"""TLS of mail that leaves: DANE (RFC 7672) by signed zones, MTA-STS (RFC 8461) by an HTTPS server,
REQUIRETLS (RFC 8689), and IPv6. What must not be delivered is never said in clear either."""

from __future__ import annotations

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lib.certificates import Authority
from lib.dns import Dns, free_port
from lib.liar import Liar, ehlo
from lib.sending import ANN, MESSAGE, log_in, queue, submit, wait_for_report
from lib.server import Server

PORT = free_port()
# The courier fetches policies at port 443; nobody else is at this address.
WEB = f"127.44.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
STS = """
@ MX 10 mx
mx A {mx}
_mta-sts TXT "v=STSv1; id=1;"
mta-sts A {web}
"""
STS_NAMES = ["kept", "unnamed", "untrusted", "stripped", "tried", "away", "forged", "moved",
             "several"]
UNLISTED = "127.0.5.249"


class Place:
    """The domain NAME.example, whose host mx.NAME.example is a server at an address of its own."""

    def __init__(self, number: int, name: str, records: str = "@ MX 10 mx\nmx A {mx}\n"):
        self.domain, self.host = f"{name}.example", f"mx.{name}.example"
        self.ip = f"127.0.5.{number}"
        self.records = records.replace("{mx}", self.ip).replace("{port}", str(PORT))

    @property
    def address(self) -> str:
        return f"a@{self.domain}"


class Policies(BaseHTTPRequestHandler):
    """MTA-STS policies, by the name that is asked for."""

    def do_GET(self):
        domain = self.headers["Host"].removeprefix("mta-sts.")
        name = domain.removesuffix(".example")
        if name == "moved":
            self.send_response(301)
            self.send_header("Location", "https://mta-sts.kept.example/.well-known/mta-sts.txt")
            self.end_headers()
            return
        mode = "testing" if name == "tried" else "enforce"
        host = "mx.elsewhere.example" if name in ("unnamed", "tried") else f"mx.{domain}"
        body = f"version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 86400\r\n".encode()
        assert self.path == "/.well-known/mta-sts.txt"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class World:
    """The zones, the authority and the server under test."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        (folder / "other").mkdir()
        names = ["dane", "daneta", "wrong", "naked", "plain", "bogus", "port", "mixed", "needy",
                 *STS_NAMES]
        self.identities = {name: self.authority.issue(f"mx.{name}.example") for name in names}
        self.stranger = Authority(folder / "other").issue(
            "mx.untrusted.example", "mta-sts.forged.example")
        # RFC 7672 section 3.1.1: with 3 1 1 the record alone counts, not the name nor the signer.
        self.identities["dane"] = Authority(folder / "other").issue("nobody.example")
        self.web = self.authority.issue(
            *(f"mta-sts.{name}.example" for name in STS_NAMES if name != "forged"))
        self.places = {name: Place(i + 1, name, self._records(name))
                       for i, name in enumerate([*self.identities, "clear", "six", "both", "alias",
                                                     "wrongalias", "expired"])}
        zones = {place.domain: place.records for place in self.places.values()}
        unsigned = {"plain.example", "unsigned.example"}
        zones["unsigned.example"] = (f"mx A {self.places['mixed'].ip}\n"
                                     f"_{PORT}._tcp.mx TLSA 3 1 1 {'00' * 32}\n")
        spoiled = self.identities["bogus"].key_hash
        self.dns = Dns(zones, unsigned, tamper={"bogus.example": (spoiled, "00" * 32)},
                       expired={"expired.example"}).start()
        self.server = Server({
            **self.dns.options(), "outbound.enabled": True, "outbound.allow_loopback": True,
            "outbound.port": PORT, "queue.retry_first": "1 s", "tls.trust_store":
            str(self.authority.certificate), "auth.argon2_memory": "8 MiB",
            "auth.argon2_passes": 1}).create()
        self.server.add_account("ann")
        self.server.start()

    def _records(self, name: str) -> str:
        here = "@ MX 10 mx\nmx A {mx}\n"
        tlsa = "_{port}._tcp.mx TLSA 3 1 1 "
        if name in ("dane", "naked", "bogus", "needy"):
            return here + tlsa + self.identities[name].key_hash
        if name in ("wrong", "plain"):
            return here + tlsa + "00" * 32
        if name == "daneta":
            return here + "_{port}._tcp.mx TLSA 2 1 1 " + self.authority.key_hash
        if name == "port":
            # RFC 7672 section 3: records are for the port that is connected to.
            return here + "_25._tcp.mx TLSA 3 1 1 " + "00" * 32
        if name == "mixed":
            return "@ MX 10 mx.unsigned.example."
        if name in ("alias", "wrongalias"):
            at = "dane" if name == "alias" else "wrong"
            return f"@ MX 10 mx\nmx CNAME mx.{at}.example."
        if name == "six":
            return "@ MX 10 mx\nmx AAAA ::1\n"
        if name == "both":
            return here + "mx AAAA ::1\n"
        if name == "several":
            return STS.replace("{web}", WEB) + f"@ MX 5 unlisted\nunlisted A {UNLISTED}\n"
        if name in STS_NAMES:
            return STS.replace("{web}", "127.0.5.250" if name == "away" else WEB)
        return here

    def destroy(self) -> None:
        self.server.destroy()
        self.dns.destroy()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("certificates"))
    yield world
    world.destroy()


@pytest.fixture
def at(world):
    """Starts the server of a place, with its own certificate where nothing else is said."""
    running = []

    def start(name: str, tls=True, scripts=None, address: str | None = None) -> Liar:
        identity = world.identities.get(name) if tls is True else tls
        liar = Liar(address or world.places[name].ip, PORT, scripts or [{}],
                    identity.context() if identity else None)
        running.append(liar.start())
        return liar

    yield start
    for each in running:
        each.stop()
    # What was kept back; there may be nothing.
    world.server.command("queue", "drop", "--all", check=False)


@pytest.fixture(scope="module")
def web(world):
    """HTTPS for all mta-sts names."""
    own, forged = world.web.context(), world.stranger.context()

    def choose(connection, name, _context):
        if name == "mta-sts.forged.example":
            connection.context = forged

    own.sni_callback = choose
    try:
        server = ThreadingHTTPServer((WEB, 443), Policies)
    except OSError as error:
        pytest.skip(f"port 443 of a loopback address is not to be had: {error}")
    server.socket = own.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(20)


def check_delivered(world: World, liar: Liar, name: str, log: str = "", tls: bool = True) -> None:
    address = world.places[name].address
    submit(world.server, address)
    (message,) = liar.wait_for(1)
    assert message.tls == tls and len(liar.sessions) == 1
    world.server.wait_log(rf"courier\.delivered .*to={address} .*{log}")


def check_kept(world: World, liar: Liar, name: str, why: str) -> None:
    """The mail waits, and not a word of it was said."""
    address = world.places[name].address
    submit(world.server, address)
    world.server.wait_log(rf"courier\.deferred .*to={address} .*status=4\.[47]\.\d+ .*{why}")
    assert [each["recipients"][0]["address"] for each in queue(world.server)] == [address]
    for session in liar.sessions:
        assert not any(command.startswith(b"MAIL") for command in session.commands)
    assert not liar.messages


def test_dane_proves_the_host(world, at):
    check_delivered(world, at("dane"), "dane", r'tls="TLS.* dane"')


def test_dane_by_the_authority_that_signed(world, at):
    check_delivered(world, at("daneta"), "daneta", r'tls="TLS.* dane"')


def test_an_authority_proves_no_other_name(world, at):
    # RFC 7672 section 3.1.2.
    check_kept(world, at("daneta", tls=world.identities["plain"]), "daneta", "dane")


def test_records_are_where_an_alias_leads(world, at):
    # RFC 7672 section 2.2.2.
    liar = at("dane")
    check_delivered(world, liar, "alias", r'tls="TLS.* dane"')


def test_an_alias_is_no_way_around_a_record(world, at):
    check_kept(world, at("wrong"), "wrongalias", "dane")


def test_exchangers_with_old_signatures_are_not_believed(world, at):
    check_kept(world, at("expired", tls=None), "expired", "no answer")


def test_another_key_gets_nothing(world, at):
    check_kept(world, at("wrong"), "wrong", "dane")


def test_a_record_demands_starttls(world, at):
    check_kept(world, at("naked", tls=None), "naked", "STARTTLS")


def test_a_record_demands_that_starttls_works(world, at):
    liar = at("naked", scripts=[{"starttls": lambda session: session.send(b"454 4.7.0 no\r\n")}])
    check_kept(world, liar, "naked", "no")


def test_records_with_a_wrong_signature_are_not_passed_over(world, at):
    check_kept(world, at("bogus"), "bogus", "TLSA")


@pytest.mark.parametrize("name", ["plain", "mixed"])
def test_records_without_dnssec_mean_nothing(world, at, name):
    check_delivered(world, at(name), name)


def test_records_for_another_port_mean_nothing(world, at):
    check_delivered(world, at("port"), "port")


def test_without_starttls_and_without_policy_it_goes_in_clear(world, at):
    check_delivered(world, at("clear", tls=None), "clear", tls=False)


def test_a_policy_and_a_certificate_that_fits(world, at, web):
    check_delivered(world, at("kept"), "kept", r'tls="TLS.* sts"')


def test_a_policy_that_does_not_name_the_host(world, at, web):
    check_kept(world, at("unnamed"), "unnamed", "MTA-STS")


def test_a_policy_and_a_certificate_of_nobody(world, at, web):
    check_kept(world, at("untrusted", tls=world.stranger), "untrusted", "sts")


def test_a_host_that_the_policy_names_is_found(world, at, web):
    unlisted = at("several", tls=None, address=UNLISTED)
    check_delivered(world, at("several"), "several", r'tls="TLS.* sts"')
    assert not unlisted.sessions


def test_a_policy_demands_starttls(world, at, web):
    check_kept(world, at("stripped", tls=None), "stripped", "STARTTLS")


def test_a_policy_on_trial_stops_nothing(world, at, web):
    check_delivered(world, at("tried"), "tried")


@pytest.mark.parametrize("name", ["away", "forged", "moved"])
def test_a_policy_that_cannot_be_had_stops_nothing(world, at, web, name):
    # RFC 8461 section 3.3: neither an untrusted certificate nor a redirect leads to a policy.
    check_delivered(world, at(name, tls=None), name, tls=False)


def submit_with_required_tls(server: Server, recipient: str) -> None:
    with log_in(server) as client:
        client.ehlo()
        assert client.mail(ANN, ["REQUIRETLS"])[0] == 250
        assert client.rcpt(recipient)[0] == 250
        assert client.data(MESSAGE)[0] == 250


OFFERS = ehlo("8BITMIME", "REQUIRETLS")


@pytest.mark.parametrize("name, tls, script", [
    ("needy", True, {}),                       # proved by DANE, without REQUIRETLS
    ("clear", None, {"ehlo": OFFERS}),         # said in clear, where it means nothing
], ids=["not_offered", "in_clear"])
def test_required_tls_that_is_not_to_be_had(world, at, name, tls, script):
    liar = at(name, tls=tls, scripts=[script])
    address = world.places[name].address
    submit_with_required_tls(world.server, address)
    report = wait_for_report(world.server, address)
    assert "Status: 5.7.30" in report.as_string()
    # RFC 8689 section 5: as if RET=HDRS had been said.
    assert report.get_payload(2).get_content_type() == "text/rfc822-headers"
    assert not liar.messages
    assert not any(command.startswith(b"MAIL") for command in liar.sessions[0].commands)


def test_required_tls_is_passed_on(world, at):
    liar = at("needy", scripts=[{"tls ehlo": OFFERS}])
    submit_with_required_tls(world.server, world.places["needy"].address)
    (message,) = liar.wait_for(1)
    assert message.tls
    (mail,) = [each for each in liar.sessions[0].commands if each.startswith(b"MAIL")]
    assert b" REQUIRETLS" in mail


def test_ipv6(world, at):
    check_delivered(world, at("six", tls=None, address="::1"), "six", "address=::1", tls=False)


def test_ipv6_that_does_not_answer_leaves_ipv4(world, at):
    check_delivered(world, at("both", tls=None), "both", "address=127", tls=False)
