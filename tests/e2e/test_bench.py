"""scripts/bench.py with real tools on a project of two packages: one round, the index beside it."""

from __future__ import annotations

import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from benchmark import page, rounds
from benchmark.contestants import CONTESTANTS
from benchmark.index import Distance, Index
from benchmark.locks import Lock, Release
from benchmark.results import Results, Sample
from benchmark.scenarios import SCENARIOS
from benchmark.tools import REPOSITORY, Tools
from support.wheels import Release as Made
from support.wheels import Wheel, sha256

from hybrid_install.core.freshness import content_hash

pytestmark = pytest.mark.extended

CLOCK, GEAR, OLD_GEAR = (
    Wheel(Made(name, version))
    for name, version in (("clock", "2.0"), ("gear", "1.1"), ("gear", "1.0"))
)

PYPROJECT = """\
[project]
name = "acme-app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["clock", "gear"]

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Those of the tests; ours is this checkout."""
    folder, scripts = tmp_path / "bin", Path(sysconfig.get_path("scripts"))
    folder.mkdir()
    for name in ("poetry", "uv"):
        (folder / name).symlink_to(scripts / name)
    (folder / "python").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    source = REPOSITORY / "src"
    run = f'PYTHONPATH="{source}" exec "{sys.executable}" -m hybrid_install "$@"'
    (folder / "hybrid-install").write_text(f"#!/bin/sh\n{run}\n", "utf-8")
    (folder / "hybrid-install").chmod(0o755)
    return Tools(folder, {}, "--no-root")


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    """Locked on the default index."""
    folder = tmp_path / "acme"
    (folder / "acme_app").mkdir(parents=True)
    (folder / "acme_app" / "__init__.py").touch()
    (folder / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    entries = "".join(
        f'[[package]]\nname = "{wheel.name}"\nversion = "{wheel.version}"\ndescription = ""\n'
        f'optional = false\npython-versions = ">=3.8"\ngroups = ["main"]\nfiles = [\n'
        f'    {{file = "{wheel.filename}", hash = "sha256:{sha256(wheel.content)}"}},\n]\n\n'
        for wheel in (CLOCK, GEAR)
    )
    metadata = (
        '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\n'
        f'content-hash = "{content_hash(tomllib.loads(PYPROJECT))}"\n'
    )
    (folder / "poetry.lock").write_text(entries + metadata, "utf-8")
    files = ((OLD_GEAR.filename, f"sha256:{sha256(OLD_GEAR.content)}"),)
    return Lock("acme", folder, (Release("gear", "1.0", files),))


def test_everybody_installs_and_is_measured(tmp_path: Path, tools: Tools, lock: Lock) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for wheel in (CLOCK, GEAR, OLD_GEAR):
        (wheels / wheel.filename).write_bytes(wheel.content)
    chosen = {"poetry", "uv-no-root", "ours", "ours-no-root"}
    setting = rounds.Setting(
        tools,
        [each for each in CONTESTANTS if each.key in chosen],
        [each for each in SCENARIOS if each.key in {"cold", "warm", "light"}],
        1,
    )
    with Index(Distance(latency=0.001)) as index:
        index.offer(wheels, lock.files)
        outcomes = list(rounds.play(setting, lock, index, tmp_path / "run"))
    samples = [each for each in outcomes if isinstance(each, Sample)]
    assert len(samples) == len(outcomes) == 3 * len(chosen), outcomes
    results = Results(tuple(samples))
    for key in ("cold", "warm", "light"):
        assert set(results.contestants("acme", key)) == chosen
    asked = {each.contestant: each.requests for each in results.of("acme", "cold")}
    assert {each["file"] for each in asked.values()} == {2}
    assert asked["uv-no-root"] == {"file": 2}
    for each in results.of("acme", "warm"):
        assert "file" not in each.requests
        assert each.written > 0
    (ours,) = results.of("acme", "light", "ours")
    assert ours.requests["file"] == 1
    assert ours.phases
    assert "### One light package changed" in page.figures(results)
