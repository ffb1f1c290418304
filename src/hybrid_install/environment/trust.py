"""Whom to believe at each source: Poetry's `certificates.*`, in the form that uv takes.

Mirrors `Authenticator.request` (poetry/utils/authenticator.py): requests verifies by certifi's
authorities, or by those that `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE` names, or by the source's
own. uv knows one bundle for a whole call: here it is the union. A relative path is relative to the
working directory, wherever the setting stands: neither Poetry nor requests make anything of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hybrid_install.core.model import Index
from hybrid_install.errors import ProjectError
from hybrid_install.poetry_config import Certificates, PoetryConfig
from hybrid_install.regular import read_text

if TYPE_CHECKING:
    from hybrid_install.core.uv_config import Trust

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trust_of(
    indexes: Iterable[Index],
    used: Collection[Index],
    config: PoetryConfig,
    working_dir: Path,
    environ: Mapping[str, str],
) -> Trust:
    """Read the sources' certificates; `ProjectError` where one that is `used` cannot be read."""
    from hybrid_install.core.uv_config import Trust

    configured = [
        (index, config.certificates(index.name))
        for index in indexes
        if not index.is_default and (index in used or _is_readable(index, config, working_dir))
    ]
    client = _client(indexes, config, working_dir)
    return Trust(
        bundle=_bundle(configured, working_dir, environ),
        client=str(client.absolute()) if client else None,
        insecure_hosts=tuple(
            dict.fromkeys(_host(index) for index, each in configured if not each.verify)
        ),
    )


def refused_clients(
    indexes: Iterable[Index], config: PoetryConfig, working_dir: Path
) -> frozenset[str]:
    """The sources whose client certificate uv cannot be given: it takes one, of one form."""
    given = _client(indexes, config, working_dir)
    return frozenset(
        index.name
        for index in indexes
        if not index.is_default
        if (client := config.certificates(index.name).client) and working_dir / client != given
    )


def _client(indexes: Iterable[Index], config: PoetryConfig, working_dir: Path) -> Path | None:
    clients = (config.certificates(each.name).client for each in indexes if not each.is_default)
    paths = (working_dir / client for client in clients if client)
    return next((path for path in paths if _begins_with_certificate(path)), None)


def _is_readable(index: Index, config: PoetryConfig, working_dir: Path) -> bool:
    authority = config.certificates(index.name).authority
    return authority is None or (working_dir / authority).exists()


def _host(index: Index) -> str:
    return urlsplit(index.url or "").netloc.rpartition("@")[2]


def _begins_with_certificate(path: Path) -> bool:
    """What uv asks for: the certificate before the key. To requests the order is all the same."""
    text = _read(path) if path.is_file() else ""
    certificate, key = text.find("-BEGIN CERTIFICATE-"), text.find("PRIVATE KEY-")
    return 0 <= certificate < key


def _bundle(
    configured: Iterable[tuple[Index, Certificates]],
    working_dir: Path,
    environ: Mapping[str, str],
) -> str | None:
    """The authorities of the sources beside those of everybody, None where no source has any.

    Where only requests' own variables name a bundle, it is uv's too.
    """
    own = [
        _authorities(working_dir / certificates.authority)
        for _, certificates in configured
        if certificates.authority
    ]
    named = next((environ[name] for name in _BUNDLES if environ.get(name)), None)
    if not own and (named is None or environ.get("SSL_CERT_FILE")):
        return None
    return "\n".join([_authorities(working_dir / named) if named else _everybodys(), *own])


def _authorities(path: Path) -> str:
    """A bundle, or all that a folder of certificates holds."""
    if path.is_dir():
        return "\n".join(_read(each) for each in sorted(path.iterdir()) if each.is_file())
    return _read(path)


def _everybodys() -> str:
    import certifi

    return certifi.contents()


def _read(path: Path) -> str:
    try:
        return read_text(path, "replace")
    except OSError as error:
        raise ProjectError(
            f"the certificate {path} cannot be read: {error.strerror}",
            hint="Poetry's `certificates.*` settings, or REQUESTS_CA_BUNDLE, name it",
        ) from None
