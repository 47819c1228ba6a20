"""A client of SCRAM (RFC 5802, RFC 7677), as far as a test needs one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import ssl


def end_point(sock: ssl.SSLSocket) -> bytes:
    """The tls-server-end-point channel binding (RFC 5929) of a certificate signed with SHA-256."""
    return hashlib.sha256(sock.getpeercert(binary_form=True)).digest()


class Scram:
    """One exchange: first(), then final() of the server's first message, then verify()."""

    def __init__(self, user: str, password: str, mechanism: str = "SCRAM-SHA-256",
                 binding: tuple[str, bytes] | None = None, flag: str = "n", authzid: str = ""):
        self.hash = "sha1" if "SHA-1" in mechanism and "SHA-256" not in mechanism else "sha256"
        name, self.data = binding or ("", b"")
        flag = f"p={name}" if binding else flag
        authzid = f"a={self.escape(authzid)}" if authzid else ""
        self.header = f"{flag},{authzid},"
        self.password = password
        self.bare = f"n={self.escape(user)},r={secrets.token_hex(12)}"
        self.salt, self.iterations = b"", 0

    @staticmethod
    def escape(name: str) -> str:
        return name.replace("=", "=3D").replace(",", "=2C")

    def first(self) -> bytes:
        return (self.header + self.bare).encode()

    def _mac(self, key: bytes, text: bytes) -> bytes:
        return hmac.digest(key, text, self.hash)

    def final(self, server_first: bytes) -> bytes:
        fields = dict(field.split("=", 1) for field in server_first.decode().split(","))
        nonce = self.bare.rpartition(",r=")[2]
        assert fields["r"].startswith(nonce) and len(fields["r"]) > len(nonce)
        self.salt, self.iterations = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac(self.hash, self.password.encode(), self.salt, self.iterations)
        client_key = self._mac(salted, b"Client Key")
        stored_key = hashlib.new(self.hash, client_key).digest()
        bound = base64.b64encode(self.header.encode() + self.data).decode()
        without = f"c={bound},r={fields['r']}"
        message = f"{self.bare},{server_first.decode()},{without}".encode()
        signature = self._mac(stored_key, message)
        proof = bytes(one ^ other for one, other in zip(client_key, signature))
        self.expected = self._mac(self._mac(salted, b"Server Key"), message)
        return f"{without},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, server_final: bytes) -> bool:
        return server_final == b"v=" + base64.b64encode(self.expected)
