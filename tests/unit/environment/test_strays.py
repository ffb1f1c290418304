"""Files of halves that lie elsewhere: which are theirs, and above all which are not."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from support.distributions import dist_info
from support.fakes import interpreter

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.halves import Halves, halves, remove

A = normalize_name("a")
OWN = "a-1.0.dist-info/METADATA,,\na-1.0.dist-info/RECORD,,\n"
COMMANDS = """\
[console_scripts]
a = a.cli:main
a-named = a.cli:main [more]

[gui_scripts]
a-gui=a.cli:Window.open
../out = a.cli:main
link = a.cli:main
a-else = a.cli:main
a-other = a.cli:main
a-gone = a.cli:main
[a.plugins]
plugin = a.cli:main
"""


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    return interpreter(tmp_path / "venv")


@pytest.fixture
def commands(target: Interpreter) -> Path:
    """The folder of commands; each that is not to be found has a reason."""
    folder = target.prefix / "bin"
    folder.mkdir(parents=True)
    for name in ("a", "a-gui", "a-named", "../out", "a-else", "a-other", "plugin", "linked"):
        python = "/usr/bin/python" if name == "a-other" else f"{folder}/python3"
        module = "b" if name == "a-else" else "a.cli"
        function = "Window" if name == "a-gui" else "main"
        text = f"#!{python}\nimport sys\nfrom {module} import {function}\n"
        (folder / name).write_text(text, "utf-8")
    (folder / "link").symlink_to(folder / "linked")
    other = {"RECORD": "../../../bin/a-named,,\nb-1.0.dist-info/RECORD,,\n"}
    dist_info(target.site_packages[0], "b", files=other)
    return folder


def of(target: Interpreter, record: str | None, **files: str) -> Path:
    """Half an installation: uv's RECORD would name its INSTALLER."""
    named = {"RECORD": record or "", "entry_points.txt": COMMANDS, **files}
    return dist_info(target.site_packages[0], "a", files=named)


@pytest.mark.parametrize("record", [OWN, ""])
def test_commands(target: Interpreter, commands: Path, record: str) -> None:
    """They go, whether there is a RECORD by which the rest can be removed or not."""
    of(target, record)
    assert halves(target, {A}).strays == (commands / "a", commands / "a-gui")
    remove(halves(target, {A}))
    left = {"a-named", "a-else", "a-other", "plugin", "linked", "link"}
    assert {each.name for each in commands.iterdir()} == left
    assert (commands / "../out").exists()


def test_what_is_whole_has_none(target: Interpreter, commands: Path) -> None:
    of(target, f"{OWN}a-1.0.dist-info/INSTALLER,,\n")
    assert halves(target, {A}) == Halves()
    assert (commands / "a").exists()


def row(path: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"a-1.0.data/{path},sha256={digest.rstrip('=')},{len(text)}\n"


def test_data_and_scripts(target: Interpreter, commands: Path, tmp_path: Path) -> None:
    """What the archive has in its .data; not what has other contents, or is another's."""
    share, script = target.prefix / "share", commands / "a-tool"
    share.mkdir()
    for name in ("a.txt", "a-edited.txt", "a-shared.txt", "../../outside.txt"):
        (share / name).write_text("data", "utf-8")
    (share / "a-edited.txt").write_text("edited", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("data", "utf-8")
    (share / "elsewhere").symlink_to(tmp_path / "elsewhere")
    script.write_text(f"#!{commands}/python\n", "utf-8")
    (commands / "a-foreign").write_text("#!/bin/sh\n", "utf-8")
    places = ["a.txt", "a-edited.txt", "a-shared.txt", "elsewhere/a.txt", "gone.txt"]
    rows = [row(f"data/share/{each}", "data") for each in (*places, "../../outside.txt")]
    rows += [row(f"scripts/{each}", "#!python\n") for each in ("a-tool", "a-foreign", "a-none")]
    shared = {"RECORD": "../../../share/a-shared.txt,,\nc-1.0.dist-info/RECORD,,\n"}
    dist_info(target.site_packages[0], "c", files=shared)
    dist_info(
        target.site_packages[0],
        "a",
        files={"RECORD": "".join((*rows, row("headers/a.h", "data"), "a-1.0.data/data,,\n", OWN))},
    )

    assert halves(target, {A}).strays == (share / "a.txt", script)
