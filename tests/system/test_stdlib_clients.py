"""The mail clients of Python's library: smtplib, imaplib and poplib."""

from __future__ import annotations

import email
import imaplib
import poplib
import smtplib
from email.message import EmailMessage

from lib.clients import simple_message
from lib.connection import client_context
from lib.server import HOSTNAME, PASSWORD


def test_smtplib_starttls(shared_server, user):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@remote.example", user, "smtplib"
    message.set_content("Grüße\n.dot\n")
    with smtplib.SMTP("127.0.0.1", shared_server.port("smtp"), timeout=20) as smtp:
        smtp.starttls(context=client_context())
        assert smtp.send_message(message) == {}

    pop = poplib.POP3_SSL("127.0.0.1", shared_server.port("pop3s"), context=client_context(),
                          timeout=20)
    pop.user(user)
    pop.pass_(PASSWORD)
    _, lines, _ = pop.retr(1)
    pop.quit()
    read = email.message_from_bytes(b"\n".join(lines) + b"\n", policy=email.policy.default)
    assert read["Subject"] == "smtplib"
    assert read.get_content() == "Grüße\n.dot\n"


def test_smtplib_refusals(shared_server, user):
    with smtplib.SMTP("127.0.0.1", shared_server.port("smtp"), timeout=20) as smtp:
        refused = smtp.sendmail("a@remote.example", [user, "nobody-here@example.test"],
                                b"Subject: x\r\n\r\n")
    assert refused["nobody-here@example.test"][0] == 550


def test_lmtplib(shared_server, user):
    with smtplib.LMTP(shared_server.lmtp_path) as lmtp:
        lmtp.sendmail("a@remote.example", [user], simple_message("lmtplib@remote.example"))


def test_smtputf8(shared_server, user):
    with smtplib.SMTP("127.0.0.1", shared_server.port("smtp"), timeout=20) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("smtputf8")
        smtp.sendmail("josé@exämple.example", [user], "Subject: ü\r\n\r\n".encode(),
                      mail_options=["SMTPUTF8", "BODY=8BITMIME"])


def test_imaplib(shared_server, user):
    with imaplib.IMAP4("127.0.0.1", shared_server.port("imap"), timeout=20) as imap:
        assert "STARTTLS" in imap.capabilities
        imap.starttls(client_context())
        imap.login(user, PASSWORD)
        assert imap.create("Work")[0] == "OK"
        status, _ = imap.append("Work", r"(\Seen)", None, simple_message("lib-1@remote.example"))
        assert status == "OK"
        assert imap.select("Work") == ("OK", [b"1"])
        assert imap.search(None, "SEEN") == ("OK", [b"1"])
        status, data = imap.fetch("1", "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        assert status == "OK" and b"lib-1@remote.example" in data[0][1]
        assert imap.uid("STORE", "1", "+FLAGS", r"(\Deleted)")[0] == "OK"
        assert imap.expunge() == ("OK", [b"1"])
        assert imap.namespace()[0] == "OK"
        assert imap.unselect()[0] == "OK"


def test_imaplib_authenticate(shared_server, user):
    with imaplib.IMAP4_SSL("127.0.0.1", shared_server.port("imaps"), timeout=20,
                           ssl_context=client_context()) as imap:
        token = f"\0{user}\0{PASSWORD}".encode()
        assert imap.authenticate("PLAIN", lambda _: token)[0] == "OK"


def test_poplib_stls_and_utf8(shared_server, user):
    pop = poplib.POP3("127.0.0.1", shared_server.port("pop3"), timeout=20)
    assert "STLS" in pop.capa()
    pop.stls(client_context())
    pop.user(user)
    pop.pass_(PASSWORD)
    assert pop.stat() == (0, 0)
    assert pop.uidl()[1] == []
    pop.quit()


def test_certificate_of_init_names_the_host(shared_server):
    """The self-signed certificate of `init` is valid for the configured host name."""
    import tomllib
    config = tomllib.loads(shared_server.config.read_text())
    chain = config["tls"]["certificates"][0]["chain"]
    path = shared_server.data / chain
    connection = shared_server.connect("imaps")
    connection.start_tls(client_context(verify=True, cafile=str(path)), HOSTNAME)
    assert connection.line().startswith(b"* OK")
    connection.close()
