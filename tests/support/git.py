"""Git repositories behind a url on 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import Backend, BackendRepo, DictBackend, TCPGitServer
from dulwich.web import make_wsgi_chain
from support.index import Account
from support.projects import write_files
from support.tls import Authority

_WHO = b"Tests <tests@example.invalid>"


class GitServer:
    """Serves repositories over git://. Use it as a context manager."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._repositories: dict[str, BackendRepo] = {}
        self._backend = DictBackend(self._repositories)
        self._server = TCPGitServer(self._backend, "127.0.0.1", 0)
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

    def repository(self, name: str, files: Mapping[str, str]) -> str:
        """A repository of one commit; its url."""
        self._repositories[f"/{name}"] = commit_files(self._root / name, files)
        return f"git://127.0.0.1:{self._server.server_address[1]}/{name}"


class SecureGitServer:
    """Serves the repositories of a folder over https. Use it as a context manager.

    With an `account` it asks for a password.
    """

    def __init__(self, folder: Path, authority: Authority, account: Account | None = None) -> None:
        backend = _Folder(folder)
        self._server = make_server(
            "127.0.0.1", 0, _guarded(make_wsgi_chain(backend), account), _Server, _Quiet
        )
        self._server.socket = authority.server.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def url(self, name: str) -> str:
        """Where a client finds the repository of that name."""
        return f"https://127.0.0.1:{self._server.server_address[1]}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass(frozen=True)
class _Folder(Backend):
    """Every repository of a folder, by its name."""

    folder: Path

    def open_repository(self, path: str) -> BackendRepo:
        return Repo(str(self.folder / path.strip("/")))


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _guarded(application: Any, account: Account | None) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if account and environ.get("HTTP_AUTHORIZATION") != account.header:
            start_response(
                "401 Unauthorized",
                [("WWW-Authenticate", 'Basic realm="git"'), ("Content-Length", "0")],
            )
            return [b""]
        return application(environ, start_response)

    return answer


def repository(folder: Path, files: Mapping[str, str]) -> str:
    """A repository of one commit on disk; its file:// url."""
    commit_files(folder, files)
    return folder.as_uri()


def commit_files(folder: Path, files: Mapping[str, str], origin: str | None = None) -> Repo:
    """A repository of one commit, of a remote called origin if there is a url for it."""
    write_files(folder, files)
    repository = Repo.init(str(folder))
    if origin:
        config = repository.get_config()
        config.set(("remote", "origin"), "url", origin)
        config.write_to_path()
    porcelain.add(repository, [str(folder / file) for file in files])
    porcelain.commit(
        repository,
        message=b"All of it",
        author=_WHO,
        committer=_WHO,
        author_timestamp=0,
        commit_timestamp=0,
        author_timezone=0,
        commit_timezone=0,
    )
    return repository
