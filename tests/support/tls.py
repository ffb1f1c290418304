"""Certificates of an authority that no machine trusts by itself."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Authority:
    """`certificate` is what a client must trust; `server` what a server at 127.0.0.1 shows."""

    certificate: Path
    server: ssl.SSLContext

    @property
    def client(self) -> Path:
        """What a client shows: a certificate, then its key."""
        return self._pem("cert.pem", "key.pem")

    @property
    def client_key_first(self) -> Path:
        """The same the other way round."""
        return self._pem("key.pem", "cert.pem")

    def _pem(self, *parts: str) -> Path:
        folder = self.certificate.parent
        path = folder / f"client-{parts[0]}"
        path.write_text("".join((folder / part).read_text() for part in parts))
        return path

    @contextmanager
    def demanding_certificates(self) -> Iterator[None]:
        """Who shows no certificate of the authority is turned away."""
        self.server.load_verify_locations(self.certificate)
        self.server.verify_mode = ssl.CERT_REQUIRED
        yield
        self.server.verify_mode = ssl.CERT_NONE


def make_authority(folder: Path) -> Authority:
    """An authority and a certificate for 127.0.0.1, both for two days."""
    folder.mkdir(parents=True)
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(
        folder, "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
        "-subj", "/CN=tests", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    _openssl(folder, "req", *_KEY, "-keyout", "key.pem", "-out", "csr", "-subj", "/CN=127.0.0.1")
    _openssl(
        folder, "x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-extfile", "san", "-out", "cert.pem", "-days", "2",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Authority(folder / "ca.pem", context)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
