"""Reload, stop, crash of a worker, deadlines: what connected clients see of each."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import signal
import socket
import stat
import time
from pathlib import Path

import pytest

from lib.clients import Imap, Pop3, Smtp, simple_message
from lib.connection import SLOW, Closed, Connection
from lib.server import wait_until

PIDFD_GETFD = 438  #: the system call's number on every architecture


def test_stop_tells_clients(server):
    """SIGTERM: each protocol has its own word for good-bye; the exit status is 0."""
    user = server.add_account("bye")
    idle = Imap.open(server, user)
    idle.select()
    idle.idle()
    plain = Imap.open(server)
    secure = Imap.open(server, service="imap")
    smtp = Smtp.open(server)
    pop = Pop3.open(server, user)
    assert server.stop() == 0
    for client in (idle, plain, secure):
        assert client.connection.rest().startswith(b"* BYE")
    assert smtp.connection.rest().startswith(b"421 ")
    assert pop.connection.rest().startswith(b"-ERR")


def test_stop_tells_waiting_clients(server):
    """A client that has sent nothing yet is told too, or at least sees the end."""
    connections = [server.connect(service) for service in ("smtp", "imap", "pop3", "imaps")]
    assert server.stop() == 0
    for connection in connections:
        connection.rest()


def test_stop_under_load_is_quick(server):
    user = server.add_account("load")
    client = Imap.open(server, user)
    client.append("INBOX", b"Subject: x\r\n\r\n" + b"y" * 500_000).ok()
    client.select()
    for _ in range(50):
        client.send("FETCH 1 BODY.PEEK[]")
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 15 * SLOW


def test_restart_keeps_everything(server):
    user = server.add_account("kept")
    client = Imap.open(server, user)
    client.command("CREATE folder/sub").ok()
    client.append("folder/sub", simple_message("r1@remote.example"), "(\\Flagged $kw)").ok()
    before = list(client.command("STATUS folder/sub (UIDVALIDITY UIDNEXT)").ok())
    server.restart()
    client = Imap.open(server, user)
    assert client.command("STATUS folder/sub (UIDVALIDITY UIDNEXT)").ok() == before
    assert client.message_ids("folder/sub") == ["r1@remote.example"]
    flags = client.command("FETCH 1 FLAGS").ok()[0]
    assert b"\\Flagged" in flags and b"$kw" in flags
    server.command("verify")


def test_reload_keeps_connections(server):
    user = server.add_account("held")
    imap = Imap.open(server, user)
    imap.select()
    tag = imap.idle()
    smtp = Smtp.open(server)
    pop = Pop3.open(server, user)
    server.set("limits.message_size", "1 MiB")
    start = len(server.log_text())
    server.reload()
    server.wait_log(r"(?i)reload", start)

    def size_of_new_session() -> bool:
        client = Smtp.open(server, hello=False)
        lines = client.hello()
        client.quit()
        return "SIZE 1048576" in lines
    wait_until(size_of_new_session, "the new limit is announced")

    smtp.deliver(simple_message("after-reload@remote.example"), user)
    assert imap.connection.line() == b"* 1 EXISTS"
    imap.done(tag).ok()
    pop.ok("NOOP")
    client = Smtp.open(server)
    assert client.command("MAIL FROM:<a@remote.example> SIZE=2000000")[0] == 552


def test_reload_with_a_wrong_file_changes_nothing(server):
    server.set("limits.recipients", "many")
    start = len(server.log_text())
    server.reload()
    server.wait_log(r"limits\.recipients", start)
    client = Smtp.open(server, hello=False)
    assert "SIZE 52428800" in client.hello()
    client.quit()


def test_killed_imap_worker(make_server):
    """kill -9 of one worker ends its own sessions and no others; a new one takes its place."""
    server = make_server({"roles.imap": 2})
    user = server.add_account("crash")
    sessions = [Imap.open(server, user) for _ in range(8)]
    pop, smtp = Pop3.open(server, user), Smtp.open(server)
    pids = server.role_pids("imap")
    assert len(pids) == 2
    victim = pids[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not alive(victim), "the worker is dead")

    pop.ok("NOOP")
    smtp.deliver(simple_message("c1@remote.example"), user)
    survivors = 0
    for session in sessions:
        try:
            session.command("NOOP").ok()
            survivors += 1
        except Closed:
            pass
    assert 0 < survivors < 8, "each worker has some of the sessions"

    wait_until(lambda: len([pid for pid in server.role_pids("imap") if pid != victim]) == 2,
               "a new worker")
    for _ in range(4):
        client = Imap.open(server, user)
        assert client.message_ids() == ["c1@remote.example"]
        client.logout()


#: Kind 1 is a request, of method 9999; there is no kind 255.
FORGED = {"call": bytes(4) + b"\x7f\xff\xff\xf1\x01\x00\x27\x0f", "frame": b"\xff" * 12}


def forge(pid: int, frame: bytes) -> None:
    """Sends a frame that no worker may send on the process's channel to core."""
    process = os.pidfd_open(pid)
    try:
        for number in map(int, os.listdir(f"/proc/{pid}/fd")):
            taken = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, number, 0)
            if taken < 0 and ctypes.get_errno() == errno.EPERM:
                pytest.skip("no right to take a descriptor of another process")
            if taken < 0:
                continue  # the frame has already done its work
            if not stat.S_ISSOCK(os.fstat(taken).st_mode):
                os.close(taken)
                continue
            with socket.socket(fileno=taken) as sock:
                if (sock.family, sock.type) == (socket.AF_UNIX, socket.SOCK_STREAM):
                    sock.send(frame)
    finally:
        os.close(process)


