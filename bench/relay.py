"""Mail that leaves: for an alias that leads elsewhere, taken, queued and sent on to smtp-sink.

Peregrine relays for nobody, so each server has the same alias: mail for relay@example.test goes to
sink@remote.test, and remote.test is routed to the sink.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from measure import Group
from servers import Peregrine, PostfixDovecot, wait_for_port

ROOT = Path(__file__).resolve().parents[1]
ALIAS, ELSEWHERE = "relay@example.test", "sink@remote.test"


class Sink:
    """smtp-sink, which takes everything or puts every recipient off; counts what it took."""

    port = 28025

    def __init__(self, refuse: bool = False):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["smtp-sink", "-c", *(["-r", "rcpt"] if refuse else []), "-u", "nobody", "-m", "1000",
             f"127.0.0.1:{self.port}", "1000"], stdout=self.output)
        wait_for_port(self.port)

    def counter(self, name: str) -> int:
        """`sess`, `quit` or `mesg`: of all so far."""
        self.output.seek(max(0, self.output.seek(0, os.SEEK_END) - 200))
        found = re.findall(rf"{name}=(\d+)".encode(), self.output.read())
        return int(found[-1]) if found else 0

    def wait_for(self, name: str, count: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.counter(name) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name}={self.counter(name)} of {count} at the sink")
            time.sleep(0.01)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.output.close()


class PeregrineRelay(Peregrine):
    def __init__(self):
        self.prepare()
        self.serve()

    def prepare(self) -> None:
        self.make()
        self.set("outbound", "allow_loopback = true",
                 f'routes = ["* smtp://[127.0.0.1]:{Sink.port}"]')
        self.command("alias", "add", ALIAS, ELSEWHERE)


class PeregrineQueue(PeregrineRelay):
    """With messages in its queue when it starts: fill(), serve(), end(), as often as wanted."""

    program = ROOT / "build/release/src/queue/queue_fill"

    def __init__(self):
        pass

    def fill(self, count: int) -> None:
        self.prepare()
        subprocess.run([self.program, self.folder / "data/store", str(count)], check=True)

    def wait_for_attempt(self, seconds: float) -> None:
        """Until its log tells of the first recipient that was put off."""
        deadline = time.monotonic() + seconds
        while b" courier.deferred " not in (self.folder / "log").read_bytes():
            if time.monotonic() > deadline:
                raise TimeoutError("no attempt")
            time.sleep(0.01)

    def end(self) -> None:
        super().stop()

    def stop(self) -> None:
        pass


TO_SINK = f"""
virtual_alias_domains = example.test
virtual_alias_maps = static:{ELSEWHERE}
default_transport = smtp:[127.0.0.1]:{Sink.port}
"""


class PostfixRelay(PostfixDovecot):
    name = "Postfix"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bench-postfix-"))
        os.chmod(self.folder, 0o755)
        self.group = Group("postfix")
        self.start_postfix(TO_SINK)
        wait_for_port(self.smtp)


EXIM = """
exim_path = {exim}
exim_user = Debian-exim
exim_group = Debian-exim
primary_hostname = mx.example.test
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/pid
daemon_smtp_ports = {smtp}
local_interfaces = 127.0.0.1
domainlist mine = example.test
acl_smtp_rcpt = acl
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
smtp_reserve_hosts = 127.0.0.1
begin acl
acl:
  accept domains = +mine
  deny
begin routers
alias:
  driver = redirect
  domains = +mine
  data = {elsewhere}
away:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = {sink}
begin retry
* * F,2h,15m
"""


class Exim:
    name = "Exim"
    smtp = 27025
    program = ROOT / "build/peers/usr/sbin/exim4"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bench-exim-"))
        os.chmod(self.folder, 0o755)
        self.group = Group("exim")
        user = 65500
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, user, user)
        config = self.folder / "exim.conf"
        config.write_text(EXIM.format(exim=self.program, folder=self.folder, smtp=self.smtp,
                                      elsewhere=ELSEWHERE, sink=Sink.port))
        # Its user is made in a mount namespace, for these processes alone.
        for name, line in (("passwd", f"Debian-exim:x:{user}:{user}::/:/bin/false"),
                           ("group", f"Debian-exim:x:{user}:")):
            (self.folder / name).write_text(Path(f"/etc/{name}").read_text() + line + "\n")
        script = (f"mount --bind {self.folder}/passwd /etc/passwd; "
                  f"mount --bind {self.folder}/group /etc/group; "
                  f"exec {self.program} -C {config} -bd -q1m")
        subprocess.run(["unshare", "-m", "sh", "-c", script], check=True,
                       preexec_fn=self.group.enter)
        wait_for_port(self.smtp)

    def stop(self) -> None:
        self.group.kill()
        time.sleep(0.5)
        self.group.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


RELAYS = (PeregrineRelay, PostfixRelay, Exim)
