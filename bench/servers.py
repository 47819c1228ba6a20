"""The servers that are measured, each in a folder and a control group of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from measure import Group

BINARY = Path(__file__).resolve().parents[1] / "build/release/peregrine"
ACCOUNT = "bench@example.test"
PASSWORD = "bench-password"


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class Peregrine:
    name = "Peregrine"
    smtp, imap, imaps = 25025, 25143, 25993

    def __init__(self):
        self.make()
        self.set("auth", "allow_plaintext_loopback = true")
        self.command("account", "add", ACCOUNT, "--password-stdin", input=PASSWORD)
        self.serve()

    def make(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-peregrine-"))
        self.config = self.folder / "peregrine.toml"
        self.group = Group("peregrine")
        self.command("init", "--data", str(self.folder / "data"), "--domain", "example.test",
                     "--hostname", "mx.example.test", "--listen", "127.0.0.1", "--port-offset",
                     "25000")

    def serve(self) -> None:
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", self.config], stdout=subprocess.PIPE,
            stderr=open(self.folder / "log", "wb"), preexec_fn=self.group.enter)
        if self.process.stdout.readline().strip() != b"ready":
            raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def set(self, section: str, *lines: str) -> None:
        """Adds lines to a section of the configuration."""
        text, head, more = self.config.read_text(), f"[{section}]\n", "\n".join(lines) + "\n"
        if head in text:
            text = text.replace(head, head + more, 1)
        else:
            text += f"\n{head}{more}"
        self.config.write_text(text)

    def command(self, *arguments: str, input: str | None = None) -> None:
        subprocess.run([BINARY, "--config", self.config, *arguments], check=True, text=True,
                       input=input, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.group.remove()
        shutil.rmtree(self.folder)


DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
default_internal_user = dovecot
default_login_user = dovenull
default_client_limit = 20000
default_process_limit = 12000
default_vsz_limit = 2G
auth_cache_size = 10M
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
mail_max_userip_connections = 20000
passdb {{
  driver = passwd-file
  args = scheme=ARGON2ID {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  client_limit = 20000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 12000
}}
service lmtp {{
  process_min_avail = 2
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
"""

POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/lib
mail_owner = postfix
myhostname = mx.example.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
maillog_file = {folder}/postfix.log
maillog_file_prefixes = /tmp
"""

TO_DOVECOT = """
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:yes
virtual_transport = lmtp:unix:{folder}/lmtp
virtual_destination_recipient_limit = 1
"""


class PostfixDovecot:
    name = "Postfix → Dovecot"
    smtp, imap, imaps = 26025, 26143, 26993

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bench-peer-"))
        os.chmod(self.folder, 0o755)
        self.group = Group("peer")
        self.start_dovecot()
        self.start_postfix(TO_DOVECOT.format(folder=self.folder))
        wait_for_port(self.imap)
        wait_for_port(self.smtp)

    def start_dovecot(self) -> None:
        import pwd
        user = pwd.getpwnam("nobody")
        folder = self.folder
        (folder / "mail").mkdir()
        os.chown(folder / "mail", user.pw_uid, user.pw_gid)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=mx.example.test", "-keyout", folder / "key.pem", "-out",
                        folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        # The cost of Peregrine's default: 64 MiB, three passes.
        digest = subprocess.run(["doveadm", "-c", "/dev/null", "pw", "-s", "ARGON2ID", "-p",
                                 PASSWORD], capture_output=True, text=True).stdout.strip()
        (folder / "users").write_text(f"{ACCOUNT}:{digest}\n")
        (folder / "dovecot.conf").write_text(DOVECOT.format(
            folder=folder, uid=user.pw_uid, gid=user.pw_gid, imap=self.imap, imaps=self.imaps))
        subprocess.run(["dovecot", "-c", folder / "dovecot.conf"], check=True,
                       preexec_fn=self.group.enter)

    def start_postfix(self, job: str) -> None:
        """`job`: what it does with mail, in the language of main.cf."""
        folder = self.folder / "postfix"
        folder.mkdir()
        for name in ("spool", "lib"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "lib", "postfix")
        (folder / "main.cf").write_text(POSTFIX.format(folder=self.folder) + job)
        master = Path("/usr/share/postfix/master.cf.dist").read_text()
        lines = [line for line in master.splitlines() if not line.startswith("smtp ")]
        lines = [line.replace("  y  ", "  n  ") for line in lines]
        lines.append(f"127.0.0.1:{self.smtp} inet n - n - - smtpd")
        lines.append("smtp unix - - n - - smtp")
        (folder / "master.cf").write_text("\n".join(lines) + "\n")
        subprocess.run(["postfix", "-c", folder, "start"], check=True, preexec_fn=self.group.enter,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run(["postfix", "-c", self.folder / "postfix", "stop"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if (self.folder / "dovecot.conf").exists():
            subprocess.run(["doveadm", "-c", self.folder / "dovecot.conf", "stop"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        self.group.kill()
        self.group.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
