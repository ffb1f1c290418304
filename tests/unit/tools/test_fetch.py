"""One file by url: who is told the password, what is tried again, what is never said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.wheels import sha256
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import (
    NameResolutionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import Hash, Index, LockedFile
from hybrid_install.core.reach import Answer as Reached
from hybrid_install.core.reach import Ending
from hybrid_install.core.uv_config import IndexAccess, NamedIndex
from hybrid_install.tools.fetch import (
    Download,
    Fetcher,
    NamedPage,
    Outcome,
    _answer_of,
    _proxy,
)

CONTENT = b"contents" * 1000
Answer = tuple[int, dict[str, str], bytes]


class Server:
    """Answers as it is told and remembers the headers of every request."""

    def __init__(self, answer: Callable[[str, int], Answer]) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, dict(self.headers)))
                status, headers, body = answer(self.path, len(seen))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """What was seen is enough."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[Server]:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        yield self
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def server(answer: Callable[[str, int], Answer]) -> Iterator[Server]:
    with Server(answer).running() as one:
        yield one


def whole(_path: str, _count: int) -> Answer:
    return 200, {}, CONTENT


def fetch(
    folder: Path,
    url: str,
    access: IndexAccess | None = None,
    size: int | None = None,
    **variables: str,
) -> Outcome:
    environ = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "5", **variables}
    file = LockedFile("a.whl", Hash("sha256", sha256(CONTENT)))
    fetcher = Fetcher(access or IndexAccess({}), environ)
    download = Download("a 1.0", url, file, size, folder / "a.whl")
    [outcome] = [each for each in fetcher.fetch([download]) if each is not None]
    return outcome


def access_to(**indexes: str) -> IndexAccess:
    """An index for each url; the user is the index's name, the password `secret`."""
    named = {Index(name, url): NamedIndex(name, url) for name, url in indexes.items()}
    return IndexAccess(named, {name: Credentials(name, "secret") for name in indexes})


def user_of(headers: dict[str, str]) -> str | None:
    import base64

    text = headers.get("Authorization")
    return base64.b64decode(text.removeprefix("Basic ")).decode() if text else None


def test_the_password_is_for_the_host_and_the_nearest_path(tmp_path: Path) -> None:
    with server(whole) as one:
        access = access_to(far=f"{one.url}/else/simple", near=f"{one.url}/team/simple")
        assert fetch(tmp_path, f"{one.url}/team/files/a.whl", access).problem == ""
        assert user_of(one.seen[0][1]) == "near:secret"
    assert (tmp_path / "a.whl").read_bytes() == CONTENT


def test_another_host_or_scheme_is_told_nothing(tmp_path: Path) -> None:
    with server(whole) as one:
        https = one.url.replace("http:", "https:")
        access = access_to(other="http://127.0.0.1:1/simple", safe=f"{https}/simple")
        fetch(tmp_path, f"{one.url}/a.whl", access)
        assert user_of(one.seen[0][1]) is None


def test_a_redirect_takes_the_password_nowhere_else(tmp_path: Path) -> None:
    with server(whole) as storage:

        def redirect(path: str, _count: int) -> Answer:
            place = f"{storage.url}/a.whl?sig=x" if path == "/second" else "/second"
            return 302, {"Location": place}, b""

        with server(redirect) as one:
            outcome = fetch(tmp_path, f"{one.url}/first", access_to(one=f"{one.url}/simple"))
            assert [user_of(headers) for _, headers in one.seen] == ["one:secret"] * 2
        assert outcome.problem == ""
        [(path, headers)] = storage.seen
        assert path == "/a.whl?sig=x"
        assert user_of(headers) is None


def test_the_url_s_own_password_comes_first(tmp_path: Path) -> None:
    with server(whole) as one:
        url = one.url.replace("//", "//me:p%40ss@")
        fetch(tmp_path, f"{url}/a.whl", access_to(one=f"{one.url}/simple"))
        assert user_of(one.seen[0][1]) == "me:p@ss"


