"""The package index on 127.0.0.1: a folder of wheels, as far away as one likes.

It speaks the simple API in HTML (PEP 503) and JSON (PEP 691) with hashes and metadata files
(PEP 658), keeps connections open, and lets its answers be kept as long as a big public index does.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html; charset=utf-8"
_KEPT_FOR_EVER = "max-age=365000000, immutable, public"
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Offer:
    """A file, and what pages say of it. Without a `path` it is on the page alone."""

    name: str
    sha256: str
    path: Path | None = None
    metadata: bytes = b""
    requires_python: str = ""

    @classmethod
    def of(cls, path: Path) -> Offer:
        """Read what there is to be read."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with zipfile.ZipFile(path) as wheel:
            name = next(each for each in wheel.namelist() if _IS_METADATA.fullmatch(each))
            metadata = wheel.read(name)
        python = re.search(rb"^Requires-Python: *(.+?)\r?$", metadata, re.MULTILINE)
        said = python[1].decode() if python else ""
        return cls(path.name, digest, path, metadata, said)

    @property
    def version(self) -> str:
        """The version, as the file's name has it."""
        return self.name.removesuffix(".tar.gz").split("-")[1]


_IS_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


@dataclass(frozen=True, slots=True)
class Distance:
    """How far away the index is. `bandwidth` in bits a second is shared by all; 0 has no limit.

    For `fresh` seconds nobody need ask again for a page.
    """

    latency: float = 0.0
    bandwidth: float = 0.0
    fresh: int = 600


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests by kind (page, metadata, file), and the bytes of all answers."""

    requests: Mapping[str, int]
    sent: int

    def since(self, before: Traffic) -> Traffic:
        """What came in addition."""
        kinds = {kind: self.requests[kind] - before.requests.get(kind, 0) for kind in self.requests}
        return Traffic(
            {kind: count for kind, count in kinds.items() if count}, self.sent - before.sent
        )


@dataclass
class _Line:
    """What all answers share."""

    distance: Distance
    requests: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, size: int) -> None:
        with self._lock:
            self.requests[kind] += 1
            self.sent += size

    def traffic(self) -> Traffic:
        with self._lock:
            return Traffic(dict(self.requests), self.sent)

    def wait_for(self, size: int) -> None:
        """Wait until so many bytes are through."""
        if not self.distance.bandwidth:
            return
        with self._lock:
            begin = max(self._free_at, time.monotonic())
            self._free_at = begin + size * 8 / self.distance.bandwidth
            wait = self._free_at - time.monotonic()
        time.sleep(max(0.0, wait))


class Index:
    """The server; a context manager. Its port is the same as long as it lives."""

    def __init__(self, distance: Distance) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.line = _Line(distance)
        self._server.offers = {}
        self._server.pages = {}
        self._distance = distance
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Of the simple API, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def offer(self, folder: Path, locked: Iterable[tuple[str, str, str]]) -> None:
        """Put up the wheels of a folder, and take down what was up.

        `locked` are the files of locks: project, name, and digest as a lock has it. Pages name
        all of them, as whoever exports a lock wants to know where each one is.
        """
        offers = {path.name: Offer.of(path) for path in sorted(folder.glob("*.whl"))}
        projects: dict[str, dict[str, Offer]] = {}
        for offer in [*offers.values()]:
            project = canonicalize_name(offer.name.partition("-")[0])
            projects.setdefault(project, {})[offer.name] = offer
        for owner, name, digest in locked:
            page = projects.setdefault(canonicalize_name(owner), {})
            if name not in page:
                page[name] = offers[name] = _elsewhere(owner, name, digest, page)
        self._server.offers = offers
        self._server.pages = {
            name: {_JSON: json_page(name, [*found.values()]), _HTML: html_page([*found.values()])}
            for name, found in projects.items()
        }

    @property
    def traffic(self) -> Traffic:
        """All that went over the line until now."""
        return self._server.line.traffic()

    @contextmanager
    def nearby(self) -> Iterator[None]:
        """For what is not measured: no latency, no limit."""
        self._server.line.distance = replace(self._distance, latency=0.0, bandwidth=0.0)
        try:
            yield
        finally:
            self._server.line.distance = self._distance


def _elsewhere(project: str, name: str, digest: str, page: Mapping[str, Offer]) -> Offer:
    """A file for other platforms: its metadata is that of a wheel that is here, or next to none."""
    offer = Offer(name, digest.removeprefix("sha256:"))
    if not name.endswith(".whl"):
        return offer
    twins = (each for each in page.values() if each.path and each.version == offer.version)
    little = f"Metadata-Version: 2.1\nName: {project}\nVersion: {offer.version}\n"
    return replace(offer, metadata=next((each.metadata for each in twins), little.encode()))


def json_page(project: str, offers: Sequence[Offer]) -> bytes:
    """PEP 691."""
    files = [
        {
            "filename": each.name,
            "url": f"../../files/{quote(each.name)}",
            "hashes": {"sha256": each.sha256},
            "requires-python": each.requires_python or None,
            "core-metadata": {"sha256": _digest(each.metadata)} if each.metadata else False,
            "yanked": False,
        }
        | ({"size": each.path.stat().st_size} if each.path else {})
        for each in offers
    ]
    versions = sorted({each.version for each in offers})
    page = {"meta": {"api-version": "1.1"}, "name": project, "versions": versions, "files": files}
    return json.dumps(page).encode()


def html_page(offers: Sequence[Offer]) -> bytes:
    """PEP 503."""
    return f"<!DOCTYPE html><html><body>{''.join(map(_link, offers))}</body></html>".encode()


def _link(offer: Offer) -> str:
    python = html.escape(offer.requires_python)
    attributes = f' data-requires-python="{python}"' if python else ""
    if offer.metadata:
        attributes += f' data-core-metadata="sha256={_digest(offer.metadata)}"'
    url = f"../../files/{quote(offer.name)}#sha256={offer.sha256}"
    return f'<a href="{url}"{attributes}>{offer.name}</a><br/>'


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    line: _Line
    offers: Mapping[str, Offer]
    pages: Mapping[str, Mapping[str, bytes]]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A body, or a file in its place."""

    request: str
    media_type: str
    cache: str
    body: bytes = b""
    path: Path | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path else len(self.body)

    @property
    def etag(self) -> str:
        return f'"{_digest(self.path.name.encode() if self.path else self.body)}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _CHUNK
    server: _Server

    def do_GET(self) -> None:  # the standard library's word
        self._respond(with_body=True)

    def do_HEAD(self) -> None:
        self._respond(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are counted, that is enough."""

    def _respond(self, *, with_body: bool) -> None:
        time.sleep(self.server.line.distance.latency)
        answer = self._answer(unquote(self.path))
        if answer is None:
            self.server.line.count("missing", 0)
            self.send_error(404)
            return
        is_known = self.headers.get("If-None-Match") == answer.etag
        size = 0 if is_known else answer.size
        self.server.line.count(answer.request, size if with_body else 0)
        self.send_response(304 if is_known else 200)
        self.send_header("Cache-Control", answer.cache)
        self.send_header("ETag", answer.etag)
        if not is_known:
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(size))
        self.end_headers()
        if with_body and not is_known:
            self._send(answer)
        self.wfile.flush()

    def _answer(self, path: str) -> _Answer | None:
        first, _, last = path.strip("/").partition("/")
        if first == "simple":
            wants_json = _JSON in self.headers.get("Accept", "")
            kind = _JSON if wants_json else _HTML
            page = self.server.pages.get(last)
            cache = f"max-age={self.server.line.distance.fresh}, public"
            return _Answer("page", kind, cache, page[kind]) if page else None
        offer = self.server.offers.get(last.removesuffix(".metadata"))
        if first != "files" or offer is None:
            return None
        if last.endswith(".metadata"):
            return _Answer("metadata", "text/plain", _KEPT_FOR_EVER, offer.metadata)
        if offer.path is None:
            return None
        return _Answer("file", "application/octet-stream", _KEPT_FOR_EVER, path=offer.path)

    def _send(self, answer: _Answer) -> None:
        line = self.server.line
        if answer.path is None:
            line.wait_for(len(answer.body))
            self.wfile.write(answer.body)
            return
        self.wfile.flush()
        with answer.path.open("rb") as file:
            if not line.distance.bandwidth:
                self.connection.sendfile(file)
                return
            for begin in range(0, answer.size, _CHUNK):
                size = min(_CHUNK, answer.size - begin)
                line.wait_for(size)
                self.connection.sendfile(file, begin, size)
