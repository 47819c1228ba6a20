"""SIGKILL under load: what was acknowledged is there exactly once, whatever died.

Each round starts clients that deliver numbered messages by SMTP, LMTP and IMAP APPEND, kills
something at a random moment, and looks. A message whose answer was cut off may be there or not,
but never twice, since no client here sends again.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time

import pytest

from lib.clients import Imap, Smtp, simple_message
from lib.connection import SLOW, Closed, Deadline
from lib.server import wait_until

pytestmark = pytest.mark.slow

LOST = (Closed, Deadline, OSError, AssertionError)

# What is killed, and in how many rounds: 54 in all.
ROUNDS = {"all": 14, "core": 14, "supervisor": 8, "mx": 6, "front": 6, "imap": 6}


class Load:
    """Clients that deliver until something breaks."""

    def __init__(self, server, users: list[str], numbers):
        self.server, self.users, self.numbers = server, users, numbers
        self.lock = threading.Lock()
        self.acknowledged: list[tuple[str, str]] = []  # (user, Message-ID)
        self.doubtful: list[tuple[str, str]] = []
        self.stop = threading.Event()
        works = [("smtp", self.by_smtp), ("smtp", self.by_smtp), ("lmtp", self.by_smtp),
                 ("imap", self.by_append)]
        self.threads = [threading.Thread(target=work, args=(service,)) for service, work in works]
        for thread in self.threads:
            thread.start()

    def next(self) -> tuple[str, bytes]:
        with self.lock:
            name = f"n{next(self.numbers)}@remote.example"
        # Below and above the size up to which messages lie in the database itself.
        body = os.urandom(random.choice([20, 2000, 30_000])).hex()
        lines = "\n".join(body[i:i + 70] for i in range(0, len(body), 70))
        return name, simple_message(name, lines)

    def attempt(self, user: str, send) -> None:
        """`send` delivers one message; it counts as acknowledged only when `send` returns."""
        name, message = self.next()
        with self.lock:
            self.doubtful.append((user, name))
        send(message)
        with self.lock:
            self.doubtful.remove((user, name))
            self.acknowledged.append((user, name))

    def by_smtp(self, service: str) -> None:
        try:
            client = Smtp.open(self.server, service)
            while not self.stop.is_set():
                user = random.choice(self.users)
                self.attempt(user, lambda message: client.deliver(message, user))
            client.connection.close()
        except LOST:
            pass

    def by_append(self, service: str) -> None:
        try:
            user = self.users[0]
            client = Imap.open(self.server, user, service=service)
            while not self.stop.is_set():
                self.attempt(user, lambda message: client.append("INBOX", message).ok())
            client.connection.close()
        except LOST:
            pass

    def finish(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


def kill(server, target: str) -> None:
    """Kills, and brings the service back: by a start where the supervisor died too."""
    if target == "all":
        server.kill_all()
        server.start()
    elif target == "supervisor":
        process = server.process
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
        server.process = None
        server.start()
    else:
        victims = server.role_pids(target)
        for pid in victims if target == "core" else victims[:1]:
            os.kill(pid, signal.SIGKILL)


def inventory(server, users: list[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for user in users:
        client = Imap.open(server, user, service="imap")
        for name in client.message_ids():
            found[user, name] = found.get((user, name), 0) + 1
        client.logout()
    return found


def judge(found: dict, acknowledged: list, doubtful: list) -> None:
    twice = [key for key, count in found.items() if count > 1]
    assert not twice, f"stored twice: {twice[:5]}"
    lost = [key for key in acknowledged if key not in found]
    assert not lost, f"acknowledged and lost: {lost[:5]}"
    strange = set(found) - set(acknowledged) - set(doubtful)
    assert not strange, f"nobody sent {list(strange)[:5]}"


@pytest.mark.parametrize("target", ROUNDS)
def test_kill(make_server, target):
    random.seed(target)
    server = make_server({"roles.mx": 2, "roles.imap": 2, "roles.front": 2})
    users = server.add_accounts(["one", "two"])
    numbers = itertools.count(1)
    acknowledged: list[tuple[str, str]] = []
    doubtful: list[tuple[str, str]] = []
    for _ in range(ROUNDS[target]):
        load = Load(server, users, numbers)
        # The moment of death is the one thing here that is measured in time.
        time.sleep(random.uniform(0.05, 0.4) * SLOW)
        kill(server, target)
        load.finish()
        acknowledged += load.acknowledged
        doubtful += load.doubtful

        def look():
            try:
                return inventory(server, users)
            except LOST:
                return None
        # A worker may still be on its way back.
        found = wait_until(lambda: (look() or {"": 0}) if not acknowledged else look(),
                           f"service after the death of {target}", 20)
        found.pop("", None)
        judge(found, acknowledged, doubtful)
    assert acknowledged, "the load delivered something"
    server.command("verify")
    assert server.stop() == 0


def test_kill_during_start(make_server):
    """A server that is killed again and again while it recovers loses nothing."""
    random.seed(5)
    server = make_server()
    user = server.add_account("patient")
    client = Smtp.open(server)
    names = [f"s{n}@remote.example" for n in range(20)]
    for name in names:
        client.deliver(simple_message(name), user)
    server.kill_all()
    for _ in range(6):
        server.spawn()
        time.sleep(random.uniform(0.01, 0.25))
        server.kill_all()
    server.start()
    reader = Imap.open(server, user)
    assert reader.message_ids() == names
    reader.logout()
    server.command("verify")


def test_kill_during_changes(make_server):
    """Changes that were answered have happened; one that was cut off did whole or not at all."""
    random.seed(9)
    server = make_server()
    user = server.add_account("changes")
    client = Imap.open(server, user)
    client.command("CREATE other").ok()
    for n in range(40):
        client.append("INBOX", simple_message(f"c{n}@remote.example")).ok()
    for _ in range(6):
        client = Imap.open(server, user)
        client.select()
        moved: list[int] = []
        uids = [int(uid) for uid in client.command("UID SEARCH ALL").ok()[0].split()[2:]]
        stopped = threading.Event()

        def change():
            try:
                for uid in uids[:6]:
                    client.command(f"UID STORE {uid} +FLAGS.SILENT ($done)").ok()
                    client.command(f"UID MOVE {uid} other").ok()
                    moved.append(uid)
            except LOST:
                pass
            stopped.set()
        worker = threading.Thread(target=change)
        worker.start()
        time.sleep(random.uniform(0.0, 0.03) * SLOW)
        server.kill_all()
        worker.join(20)
        assert stopped.is_set()
        server.start()
        reader = Imap.open(server, user)
        here, there = reader.message_ids(), reader.message_ids("other")
        assert sorted(here + there) == sorted(f"c{n}@remote.example" for n in range(40))
        reader.select()
        left = {int(uid) for uid in reader.command("UID SEARCH ALL").ok()[0].split()[2:]}
        assert not left & set(moved)
        reader.logout()
    server.command("verify")
