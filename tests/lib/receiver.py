"""Another mail server, to which the one under test sends: aiosmtpd in this process."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller

from lib.dns import free_port


@dataclass
class Received:
    sender: str
    recipients: list[str]
    content: bytes
    helo: str
    tls: bool
    peer: str


@dataclass
class Receiver:
    """Takes every message, but answers recipients as `answers` says: local part → replies, one an
    attempt, the last for good. Use start() and stop()."""

    address: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    answers: dict[str, list[str]] = field(default_factory=dict)
    messages: list[Received] = field(default_factory=list)

    def start(self) -> Receiver:
        self.arrived = threading.Condition()
        self.port = self.port or free_port()
        self.controller = Controller(self, hostname=self.address, port=self.port,
                                     tls_context=self.tls)
        self.controller.start()
        return self

    def stop(self) -> None:
        self.controller.stop()

    def wait_for(self, count: int, timeout: float = 30) -> list[Received]:
        """The messages, once there are `count`."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, timeout), (
                f"{len(self.messages)} of {count} messages arrived")
            return list(self.messages)

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        replies = self.answers.get(address.partition("@")[0])
        if replies:
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if not reply.startswith("250"):
                return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            self.messages.append(Received(
                sender=envelope.mail_from, recipients=list(envelope.rcpt_tos),
                content=envelope.content, helo=session.host_name, tls=session.ssl is not None,
                peer=session.peer[0]))
            self.arrived.notify_all()
        return "250 2.0.0 taken"