def test_what_a_server_calls_encoded_is_kept_as_it_is(tmp_path: Path) -> None:
    with server(lambda *_: (200, {"Content-Encoding": "gzip"}, CONTENT)) as one:
        assert fetch(tmp_path, f"{one.url}/a.whl").problem == ""


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_is_tried_again(tmp_path: Path, status: int) -> None:
    def answer(_path: str, count: int) -> Answer:
        return (status, {"Retry-After": "0"}, b"") if count == 1 else (200, {}, CONTENT)

    with server(answer) as one:
        assert fetch(tmp_path, f"{one.url}/a.whl").problem == ""
        assert len(one.seen) == 2


@pytest.mark.parametrize(
    "pause", ["\xb2", "9" * 5000, "-1", "nan", "Fri, 31 Dec 1999 23:59:59 GMT"]
)
def test_whatever_a_server_says_of_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause: str
) -> None:
    """`str.isdigit` is true of more than what `int` reads."""
    monkeypatch.setattr("hybrid_install.tools.fetch._LONGEST_PAUSE", 0.1)

    def answer(_path: str, count: int) -> Answer:
        return (503, {"Retry-After": pause}, b"") if count == 1 else (200, {}, CONTENT)

    with server(answer) as one:
        assert fetch(tmp_path, f"{one.url}/a.whl").problem == ""


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_does_not_pass_is_not(tmp_path: Path, status: int) -> None:
    with server(lambda *_: (status, {}, b"")) as one:
        assert f"answers {status}" in fetch(tmp_path, f"{one.url}/a.whl").problem
        assert len(one.seen) == 1


def test_a_server_that_sends_another_part_is_asked_for_the_whole(tmp_path: Path) -> None:
    digest = sha256(CONTENT)[:16]
    (tmp_path / f"a.whl.{digest}.part").write_bytes(CONTENT[:100])

    def answer(_path: str, count: int) -> Answer:
        partial = {"Content-Range": f"bytes 0-9/{len(CONTENT)}"}
        return (206, partial, CONTENT[:10]) if count == 1 else (200, {}, CONTENT)

    with server(answer) as one:
        assert fetch(tmp_path, f"{one.url}/a.whl").problem == ""
        assert [headers.get("Range") for _, headers in one.seen] == ["bytes=100-", None]
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_whole_part_is_not_asked_for(tmp_path: Path, size: int | None) -> None:
    (tmp_path / f"a.whl.{sha256(CONTENT)[:16]}.part").write_bytes(CONTENT)
    assert fetch(tmp_path, "http://127.0.0.1:9/a.whl", size=size).problem == ""
    assert (tmp_path / "a.whl").read_bytes() == CONTENT


def test_where_nobody_answers_no_secret_is_said(tmp_path: Path) -> None:
    outcome = fetch(tmp_path, "http://me:secret@127.0.0.1:9/a.whl?sig=secret")
    assert "cannot be reached (Connection refused)" in outcome.problem.replace("[Errno 111] ", "")
    assert "secret" not in outcome.problem
    assert "secret" not in repr(outcome)
    assert not (tmp_path / "a.whl").exists()


def test_through_a_proxy(tmp_path: Path) -> None:
    with server(whole) as proxy:
        address = proxy.url.replace("//", "//me:secret@")
        assert fetch(tmp_path, "http://files.invalid/a.whl", HTTP_PROXY=address).problem == ""
        [(path, headers)] = proxy.seen
        assert path == "http://files.invalid/a.whl"
        assert headers["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ({"UV_HTTPS_PROXY": "http://u:1", "HTTPS_PROXY": "http://p:1"}, "http://u:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.com"}, "http://p:1"),
    ],
)
def test_the_proxy_for_a_url(environ: dict[str, str], proxy: str | None) -> None:
    assert _proxy("https://files.example.com/a.whl", environ) == proxy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_CONCURRENT_DOWNLOADS", "-1"),
        ("UV_CONCURRENT_DOWNLOADS", "0.5"),
        ("UV_CONCURRENT_DOWNLOADS", "inf"),
        ("UV_HTTP_RETRIES", "nan"),
        ("UV_HTTP_TIMEOUT", "-5"),
        ("UV_HTTP_TIMEOUT", "inf"),
        ("UV_HTTP_CONNECT_TIMEOUT", "nan"),
    ],
)
def test_an_odd_number_neither_hangs_nor_breaks_it(tmp_path: Path, name: str, value: str) -> None:
    """uv, which would refuse it, may not be asked: all urls are known, or all in the lock."""
    with server(whole) as one:
        variables: dict[str, Any] = {name: value}
        assert fetch(tmp_path, f"{one.url}/a.whl", **variables).problem == ""


