"""Small clients on Connection, for tests that need exact bytes, a source address or IDLE.

Each asserts the replies that it depends on, so that a test reads as the steps it makes.
"""

from __future__ import annotations

import base64
import re
import ssl

from .connection import Connection
from .server import PASSWORD, Server


def crlf(text: str | bytes) -> bytes:
    data = text.encode("utf-8") if isinstance(text, str) else text
    return re.sub(rb"\r?\n", b"\r\n", data)


def dot_stuff(message: bytes) -> bytes:
    """RFC 5321 section 4.5.2: the message as DATA sends it, with the final dot."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", message) + b".\r\n"


def simple_message(message_id: str, body: str = "text", subject: str = "test",
                   sender: str = "sender@remote.example",
                   to: str = "someone@example.test") -> bytes:
    return crlf(f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{message_id}>\n"
                f"Date: Mon, 6 Oct 2025 10:00:00 +0000\n\n{body}\n")


class Smtp:
    """SMTP or LMTP."""

    def __init__(self, connection: Connection, lmtp: bool = False):
        self.connection = connection
        self.lmtp = lmtp
        self.greeting = self.reply()
        assert self.greeting[0] == 220, self.greeting

    @classmethod
    def open(cls, server: Server, service: str = "smtp", source: str | None = None,
             hello: bool = True) -> Smtp:
        options = {"source": source} if source else {}
        client = cls(server.connect(service, **options), service == "lmtp")
        if hello:
            client.hello()
        return client

    def hello(self, name: str = "client.test") -> list[str]:
        code, lines = self.command(("LHLO " if self.lmtp else "EHLO ") + name)
        assert code == 250, lines
        return lines

    def reply(self) -> tuple[int, list[str]]:
        lines = []
        while True:
            line = self.connection.line().decode("utf-8", "replace")
            assert re.match(r"[2-5]\d\d[ -]", line + " "), f"not a reply: {line!r}"
            lines.append(line[4:])
            if line[3:4] != "-":
                return int(line[:3]), lines

    def command(self, line: str | bytes) -> tuple[int, list[str]]:
        data = line.encode("utf-8") if isinstance(line, str) else line
        self.connection.send(data + b"\r\n")
        return self.reply()

    def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        assert self.command("STARTTLS")[0] == 220
        self.connection.start_tls(context)

    def send_message(self, message: bytes, to: str | list[str],
                     sender: str = "sender@remote.example") -> list[tuple[int, list[str]]]:
        """One transaction; the replies after the final dot (LMTP: one a recipient)."""
        recipients = [to] if isinstance(to, str) else to
        code, text = self.command(f"MAIL FROM:<{sender}>")
        assert code == 250, text
        for recipient in recipients:
            code, text = self.command(f"RCPT TO:<{recipient}>")
            assert code == 250, text
        code, text = self.command("DATA")
        assert code == 354, text
        self.connection.send(dot_stuff(message))
        return [self.reply() for _ in (recipients if self.lmtp else [1])]

    def deliver(self, message: bytes, to: str | list[str]) -> None:
        for code, text in self.send_message(message, to):
            assert code == 250, text

    def quit(self) -> None:
        self.command("QUIT")
        self.connection.close()


class ImapReply(list):
    """The untagged responses of a command (bytes, literals inline) and its tagged line."""

    tagged: bytes = b""

    @property
    def status(self) -> str:
        return self.tagged.split(b" ", 2)[1].decode()

    def ok(self) -> ImapReply:
        assert self.status == "OK", (self.tagged, list(self)[-3:])
        return self

    def starting(self, prefix: str) -> list[bytes]:
        return [item for item in self if item.upper().startswith(prefix.upper().encode())]


class Imap:
    def __init__(self, connection: Connection):
        self.connection = connection
        self.number = 0
        self.greeting = connection.line()
        assert self.greeting.startswith(b"* OK"), self.greeting

    @classmethod
    def open(cls, server: Server, user: str | None = None, password: str = PASSWORD,
             service: str = "imaps", source: str | None = None) -> Imap:
        options = {"source": source} if source else {}
        connection = server.connect(service, **options)
        if service == "imaps":
            connection.start_tls()
        client = cls(connection)
        if user is not None:
            client.command(f'LOGIN "{user}" "{password}"').ok()
        return client

    def tag(self) -> bytes:
        self.number += 1
        return b"t%d" % self.number

    def response(self) -> bytes:
        """One response, its literals included."""
        whole = b""
        while True:
            line = self.connection.line()
            whole += line
            literal = re.search(rb"\{(\d+)\}$", line)
            if not literal:
                return whole
            whole += b"\r\n" + self.connection.exactly(int(literal.group(1)))

    def finish(self, tag: bytes) -> ImapReply:
        reply = ImapReply()
        while True:
            item = self.response()
            if item.startswith(tag + b" "):
                reply.tagged = item
                return reply
            reply.append(item)

    def send(self, line: str | bytes) -> bytes:
        data = line.encode("utf-8") if isinstance(line, str) else line
        tag = self.tag()
        self.connection.send(tag + b" " + data + b"\r\n")
        return tag

    def command(self, line: str | bytes) -> ImapReply:
        return self.finish(self.send(line))

    def append(self, mailbox: str, message: bytes, flags: str = "") -> ImapReply:
        space = f"{flags} " if flags else ""
        head = f"APPEND {mailbox} {space}{{{len(message)}+}}\r\n".encode()
        return self.command(head + message)

    def authenticate_plain(self, user: str, password: str, authzid: str = "") -> ImapReply:
        token = base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()
        return self.command(f"AUTHENTICATE PLAIN {token}")

    def select(self, mailbox: str = "INBOX") -> int:
        """Selects, and returns the number of messages."""
        reply = self.command(f"SELECT {mailbox}").ok()
        return next(int(item.split()[1]) for item in reply if item.endswith(b" EXISTS"))

    def idle(self) -> bytes:
        tag = self.send("IDLE")
        line = self.connection.line()
        assert line.startswith(b"+"), line
        return tag

    def done(self, tag: bytes) -> ImapReply:
        self.connection.send(b"DONE\r\n")
        return self.finish(tag)

    def message_ids(self, mailbox: str = "INBOX") -> list[str]:
        """The Message-ID of every message of the mailbox, in order."""
        if self.select(mailbox) == 0:
            return []
        reply = self.command("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])").ok()
        found = (re.search(rb"(?i)message-id:\s*<([^>]*)>", item) for item in reply)
        return [match.group(1).decode() for match in found if match]

    def logout(self) -> None:
        self.command("LOGOUT")
        self.connection.close()


class Pop3:
    def __init__(self, connection: Connection):
        self.connection = connection
        self.greeting = connection.line()
        assert self.greeting.startswith(b"+OK"), self.greeting

    @classmethod
    def open(cls, server: Server, user: str | None = None, password: str = PASSWORD,
             service: str = "pop3s", source: str | None = None) -> Pop3:
        options = {"source": source} if source else {}
        connection = server.connect(service, **options)
        if service == "pop3s":
            connection.start_tls()
        client = cls(connection)
        if user is not None:
            client.ok(f"USER {user}")
            client.ok(f"PASS {password}")
        return client

    def command(self, line: str) -> bytes:
        self.connection.send(line.encode() + b"\r\n")
        return self.connection.line()

    def ok(self, line: str) -> bytes:
        reply = self.command(line)
        assert reply.startswith(b"+OK"), (line, reply)
        return reply

    def multiline(self, line: str) -> bytes:
        """The body of a multi-line reply, dots removed."""
        self.ok(line)
        lines = []
        while (item := self.connection.line()) != b".":
            lines.append(item[1:] if item.startswith(b".") else item)
        return b"".join(item + b"\r\n" for item in lines)

    def quit(self) -> None:
        self.ok("QUIT")
        self.connection.close()