@pytest.mark.parametrize("what", FORGED)
@pytest.mark.parametrize("role", ["imap", "mx", "submission", "courier"])
def test_a_worker_that_breaks_a_rule_is_replaced(make_server, role, what):
    server = make_server({"outbound.enabled": True})
    pid = server.role_pids(role)[0]
    forge(pid, FORGED[what])
    server.wait_log(rf"supervisor\.killed child={role} index=0 pid={pid} "
                    r'reason="core refused its calls"')
    wait_until(lambda: pid not in (now := server.role_pids(role)) and len(now) > 0, "a new one")
    user = server.add_account("after")
    client = Smtp.open(server)
    client.deliver(simple_message("after@remote.example"), user)
    client.quit()
    assert Imap.open(server, user).message_ids() == ["after@remote.example"]


@pytest.mark.parametrize("role", ["front", "login", "mx", "pop3", "core"])
def test_killed_role_comes_back(server, role):
    user = server.add_account("again")
    victims = server.role_pids(role)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in victims), "they are dead")

    def works() -> bool:
        try:
            client = Smtp.open(server)
            client.deliver(simple_message(f"{role}@remote.example"), user)
            client.quit()
            Pop3.open(server, user).quit()
            Imap.open(server, user).logout()
        except (OSError, Closed, AssertionError):
            return False
        return True
    wait_until(works, f"service after the death of {role}", 20)
    assert server.process.poll() is None
    client = Imap.open(server, user)
    assert f"{role}@remote.example" in client.message_ids()
    assert server.stop() == 0


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


# Deadlines

def drip(connection: Connection, text: bytes, interval: float) -> float:
    """Sends byte after byte, slowly, until the server closes; how long that took."""
    begin = time.monotonic()
    for byte in text:
        connection.send(bytes([byte]))
        try:
            connection.fill(time.monotonic() + interval)
        except Exception:  # noqa: BLE001: nothing came within the interval
            pass
        if connection.eof:
            break
    return time.monotonic() - begin


@pytest.mark.parametrize("service", ["imap", "pop3", "imaps", "pop3s"])
def test_slow_login_is_cut_off(make_server, service):
    """One byte at a time does not stretch the deadline for logging in."""
    server = make_server({"limits.unauthenticated_time": "2 s"})
    connection = server.connect(service)
    if service.endswith("s") and service != "pop3":
        connection.start_tls()
    took = drip(connection, b"a NOOP" * 20, 0.1)
    assert connection.eof and took < 8 * SLOW


def test_silent_tls_handshake_is_cut_off(make_server):
    server = make_server({"tls.handshake_timeout": "1 s"})
    connection = server.connect("imaps")
    connection.send(b"\x16\x03\x01")
    connection.rest(8 * SLOW)


def test_silent_smtp_session_is_told(make_server):
    server = make_server({"limits.smtp_idle": "1 s"})
    client = Smtp.open(server)
    rest = client.connection.rest(10 * SLOW)
    assert re.match(rb"421 4\.4\.2 ", rest), rest


def test_silent_smtp_data_is_cut_off(make_server):
    server = make_server({"limits.smtp_idle": "1 s"})
    user = server.add_account("slow")
    client = Smtp.open(server)
    client.command("MAIL FROM:<a@remote.example>")
    client.command(f"RCPT TO:<{user}>")
    assert client.command("DATA")[0] == 354
    client.connection.send(b"Subject: half\r\n")
    assert client.connection.rest(10 * SLOW).startswith(b"421 ") or client.connection.eof
    reader = Imap.open(server, user)
    assert reader.select() == 0


def test_silent_imap_session_is_told(make_server):
    server = make_server({"limits.imap_idle": "1 s", "limits.pop3_idle": "1 s"})
    user = server.add_account("quiet")
    imap, pop = Imap.open(server, user), Pop3.open(server, user)
    assert imap.connection.rest(10 * SLOW).startswith(b"* BYE")
    pop.connection.rest(10 * SLOW)


def test_early_talker(make_server):
    """V15, S-EARLY: a client that talks before the greeting is turned away."""
    server = make_server({"limits.greeting_pause_loopback": "1 s"})
    early = server.connect("smtp")
    early.send(b"EHLO client.test\r\n")
    rest = early.rest(10 * SLOW)
    # The first line of the greeting comes before the pause, and the last one never.
    assert re.match(rb"220-[^\r\n]*\r\n(421|554) ", rest) and b"\r\n250" not in rest, rest
    begin = time.monotonic()
    patient = Smtp.open(server)
    assert time.monotonic() - begin >= 0.9
    patient.quit()


def test_connection_limit(make_server):
    """Connections above the limit of an address are refused in the protocol's words."""
    server = make_server({"limits.connections_loopback": 5})
    held = [server.connect("smtp") for _ in range(5)]
    for connection in held:
        assert connection.line().startswith(b"220 ")
    for service, word in (("smtp", b"421 "), ("imap", b"* BYE"), ("pop3", b"-ERR")):
        extra = server.connect(service)
        assert extra.rest().startswith(word) or extra.eof
    held.pop().close()

    def admitted() -> bool:
        connection = server.connect("smtp")
        try:
            return connection.line().startswith(b"220 ")
        except Closed:
            return False
        finally:
            connection.close()
    wait_until(admitted, "the place of a closed connection is free again")


def test_full_house_keeps_serving(make_server):
    """When all places are taken by clients that do nothing, one of them makes room."""
    server = make_server({"limits.connections": 20})
    user = server.add_account("guest")
    held = [server.connect("imap", source=f"127.0.{n}.7") for n in range(1, 21)]
    for connection in held:
        assert connection.line().startswith(b"* OK")
    client = Imap.open(server, user, source="127.9.9.9")
    assert client.select() == 0
    client.logout()
