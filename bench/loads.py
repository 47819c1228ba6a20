"""The loads: SMTP by smtp-source, IMAP by a small client of our own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time

SENDER = "sender@example.org"


def send_mail(port: int, recipient: str, count: int, connections: int, size: int) -> None:
    subprocess.run(
        ["smtp-source", "-s", str(connections), "-m", str(count), "-l", str(size),
         "-f", SENDER, "-t", recipient, f"127.0.0.1:{port}"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Imap:
    """One connection; commands are awaited one at a time."""

    def __init__(self, port: int, tls: bool):
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.sock = context.wrap_socket(plain)
        else:
            self.sock = plain
        self.rest = b""
        self.read_until(b"\r\n")

    def read_until(self, mark: bytes) -> int:
        """Reads on until the bytes end with a line that starts with `mark`; answers the count."""
        size = len(self.rest)
        tail = self.rest
        self.rest = b""
        while not (tail.endswith(b"\r\n") and
                   (mark == b"\r\n" or b"\r\n" + mark in b"\r\n" + tail)):
            data = self.sock.recv(1 << 18)
            if not data:
                raise ConnectionError("the server closed the connection")
            size += len(data)
            tail = (tail + data)[-4096:]
        self.last = tail
        return size

    def command(self, text: str) -> int:
        self.sock.sendall(b"t " + text.encode() + b"\r\n")
        size = self.read_until(b"t ")
        if b"t OK" not in self.last:
            raise RuntimeError(f"{text.split()[0]} failed: {self.last[-200:]!r}")
        return size

    def login(self, user: str, password: str) -> None:
        self.command(f"LOGIN {user} {password}")

    def append(self, message: bytes) -> None:
        self.sock.sendall(b"t APPEND INBOX {%d}\r\n" % len(message))
        self.read_until(b"+")
        self.sock.sendall(message + b"\r\n")
        self.read_until(b"t ")
        if b"t OK" not in self.last:
            raise RuntimeError(f"APPEND failed: {self.last[-200:]!r}")

    def idle(self) -> None:
        self.sock.sendall(b"t IDLE\r\n")
        self.read_until(b"+")

    def close(self) -> None:
        self.sock.close()


def messages_in(port: int, user: str, password: str) -> int:
    imap = Imap(port, tls=False)
    imap.login(user, password)
    imap.command("STATUS INBOX (MESSAGES)")
    count = int(imap.last.split(b"MESSAGES ")[1].split(b")")[0])
    imap.close()
    return count


def wait_for_messages(port: int, user: str, password: str, wanted: int, seconds: float) -> None:
    """Until the mailbox holds `wanted` messages; asks over one connection."""
    imap = Imap(port, tls=False)
    imap.login(user, password)
    deadline = time.monotonic() + seconds
    while True:
        imap.command("STATUS INBOX (MESSAGES)")
        count = int(imap.last.split(b"MESSAGES ")[1].split(b")")[0])
        if count >= wanted:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {wanted} messages arrived")
        time.sleep(0.01)
    imap.close()
