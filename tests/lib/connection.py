"""A client connection with deadlines: TCP, Unix socket or TLS, read by lines or by bytes.

Nothing here sleeps. A peer that closes is seen as `Closed`, whether by FIN, RST or a TLS alert;
bytes that arrived before the close are delivered first. A failed send is not an error by itself:
the server may refuse and close while a client is still talking, and its answer must be readable.
"""

from __future__ import annotations

import itertools
import os
import select
import socket
import ssl
import time

# Sanitizer builds are slower: PEREGRINE_TEST_SLOW=4 gives every deadline four times its length.
SLOW = float(os.environ.get("PEREGRINE_TEST_SLOW", "1"))
TIMEOUT = 15.0 * SLOW

_sources = itertools.count(1)


class Closed(Exception):
    """The peer closed the connection."""


class Deadline(Exception):
    """The peer neither answered nor closed in time."""


def next_source() -> str:
    """A loopback address in a /24 that no earlier caller got.

    Budgets of errors and of failed logins are kept by address and by prefix, so a test that
    misbehaves on purpose must not spend those of the next one.
    """
    n = next(_sources)
    return f"127.{1 + (n >> 8) % 250}.{n & 255}.9"


def client_context(verify: bool = False, cafile: str | None = None) -> ssl.SSLContext:
    """A TLS client context; without `verify` it accepts the self-signed certificate of `init`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify:
        context.load_verify_locations(cafile)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Connection:
    """One stream to the server."""

    def __init__(self, sock: socket.socket, timeout: float = TIMEOUT):
        self.sock = sock
        self.timeout = timeout
        self.buffer = bytearray()
        self.eof = False

    @classmethod
    def tcp(cls, port: int, *, host: str = "127.0.0.1", source: str | None = None,
            timeout: float = TIMEOUT) -> Connection:
        bind = (source, 0) if source else None
        sock = socket.create_connection((host, port), timeout=timeout, source_address=bind)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(sock, timeout)

    @classmethod
    def unix(cls, path: str, *, timeout: float = TIMEOUT) -> Connection:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        sock.connect(path)
        return cls(sock, timeout)

    @property
    def local_port(self) -> int:
        return self.sock.getsockname()[1]

    def start_tls(self, context: ssl.SSLContext | None = None,
                  server_hostname: str = "mx.example.test",
                  session: ssl.SSLSession | None = None) -> None:
        if self.buffer:
            raise AssertionError(f"bytes in clear behind the reply: {bytes(self.buffer)!r}")
        context = context or client_context()
        self.sock.settimeout(self.timeout)
        self.sock = context.wrap_socket(self.sock, server_hostname=server_hostname,
                                        session=session)

    # Writing

    def send(self, data: bytes) -> None:
        if self.eof:
            return
        self.sock.settimeout(self.timeout)
        try:
            self.sock.sendall(data)
        except TimeoutError as error:
            raise Deadline("the server stopped reading") from error
        except OSError:
            pass  # the reader finds out what the server said before it closed

    def send_slowly(self, data: bytes, chunk: int = 1, edge: int = 1500) -> None:
        """One byte a segment. Of more than 2 * `edge` bytes, only the ends go singly."""
        if len(data) > 2 * edge:
            parts = [data[i:i + chunk] for i in range(0, edge, chunk)]
            parts.append(data[edge:-edge])
            parts += [data[i:i + chunk] for i in range(len(data) - edge, len(data), chunk)]
        else:
            parts = [data[i:i + chunk] for i in range(0, len(data), chunk)]
        for part in parts:
            self._drain()
            if self.eof:
                return
            self.send(part)

    def shutdown_write(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    # Reading

    def _pending(self) -> bool:
        pending = getattr(self.sock, "pending", None)
        return bool(pending and pending())

    def _drain(self) -> None:
        """Takes what has arrived, without waiting."""
        while not self.eof:
            if not self._pending() and not select.select([self.sock], [], [], 0)[0]:
                return
            self.sock.settimeout(0)
            try:
                data = self.sock.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                data = b""
            if data:
                self.buffer += data
            else:
                self.eof = True

    def fill(self, deadline: float) -> None:
        """Waits for more bytes; at the end sets `eof`."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise Deadline(f"nothing in time; so far {bytes(self.buffer[:200])!r}")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError) as error:
            raise Deadline(f"nothing in time; so far {bytes(self.buffer[:200])!r}") from error
        except OSError:
            data = b""
        if data:
            self.buffer += data
        else:
            self.eof = True

    def line(self, timeout: float | None = None) -> bytes:
        """The next line without its CRLF. A line that ends otherwise is an assertion failure."""
        deadline = time.monotonic() + (timeout or self.timeout)
        start = 0
        while True:
            end = self.buffer.find(b"\n", start)
            if end >= 0:
                raw = bytes(self.buffer[:end + 1])
                del self.buffer[:end + 1]
                assert raw.endswith(b"\r\n"), f"the server sent a bare LF: {raw!r}"
                return raw[:-2]
            start = len(self.buffer)
            if self.eof:
                raise Closed(f"closed; rest {bytes(self.buffer)!r}")
            self.fill(deadline)

    def exactly(self, count: int, timeout: float | None = None) -> bytes:
        deadline = time.monotonic() + (timeout or self.timeout)
        while len(self.buffer) < count:
            if self.eof:
                raise Closed(f"closed with {len(self.buffer)} of {count} bytes")
            self.fill(deadline)
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def rest(self, timeout: float | None = None) -> bytes:
        """All bytes up to the end of the stream."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while not self.eof:
            self.fill(deadline)
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def expect_eof(self, timeout: float | None = None) -> None:
        data = self.rest(timeout)
        assert not data, f"expected the end of the connection, got {data[:300]!r}"

    def close(self) -> None:
        try:
            self.sock.close()
        except OSError:
            pass

    def reset(self) -> None:
        """Closes by RST, as a client that vanished."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except OSError:
            pass
        self.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_) -> None:
        self.close()
