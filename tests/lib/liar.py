"""An SMTP server that says at each stage what a test wants: a liar, a sluggard, one that hangs up.

    liar = Liar("127.0.1.7", port, [{"rcpt": b"450 later\\r\\n"}, {}]).start()
    …
    (message,) = liar.wait_for(1)
    liar.stop()

Each connection plays one script, those after the last script the last one. A script maps stages to
what happens there instead of the polite answer: bytes to send, or a function of the session that
returns the bytes it sent. Stages: connect, ehlo, helo, starttls, mail, rcpt, data, bdat (a chunk
that is not the last), content (its first bytes are here), end (it is here whole), rset, quit. Under
TLS "tls ehlo" comes before "ehlo", and so on. A message counts as taken when the answer at its end
was a correct 250; then it is in `messages`, and in any case in the session's `contents`.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from .connection import SLOW

#: RFC 5321 section 4.2, and short enough.
TAKEN = re.compile(rb"(?:250-[^\r\n\0]{,500}\r\n)*250(?: [^\r\n\0]{,500})?\r\n")


class HungUp(Exception):
    """The connection is over, by either side."""


@dataclass
class Taken:
    sender: bytes
    recipients: list[bytes]
    content: bytes
    tls: bool


class Session:
    """One connection."""

    def __init__(self, liar: Liar, sock: socket.socket, script: dict):
        self.liar, self.sock, self.script = liar, sock, script
        self.buffer = b""
        self.tls = False
        self.commands: list[bytes] = []
        self.clear_commands: list[bytes] = []  #: of these, those before TLS
        self.contents: list[bytes] = []
        self.raw = bytearray()  #: all that came
        self.envelope: tuple[bytes, list[bytes]] = (b"", [])

    # The line

    def send(self, data: bytes) -> bytes:
        try:
            self.sock.sendall(data)
        except (OSError, ValueError) as error:
            raise HungUp from error
        return data

    def fill(self) -> None:
        try:
            data = self.sock.recv(65536)
        except (OSError, ValueError) as error:
            raise HungUp from error
        if not data:
            raise HungUp
        self.buffer += data
        self.raw += data

    def until(self, end: bytes) -> bytes:
        seen = 0
        while (at := self.buffer.find(end, seen)) < 0:
            seen = max(0, len(self.buffer) - len(end))
            self.fill()
        taken, self.buffer = self.buffer[:at + len(end)], self.buffer[at + len(end):]
        return taken

    def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        try:
            self.sock = (context or self.liar.context).wrap_socket(self.sock, server_side=True)
        except OSError as error:
            raise HungUp from error
        self.tls = True
        self.buffer = b""

    # The conversation

    def do(self, stage: str, default: bytes) -> bytes:
        action = self.script.get(f"tls {stage}") if self.tls else None
        if action is None:
            action = self.script.get(stage, default)
        return self.send(action) if isinstance(action, bytes) else action(self)

    def run(self) -> None:
        self.do("connect", b"220 liar.example ESMTP\r\n")
        while True:
            line = self.until(b"\r\n")[:-2]
            self.commands.append(line)
            if not self.tls:
                self.clear_commands.append(line)
            word = line.split(b" ")[0].upper()
            self.obey(word, line)
            if word == b"QUIT":
                raise HungUp

    def obey(self, word: bytes, line: bytes) -> None:
        if word == b"EHLO":
            offers = ("PIPELINING", "8BITMIME")
            has_tls = self.liar.context is not None and not self.tls
            self.do("ehlo", ehlo(*offers, *(["STARTTLS"] if has_tls else [])))
        elif word == b"STARTTLS":
            self.do("starttls", b"220 go\r\n")
            if not self.tls:
                self.start_tls()
        elif word == b"MAIL":
            self.envelope = (path(line), [])
            self.do("mail", b"250 2.1.0 fine\r\n")
        elif word == b"RCPT":
            if self.do("rcpt", b"250 2.1.5 fine\r\n").startswith(b"2"):
                self.envelope[1].append(path(line))
        elif word == b"DATA":
            if self.do("data", b"354 go\r\n").startswith(b"354"):
                self.take_data()
        elif word == b"BDAT":
            self.take_chunk(int(line.split()[1]), line.upper().endswith(b" LAST"))
        else:
            self.do(word.decode("latin-1").lower(), b"250 2.0.0 fine\r\n")

    def take_data(self) -> None:
        if not self.buffer:
            self.fill()
        if "content" in self.script:
            self.do("content", b"")
        content = b""
        while (line := self.until(b"\r\n")) != b".\r\n":
            content += line.removeprefix(b".")
        self.finish(content)

    def take_chunk(self, size: int, is_last: bool) -> None:
        if size and not self.buffer:
            self.fill()
        if "content" in self.script:
            self.do("content", b"")
        while len(self.buffer) < size:
            self.fill()
        content, self.buffer = self.buffer[:size], self.buffer[size:]
        assert is_last, "nobody here sends more than one chunk"
        self.finish(content)

    def finish(self, content: bytes) -> None:
        self.contents.append(content)
        answer = self.do("end", b"250 2.0.0 taken\r\n")
        if TAKEN.fullmatch(answer):
            self.liar.take(Taken(*self.envelope, content, self.tls))


def path(line: bytes) -> bytes:
    return re.search(rb"<(.*?)>", line).group(1)


def ehlo(*offers: str) -> bytes:
    lines = ["liar.example", *offers]
    return b"".join(f"250{'-' if i + 1 < len(lines) else ' '}{line}\r\n".encode()
                    for i, line in enumerate(lines))


# What a script may do beside talking


def hang_up(session: Session) -> bytes:
    raise HungUp


def hang(session: Session) -> bytes:
    """Says nothing, and reads no more, until the other side ends the connection."""
    poll = select.poll()
    poll.register(session.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
    poll.poll(60_000 * SLOW)
    raise HungUp


def reset(session: Session) -> bytes:
    """Ends the connection by a RST."""
    session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    session.sock.close()
    raise HungUp


def drip(reply: bytes):
    """A byte at a time."""
    def act(session: Session) -> bytes:
        for i in range(len(reply)):
            session.send(reply[i:i + 1])
            time.sleep(0.002)
        return reply
    return act


def endless(first: bytes, rest: bytes):
    """`rest` without end, until the other side has enough."""
    def act(session: Session) -> bytes:
        session.send(first)
        while True:
            session.send(rest)
    return act


def last_word(reply: bytes):
    """A reply, and the end of the connection."""
    def act(session: Session) -> bytes:
        session.send(reply)
        raise HungUp
    return act


@dataclass
class Liar:
    address: str
    port: int
    scripts: list[dict] = field(default_factory=lambda: [{}])
    context: ssl.SSLContext | None = None  #: with one, STARTTLS is offered

    def start(self) -> Liar:
        self.messages: list[Taken] = []
        self.sessions: list[Session] = []
        self.changed = threading.Condition()
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self.listener = socket.create_server((self.address, self.port), family=family)
        self.threads: list[threading.Thread] = []
        self._spawn(self._accept)
        return self

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for session in self.sessions:
            try:
                session.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()

    def wait_for(self, count: int, timeout: float = 30) -> list[Taken]:
        """The messages, once there are `count`."""
        self._wait(lambda: len(self.messages) >= count, f"{count} messages", timeout)
        return list(self.messages)

    def wait_for_sessions(self, count: int, timeout: float = 30) -> list[Session]:
        self._wait(lambda: len(self.sessions) >= count, f"{count} connections", timeout)
        return list(self.sessions)

    def take(self, message: Taken) -> None:
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def _wait(self, condition, what: str, timeout: float) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout * SLOW), (
                f"{self.address} waits for {what}: {[each.commands for each in self.sessions]}")

    def _spawn(self, target, *args) -> None:
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                number = min(len(self.sessions), len(self.scripts) - 1)
                self.sessions.append(Session(self, sock, self.scripts[number]))
                self.changed.notify_all()
                self._spawn(self._serve, self.sessions[-1])

    def _serve(self, session: Session) -> None:
        try:
            session.run()
        except HungUp:
            pass
        finally:
            session.sock.close()
