"""`--python VERSION` where the machine has no such interpreter: uv provides it."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.lab import Lab
from support.projects import Project
from support.venvs import launch

pytestmark = pytest.mark.extended

VERSION = ".".join(map(str, sys.version_info[:3]))
_LEFT_OUT = {"test", "site-packages", "dist-packages", "__pycache__", "idlelib", "ensurepip"}


@pytest.fixture
def downloads(tmp_path: Path) -> Iterator[str]:
    """A list of downloads for uv, with one interpreter: a copy of this one, behind a server."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    _pack_this_interpreter(folder / "cpython.tar.gz")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    url = f"http://127.0.0.1:{server.server_address[1]}/cpython.tar.gz"
    (folder / "downloads.json").write_text(json.dumps(_listing(folder / "cpython.tar.gz", url)))
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield str(folder / "downloads.json")
    server.shutdown()
    thread.join()
    server.server_close()


def test_uv_provides_an_interpreter_that_the_machine_lacks(
    lab: Lab, standard: Project, downloads: str
) -> None:
    """No interpreter is on PATH nor in this home: the environment's comes from the download."""
    machine = _machine_without_python(lab, downloads)
    lab.install(standard, "--python", VERSION, **machine)

    home = _setting(standard.venv / "pyvenv.cfg", "home")
    assert Path(home).is_relative_to(machine["UV_PYTHON_INSTALL_DIR"])
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.startswith("alpha 1.0")


def test_the_plan_presumes_it_without_fetching_it(
    lab: Lab, standard: Project, downloads: str
) -> None:
    machine = _machine_without_python(lab, downloads)
    result = lab.install(standard, "--python", VERSION, "--dry-run", **machine)

    assert "alpha" in result.stdout
    assert not Path(machine["UV_PYTHON_INSTALL_DIR"]).exists()


def _machine_without_python(lab: Lab, downloads: str) -> dict[str, str]:
    empty = lab.sandbox.folder("empty-path")
    return {
        "PATH": str(empty),
        "UV_PYTHON_DOWNLOADS_JSON_URL": downloads,
        "UV_PYTHON_INSTALL_DIR": str(lab.sandbox.root / "uv-pythons"),
    }


def _pack_this_interpreter(archive: Path) -> None:
    """The interpreter and its library, in the layout of uv's own downloads."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = Path(sysconfig.get_path("stdlib"))
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name in (version, "python3", "python"):
            tar.add(base, f"python/bin/{name}")
        tar.add(library, f"python/lib/{version}", filter=_wanted)
        for shared in Path(sysconfig.get_config_var("LIBDIR")).glob(f"lib{version}*.so*"):
            tar.add(shared, f"python/lib/{shared.name}")


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without what is large, and without Debian's links to /etc, which uv refuses."""
    is_left_out = _LEFT_OUT & set(Path(member.name).parts) or member.name.endswith(".a")
    return None if is_left_out or member.linkname.startswith("/") else member


def _listing(archive: Path, url: str) -> dict[str, object]:
    """The form of uv's list of downloads (`UV_PYTHON_DOWNLOADS_JSON_URL`)."""
    major, minor, patch = sys.version_info[:3]
    system, machine = ("darwin", "none") if sys.platform == "darwin" else ("linux", "gnu")
    family = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    entry = {
        "name": "cpython",
        "arch": {"family": family, "variant": None},
        "os": system,
        "libc": machine,
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": url,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20260101",
    }
    return {f"cpython-{VERSION}-{system}-{family}-{machine}": entry}


def _setting(config: Path, key: str) -> str:
    lines = (line.partition("=") for line in config.read_text().splitlines())
    return next(value.strip() for name, _, value in lines if name.strip() == key)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test speaks through its assertions."""