def test_a_proxy_that_cannot_be_read_is_not_repeated(tmp_path: Path) -> None:
    for address in ("http://me:secret@[bad", "http://me:secret@proxy:port"):
        problem = fetch(tmp_path, "http://127.0.0.1:9/a.whl", HTTP_PROXY=address).problem
        assert problem == "the address of the proxy cannot be read"


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_certificates_that_cannot_be_read_are_none(tmp_path: Path, content: str | None) -> None:
    """As uv has it, which says so: what needs no certificates is fetched."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content, "utf-8")
    with server(whole) as one:
        outcome = fetch(tmp_path, f"{one.url}/a.whl", SSL_CERT_FILE=str(bundle))
        assert outcome.problem == ""


def test_many_at_a_time_and_a_bug_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Fetcher, "_complete", broken)
    with pytest.raises(ZeroDivisionError):
        fetch(tmp_path, "http://127.0.0.1:9/a.whl")


def test_two_runs_fetch_it_once(tmp_path: Path) -> None:
    """Whoever comes second waits and finds it there."""
    begun, go_on = threading.Event(), threading.Event()

    def answer(_path: str, _count: int) -> Answer:
        begun.set()
        go_on.wait(10)
        return 200, {}, CONTENT

    with server(answer) as one:
        outcomes: list[Outcome] = []
        runs = [
            threading.Thread(target=lambda: outcomes.append(fetch(tmp_path, f"{one.url}/a.whl")))
            for _ in range(2)
        ]
        runs[0].start()
        assert begun.wait(10)
        runs[1].start()
        go_on.set()
        for run in runs:
            run.join()
        assert [each.problem for each in outcomes] == ["", ""]
        assert len(one.seen) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.whl"]


def test_answers_are_those_of_pages_with_their_own_credentials() -> None:
    """The other index's password would be for its host too."""

    def answer(path: str, _count: int) -> Answer:
        return int(path.strip("/")), {}, b"page"

    with server(answer) as one:
        access = access_to(team=one.url)
        pages = [NamedPage("team", f"{one.url}/200"), NamedPage("other", f"{one.url}/401")]
        pages.append(NamedPage("none", "http://127.0.0.1:1/simple"))
        found = Fetcher(access, {}).answers(pages, 5)
        users = {path: user_of(headers) for path, headers in one.seen}

    assert found[:2] == [Reached(Ending.STATUS, 200), Reached(Ending.STATUS, 401)]
    assert found[2].ending is Ending.UNREACHABLE
    assert "Connection refused" in found[2].words
    assert users == {"/200": "team:secret", "/401": None}


def test_a_byte_now_and_then_is_no_answer() -> None:
    """The time is for all of it, not for a byte."""

    def slowly(path: str, _count: int) -> Answer:
        time.sleep(2 if path == "/slow" else 0)
        return 200, {}, b"page"

    with server(slowly) as one:
        started = time.monotonic()
        pages = [NamedPage("", f"{one.url}/{name}") for name in ("slow", "quick")]
        found = Fetcher(IndexAccess({}), {}).answers(pages, 0.5)
        assert time.monotonic() - started < 1.5

    assert found == [Reached(Ending.TIMED_OUT), Reached(Ending.STATUS, 200)]


@pytest.mark.parametrize("kind", ["NAME", "UNTRUSTED", "PROXY", "TIMED_OUT", "BROKEN"])
def test_the_kinds_of_silence(kind: str) -> None:
    """As urllib3 tells them; some of its errors are kinds of others."""
    pool, why = HTTPConnectionPool("127.0.0.1"), OSError("why")
    errors = {
        "NAME": NameResolutionError("host", pool, OSError("secret")),  # type: ignore[arg-type]
        "UNTRUSTED": SSLError("a: self-signed"),
        "PROXY": ProxyError("secret", why),
        "TIMED_OUT": ReadTimeoutError(pool, "secret", "late"),
        "BROKEN": ProtocolError("secret"),
    }
    found = _answer_of(errors[kind])
    assert found.ending.name == kind
    assert "secret" not in found.words
