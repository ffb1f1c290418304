"""`hybrid-install --version`: ours, uv's and Poetry's."""

from __future__ import annotations

from hybrid_install import __version__
from hybrid_install.commands.request import Request
from hybrid_install.errors import ToolError
from hybrid_install.report import lines, print_data
from hybrid_install.tools import poetry, uv
from hybrid_install.tools.process import Runner


def version(request: Request, runner: Runner) -> None:
    """A line for each part, with where it comes from."""
    parts = [f"hybrid-install {__version__}", _uv(request, runner), _poetry(request, runner)]
    print_data(lines(parts), request.environ)


def _uv(request: Request, runner: Runner) -> str:
    try:
        found = uv.find(request.environ, runner)
        return f"uv {found.version()} ({found.origin}: {found.path})"
    except ToolError as error:
        return f"uv: {error.message}"


def _poetry(request: Request, runner: Runner) -> str:
    try:
        found = poetry.find(request.environ, runner)
    except ToolError as error:
        return f"Poetry: {error.message}"
    if found is None:
        return "Poetry: none on this machine; uv provides the version that wrote the lock"
    return f"Poetry {found.version or 'of unknown version'} ({found.origin}: {found.argv[0]})"
