"""`init` and `cache-key`: what a project says of itself, and what CI remembers it by."""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
from pathlib import Path

import pytest
from support.cli import CommandLines
from support.index import Source
from support.lab import Lab
from support.projects import Project
from support.wheels import Release, Wheel

# Hexadecimal digits are compressed by half.
NOISE = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(1000))
BIG = Wheel(Release("big"), data={"data/share/big.txt": NOISE})
BIGGER = Wheel(Release("Bigger.One"), data={"data/share/bigger.txt": NOISE * 2})
TORCH = Wheel(Release("torch"), data={"data/share/torch.txt": NOISE})


@pytest.fixture
def fat(lab: Lab, shop: Source) -> Project:
    """A project with big packages, one of them known as such."""
    source = lab.source(BIG, BIGGER, TORCH)
    pinned = {name: {"source": source.name} for name in ("big", "bigger-one", "torch")}
    return lab.project(lab.spec("alpha", *pinned, sources=(shop, source), pinned=pinned))


def heavy(project: Project) -> list[str]:
    document = tomllib.loads(project.pyproject.read_text("utf-8"))
    found: list[str] = document["tool"]["hybrid-install"]["heavy"]
    return found


def test_a_table_for_a_start(lab: Lab, standard: Project) -> None:
    """Needs neither lock nor tools, keeps links and permissions; the lock stays fresh."""
    before = standard.pyproject.read_text("utf-8")
    real = standard.folder / "real.toml"
    standard.pyproject.rename(real)
    standard.pyproject.symlink_to(real.name)
    real.chmod(0o640)
    lock = standard.lock.read_bytes()
    standard.lock.unlink()

    nothing = "/nonexistent"
    lab.install(standard, "init", HYBRID_INSTALL_UV=nothing, HYBRID_INSTALL_POETRY=nothing)

    text = standard.pyproject.read_text("utf-8")
    assert text.startswith(before)
    assert heavy(standard) == []
    assert standard.pyproject.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    again = lab.install(standard, "init")
    assert "needs no change" in again.stderr
    assert standard.pyproject.read_text("utf-8") == text
    standard.lock.write_bytes(lock)
    lab.install(standard, "plan")
    assert sorted(path.name for path in standard.folder.iterdir() if "toml" in path.name) == [
        "poetry.toml",
        "pyproject.toml",
        "real.toml",
    ]


def test_sizes_are_asked_for_and_recorded(lab: Lab, fat: Project) -> None:
    """What is known to be heavy needs no record, and what the project calls light gets none."""
    first = lab.install(fat, "init", "--sizes", "--over", "50kB")
    assert heavy(fat) == ["bigger-one"]
    assert re.search(r"heavy +bigger-one \(\d+ kB\)", first.stderr)
    assert not fat.venv.exists()

    lab.install(fat, "init", "--sizes", "--over", "10kB")
    assert heavy(fat) == ["big", "bigger-one"]
    assert "needs no change" in lab.install(fat, "init", "--sizes", "--over", "10kB").stderr

    with lab.index.watched() as requests:
        exported = lab.install(fat, "export", "--tier", "heavy").stdout
    assert not requests
    names = re.findall(r"^(\S+)===", exported, re.MULTILINE)
    assert names == ["big", "bigger-one", "torch"]

    fat.edit("pyproject.toml", '    "big",\n', '    "!big",\n')
    lab.install(fat)
    said = lab.install(fat, "init", "--sizes", "--over", "10kB", "-v")
    assert heavy(fat) == ["!big", "bigger-one"]
    assert re.search(r"big \(\d+ kB\) is light by the project's own word", said.stderr)
    lab.assert_as_poetry_makes_it(fat)


def test_wrong_settings_and_sizes(lab: Lab, fat: Project) -> None:
    wrong = lab.hybrid_install("init", "--over", "much", cwd=fat.folder)
    assert (wrong.exit_code, "'much' is no size" in wrong.stderr) == (2, True)
    text = fat.pyproject.read_text("utf-8")
    fat.pyproject.write_text(f'{text}\n[tool.hybrid-install]\nhevy = ["x"]\n', "utf-8")
    for command in ("init", "plan", "install"):
        refused = lab.refuse(fat, command)
        assert (
            f'{fat.pyproject}: tool.hybrid-install.hevy: is no setting: is "heavy" meant?'
            in refused.stderr
        )


def cache_key(lab: Lab, project: Project, *options: str | Path, **variables: str) -> str:
    return lab.install(project, "cache-key", *options, **variables).stdout


def test_a_cache_key(lab: Lab, fat: Project) -> None:
    """Before there is an environment and after, by whatever Poetry; nothing is asked or started."""
    mark = f"cache-key-{fat.fingerprint}"
    with lab.index.watched() as requests, CommandLines.watched(mark) as watching:
        before = cache_key(lab, fat, HYBRID_INSTALL_POETRY="/nonexistent/poetry", TEST_MARK=mark)
    assert not requests
    assert not [each for each in watching.seen if re.search(r"(^|/)(uv|poetry)\s", each)]
    assert re.fullmatch(r"hybrid-install-[a-z]+-3\.\d+t?-[a-z0-9_-]+-[0-9a-f]{64}\n", before)
    heavy_key, light_key = (cache_key(lab, fat, "--tier", tier) for tier in ("heavy", "light"))
    assert heavy_key.startswith("hybrid-install-heavy-")
    assert len({before, heavy_key, light_key}) == 3

    lab.install(fat)
    assert cache_key(lab, fat) == before
    fat.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"  # new')
    assert cache_key(lab, fat) == before
    light = re.sub(r'(name = "alpha"\nversion = )"1.0"', r'\1"1.1"', fat.lock.read_text("utf-8"))
    fat.lock.write_text(light, "utf-8")
    assert cache_key(lab, fat) != before
    assert cache_key(lab, fat, "--tier", "heavy") == heavy_key
    assert cache_key(lab, fat, "--tier", "light") != light_key


def test_another_uv_is_another_key(lab: Lab, standard: Project, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho uv 0.13.999\n")
    uv.chmod(0o755)
    assert cache_key(lab, standard, HYBRID_INSTALL_UV=str(uv)) != cache_key(lab, standard)
