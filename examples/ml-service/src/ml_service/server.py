"""The application behind a socket: for good, or for as long as a `with` block lasts."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

LOOPBACK = "127.0.0.1"


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve `app` until the process is asked to stop."""
    uvicorn.run(app, host=host, port=port)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The base URL of `app`, which is served on a free port of this machine meanwhile.

    The socket listens before the server starts, so that an early request waits for its answer.
    """
    with socket.create_server((LOOPBACK, 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
