"""Another mail server that keeps every octet it is sent, to judge what leaves the one under test.

It is strict about where a message ends, and takes everything.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Recorder:
    """`offers`: the keywords behind EHLO. `messages` holds the contents without their framing, and
    `octets` all that clients sent. Use start() and stop()."""

    offers: tuple[str, ...] = ()
    messages: list[bytes] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)

    def start(self) -> Recorder:
        self.arrived = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        self.listener.close()

    def wait_for(self, count: int, timeout: float = 30) -> list[bytes]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, timeout), (
                f"{len(self.messages)} of {count} messages arrived")
            return list(self.messages)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                _Session(self, client).run()
            except (EOFError, OSError):
                pass


class _Session:
    def __init__(self, recorder: Recorder, client: socket.socket):
        self.recorder, self.client, self.buffer = recorder, client, b""
        self.chunks = b""

    def more(self) -> None:
        data = self.client.recv(65536)
        if not data:
            raise EOFError
        self.recorder.octets += data
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.more()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken

    def octets(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def say(self, *lines: str) -> None:
        marked = [f"{line[:3]}-{line[4:]}" for line in lines[:-1]] + [lines[-1]]
        self.client.sendall("".join(line + "\r\n" for line in marked).encode())

    def take(self, message: bytes) -> None:
        with self.recorder.arrived:
            self.recorder.messages.append(message)
            self.recorder.arrived.notify_all()

    def run(self) -> None:
        self.say("220 recorder.test ESMTP")
        while True:
            words = self.until(b"\r\n").split(b" ")
            verb = words[0].upper()
            if verb == b"EHLO":
                self.say("250 recorder.test", *(f"250 {word}" for word in self.recorder.offers))
            elif verb == b"DATA":
                self.say("354 go on")
                # The CRLF of DATA is the first of CRLF . CRLF.
                self.buffer = b"\r\n" + self.buffer
                body = self.until(b"\r\n.\r\n")[2:] + b"\r\n"
                self.take(body.replace(b"\r\n..", b"\r\n."))
                self.say("250 taken")
            elif verb == b"BDAT":
                self.chunks += self.octets(int(words[1]))
                if words[-1].upper() == b"LAST":
                    self.take(self.chunks)
                    self.chunks = b""
                self.say("250 taken")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")
