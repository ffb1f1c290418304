"""What `hybrid-install --version` prints of tools that answer whatever they like."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import FakeRunner
from support.witness import assert_harmless

from hybrid_install import __version__
from hybrid_install.commands.request import Request
from hybrid_install.commands.version import version
from hybrid_install.tools import poetry, uv


def parts(
    capsys: pytest.CaptureFixture[str], *answers: str, folder: Path, **environ: str
) -> list[str]:
    """The lines about uv and Poetry, whose answers these are."""
    tools = {poetry.VARIABLE: folder / "poetry", uv.VARIABLE: folder / "uv"}
    for tool in tools.values():
        tool.parent.mkdir(exist_ok=True)
        tool.touch(mode=0o755)
    named = {name: str(tool) for name, tool in tools.items()}
    version(Request(directory=folder, environ={**named, **environ}), FakeRunner([*answers]))
    said = capsys.readouterr().out
    assert_harmless(said)
    first, *rest = said.splitlines()
    assert first == f"hybrid-install {__version__}"
    return rest


def test_each_part_has_a_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    answers = ("uv 0.13.9 (abc 2026-01-01)\n", "Poetry (version 2.5.1)\n")
    assert parts(capsys, *answers, folder=tmp_path) == [
        f"uv 0.13.9 ({uv.VARIABLE}: {tmp_path}/uv)",
        f"Poetry 2.5.1 ({poetry.VARIABLE}: {tmp_path}/poetry)",
    ]


def test_no_escape_of_a_tool_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Neither of its answer nor of the folder that it is in."""
    answers = ("uv 0.13.9", "Poetry (version 2.5.1\x1b]0;title\x07\x1b[2J)")
    folder = tmp_path / "odd\x1b[2J\x9b"
    one, other = parts(capsys, *answers, folder=folder)
    assert one.endswith(r"odd\x1b[2J\x9b/uv)")
    assert other == rf"Poetry 2.5.1 ({poetry.VARIABLE}: {tmp_path}/odd\x1b[2J\x9b/poetry)"


def test_no_secret_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = parts(
        capsys,
        "no uv: https://user:swordfish@h/ marlin-9",
        "Poetry (version 2.5.1+marlin-9)",
        folder=tmp_path,
        UV_INDEX_HI0_PASSWORD="marlin-9",  # noqa: S106
    )
    assert "swordfish" not in "".join(said)
    assert "marlin" not in "".join(said)
