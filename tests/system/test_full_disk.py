"""A full disk: mail is refused for a while, nothing acknowledged is lost, and it recovers."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from lib.clients import Imap, Smtp, simple_message
from lib.server import wait_until

pytestmark = pytest.mark.slow

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 160 MiB: more than a new store asks for."""
    if os.geteuid() != 0:
        pytest.skip("mount needs root")
    point = tmp_path / "disk"
    point.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", str(point)],
                          capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"mount failed: {done.stderr.decode()}")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def fill(path: Path, leave: int) -> None:
    """Writes a file that leaves `leave` bytes free."""
    stat = os.statvfs(path.parent)
    size = stat.f_bavail * stat.f_frsize - leave
    with open(path, "wb") as file:
        file.write(b"\0" * max(0, size))


def deliver(server, user: str, name: str, size: int) -> int:
    client = Smtp.open(server)
    try:
        code, text = client.command("MAIL FROM:<a@remote.example>")
        if code != 250:
            return code
        code, text = client.command(f"RCPT TO:<{user}>")
        if code != 250:
            return code
        code, text = client.command("DATA")
        if code != 354:
            return code
        # Random bytes, so that compression does not make room.
        body = "\n".join(os.urandom(36).hex() for _ in range(size // 73))
        from lib.clients import dot_stuff
        client.connection.send(dot_stuff(simple_message(f"{name}@remote.example", body)))
        return client.reply()[0]
    finally:
        client.connection.close()


def acknowledged_are_there(server, user: str, names: list[str]) -> None:
    reader = Imap.open(server, user)
    found = reader.message_ids()
    assert sorted(set(found)) == sorted(found), "a message is there twice"
    assert {f"{name}@remote.example" for name in names} <= set(found)
    reader.logout()


def test_refuses_and_recovers(make_server, small_disk):
    server = make_server({"store.low_water_mark": "8 MiB"}, directory=small_disk)
    user = server.add_account("full")
    stored = [f"before{n}" for n in range(5)]
    for name in stored:
        assert deliver(server, user, name, 20_000) == 250

    ballast = small_disk / "ballast"
    fill(ballast, 4 * MIB)
    # An answer of the disk holds for a fraction of a second: until then there was room.
    names = (f"late{n}" for n in itertools.count())

    def is_refused() -> bool:
        name = next(names)
        code = deliver(server, user, name, 20_000)
        if code == 250:
            stored.append(name)
        return code == 452

    wait_until(is_refused, "452 on the full disk")
    codes = [deliver(server, user, f"full{n}", 20_000) for n in range(3)]
    assert set(codes) == {452}, codes
    reader = Imap.open(server, user)
    reply = reader.append("INBOX", simple_message("append@remote.example"))
    assert reply.status == "NO", reply.tagged
    reader.command("NOOP").ok()
    reader.logout()
    acknowledged_are_there(server, user, stored)

    ballast.unlink()
    assert deliver(server, user, "after", 20_000) == 250
    acknowledged_are_there(server, user, [*stored, "after"])
    server.command("verify")
    server.restart()
    acknowledged_are_there(server, user, [*stored, "after"])


def test_nothing_acknowledged_is_lost_to_the_last_byte(make_server, small_disk):
    """Even past the mark, when writes themselves fail, an answer of 250 means stored."""
    server = make_server({"store.low_water_mark": "1 MiB"}, directory=small_disk)
    user = server.add_account("brim")
    fill(small_disk / "ballast", 6 * MIB)
    stored, refused = [], 0
    for n in range(400):
        code = deliver(server, user, f"m{n}", 100_000)
        if code == 250:
            stored.append(f"m{n}")
        else:
            assert code in (421, 451, 452), code
            refused += 1
        if refused == 8:
            break
    assert refused and stored
    (small_disk / "ballast").unlink()
    server.restart()
    acknowledged_are_there(server, user, stored)
    assert deliver(server, user, "after", 10_000) == 250
    server.command("verify")
