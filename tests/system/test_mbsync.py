"""mbsync: 500 messages up, down into a second Maildir, and changes both ways."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lib.clients import simple_message
from lib.connection import SLOW
from lib.server import PASSWORD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mbsync") is None, reason="mbsync is not installed"),
]

COUNT = 500


def write_config(path: Path, port: int, user: str, maildir: Path) -> None:
    path.write_text(f"""
IMAPAccount server
Host 127.0.0.1
Port {port}
User {user}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN
PipelineDepth 50

IMAPStore far
Account server

MaildirStore near
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")


def sync(config: Path) -> None:
    done = subprocess.run(["mbsync", "-c", str(config), "-a", "-q"], capture_output=True,
                          timeout=120 * SLOW)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def add(folder: Path, name: str, message: bytes) -> None:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "cur" / f"{name}:2,").write_bytes(message.replace(b"\r\n", b"\n"))


def files(folder: Path) -> list[Path]:
    return [path for part in ("cur", "new") for path in (folder / part).iterdir()]


def messages(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Message-ID to (text, flags) of a Maildir folder."""
    found = {}
    for path in files(folder):
        text = re.sub(rb"(?mi)^X-TUID:.*\n", b"", path.read_bytes())
        message_id = re.search(rb"(?mi)^Message-ID: <(.*)>", text).group(1).decode()
        assert message_id not in found, f"{message_id} is there twice"
        found[message_id] = (text, path.name.partition(":2,")[2])
    return found


def file_of(folder: Path, message_id: str) -> Path:
    return next(path for path in files(folder) if f"<{message_id}>".encode() in path.read_bytes())


def test_two_way(shared_server, user, tmp_path):
    random.seed(1)
    one, two = tmp_path / "one", tmp_path / "two"
    for n in range(COUNT):
        body = "\n".join("x" * random.randrange(70) for _ in range(random.randrange(60)))
        folder = one / ("INBOX" if n % 5 else "Archive")
        add(folder, f"{n}.test", simple_message(f"m{n}@remote.example", body, f"Number {n}"))
    two.mkdir()
    port = shared_server.port("imap")
    write_config(tmp_path / "one.rc", port, user, one)
    write_config(tmp_path / "two.rc", port, user, two)

    sync(tmp_path / "one.rc")
    sync(tmp_path / "two.rc")
    for folder in ("INBOX", "Archive"):
        assert messages(one / folder) == messages(two / folder)
    assert len(messages(two / "INBOX")) == COUNT - COUNT // 5

    # A flag, a removal and a new message in the second copy reach the first.
    flagged = file_of(two / "INBOX", "m7@remote.example")
    flagged.rename(flagged.parent.parent / "cur" / (flagged.name.partition(":")[0] + ":2,FS"))
    removed = file_of(two / "INBOX", "m8@remote.example")
    removed.rename(removed.parent.parent / "cur" / (removed.name.partition(":")[0] + ":2,ST"))
    add(two / "INBOX", "late.test", simple_message("late@remote.example", "late"))
    sync(tmp_path / "two.rc")
    sync(tmp_path / "one.rc")

    first = messages(one / "INBOX")
    assert first["m7@remote.example"][1] == "FS"
    assert "m8@remote.example" not in first
    assert "late@remote.example" in first
    assert first == messages(two / "INBOX")
