"""What the project is bound from: every file that Poetry's editable builder opens is known to us."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from hybrid_install.core.binding import binding_inputs
from hybrid_install.environment.binding import legal_files

pytestmark = pytest.mark.conformance

# Events of PEP 578: whatever is opened while the project is read and bound.
WATCHED = """
import json, sys
from pathlib import Path
folder, venv = map(Path, sys.argv[1:])
from cleo.io.null_io import NullIO
from poetry.factory import Factory
from poetry.masonry.builders.editable import EditableBuilder
from poetry.utils.env import VirtualEnv
seen = set()
def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        seen.add(str(arguments[0]))
sys.addaudithook(note)
poetry = Factory().create_poetry(folder, disable_plugins=True)
EditableBuilder(poetry, VirtualEnv(venv), NullIO()).build()
print(json.dumps(sorted(seen)))
"""

PROJECT = '[project]\nname = "Acme.App"\nversion = "1.0"\n'
POETRY = '[tool.poetry]\nname = "acme-app"\nversion = "1.0"\ndescription = ""\nauthors = []\n'
MODULE = ("acme_app/__init__.py",)

SHAPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "plain": (PROJECT, MODULE),
    "src": (PROJECT, ("src/acme_app/__init__.py",)),
    "module": (PROJECT, ("acme_app.py",)),
    "readme": (PROJECT + 'readme = "docs/READ.md"\n', (*MODULE, "docs/READ.md")),
    "readme table": (
        PROJECT + 'readme = {file = "READ.rst", content-type = "text/x-rst"}\n',
        (*MODULE, "READ.rst"),
    ),
    "readmes": (POETRY + 'readme = ["A.md", "B.md"]\n', (*MODULE, "A.md", "B.md")),
    "legal": (
        PROJECT,
        (*MODULE, "LICENSE", "LICENCE.txt", "COPYING", "AUTHORS.md", "NOTICE", "LICENSES/a/MIT"),
    ),
    "license file": (PROJECT + 'license = {file = "terms.txt"}\n', (*MODULE, "terms.txt")),
    "license files": (
        PROJECT + 'license-files = ["legal/a.txt", "b.txt"]\n',
        (*MODULE, "legal/a.txt", "b.txt"),
    ),
    "file script": (
        POETRY + '[tool.poetry.scripts]\nrun = {reference = "bin/run.sh", type = "file"}\n',
        (*MODULE, "bin/run.sh"),
    ),
    "scripts": (PROJECT + '[project.scripts]\nrun = "acme_app:main"\n', MODULE),
    "packages": (
        POETRY + 'packages = [{include = "one", from = "lib"}, {include = "two"}]\n',
        ("lib/one/__init__.py", "two/__init__.py"),
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_file_that_is_opened_is_known(
    shape: tuple[str, tuple[str, ...]], tmp_path: Path, tally: Counter[str]
) -> None:
    text, files = shape
    folder = tmp_path / "project"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("# text\n")
    (folder / "pyproject.toml").write_text(text)
    inputs = binding_inputs(tomllib.loads(text))

    assert inputs is not None
    known = {*(folder / each for each in inputs.files), *legal_files(folder)}
    opened = _opened(folder, tmp_path / "venv")
    assert folder / "pyproject.toml" in opened
    assert opened <= known
    assert any((folder / place).exists() for place in inputs.places)
    tally.update(["bindings"])
    tally.update(["bindings equal"])


def _opened(folder: Path, venv: Path) -> set[Path]:
    """The files of the project that Poetry opens; settings of its own are no part of it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    answer = subprocess.run(
        [sys.executable, "-c", WATCHED, folder, venv], capture_output=True, text=True, check=True
    )
    opened = {Path(each).resolve() for each in json.loads(answer.stdout)}
    return {each for each in opened if each.is_relative_to(folder)} - {folder / "poetry.toml"}


@pytest.mark.parametrize(
    "text",
    [
        POETRY + '[tool.poetry.build]\nscript = "build.py"\n',
        POETRY + 'build = "build.py"\n',
        POETRY + '[tool.poetry.requires-plugins]\nx = "*"\n',
        POETRY + 'packages = [{include = "acme_*"}]\n',
        PROJECT + 'license-files = ["LIC*"]\n',
    ],
)
def test_what_cannot_be_foreseen(text: str) -> None:
    assert binding_inputs(tomllib.loads(text)) is None
