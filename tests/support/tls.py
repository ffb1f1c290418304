"""Certificates of an authority that no machine trusts by itself."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Authority:
    """`certificate` is what a client must trust; `server` what a server at 127.0.0.1 shows."""

    certificate: Path
    server: ssl.SSLContext


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
