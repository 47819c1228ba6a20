"""The transcript runner against a scripted peer, without the server."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from lib.connection import Connection
from lib.wire import Player, TranscriptError, parse, parse_all, unescape

pytestmark = pytest.mark.no_server

HEAD = "# RFC 5321 section 4.1.1.9: x\nservice: smtp\n"


def script(body: str):
    return parse(Path("sample.wire"), HEAD + body)


class Peer:
    """Answers each expected line with a fixed reply, then closes when the list ends."""

    def __init__(self, exchanges: list[tuple[bytes, bytes]], greeting: bytes = b""):
        self.client, self.server = socket.socketpair()
        self.exchanges, self.greeting = exchanges, greeting
        self.received = b""
        self.segments: list[bytes] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        with self.server as sock:
            sock.sendall(self.greeting)
            for wanted, reply in self.exchanges:
                while wanted not in self.received:
                    data = sock.recv(65536)
                    if not data:
                        return
                    self.segments.append(data)
                    self.received += data
                sock.sendall(reply)

    def play(self, body: str, mode: str = "whole", **names: str) -> Player:
        player = Player(script(body), mode, lambda service: Connection(self.client, 5), names)
        try:
            player.play()
        finally:
            self.client.close()
            self.thread.join(5)
        return player


def test_send_and_expect():
    peer = Peer([(b"NOOP\r\n", b"250 2.0.0 Ok\r\n"), (b"QUIT\r\n", b"221 Bye\r\n")])
    peer.play("C: NOOP\nS: 250 \nC: QUIT\nS: /221 (Bye|bye)$/\nclose\n")
    assert peer.received == b"NOOP\r\nQUIT\r\n"


def test_wrong_reply_fails_with_its_line():
    peer = Peer([(b"NOOP\r\n", b"500 what\r\n")])
    with pytest.raises(AssertionError, match=r"sample\.wire:4: expected '250 ', got b'500 what'"):
        peer.play("C: NOOP\nS: 250 \n")


def test_bytes_mode_sends_the_same_bytes():
    peer = Peer([(b"NOOP\r\n", b"250 Ok\r\n")])
    peer.play("C: NOOP\nS: 250\n", "bytes")
    assert peer.received == b"NOOP\r\n"


def test_burst_mode_sends_before_it_reads():
    peer = Peer([(b"a NOOP\r\nb NOOP\r\n", b"a OK\r\nb OK\r\n")])
    peer.play("C: a NOOP\nS: a OK\nC: b NOOP\nS: b OK\n", "burst")


def test_until_require_forbid():
    reply = b"250-mx\r\n250-SIZE 100\r\n250 PIPELINING\r\n"
    Peer([(b"\r\n", reply)]).play("C: EHLO x\nS~: 250[ -]SIZE \\d+$\nS...: 250 \n")
    with pytest.raises(AssertionError, match="nothing like"):
        Peer([(b"\r\n", reply)]).play("C: EHLO x\nS~: 250[ -]AUTH\nS...: 250 \n")
    with pytest.raises(AssertionError, match="must not come"):
        Peer([(b"\r\n", reply)]).play("C: EHLO x\nS!: 250[ -]SIZE\nS...: 250 \n")


def test_optional_line():
    for reply in (b"* 1 EXISTS\r\na OK\r\n", b"a OK\r\n"):
        Peer([(b"\r\n", reply)]).play("C: a NOOP\nS?: \\* 1 EXISTS\nS=: a OK\n")


def test_captures_and_names():
    peer = Peer([(b"UIDL\r\n", b"+OK 1 abc\r\n"), (b"RETR abc bob\r\n", b"+OK\r\n")])
    peer.play("C: UIDL\nS: /\\+OK 1 (?P<uid>\\S+)/\nC: RETR {uid} {user}\nS: +OK\n", user="bob")


def test_bulk_and_escapes():
    peer = Peer([(b"\n", b"500 no\r\n")])
    peer.play("CB: 3 ab\nC+: \\0\\x80\\\\\\n\nS: 5\nclose\n")
    assert peer.received == b"ababab\0\x80\\\n"
    assert unescape("ü\\t") == b"\xc3\xbc\t"


def test_last_chunk_has_its_size():
    peer = Peer([(b"c\r\n", b"250 Ok\r\n")])
    peer.play("CL: a{end}b{name}c\\r\\n\nS: 250\n", end="\\r\\n", name="xyz")
    assert peer.received == b"BDAT 10 LAST\r\na\r\nbxyzc\r\n"


def test_matrix_makes_a_transcript_of_each_row(tmp_path):
    (tmp_path / "smtp").mkdir()
    (tmp_path / "two.matrix").write_text("# RFC\nname end\none \\r\ntwo \\n\n")
    path = tmp_path / "smtp" / "sample.wire"
    path.write_text(HEAD + "matrix: two\nC+: {end}\nS: 250\n")
    scripts = parse_all(path)
    assert [each.name for each in scripts] == ["smtp/sample-one", "smtp/sample-two"]
    assert [each.row["end"] for each in scripts] == ["\\r", "\\n"]
    (tmp_path / "two.matrix").write_text("name end\none\n")
    with pytest.raises(TranscriptError):
        parse_all(path)


def test_close_wants_silence():
    with pytest.raises(AssertionError, match="expected the end"):
        Peer([(b"\r\n", b"250 Ok\r\n250 more\r\n")]).play("C: NOOP\nS: 250\nclose\n")


def test_bare_lf_from_the_server_fails():
    with pytest.raises(AssertionError, match="bare LF"):
        Peer([(b"\r\n", b"250 Ok\n")]).play("C: NOOP\nS: 250\n")


@pytest.mark.parametrize("body", [
    "C: NOOP\n", "X: what\n", "C: NOOP\nS~: 250\n", "S: /(/\n", "CB: x\nS: 250\n",
    "modes: sideways\nS: 2\n", "setup: dance\nS: 2\n", "reconnect gopher\nS: 2\n",
])
def test_refused_transcripts(body):
    with pytest.raises(TranscriptError):
        script(body)


def test_variants():
    assert script("S: 220\n").variants() == [
        ("whole", "plain"), ("bytes", "plain"), ("whole", "tls"), ("bytes", "tls")]
    assert script("needs: plaintext\nmodes: whole\nS: 220\n").variants() == [("whole", "plain")]
    imap = parse(Path("s.wire"), "# RFC 9051\nservice: imap\nC: a NOOP\nS: a OK\n")
    both = parse(Path("s.wire"), "# RFC 6409\nservice: submission\nneeds: tls\nS: 220\n")
    assert both.variants() == [("whole", "tls"), ("bytes", "tls"), ("whole", "implicit"),
                               ("bytes", "implicit")]
    assert ("burst", "plain") in imap.variants() and ("burst", "tls") not in imap.variants()
