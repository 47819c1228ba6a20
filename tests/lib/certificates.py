"""Certificates for test servers, made by openssl: an authority and what it vouches for.

    authority = Authority(folder)
    identity = authority.issue("mx.remote.example")     # identity.context() is for a server
    "TLSA 3 1 1 " + identity.key_hash
"""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]


def _openssl(*argv: str | Path, data: bytes | None = None) -> bytes:
    return subprocess.run(["openssl", *argv], input=data, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=60).stdout


def _key_hash(certificate: Path) -> str:
    """SHA-256 of the public key, as TLSA records with selector 1 have it."""
    public = _openssl("x509", "-in", certificate, "-noout", "-pubkey")
    return hashlib.sha256(_openssl("pkey", "-pubin", "-outform", "DER", data=public)).hexdigest()


@dataclass
class Identity:
    chain: Path
    key: Path
    key_hash: str

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


class Authority:
    def __init__(self, folder: Path):
        self.folder = folder
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", *NEW_KEY, "-subj", "/CN=Test Authority", "-keyout", self.key,
                 "-out", self.certificate)
        self.key_hash = _key_hash(self.certificate)

    def issue(self, *names: str) -> Identity:
        """A certificate for these names, with the authority's own behind it."""
        chain, key = self.folder / f"{names[0]}.pem", self.folder / f"{names[0]}.key"
        _openssl("req", "-x509", *NEW_KEY, "-CA", self.certificate, "-CAkey", self.key, "-subj",
                 f"/CN={names[0]}", "-addext", "basicConstraints=critical,CA:FALSE", "-addext",
                 "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", key,
                 "-out", chain)
        made = Identity(chain, key, _key_hash(chain))
        chain.write_bytes(chain.read_bytes() + self.certificate.read_bytes())
        return made
