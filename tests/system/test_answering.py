"""Processes that are stopped, as one that spins or hangs would be: noticed, told, replaced."""

from __future__ import annotations

import os
import re
import signal

import pytest

from lib.clients import Imap, Pop3, Smtp, simple_message
from lib.connection import SLOW, Closed
from lib.server import wait_until

# Long enough for a busy machine, short enough for a test.
ANSWER = 1.0 * SLOW
NEVER = "1 h"


def milliseconds(seconds: float) -> str:
    return f"{int(seconds * 1000)} ms"


def make(make_server, restart: str, **options):
    return make_server({"roles.answer_time": milliseconds(ANSWER), "roles.restart_time": restart,
                        **options})


def processes(server, role: str) -> list[dict]:
    return [process for process in server.status()["roles"] if process["role"] == role]


def wait_noticed(server, pid: int, start: int) -> None:
    server.wait_log(rf"supervisor\.not_answering.*\bpid={pid}\b", start, 30)


class Stopped:
    """SIGSTOP to processes of the server, and SIGCONT to those that still are there."""

    def __init__(self, pids: list[int]):
        assert pids and all(pid > 0 for pid in pids)
        self.pids = pids

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)
        return self

    def __exit__(self, *unused):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


def works(server, user: str, message_id: str) -> bool:
    try:
        smtp = Smtp.open(server)
        smtp.deliver(simple_message(message_id), user)
        smtp.quit()
        Pop3.open(server, user).quit()
        imap = Imap.open(server, user)
        found = message_id in imap.message_ids()
        imap.logout()
        return found
    except (OSError, Closed, AssertionError):
        return False


def test_stopped_imap_worker_gets_no_new_sessions(make_server):
    """V49: once one of two is known not to answer, every login goes to the other."""
    server = make(make_server, NEVER, **{"roles.imap": 2})
    user = server.add_account("imap")
    victim = server.role_pids("imap")[0]
    start = len(server.log_text())
    with Stopped([victim]):
        wait_noticed(server, victim, start)
        for _ in range(6):
            client = Imap.open(server, user)
            assert client.select() == 0
            client.logout()
        states = {process["pid"]: process for process in processes(server, "imap")}
        assert states[victim]["answering"] is False
        assert states[victim]["silent_seconds"] >= int(ANSWER)
        assert all(state["answering"] for pid, state in states.items() if pid != victim)
        shown = server.command("status").stdout.decode()
        assert len(re.findall(r"not answering for \d+ s", shown)) == 1, shown
        seen = re.findall(r"supervisor\.not_answering", server.log_text()[start:])
        assert len(seen) == 1, "told once"
    # It goes on where it stopped, and takes new sessions again.
    server.wait_log(rf"supervisor\.answering_again.*\bpid={victim}\b", start, 30)
    assert all(process["answering"] for process in processes(server, "imap"))
    assert victim in server.role_pids("imap")
    before = {p["pid"]: p["served"] for p in processes(server, "imap")}[victim]
    for _ in range(2):
        Imap.open(server, user).logout()
    after = {p["pid"]: p["served"] for p in processes(server, "imap")}[victim]
    assert after > before


def test_pause_below_the_bound_is_harmless(make_server):
    """A look with a debugger ends nothing, and the sessions of the process go on."""
    server = make_server({"roles.answer_time": "5 min", "roles.imap": 1})
    user = server.add_account("paused")
    client = Imap.open(server, user)
    client.select()
    pids = server.role_pids("imap")
    with Stopped(pids):
        tag = client.send("NOOP")
        # Other roles go on meanwhile.
        smtp = Smtp.open(server)
        smtp.deliver(simple_message("pause@remote.example"), user)
        smtp.quit()
    client.finish(tag).ok()
    assert client.message_ids() == ["pause@remote.example"]
    assert server.role_pids("imap") == pids
    assert "not_answering" not in server.log_text()


@pytest.mark.parametrize("role,service,word", [
    ("mx", "smtp", b"421 "), ("login", "imap", b"* BYE"), ("login", "pop3", b"-ERR")])
def test_without_any_worker_clients_are_told(make_server, role, service, word):
    server = make(make_server, NEVER, **{f"roles.{role}": 1})
    start = len(server.log_text())
    pids = server.role_pids(role)
    with Stopped(pids):
        wait_noticed(server, pids[0], start)
        connection = server.connect(service)
        connection.line()
        connection.send(b"a NOOP\r\n" if service == "imap" else b"NOOP\r\n")
        assert connection.rest(10 * SLOW).startswith(word)


def test_without_any_session_worker_a_login_is_told(make_server):
    server = make(make_server, NEVER, **{"roles.imap": 1})
    user = server.add_account("nobody")
    start = len(server.log_text())
    pids = server.role_pids("imap")
    with Stopped(pids):
        wait_noticed(server, pids[0], start)
        for service in ("imap", "imaps"):
            client = Imap.open(server, service=service)
            client.send(f'LOGIN "{user}" "correct-Horse-7-battery"')
            assert client.connection.rest(10 * SLOW).startswith(b"* BYE")


@pytest.mark.parametrize("role", ["imap", "login", "mx", "front", "core"])
def test_stopped_process_is_replaced(make_server, role):
    """After the second bound it is killed and started again; the service is whole then."""
    server = make(make_server, milliseconds(ANSWER), **{f"roles.{role}": 1} if role != "core" else {})
    user = server.add_account("again")
    assert works(server, user, "before@remote.example")
    victims = server.role_pids(role)
    assert len(victims) == 1
    start = len(server.log_text())
    with Stopped(victims):
        wait_noticed(server, victims[0], start)
        server.wait_log(rf"supervisor\.killed.*\bpid={victims[0]}\b", start, 30)
        wait_until(lambda: works(server, user, "after@remote.example"), f"{role} is back", 30)
    assert victims[0] not in server.role_pids(role)
    assert processes(server, role)[0]["restarts"] == 1
    imap = Imap.open(server, user)
    assert "before@remote.example" in imap.message_ids()
    imap.logout()
    assert server.stop() == 0
