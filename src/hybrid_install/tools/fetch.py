"""Fetching files by url: resumed, tried again, verified, and never seen half-done.

The one door to `urllib3`. What bears on uv's own downloads (certificates, proxies, time-outs) bears
on these, under the same names.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    ReadTimeoutError,
    ResponseError,
    SSLError,
)

from hybrid_install.core.credentials import Credentials, split_userinfo
from hybrid_install.core.model import LockedFile
from hybrid_install.core.reach import Answer, Ending
from hybrid_install.core.uv_config import IndexAccess, Trust
from hybrid_install.tools.wheelhouse import has_hash

_CHUNK = 1 << 18
_WORKERS = 8
_MOST_WORKERS = 64
_LONGEST_PAUSE = 60.0
_HEARTBEAT = 10.0
_LARGEST = 1e6

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that another try may not meet again."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
"""Bundles are commented, in letters that `ssl` refuses."""

_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416


@dataclass(frozen=True, slots=True)
class Download:
    """One file to fetch: from where, with which hash, and to where.

    `label` is what it is for, for people. `size` is in bytes, None where nobody says.
    """

    label: str
    url: str = field(repr=False)
    file: LockedFile
    size: int | None
    path: Path

    @property
    def part(self) -> Path:
        """What has arrived of it; the hash in its name keeps other contents out of it."""
        return self.path.with_name(f"{self.path.name}.{self.file.hash.digest[:16]}.part")

    @property
    def missing(self) -> int:
        """How many bytes are to come, as far as is known."""
        try:
            return max(0, (self.size or 0) - self.part.stat().st_size)
        except OSError:
            return self.size or 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one download ended: `problem` is empty where it is there, whole and verified."""

    download: Download
    problem: str = ""


@dataclass(frozen=True, slots=True)
class NamedPage:
    """A page of an index, by the index's name in an `IndexAccess`."""

    index: str
    url: str = field(repr=False)


class _FailedError(Exception):
    """A download that will not succeed by being tried again."""


class _PassingError(Exception):
    """A download that another try may complete, in no less than `pause` seconds."""

    def __init__(self, problem: str, pause: float = 0.0) -> None:
        super().__init__(problem)
        self.pause = pause


