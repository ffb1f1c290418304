"""A package index on 127.0.0.1 that speaks the simple API, keeps a diary and can misbehave.

One server carries any number of sources. It speaks HTML (PEP 503) and JSON (PEP 691), with
hashes and with metadata files (PEP 658), as each client prefers.
"""

from __future__ import annotations

import base64
import html
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol, Self
from urllib.parse import quote, unquote, urlsplit

from support.wheels import sha256

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """One request as it was answered."""

    path: str
    status: int
    authorized: bool
    asked_range: str = ""

    @property
    def is_download(self) -> bool:
        """Whether a whole distribution was sent."""
        return self.path.endswith((".whl", ".tar.gz")) and self.status == 200


@dataclass(frozen=True)
class Account:
    """A user and password that a source demands."""

    username: str
    password: str

    @property
    def header(self) -> str:
        """The value of `Authorization`."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


class Archive(Protocol):
    """What an index offers. `metadata` is None where it has no file of its own."""

    @property
    def filename(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def requires_python(self) -> str: ...
    @property
    def metadata(self) -> str | None: ...


@dataclass
class Source:
    """One index of the server, at `/<name>/simple/`. `states_hashes` is False for the poorest."""

    name: str
    account: Account | None = None
    states_hashes: bool = True
    archives: dict[str, Archive] = field(default_factory=dict)
    yanked: set[str] = field(default_factory=set)

    def offer(self, *archives: Archive) -> Self:
        """Put archives up for download."""
        for archive in archives:
            self.archives[archive.filename] = archive
        return self

    def page(self, project: str) -> list[Archive]:
        """The archives of a project, sorted by file name."""
        return [
            archive
            for _, archive in sorted(self.archives.items())
            if normalize(archive.name) == project
        ]


@dataclass
class Faults:
    """How the server misbehaves, by the last segment of a path: a project's or a file's name."""

    statuses: dict[str, int] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    advertised: dict[str, str] = field(default_factory=dict)
    drips: dict[str, float] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    resets: dict[str, int] = field(default_factory=dict)
    loops: frozenset[str] = frozenset()
    detours: dict[str, str] = field(default_factory=dict)


class Index:
    """The server. Use it as a context manager; it stops by itself."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.sources: dict[str, Source] = {}
        self.faults = Faults()
        self.serves_ranges = False
        self.diary: list[Request] = []
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.index = self
        self._scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = self._serving()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:<port>`."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def source(
        self, name: str, *, account: Account | None = None, states_hashes: bool = True
    ) -> Source:
        """A new source of that name, empty."""
        assert name not in self.sources, f"there is a source {name} already"
        self.sources[name] = Source(name, account, states_hashes)
        return self.sources[name]

    def url(self, source: Source) -> str:
        """Where a client finds `source`."""
        return f"{self.address}/{source.name}/simple"

    def page_url(self, source: Source) -> str:
        """All of `source` on a single page of links."""
        return f"{self.url(source)}/all.html"

    def file_url(self, source: Source, archive: Archive) -> str:
        """Where a client finds `archive`."""
        return f"{self.address}/{source.name}/files/{quote(archive.filename)}"

    @contextmanager
    def misbehaving(
        self,
        *,
        statuses: dict[str, int] | None = None,
        contents: dict[str, bytes] | None = None,
        advertised: dict[str, str] | None = None,
        drips: dict[str, float] | None = None,
        cuts: dict[str, int] | None = None,
        resets: dict[str, int] | None = None,
        loops: Iterable[str] = (),
        detours: dict[str, str] | None = None,
    ) -> Iterator[None]:
        """Misbehave for a while.

        `statuses` answers with that status; `contents` sends other bytes than the advertised
        hash; `advertised` states another sha256; `drips` sends so many bytes a second; `cuts` hangs
        up after so many; `resets` breaks the connection after so many; `loops` redirects to itself, and
        `detours` to the same path at another address.
        """
        self.faults = Faults(
            statuses or {},
            contents or {},
            advertised or {},
            drips or {},
            cuts or {},
            resets or {},
            frozenset(loops),
            detours or {},
        )
        try:
            yield
        finally:
            self.faults = Faults()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Nobody listens for a while; then at the same port again."""
        address = self._server.server_address
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        try:
            yield
        finally:
            self._server = _Server(address, _Handler)
            self._server.index = self
            self._thread = self._serving()
            self._thread.start()

    def _serving(self) -> threading.Thread:
        return threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @contextmanager
    def watched(self) -> Iterator[list[Request]]:
        """The requests that arrive meanwhile, to be read after the block."""
        start, seen = len(self.diary), list[Request]()
        yield seen
        seen.extend(self.diary[start:])

    def wait(self, seconds: float) -> bool:
        """Sleep; False where the server is to stop."""
        return not self._stopping.wait(seconds)


def _last_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def normalize(name: str) -> str:
    """PEP 503."""
    return name.replace("_", "-").replace(".", "-").lower()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    index: Index

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *args: object) -> None:
        """The diary is enough."""

    @property
    def _index(self) -> Index:
        return self.server.index

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        status, kind, content = self._content(path)
        authorized = "Authorization" in self.headers
        asked = self.headers.get("Range", "")
        total, start = len(content), 0
        if self._index.serves_ranges and status == 200 and asked.startswith("bytes="):
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            status, content = (206, content[start:]) if start < total else (416, b"")
        self._index.diary.append(Request(path, status, authorized, asked))
        self.send_response(status)
        if status == 302:
            elsewhere = self._index.faults.detours.get(_last_of(path), "")
            self.send_header("Location", f"{elsewhere}{self.path}")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
        self.end_headers()
        if body:
            self._send(path, content)

    def _send(self, path: str, content: bytes) -> None:
        broken = self._index.faults.resets.get(_last_of(path))
        if broken is not None:
            self._break_off(content[:broken])
            return
        cut = self._index.faults.cuts.get(_last_of(path))
        if cut is not None and cut < len(content):
            self.wfile.write(content[:cut])
            self.close_connection = True
            return
        rate = self._index.faults.drips.get(_last_of(path))
        if rate is None:
            self.wfile.write(content)
            return
        step = max(0.05, 1 / rate)
        size = int(rate * step)
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            if not self._index.wait(step):
                return

    def _break_off(self, content: bytes) -> None:
        """A reset (RST) after so much, not an end (FIN)."""
        self.wfile.write(content)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _content(self, path: str) -> tuple[int, str, bytes]:
        segments = path.strip("/").split("/")
        last = segments[-1]
        faults = self._index.faults
        if last in faults.loops or last in faults.detours:
            return 302, _HTML, b"elsewhere"
        if last in faults.statuses:
            return faults.statuses[last], _HTML, b"out of order"
        source = self._index.sources.get(segments[0])
        if source is None or len(segments) != 3:
            return 404, _HTML, b"no such page"
        if source.account and self.headers.get("Authorization") != source.account.header:
            return 401, _HTML, b"who are you?"
        if segments[1] == "simple":
            return self._page(source, last)
        return self._file(source, last)

    def _file(self, source: Source, name: str) -> tuple[int, str, bytes]:
        archive = source.archives.get(name.removesuffix(".metadata"))
        if archive is None:
            return 404, _HTML, b"no such file"
        if name.endswith(".metadata"):
            metadata = archive.metadata
            return (200 if metadata else 404), "text/plain", (metadata or "").encode()
        content = self._index.faults.contents.get(name, archive.content)
        return 200, "application/octet-stream", content

    def _page(self, source: Source, project: str) -> tuple[int, str, bytes]:
        if project == "all.html":
            return 200, _HTML, self._html_page(source, list(source.archives.values()), "../files")
        archives = source.page(project)
        if not archives:
            return 404, _HTML, b"no such project"
        if _JSON in self.headers.get("Accept", ""):
            return 200, _JSON, self._json_page(source, project, archives)
        return 200, _HTML, self._html_page(source, archives)

    def _hash(self, source: Source, archive: Archive) -> str | None:
        if not source.states_hashes:
            return None
        return self._index.faults.advertised.get(archive.filename) or sha256(archive.content)

    def _json_page(self, source: Source, project: str, archives: list[Archive]) -> bytes:
        files = []
        for archive in archives:
            digest = self._hash(source, archive)
            files.append(
                {
                    "filename": archive.filename,
                    "url": f"../../files/{quote(archive.filename)}",
                    "hashes": {"sha256": digest} if digest else {},
                    "requires-python": archive.requires_python,
                    "size": len(archive.content),
                    "core-metadata": archive.metadata is not None,
                    "yanked": archive.filename in source.yanked,
                }
            )
        versions = sorted({archive.version for archive in archives})
        page = {
            "meta": {"api-version": "1.1"},
            "name": project,
            "versions": versions,
            "files": files,
        }
        return json.dumps(page).encode()

    def _html_page(
        self, source: Source, archives: list[Archive], files: str = "../../files"
    ) -> bytes:
        links = []
        for archive in archives:
            digest = self._hash(source, archive)
            fragment = f"#sha256={digest}" if digest else ""
            metadata = ' data-core-metadata="true"' if archive.metadata is not None else ""
            metadata += ' data-yanked=""' if archive.filename in source.yanked else ""
            python = html.escape(archive.requires_python)
            links.append(
                f'<a href="{files}/{quote(archive.filename)}{fragment}"'
                f' data-requires-python="{python}"{metadata}>{html.escape(archive.filename)}</a><br/>'
            )
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


class Outside:
    """A proxy that lets nothing through and remembers what was asked for.

    Every process of the tests is told to use it for all but 127.0.0.1, so whoever tries to leave
    this machine is found out.
    """

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._server = _OutsideServer(("127.0.0.1", 0), _OutsideHandler)
        self._server.attempts = self.attempts
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
    def address(self) -> str:
        """The proxy's url."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class _OutsideServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    attempts: list[str]


class _OutsideHandler(BaseHTTPRequestHandler):
    server: _OutsideServer

    def _refuse(self) -> None:
        self.server.attempts.append(f"{self.command} {self.path}")
        self.send_error(403, "nothing leaves this machine")

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method there is (`do_GET`, `do_CONNECT`, …) is refused."""
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        """`attempts` is enough."""


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for `condition()`; fail with `what` where it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
