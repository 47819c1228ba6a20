"""The transcript language of tests/wire, and its runner.

A transcript is a header, then steps. tests/README.md describes the language; in short:

    # RFC 5321 section 4.1.1.9: NOOP answers 250.
    service: smtp
    C: NOOP
    S: 250

`parse` reads it, `run` plays it on a connection that the caller's `World` opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from .connection import Closed, Connection, Deadline

SERVICES = ("smtp", "lmtp", "submission", "imap", "pop3")
SERVERS = ("relaxed", "strict", "outbound")
TRANSPORTS = ("plain", "tls", "implicit")
MODES = ("whole", "bytes", "burst")
HEADERS = ("service", "setup", "modes", "transport", "server", "greeting", "needs", "matrix")

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|[rnt0\\])")
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SIMPLE = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


class TranscriptError(Exception):
    """The transcript itself is wrong: file, line and why."""


@dataclass
class Step:
    kind: str  # the name of the Player's method, without its underscore
    text: str
    line: int


@dataclass
class Transcript:
    path: Path
    title: list[str] = field(default_factory=list)
    service: str = ""
    setup: list[list[str]] = field(default_factory=list)
    modes: tuple[str, ...] = ()
    transport: tuple[str, ...] = ()
    matrix: str = ""  # the file whose rows it is played with
    row: dict[str, str] = field(default_factory=dict)  # the names that this row fills in
    server: str = "relaxed"
    greeting: str = "auto"  # auto: the runner reads it; manual: the transcript does
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        row = f"-{self.row['name']}" if self.row else ""
        return f"{self.path.parent.name}/{self.path.stem}{row}"

    @property
    def needs_account(self) -> bool:
        names = {name for step in self.steps for name in _NAME.findall(step.text)}
        return bool(self.setup) or any(
            name.startswith(("user", "address", "password", "sasl_plain")) for name in names)

    def variants(self) -> list[tuple[str, str]]:
        """(mode, transport) pairs; bursts are played on one transport only, to save time."""
        pairs = [(mode, transport) for transport in self.transport for mode in self.modes]
        return [pair for pair in pairs if pair[0] != "burst" or pair[1] == self.transport[0]]


_STEPS = (
    ("C+:", "send"), ("C:", "send"), ("CB:", "send"), ("CL:", "send_chunk"),
    ("S...:", "until"), ("S=:", "expect"),
    ("S~:", "require"), ("S!:", "forbid"), ("S?:", "optional"), ("SB:", "expect_bulk"),
    ("S:", "expect"),
)
_BARE = {"close": "close", "hangup": "hangup", "drain": "drain", "eof": "eof",
         "C<starttls>": "starttls"}
_EXPECTING = ("expect", "until", "close", "hangup", "drain")


def parse(path: Path, text: str | None = None) -> Transcript:
    """Reads a transcript; TranscriptError names the line."""
    script = Transcript(path)
    body = text if text is not None else path.read_text(encoding="utf-8")
    for number, line in enumerate(body.split("\n"), 1):
        try:
            _parse_line(script, line, number)
        except (ValueError, KeyError, re.error) as error:
            raise TranscriptError(f"{path.name}:{number}: {error}") from error
    _check(script)
    return script


def parse_all(path: Path) -> list[Transcript]:
    """The transcript, or one for each row of its matrix."""
    script = parse(path)
    if not script.matrix:
        return [script]
    return [replace(script, row=row) for row in read_matrix(
        path.parent.parent / f"{script.matrix}.matrix")]


def read_matrix(path: Path) -> list[dict[str, str]]:
    """Rows of words; the first line that is no comment names the columns, `name` among them."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").split("\n")
             if line.strip() and not line.startswith("#")]
    columns = lines[0]
    for line in lines[1:]:
        if len(line) != len(columns):
            raise TranscriptError(f"{path.name}: {line[0]} has {len(line)} words")
    return [dict(zip(columns, line)) for line in lines[1:]]


def _parse_line(script: Transcript, line: str, number: int) -> None:
    if not line.strip():
        return
    if line.startswith("#"):
        if not script.steps:
            script.title.append(line[1:].strip())
        return
    for prefix, kind in _STEPS:
        if line.startswith(prefix):
            rest = line[len(prefix):]
            rest = rest[1:] if rest.startswith(" ") else rest
            script.steps.append(_step(prefix, kind, rest, number))
            return
    word, _, rest = line.partition(" ")
    if line in _BARE:
        script.steps.append(Step(_BARE[line], "", number))
    elif word == "reconnect":
        if rest and rest not in SERVICES:
            raise ValueError(f"unknown service {rest!r}")
        script.steps.append(Step("reconnect", rest, number))
    elif not script.steps and ":" in line:
        _parse_header(script, line)
    else:
        raise ValueError(f"not a step: {line!r}")