@dataclass(frozen=True)
class Fetcher:
    """Fetches with the credentials and certificates of the project's indexes."""

    access: IndexAccess
    environ: Mapping[str, str] = field(repr=False)
    workers: int | None = None
    _pools: dict[tuple[bool, str | None], urllib3.PoolManager] = field(
        default_factory=dict, repr=False
    )

    def fetch(self, downloads: Sequence[Download]) -> Iterator[Outcome | None]:
        """Fetch all at once; each outcome as it comes, None where for a while there was none.

        The threads are daemons: whoever interrupts us does not wait for a server, and what has
        arrived is on disk.
        """
        todo: SimpleQueue[Download] = SimpleQueue()
        done: SimpleQueue[Outcome | Exception] = SimpleQueue()
        for download in downloads:
            todo.put(download)
        for _ in range(min(self._count, len(downloads))):
            Thread(target=self._work, args=(todo, done), daemon=True).start()
        left = len(downloads)
        while left:
            try:
                outcome = done.get(timeout=_HEARTBEAT)
            except Empty:
                yield None
                continue
            if isinstance(outcome, Exception):
                raise outcome
            left -= 1
            yield outcome

    def _work(self, todo: SimpleQueue[Download], done: SimpleQueue[Outcome | Exception]) -> None:
        while True:
            try:
                download = todo.get_nowait()
            except Empty:
                return
            try:
                self._fetch(download)
                done.put(Outcome(download))
            except _FailedError as error:
                done.put(Outcome(download, str(error)))
            except Exception as error:  # noqa: BLE001
                done.put(error)  # a full disk, or a bug: the run ends
                return

    def _fetch(self, download: Download) -> None:
        download.path.parent.mkdir(parents=True, exist_ok=True)
        with _held(download.part) as part:
            if has_hash(download.path, download.file.hash):
                download.part.unlink()  # another run has just fetched it
                return
            was_begun = _length(part) > 0
            is_whole = was_begun and has_hash(download.part, download.file.hash)
            if not is_whole:
                is_whole = self._complete(download, part)
            if was_begun and not is_whole:
                part.truncate(0)
                is_whole = self._complete(download, part)
            if not is_whole:
                download.part.unlink()
                raise _FailedError("its contents have not the hash that poetry.lock names")
            download.part.replace(download.path)

    def _complete(self, download: Download, part: BinaryIO) -> bool:
        """Receive until all is there, and say whether it is what is locked.

        A try that came further than any before costs nothing.
        """
        furthest, left = _length(part), self._retries
        while True:
            try:
                self._receive(download, part)
            except _PassingError as error:
                if _length(part) > furthest:
                    furthest, left = _length(part), self._retries
                elif left == 0:
                    raise _FailedError(str(error)) from None
                else:
                    left -= 1
                backoff = 0.25 * 2 ** (self._retries - left)
                time.sleep(min(max(backoff, error.pause), _LONGEST_PAUSE))
            else:
                return has_hash(download.part, download.file.hash)

    def _receive(self, download: Download, part: BinaryIO) -> None:
        """One request for what is missing."""
        start = _length(part)
        if download.size is not None and start >= download.size:
            if start == download.size:
                return
            part.truncate(0)
            start = 0
        response = self._request(download.url, start)
        try:
            if response.status in {_PARTIAL, _NOT_SATISFIABLE} and not _continues(response, start):
                part.truncate(0)
                raise _PassingError("the server does not go on where the file ended")
            if response.status == _OK:
                part.truncate(0)
            elif response.status != _PARTIAL:
                _refuse(response)
            _write(response, part)
        finally:
            response.close()

    def answers(self, places: Sequence[NamedPage], seconds: float) -> list[Answer]:
        """What each page answers, all asked at once, within so many seconds for all that is read.

        A server that sends a byte now and then is no answer: what is not over in time is left
        behind, in daemon threads.
        """
        found = [Answer(Ending.TIMED_OUT) for _ in places]

        def ask(number: int, place: NamedPage) -> None:
            found[number] = self._answer(place)

        threads = [Thread(target=ask, args=each, daemon=True) for each in enumerate(places)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return list(found)

    def _answer(self, place: NamedPage) -> Answer:
        """One try, with the credentials of that index alone; the beginning of a page is enough."""
        credentials = self.access.credentials.get(place.index)
        try:
            response = self._asked(place.url, _authorization(credentials))
            try:
                response.read(_CHUNK, decode_content=False)
            finally:
                response.close()
            return Answer(Ending.STATUS, response.status)
        except HTTPError as error:
            return _answer_of(_cause(error))
        except _FailedError as error:
            return Answer(Ending.PROXY, words=str(error))
        except (OSError, ValueError) as error:  # certificates or urls that nobody can read
            return Answer(Ending.BROKEN, words=getattr(error, "strerror", None) or "unusable")

    def _request(self, url: str, start: int) -> urllib3.BaseHTTPResponse:
        headers = _authorization(split_userinfo(url)[1] or self._credentials(url))
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            return self._asked(split_userinfo(url)[0], headers)
        except HTTPError as error:
            raise _problem(error) from None

    def _asked(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        # Redirects alone are urllib3's: on the way to another host it drops `Authorization`.
        redirects = urllib3.Retry(
            connect=0, read=0, status=0, other=0, redirect=10, respect_retry_after_header=False
        )
        whole = {"Accept-Encoding": "identity", **headers}
        return self._pool(url).request(
            "GET", url, headers=whole, preload_content=False, retries=redirects
        )

    def _credentials(self, url: str) -> Credentials | None:
        """`Authenticator._get_repository_config_for_url`: by host, then by the longest path."""
        parts, known = urlsplit(url), self.access.credentials
        fitting = [
            (_shared(urlsplit(named.url).path, parts.path), known[named.name])
            for named in self.access.named.values()
            if named.name in known and urlsplit(named.url)[:2] == parts[:2]
        ]
        return max(fitting, key=lambda each: each[0])[1] if fitting else None

    def _pool(self, url: str) -> urllib3.PoolManager:
        is_verified, proxy = not self._is_insecure(url), _proxy(url, self.environ)
        key = (is_verified, proxy)
        if key not in self._pools:
            context = self._context if is_verified else self._insecure_context
            self._pools.setdefault(key, _pool(proxy, context, self._timeout, self._count))
        return self._pools[key]

    @property
    def _count(self) -> int:
        """How many downloads there are at a time."""
        own = _number(self.environ, "UV_CONCURRENT_DOWNLOADS")
        return min(max(1, int(own)), _MOST_WORKERS) if own else self.workers or _WORKERS

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return _context(self.access.trust, self.environ)

    @cached_property
    def _insecure_context(self) -> ssl.SSLContext:
        context = _context(self.access.trust, self.environ)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def _is_insecure(self, url: str) -> bool:
        own = self.environ.get("UV_INSECURE_HOST", "").split()
        parts = urlsplit(url)
        return bool({parts.netloc, parts.hostname} & {*self.access.trust.insecure_hosts, *own})

    @property
    def _retries(self) -> int:
        found = _number(self.environ, "UV_HTTP_RETRIES")
        return 3 if found is None else int(found)

    @property
    def _timeout(self) -> urllib3.Timeout:
        read = _number(self.environ, "UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT")
        return urllib3.Timeout(
            connect=_number(self.environ, "UV_HTTP_CONNECT_TIMEOUT") or 10.0, read=read or 30.0
        )


@contextmanager
def _held(part: Path) -> Iterator[BinaryIO]:
    """The part, open to append, and ours alone: two runs may fill one wheelhouse."""
    while True:
        with part.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_still(part, file):
                yield file
                return


def _is_still(path: Path, file: BinaryIO) -> bool:
    """Whether `file` is what is at `path`: who held it before has renamed it when it was done."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _length(part: BinaryIO) -> int:
    part.flush()
    return os.fstat(part.fileno()).st_size


def _continues(response: urllib3.BaseHTTPResponse, start: int) -> bool:
    """Whether what comes begins where we were."""
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _write(response: urllib3.BaseHTTPResponse, part: BinaryIO) -> None:
    while chunk := _read(response):
        part.write(chunk)
    part.flush()


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Whatever has arrived, as it is; empty at the end.

    Servers are known to call a .tar.gz gzip-encoded, which must not be undone.
    """
    try:
        return response.read1(_CHUNK, decode_content=False)
    except HTTPError as error:
        raise _problem(error) from None


def _refuse(response: urllib3.BaseHTTPResponse) -> None:
    """Raise what a status other than those of success means."""
    status = response.status
    if status in _PASSING:
        pause = _number(response.headers, "Retry-After") or 0
        raise _PassingError(f"the server answers {status}", pause)
    if status in {401, 403}:
        raise _FailedError(f"the server answers {status}: are the credentials right?")
    raise _FailedError(f"the server answers {status}")


def _problem(error: HTTPError) -> Exception:
    """The error in words of ours: urllib3's repeat the url, whose query may be a secret."""
    cause = _cause(error)
    kind = _FailedError if isinstance(cause, SSLError | ResponseError) else _PassingError
    return kind(_words(cause))


def _cause(error: HTTPError) -> Exception:
    return error.reason if isinstance(error, MaxRetryError) and error.reason else error


def _answer_of(cause: Exception) -> Answer:
    """Why there was no answer; the order counts: some of urllib3's errors are kinds of others."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Ending], ...] = (
        (SSLError, Ending.UNTRUSTED),
        (ProxyError, Ending.PROXY),
        (NameResolutionError, Ending.NAME),
        (NewConnectionError, Ending.UNREACHABLE),
        ((ConnectTimeoutError, ReadTimeoutError), Ending.TIMED_OUT),
    )
    ending = next((ending for kind, ending in kinds if isinstance(cause, kind)), Ending.BROKEN)
    has_end = ending in {Ending.UNTRUSTED, Ending.UNREACHABLE}
    return Answer(ending, words=_end_of(cause) if has_end else _words(cause))


def _words(cause: Exception) -> str:
    words = {
        SSLError: f"its server is not trusted ({_end_of(cause)})",
        ResponseError: "it is redirected without end",
        ProxyError: "the proxy does not let us through",
        NameResolutionError: "its server's name is not known here",
        NewConnectionError: f"its server cannot be reached ({_end_of(cause)})",
        ConnectTimeoutError: "its server did not answer in time",
        ReadTimeoutError: "its server did not answer in time",
        ProtocolError: "the connection ended before the file did",
    }
    found = (text for kind, text in words.items() if isinstance(cause, kind))
    return next(found, "the connection broke")


def _end_of(error: BaseException) -> str:
    """`Connection refused` of a long tale."""
    return str(error).rpartition(": ")[2].strip("')\" ")


def _shared(one: str, other: str) -> int:
    """How many characters two paths have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _number(environ: Mapping[str, str], *names: str) -> float | None:
    """The first of the variables that is set, None where it is no number that uv would take."""
    text = next((environ[name] for name in names if environ.get(name)), "")
    try:
        number = float(text)
    except ValueError:
        return None
    return min(number, _LARGEST) if number >= 0 else None


def _pool(
    proxy: str | None, context: ssl.SSLContext, timeout: urllib3.Timeout, size: int
) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(maxsize=size, ssl_context=context, timeout=timeout)
    try:
        address, credentials = split_userinfo(proxy)
        headers = {"Proxy-Authorization": _basic(credentials)} if credentials else None
        return urllib3.ProxyManager(
            address, proxy_headers=headers, maxsize=size, ssl_context=context, timeout=timeout
        )
    except ProxySchemeUnknown:
        raise _FailedError("the proxy is of a kind that is not known here") from None
    except ValueError:  # urllib3's own, too; the address may hold a password
        raise _FailedError("the address of the proxy cannot be read") from None


def _authorization(credentials: Credentials | None) -> dict[str, str]:
    return {"Authorization": _basic(credentials)} if credentials else {}


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _proxy(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for `url`, as uv and requests find it."""
    parts = urlsplit(url)
    exempt = environ.get("UV_NO_PROXY") or environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if proxy_bypass_environment(parts.netloc, {"no": exempt}):
        return None
    names = (f"{parts.scheme}_proxy", "all_proxy")
    own = environ.get(f"UV_{parts.scheme.upper()}_PROXY")
    given = (environ.get(name) or environ.get(name.upper()) for name in names)
    proxy = own or next((each for each in given if each), None)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _context(trust: Trust, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to trust: as uv is told, by the sources' bundle or by the user's own variables."""
    if trust.bundle is not None:
        context = ssl.create_default_context(cadata="\n".join(_CERTIFICATE.findall(trust.bundle)))
    else:
        context = _own_context(environ)
    if trust.client:
        context.load_cert_chain(trust.client)
    return context


def _own_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    import certifi

    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        except OSError:  # As uv has it, nobody is trusted then: plain http goes on.
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    wants_system = {environ.get(name, "").lower() for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")}
    if wants_system & {"1", "true", "yes", "on"}:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())
