"""Hostile bytes of many kinds. After each, the same worker processes must still be there."""

from __future__ import annotations

import random

import pytest

from lib.clients import Imap, Pop3, Smtp, crlf, simple_message
from lib.connection import Connection, next_source

SERVICES = ("smtp", "lmtp", "imap", "pop3", "imaps", "pop3s")
ROLES = ("front", "login", "mx", "imap", "pop3", "core")


@pytest.fixture(autouse=True)
def nobody_dies(shared_server):
    before = {role: sorted(shared_server.role_pids(role)) for role in ROLES}
    yield
    after = {role: sorted(shared_server.role_pids(role)) for role in ROLES}
    assert after == before, "a worker died of what a client sent"


def connect(server, service: str) -> Connection:
    if service == "lmtp":
        return server.connect("lmtp")
    return server.connect(service, source=next_source())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("data", [
    b"\xff\xfe\xfd\xfc" * 64 + b"\r\n", b"\0" * 1000, b"\0\r\n" * 10, b"\r" * 5000, b"\n" * 5000,
    b"\xff\xfd\x06\xff\xfb\x01\r\n", b"\x1b[31m\r\n", b"\x80" * 9000, b"\r\n" * 3000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 509,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
], ids=["binary", "nul", "nul-lines", "cr", "lf", "telnet", "escape", "high", "empty-lines",
        "client-hello", "http2"])
def test_first_bytes(shared_server, service, data):
    connection = connect(shared_server, service)
    connection.send(data)
    connection.shutdown_write()
    connection.rest(20)
    connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_endless_line(shared_server, service):
    """Ten megabytes without a line end: the server stops listening long before."""
    connection = connect(shared_server, service)
    if service in ("imaps", "pop3s"):
        connection.start_tls()
    for _ in range(160):
        connection.send_slowly(b"x" * 65536, edge=0, chunk=65536)
        if connection.eof:
            break
    connection.shutdown_write()
    connection.rest(20)


@pytest.mark.parametrize("service", ("smtp", "lmtp", "imap", "pop3"))
def test_random_commands(shared_server, service):
    """Random lines of the protocol's own words: replies or a close, never silence or death."""
    random.seed(service)
    words = {
        "smtp": "EHLO HELO MAIL RCPT DATA RSET QUIT NOOP FROM:<a@b.example> TO:<x@example.test> "
                "SIZE=1 BODY=8BITMIME SMTPUTF8 . .. <> \\ \" [1.2.3.4]",
        "imap": "a LOGIN AUTHENTICATE PLAIN = ( ) \"x\" {3} {3+} {} * % NIL FETCH 1:* BODY[ ] "
                "CAPABILITY ID STARTTLS LOGOUT \\Seen",
        "pop3": "USER PASS STAT RETR 1 -1 TOP UIDL LIST CAPA AUTH PLAIN = DELE RSET QUIT",
    }
    vocabulary = words.get(service, words["smtp"].replace("EHLO", "LHLO")).split()
    for _ in range(150):
        connection = connect(shared_server, service)
        lines = [" ".join(random.choices(vocabulary, k=random.randrange(1, 6)))
                 for _ in range(random.randrange(1, 6))]
        connection.send("\r\n".join(lines).encode() + b"\r\n")
        connection.shutdown_write()
        connection.rest(20)
        connection.close()


def test_random_commands_after_login(shared_server, user):
    random.seed(2)
    vocabulary = ("FETCH STORE SEARCH COPY MOVE APPEND SELECT INBOX UID 1:* 1 * 0 (FLAGS) FLAGS "
                  "+FLAGS (\\Seen) BODY[] BODY[1.2.MIME] BODY[HEADER.FIELDS (X)]<0.5> ALL NOT OR "
                  "TEXT \"x\" {1} {1+} ( ) LIST \"\" % RETURN (STATUS (MESSAGES)) CREATE a/b "
                  "RENAME DELETE NIL 4294967296 IDLE DONE NOOP CHARSET UTF-8 ENABLE").split()
    setup = Imap.open(shared_server, user)
    setup.append("INBOX", simple_message("x@remote.example")).ok()
    setup.logout()
    for _ in range(60):
        client = Imap.open(shared_server, user, source=next_source())
        client.select()
        lines = ["r{} {}".format(n, " ".join(random.choices(vocabulary, k=random.randrange(1, 8))))
                 for n in range(8)]
        client.connection.send("\r\n".join(lines).encode() + b"\r\n")
        client.connection.send(b"\r\nDONE\r\nz LOGOUT\r\n")
        client.connection.reset()
    again = Imap.open(shared_server, user)
    again.command("NOOP").ok()
    again.logout()


