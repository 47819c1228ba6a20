"""Real mail servers that take what the one under test sends: Postfix, Exim and Postfix's smtp-sink.

    with Exim() as peer:               # skips the test where it is not installed
        …                              # mail to 127.0.0.1, peer.port
        (content,) = peer.wait_for("a@remote.example")

Each takes mail for every address, in a temporary folder, on a free port of 127.0.0.1. Postfix needs
its package, Exim what tools/unpack-packages leaves in build/peers; both need root. These two refuse
the local part "gone", and hand mail for example.test, where their notifications go, and for
back.example to port `home` of 127.0.0.1, which is set before they start.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from .dns import free_port
from .server import ROOT, _alive, wait_until

NOBODY = 65534
EXIM = ROOT / "build/peers/usr/sbin/exim4"
EXIM_USER = 4210


class Peer:
    """What the three have in common; `start` of each sets `pid`."""

    #: The header lines that name the recipients of a stored message.
    recipient_fields: bytes = b""

    def __init__(self, settings: str = ""):
        """`settings`: lines of the peer's own configuration, beside those here."""
        self.settings = settings
        self.home = 0
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pg-peer-"))
        self.mail = self.folder / "mail"
        self.pid = 0
        os.chmod(self.folder, 0o755)
        self.mail.mkdir()

    def __enter__(self):
        try:
            self.start()
            wait_until(self._answers, f"{type(self).__name__} answers", timeout=20)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        if self.pid > 0 and _alive(self.pid):
            os.kill(self.pid, signal.SIGTERM)
            wait_until(lambda: not _alive(self.pid), f"{type(self).__name__} ends")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                return probe.recv(4) == b"220 "
        except OSError:
            return False

    def stored(self) -> list[bytes]:
        """The messages that are complete on disk, as files."""
        return [path.read_bytes() for path in sorted(self.mail.glob("new/*"))]

    def received(self, recipient: str) -> list[bytes]:
        """What came for `recipient`, with CRLF at the ends of lines."""
        address = re.compile(rb"(?<![^\s,<])" + re.escape(recipient.encode()) + rb"(?![^\s,>])")
        found = []
        for content in self.stored():
            head = content.partition(b"\n\n")[0]
            fields = re.findall(rb"(?m)^(?:" + self.recipient_fields + rb"): (.*(?:\n[ \t].*)*)",
                                head)
            found += [content.replace(b"\n", b"\r\n") for value in fields if address.search(value)]
        return found

    def wait_for(self, recipient: str, count: int = 1) -> list[bytes]:
        return wait_until(
            lambda: found if len(found := self.received(recipient)) >= count else None,
            f"{count} messages for {recipient} at {type(self).__name__}", timeout=60)

    def log_text(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("log/*"))


POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/lib
mail_owner = postfix
myhostname = postfix.example
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:box/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
virtual_minimum_uid = 1
alias_maps =
alias_database =
transport_maps = inline:{{ example.test=relay:[127.0.0.1]:{home}
    back.example=relay:[127.0.0.1]:{home} }}
smtpd_recipient_restrictions = check_recipient_access
    inline:{{ {{ gone@ = 550 5.1.1 nobody of that name }} }}, permit
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log/mail
maillog_file_prefixes = {folder}
{settings}
"""


class Postfix(Peer):
    recipient_fields = b"X-Original-To"

    def start(self) -> None:
        if not shutil.which("postfix") or os.geteuid() != 0:
            pytest.skip("needs Postfix and root")
        for name in ("conf", "spool", "lib", "log"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "lib", "postfix")
        os.chown(self.mail, NOBODY, NOBODY)
        conf = self.folder / "conf"
        (conf / "main.cf").write_text(POSTFIX.format(
            folder=self.folder, user=NOBODY, home=self.home, settings=self.settings))
        services = Path("/usr/share/postfix/master.cf.dist").read_text().splitlines()
        lines = [line.replace("  y  ", "  n  ") for line in services
                 if not line.startswith("smtp ")]
        lines.append(f"127.0.0.1:{self.port} inet n - n - - smtpd")
        (conf / "master.cf").write_text("\n".join(lines) + "\n")
        done = subprocess.run(["postfix", "-c", conf, "start"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0, self.log_text()
        self.pid = int((self.folder / "spool/pid/master.pid").read_text())

    def stored(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.mail.glob("box/new/*"))]


EXIM_CONF = """
exim_path = {exim}
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
keep_environment =
primary_hostname = exim.example
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
chunking_advertise_hosts = *
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
{settings}
begin acl
rcpt:
  deny
    local_parts = gone
    message = 550 5.1.1 nobody of that name
  accept
begin routers
home:
  driver = manualroute
  domains = example.test : back.example
  route_list = * 127.0.0.1
  self = send
  transport = home
box:
  driver = accept
  transport = box
begin transports
home:
  driver = smtp
  port = {home}
box:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  batch_max = 100
  envelope_to_add
  user = Debian-exim
  group = Debian-exim
"""


class Exim(Peer):
    """Debian's Exim insists on the user Debian-exim, which a mount namespace gives it."""

    recipient_fields = b"Envelope-to"

    def start(self) -> None:
        if not EXIM.exists() or os.geteuid() != 0:
            pytest.skip("needs tools/unpack-packages and root")
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
        for name in ("spool", "log", "mail"):
            os.chown(self.folder / name, EXIM_USER, EXIM_USER)
        users = f"Debian-exim:x:{EXIM_USER}:{EXIM_USER}::/nonexistent:/usr/sbin/nologin\n"
        for name, line in (("passwd", users), ("group", f"Debian-exim:x:{EXIM_USER}:\n")):
            (self.folder / name).write_text(Path("/etc", name).read_text() + line)
        (self.folder / "conf").write_text(EXIM_CONF.format(
            exim=EXIM, folder=self.folder, port=self.port, home=self.home, settings=self.settings))
        inside = ("mount --bind passwd /etc/passwd && mount --bind group /etc/group && "
                  f"exec {EXIM} -C {self.folder}/conf -bdf")
        with open(self.folder / "log/start", "wb") as log:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", inside], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.pid = self.process.pid

    def stop(self) -> None:
        super().stop()
        if self.pid > 0:
            self.process.wait(20)


class SmtpSink(Peer):
    """It writes a file for each transaction, and offers neither SIZE nor CHUNKING."""

    recipient_fields = b"X-Rcpt-Args"

    def start(self) -> None:
        if not shutil.which("smtp-sink") or os.geteuid() != 0:
            pytest.skip("needs Postfix and root")
        os.chown(self.mail, NOBODY, NOBODY)
        self.process = subprocess.Popen(
            ["smtp-sink", "-u", "nobody", "-d", "m.", f"127.0.0.1:{self.port}", "100"],
            cwd=self.mail, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid

    def stop(self) -> None:
        super().stop()
        if self.pid > 0:
            self.process.wait(20)

    def stored(self) -> list[bytes]:
        # An empty line marks the end of what is complete.
        files = [path.read_bytes() for path in sorted(self.mail.glob("m.*"))]
        return [content[:-1] for content in files if content.endswith(b"\n\n")]
