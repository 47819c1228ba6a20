"""SMTP against models: where a message ends (V12), and which command may follow which (V14)."""

from __future__ import annotations

import random

import pytest

from lib.clients import Imap, Smtp
from lib.connection import SLOW, Closed, next_source


def reference_end(data: bytes) -> int | None:
    """Where the message that follows 354 ends: behind the first CRLF . CRLF, the CRLF of DATA
    counting as the first. None when it does not end in `data`."""
    if data.startswith(b".\r\n"):
        return 3
    at = data.find(b"\r\n.\r\n")
    return None if at < 0 else at + 5


def is_clean(message: bytes) -> bool:
    """No NUL, and no CR or LF but in pairs."""
    rest = message.replace(b"\r\n", b"")
    return not any(byte in rest for byte in (0, 10, 13))


@pytest.mark.parametrize("seed", range(8))
def test_end_of_data(shared_server, user, seed):
    """Random strings of the five bytes that matter: our reader and the reference agree."""
    random.seed(seed)
    source = next_source()
    for _ in range(40):
        tokens = random.choices([b"\r", b"\n", b"\r\n", b".", b"\0", b"x", b"\r\n."],
                                weights=[2, 2, 6, 5, 1, 4, 3], k=random.randrange(1, 13))
        body = b"Subject: s\r\n\r\n" + b"".join(tokens)
        data = body + b"\r\n.\r\n"
        end = reference_end(data)
        message, tail = data[:end], data[end:]
        client = Smtp.open(shared_server, source=source)
        client.command("MAIL FROM:<a@remote.example>")
        client.command(f"RCPT TO:<{user}>")
        assert client.command("DATA")[0] == 354
        client.connection.send(data)
        code, text = client.reply()
        if is_clean(message):
            assert code == 250, (data, text)
            if not tail:
                assert client.command("NOOP")[0] == 250, data
        else:
            assert code == 554 and text[0].startswith("5.6.0"), (data, code, text)
            client.connection.expect_eof()
        client.connection.close()


class Model:
    """RFC 5321 section 4.1.4 as a state and a few rules. `reply` is the first digits expected."""

    def __init__(self, user: str):
        self.user = user
        self.greeted = self.sender = False
        self.recipients = 0
        self.stored = 0

    def step(self, command: str) -> str:
        reset = self.greeted and (command in ("RSET",) or command.startswith("EHLO"))
        if command.startswith("EHLO"):
            self.greeted = True
        if command == "RSET" or command.startswith("EHLO"):
            if reset or self.greeted:
                self.sender, self.recipients = False, 0
            return "250"
        if command in ("NOOP",):
            return "250"
        if command.startswith("VRFY"):
            return "502"
        if command.startswith("MAIL"):
            if not self.greeted or self.sender:
                return "503"
            self.sender = True
            return "250"
        if command.startswith("RCPT"):
            if not self.sender:
                return "503"
            if self.user not in command:
                return "550"
            self.recipients += 1
            return "250"
        if command == "DATA":
            if not self.sender:
                return "503"
            return "354" if self.recipients else "503|554"
        raise AssertionError(command)

    def end_of_data(self) -> None:
        self.stored += 1
        self.sender, self.recipients = False, 0


@pytest.mark.slow
def test_command_order(shared_server, new_user):
    random.seed(14)
    user = new_user("model")
    commands = ["EHLO client.test", "RSET", "NOOP", "VRFY x", "MAIL FROM:<a@remote.example>",
                "MAIL FROM:<>", f"RCPT TO:<{user}>", f"RCPT TO:<{user}>",
                "RCPT TO:<nobody-here@example.test>", "DATA", "DATA"]
    stored = 0
    for _ in range(120):
        model = Model(user)
        client = Smtp.open(shared_server, source=next_source(), hello=False)
        errors = 0
        for _ in range(25):
            command = random.choice(commands)
            expected = model.step(command)
            try:
                code, text = client.command(command)
            except Closed:
                assert errors >= 3, "closed without many errors"
                break
            if code == 421:
                break
            assert str(code) in expected.split("|"), (command, code, text, expected)
            errors += code >= 400
            if code == 354:
                client.connection.send(b"Subject: model\r\n\r\nx\r\n.\r\n")
                code, text = client.reply()
                assert code == 250, text
                model.end_of_data()
        stored += model.stored
        client.connection.close()
    reader = Imap.open(shared_server, user)
    assert reader.select() == stored
    reader.logout()


@pytest.mark.slow
def test_login_time_tells_nothing(shared_server, new_user):
    """V33: a login with a wrong password takes as long for an account as for none."""
    import math
    import statistics
    import time
    known = new_user("timed")
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for n in range(60):
        for kind, name in random.sample([("known", known), ("unknown", f"no{n}@example.test")], 2):
            client = Imap.open(shared_server, source=next_source())
            begin = time.perf_counter()
            assert client.command(f'LOGIN {name} "wrong-password-{n}"').status == "NO"
            times[kind].append(time.perf_counter() - begin)
            client.connection.close()

    def trimmed(values: list[float]) -> list[float]:
        return sorted(values)[:-len(values) // 10]  # the machine's other work
    a, b = trimmed(times["known"]), trimmed(times["unknown"])
    spread = math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    t = (statistics.mean(a) - statistics.mean(b)) / spread
    assert abs(t) < 4.5 * math.sqrt(SLOW), (statistics.mean(a), statistics.mean(b))