@pytest.mark.parametrize("name", [
    "..", "../x", "a/../../b", "/", "//", "/etc/passwd", "INBOX/../x", ".", "a/./b", "~root",
    "a\\\\b", "&AC8-", "&", "&-&", "&AAA", "&2AA-", "&//8-", "x" * 1001, "/".join("d" * 255),
    "con", "a\x7f", "\u202e", "e\u0301", "\xe9",
])
def test_mailbox_names(shared_server, new_user, name):
    """V28: each name round trips or is refused, and the data directory gains no file by it."""
    user = new_user("name")
    before = {path.relative_to(shared_server.data).parts[0]
              for path in shared_server.data.rglob("*")}
    client = Imap.open(shared_server, user, source=next_source())
    data = name.encode("utf-8")
    reply = client.command(b"CREATE {%d+}\r\n%s" % (len(data), data))
    assert reply.status in ("OK", "NO", "BAD")
    if reply.status == "OK":
        client.command(b"SELECT {%d+}\r\n%s" % (len(data), data)).ok()
        client.command("CLOSE").ok()
        assert len(client.command('LIST "" *').ok()) >= 2
        client.command(b"DELETE {%d+}\r\n%s" % (len(data), data))
    client.logout()
    after = {path.relative_to(shared_server.data).parts[0]
             for path in shared_server.data.rglob("*")}
    assert after == before


def test_mailbox_name_with_nul(shared_server, user):
    client = Imap.open(shared_server, user, source=next_source())
    reply = client.command(b"CREATE {5+}\r\na\0b/c")
    assert reply.status in ("NO", "BAD")
    client.logout()


def test_list_with_stars_on_many_mailboxes(shared_server, user):
    """V27: the matcher is linear; 400 mailboxes and 200 stars answer at once."""
    import time
    client = Imap.open(shared_server, user)
    tags = [client.send(f"CREATE {'a' * 40}{n}") for n in range(400)]
    for tag in tags:
        client.finish(tag).ok()
    begin = time.monotonic()
    client.command('LIST "" "' + "*a" * 200 + '*b"').ok()
    assert time.monotonic() - begin < 1
    client.logout()


# Messages