def _parse_header(script: Transcript, line: str) -> None:
    name, _, value = line.partition(":")
    value = value.strip()
    if name not in HEADERS:
        raise ValueError(f"unknown header {name!r}")
    if name == "setup":
        script.setup.append(value.split())
    elif name == "modes":
        script.modes = _words(value, MODES)
    elif name == "transport":
        script.transport = _words(value, TRANSPORTS)
    elif name == "needs":
        script.transport = {"plaintext": ("plain",), "tls": ("tls", "implicit")}[value]
    else:
        setattr(script, name, value)


def _words(value: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(value.split())
    if not words or not set(words) <= set(allowed):
        raise ValueError(f"expected some of {', '.join(allowed)}")
    return words


def _step(prefix: str, kind: str, text: str, number: int) -> Step:
    if prefix == "C:":
        text += "\\r\\n"
    elif prefix in ("CB:", "SB:"):
        count, _, unit = text.partition(" ")
        if not count.isdigit() or not unit:
            raise ValueError(f"{prefix} takes a count and a text")
        return Step("send_bulk" if prefix == "CB:" else kind, text, number)
    elif prefix == "S=:":
        return Step("expect_exact", text, number)
    elif kind in ("require", "forbid", "until", "optional") or is_regex(text):
        re.compile(regex_of(_NAME.sub("x", text)).encode())
    return Step(kind, text, number)


def is_regex(text: str) -> bool:
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def regex_of(text: str) -> str:
    return text[1:-1] if is_regex(text) else text


def _check(script: Transcript) -> None:
    where = script.path.name
    if script.service not in SERVICES:
        raise TranscriptError(f"{where}: service must be one of {', '.join(SERVICES)}")
    if not script.transport:
        script.transport = TRANSPORTS
    if script.service == "lmtp":
        script.transport = ("plain",)
    elif script.service != "submission":
        script.transport = tuple(name for name in script.transport if name != "implicit")
    if script.server not in SERVERS:
        raise TranscriptError(f"{where}: server must be one of {', '.join(SERVERS)}")
    if not script.modes:
        waits = any(step.kind in ("starttls", "reconnect", "close", "hangup", "drain", "eof") or
                    re.match(r"/?\\?\+( |/|$)", step.text) and step.kind != "send"
                    for step in script.steps)
        burst = script.service == "imap" and not waits and "(?P<" not in str(script.steps)
        script.modes = ("whole", "bytes", "burst") if burst else ("whole", "bytes")
    for setup in script.setup:
        if not setup or setup[0] not in ("account", "append", "deliver", "alias"):
            raise TranscriptError(f"{where}: unknown setup {' '.join(setup)!r}")
    if not any(step.kind.startswith(_EXPECTING) for step in script.steps):
        raise TranscriptError(f"{where}: expects nothing")
    if script.steps[-1].kind in ("require", "forbid", "optional"):
        raise TranscriptError(f"{where}: S~, S! and S? need a following S or S...")


def unescape(text: str) -> bytes:
    """UTF-8 of `text` with \\r \\n \\t \\0 \\\\ and \\xNN replaced."""
    def byte_of(match: re.Match) -> bytes:
        code = match.group(1)
        return bytes([int(code[1:], 16)]) if code[:1] == b"x" else _SIMPLE[code]
    return _ESCAPE.sub(byte_of, text.encode("utf-8"))


class Player:
    """Plays one transcript on one connection after another."""

    def __init__(self, script: Transcript, mode: str, connect, names: dict[str, str]):
        """`connect(service)` opens a connection whose greeting has been read if `auto`."""
        self.script = script
        self.mode = mode
        self.connect = connect
        self.names = {**names, **script.row}
        self.connection: Connection | None = None
        self.trace: list[str] = []
        self.required: list[Step] = []
        self.forbidden: list[Step] = []

    def play(self) -> None:
        self.connection = self.connect(self.script.service)
        step = None
        try:
            steps = self._bursts() if self.mode == "burst" else self.script.steps
            for step in steps:
                self._step(step)
        except (AssertionError, Closed, Deadline) as error:
            at = f"{self.script.path.name}:{step.line}: " if step else ""
            trace = "\n  ".join(self.trace[-25:])
            raise AssertionError(f"{at}{error or type(error).__name__}\n  {trace}") from error
        finally:
            self.connection.close()

    def _bursts(self) -> list[Step]:
        """All that is sent first, then all that is expected."""
        sends = [step for step in self.script.steps if step.kind.startswith("send")]
        rest = [step for step in self.script.steps if not step.kind.startswith("send")]
        return [Step("send_all", "", sends[0].line if sends else 0), *rest]

    def _step(self, step: Step) -> None:
        getattr(self, f"_{step.kind}")(step)

    def _fill_in(self, text: str) -> str:
        def replace(match: re.Match) -> str:
            if match.group(1) not in self.names:
                raise AssertionError(f"unknown name {match.group(0)}")
            return self.names[match.group(1)]
        return _NAME.sub(replace, text)

    def _pattern(self, text: str) -> re.Pattern:
        filled = _NAME.sub(lambda m: re.escape(self.names[m.group(1)])
                           if m.group(1) in self.names else m.group(0), regex_of(text))
        return re.compile(filled.encode("utf-8"))

    # Sending

    def _bytes_of(self, step: Step) -> bytes:
        if step.kind == "send_bulk":
            count, _, unit = step.text.partition(" ")
            filled = [unescape(self._fill_in(unit.replace("{i}", str(i)))) if "{i}" in unit else b""
                      for i in range(int(count) if "{i}" in unit else 0)]
            return b"".join(filled) or unescape(self._fill_in(unit)) * int(count)
        data = unescape(self._fill_in(step.text))
        if step.kind == "send_chunk":
            return b"BDAT %d LAST\r\n" % len(data) + data
        return data

    def _transmit(self, data: bytes) -> None:
        shown = data if len(data) < 120 else data[:100] + b"... %d bytes" % len(data)
        self.trace.append(f"C {shown!r}")
        if self.mode == "bytes":
            self.connection.send_slowly(data)
        else:
            self.connection.send(data)

    def _send(self, step: Step) -> None:
        self._transmit(self._bytes_of(step))

    _send_bulk = _send
    _send_chunk = _send

    def _send_all(self, _: Step) -> None:
        self._transmit(b"".join(self._bytes_of(step) for step in self.script.steps
                                if step.kind.startswith("send")))

    # Expecting

    def _line(self) -> bytes:
        line = self.connection.line()
        self.trace.append(f"S {line[:160]!r}")
        return line

    def _matches(self, step: Step, line: bytes) -> bool:
        text = step.text
        if step.kind == "expect_exact":
            return line == unescape(self._fill_in(text))
        if step.kind == "expect" and text == "*":
            return True
        if step.kind == "expect" and not is_regex(text):
            return line.startswith(unescape(self._fill_in(text)))
        match = self._pattern(text).match(line)
        if match:
            self.names.update({name: (value or b"").decode("utf-8", "replace")
                               for name, value in match.groupdict().items()})
        return bool(match)

    def _expect(self, step: Step) -> None:
        line = self._line()
        assert self._matches(step, line), f"expected {step.text!r}, got {line[:300]!r}"
        self._settle([line])

    _expect_exact = _expect

    def _expect_bulk(self, step: Step) -> None:
        count, _, text = step.text.partition(" ")
        for _ in range(int(count)):
            self._expect(Step("expect", text, step.line))

    def _optional(self, step: Step) -> None:
        try:
            line = self._line()
        except Closed:
            return
        if not self._matches(step, line):
            self.connection.buffer[:0] = line + b"\r\n"

    def _require(self, step: Step) -> None:
        self.required.append(step)

    def _forbid(self, step: Step) -> None:
        self.forbidden.append(step)

    def _until(self, step: Step) -> None:
        lines = []
        while True:
            line = self._line()
            lines.append(line)
            if self._matches(step, line):
                break
        self._settle(lines)

    def _settle(self, lines: list[bytes]) -> None:
        """Judges the S~ and S! steps before this point by the lines that came."""
        required, self.required = self.required, []
        forbidden, self.forbidden = self.forbidden, []
        for step in required:
            assert any(self._matches(step, line) for line in lines), (
                f"line {step.line}: nothing like {step.text!r} came")
        for step in forbidden:
            bad = [line for line in lines if self._matches(step, line)]
            assert not bad, f"line {step.line}: {bad[0][:200]!r} must not come"

    # The connection

    def _close(self, _: Step) -> None:
        data = self.connection.rest()
        self.trace.append("S <end>")
        assert not data, f"expected the end of the connection, got {data[:300]!r}"

    def _hangup(self, _: Step) -> None:
        """The end, before which there may be bytes of TLS but no line of text."""
        data = self.connection.rest()
        self.trace.append("S <end>")
        assert b"\r\n" not in data, f"expected the end of the connection, got {data[:300]!r}"

    def _drain(self, _: Step) -> None:
        """The end, whatever lines come before it."""
        self.connection.rest()
        self.trace.append("S <end>")

    def _eof(self, _: Step) -> None:
        self.connection.shutdown_write()

    def _starttls(self, _: Step) -> None:
        self.trace.append("-- TLS handshake")
        self.connection.start_tls()

    def _reconnect(self, step: Step) -> None:
        self.connection.close()
        self.trace.append(f"-- new connection {step.text}")
        self.connection = self.connect(step.text or self.script.service)
