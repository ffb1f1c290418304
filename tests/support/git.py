"""Git repositories behind a url on 127.0.0.1."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from dulwich import porcelain
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend, TCPGitServer
from support.index import Account
from support.projects import write_files
from support.tls import Authority

_HAS_WORKTREE = hasattr(Repo, "get_worktree")
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
        self._server = _Server(("127.0.0.1", 0), _Backend)
        self._server.folder, self._server.account = folder, account
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    folder: Path
    account: Account | None


class _Backend(BaseHTTPRequestHandler):
    """`git http-backend`, git's own server, behind Python's."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _answer(self, body: bytes) -> None:
        account = self.server.account
        if account and self.headers.get("Authorization") != account.header:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            env=self._environ(body),
            capture_output=True,
            check=True,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _environ(self, body: bytes) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }


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
    # Older ones, of older Poetrys, have no tree of work of its own.
    tree: Any = repository.get_worktree() if _HAS_WORKTREE else repository
    commit = tree.commit if _HAS_WORKTREE else tree.do_commit
    commit(
        message=b"All of it",
        author=_WHO,
        committer=_WHO,
        author_timestamp=0,
        commit_timestamp=0,
        author_timezone=0,
        commit_timezone=0,
    )
    return repository
