"""Launchers that look for their Python beside themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.distributions import dist_info
from support.fakes import interpreter

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.scripts import problem_of_launcher
from hybrid_install.environment.relocation import free_of_place, is_relocatable

CODE = "import sys\nfrom a import main\nsys.exit(main())\n"


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    found = interpreter(tmp_path / "venv")
    found.site_packages[0].mkdir(parents=True)
    (found.prefix / "bin").mkdir()
    return found


def launcher(target: Interpreter, head: str) -> Path:
    path = target.prefix / "bin" / "a"
    path.write_text(head.replace("<venv>", str(target.prefix)) + CODE, "utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "head",
    [
        "#!<venv>/bin/python\n",
        "#!<venv>/bin/python3.11\n",
        "#!/bin/sh\n'''exec' \"<venv>/bin/python\" \"$0\" \"$@\"\n' '''\n",
        "#!/bin/sh\n'''exec' <venv>/bin/python \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_a_launcher_that_names_the_place(target: Interpreter, head: str) -> None:
    """It is rewritten with its RECORD, beside whatever else shares its content."""
    path = launcher(target, head)
    os.link(path, path.with_name("of-the-cache"))
    old = path.read_text("utf-8")
    path.with_name("of-the-cache").replace(target.prefix / "of-the-cache")
    rows = "../../../bin/a,sha256=x,1\na/__init__.py,sha256=y,2\n"
    info = dist_info(target.site_packages[0], "a", files={"RECORD": rows})

    free_of_place(target)

    text = path.read_text("utf-8")
    assert str(target.prefix) not in text
    assert text.endswith(CODE)
    assert problem_of_launcher(text, "a:main", ()) == ""
    assert path.stat().st_mode & 0o777 == 0o755
    assert (target.prefix / "of-the-cache").read_text("utf-8") == old
    record = (info / "RECORD").read_text("utf-8").splitlines()
    assert record[0].startswith("../../../bin/a,sha256=")
    assert record[0].endswith(f",{len(text)}")
    assert record[1] == "a/__init__.py,sha256=y,2"


def test_a_record_that_cannot_be_read_is_left_alone(target: Interpreter) -> None:
    """Another one's: `verify` names it."""
    path = launcher(target, "#!<venv>/bin/python\n")
    odd = '"' + "x" * 200_000
    info = dist_info(target.site_packages[0], "b", files={"RECORD": odd})
    free_of_place(target)
    assert str(target.prefix) not in path.read_text("utf-8")
    assert (info / "RECORD").read_text("utf-8") == odd


@pytest.mark.parametrize(
    "head", ["#!/usr/bin/env python\n", "#!/bin/sh\n", "", "#!/x/bin/python\n"]
)
def test_any_other_file_is_left_alone(target: Interpreter, head: str) -> None:
    path = launcher(target, head)
    before = path.stat()
    free_of_place(target)
    after = path.stat()
    # It may be read: any write, and any change of its mode, has another ctime.
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home = /usr/bin\nrelocatable = true\n", True),
        ("relocatable = false\n", False),
        ("home = /usr/bin\n", False),
        (None, False),
    ],
)
def test_what_pyvenv_cfg_says(tmp_path: Path, text: str | None, expected: bool) -> None:
    if text is not None:
        (tmp_path / "pyvenv.cfg").write_text(text, "utf-8")
    assert is_relocatable(tmp_path) is expected