def bombs() -> dict[str, bytes]:
    parts = "".join(f"--b\n\npart {n}\n" for n in range(10_000))
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n'
                   for n in range(1_000))
    chain = "Content-Type: message/rfc822\n\n" * 1_000
    head = "From: a@remote.example\nMIME-Version: 1.0\n"
    return {
        "10000-parts": crlf(head + "Content-Type: multipart/mixed; boundary=b\n\n" + parts
                            + "--b--\n"),
        "1000-deep": crlf(head + deep + "\ntext\n"),
        "1000-messages": crlf(head + chain + "Subject: end\n\ntext\n"),
        "header-1MB": crlf(head + "X-Big: " + "x " * 440_000 + "\n\ntext\n"),
        "header-folded": crlf(head + "X-Folded: a\n" + " bbbbbbbbbbbb\n" * 60_000 + "\ntext\n"),
        "2000-fields": crlf(head + "".join(f"X-F{n}: v\n" for n in range(2_000)) + "\ntext\n"),
        "many-addresses": crlf(head + "To: " + ",\n ".join(f"u{n}@remote.example"
                                                           for n in range(5_000)) + "\n\ntext\n"),
        "groups": crlf(head + "To: " + "g:;" * 5_000 + "\n\ntext\n"),
        "comments": crlf(head + "Subject: x\nTo: " + "(" * 20_000 + ")" * 20_000
                         + " a@b.example\n\nx\n"),
        "parameters": crlf(head + "Content-Type: text/plain"
                           + "".join(f";\n p*{n}*=utf-8''a" for n in range(3_000)) + "\n\ntext\n"),
        "encoded-words": crlf(head + "Subject: " + "=?utf-8?q?=C3=BC?= " * 5_000 + "\n\ntext\n"),
        "boundary-in-boundary": crlf(head + 'Content-Type: multipart/mixed; boundary="b"\n\n'
                                     + '--b\nContent-Type: multipart/mixed; boundary="bb"\n\n'
                                       '--bb\n\nx\n' * 300),
        "empty-header": b"\r\n\r\n\r\n",
        "no-header": b"just text\r\n",
        "only-colon": b":\r\n: x\r\nFrom\r\n\r\n",
        "base64-garbage": crlf(head + "Content-Transfer-Encoding: base64\n\n"
                               + "!@#$%=\n" * 20_000),
        "two-boundaries": crlf(head + "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n"
                               "--a\n\none\n--b\n\ntwo\n--a--\n--b--\n"),
    }


@pytest.mark.parametrize("name", bombs())
def test_message_bombs(shared_server, user, name):
    """V19, V20: accepted or refused, in bounded time; what was accepted can be read."""
    import time
    message = bombs()[name]
    begin = time.monotonic()
    client = Smtp.open(shared_server, "lmtp")
    code, text = client.send_message(message, user)[0]
    client.quit()
    assert code in (250, 552, 554), text
    assert time.monotonic() - begin < 5
    if code != 250:
        return
    reader = Imap.open(shared_server, user)
    reader.select()
    begin = time.monotonic()
    for item in ("BODYSTRUCTURE", "ENVELOPE", "BODY.PEEK[HEADER]", "BODY.PEEK[1]",
                 "BODY.PEEK[1.1.1.1]", "FULL", "RFC822.SIZE"):
        reader.command(f"FETCH 1 {item}").ok()
    body = reader.command("FETCH 1 BODY.PEEK[]").ok()[0]
    assert message[:-2] in body
    reader.command("SEARCH TEXT nowhere").ok()
    reader.command("SEARCH HEADER To nobody SUBJECT none").ok()
    assert time.monotonic() - begin < 10
    reader.logout()
    pop = Pop3.open(shared_server, user)
    pop.multiline("TOP 1 5")
    pop.quit()


def test_message_over_the_limit(make_server):
    """RFC 1870 section 6.2: a message that lied about its size is read to its end and refused."""
    server = make_server({"limits.message_size": "64 KiB"})
    user = server.add_account("big")
    client = Smtp.open(server)
    code, text = client.send_message(b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * 50_000, user)[0]
    assert code == 552 and text[0].startswith("5.3.4"), text
    client.deliver(simple_message("small@remote.example"), user)
    client.quit()
    reader = Imap.open(server, user)
    assert reader.message_ids() == ["small@remote.example"]


def test_memory_before_login(shared_server):
    """V26: connections that send as much as they may before login cost their budget, not more."""
    def memory() -> int:
        total = 0
        for role in ("front", "login"):
            for pid in shared_server.role_pids(role):
                with open(f"/proc/{pid}/status") as status:
                    total += next(int(line.split()[1]) for line in status
                                  if line.startswith("VmRSS"))
        return total
    before = memory()
    held = []
    for n in range(300):
        connection = shared_server.connect("imap")
        connection.line()
        connection.send(b"a LOGIN {8000}\r\n")
        held.append(connection)
    for connection in held:
        connection.send(b"x" * 7900)
    probe = Imap.open(shared_server)
    probe.command("NOOP").ok()
    assert memory() - before < 300 * 64, "KiB"
    for connection in held:
        connection.close()
