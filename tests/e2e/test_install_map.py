"""`install --from`: a map alone, in an empty folder, and a full install that finds it all right."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.cli import CommandLines
from support.compare import snapshot, versions
from support.git import repository
from support.index import Account, Source
from support.interpreters import copy_interpreter
from support.lab import Lab, contents
from support.projects import Project
from support.sandbox import Result
from support.venvs import launch, make_with_virtualenv
from support.wheels import Release, Sdist, Wheel, source_tree

pytestmark = pytest.mark.extended

ACCOUNT = Account("someone", "a:pass@word/1")
NO_POETRY = {"HYBRID_INSTALL_POETRY": "/nonexistent/poetry"}

TORCH = Wheel(Release("torch", "2.9+cpu", requires=("nvidia-cublas",)))
CUBLAS = Wheel(Release("nvidia-cublas", "13.0"))
BUILT = Sdist(Release("built", "3.0", flavour="built"))
URL = Wheel(Release("by-url", "1.2", flavour="url"))
GIT = Release("in-git", "1.9", flavour="git")
FOLDER = Release("in-folder", "1.7", flavour="folder")


@pytest.fixture
def heavy(lab: Lab, shop: Source, tmp_path: Path) -> Project:
    """Heavy packages from an index behind a password, and something of every other kind."""
    vault = lab.source(TORCH, CUBLAS, BUILT, account=ACCOUNT)
    elsewhere = lab.source(URL)
    for part, value in (("USERNAME", ACCOUNT.username), ("PASSWORD", ACCOUNT.password)):
        lab.environ[f"POETRY_HTTP_BASIC_{vault.name.upper()}_{part}"] = value
    pinned = {
        **{each: {"version": "*", "source": vault.name} for each in ("torch", "nvidia-cublas")},
        "built": {"version": "*", "source": vault.name},
        "by-url": {"url": lab.index.file_url(elsewhere, URL)},
        "in-git": {"git": repository(tmp_path / "git", source_tree(GIT))},
        "in-folder": {"path": "vendor/in-folder"},
    }
    files = {f"vendor/in-folder/{path}": text for path, text in source_tree(FOLDER).items()}
    spec = lab.spec("alpha[fast]", *pinned, sources=(shop, vault), pinned=pinned, files=files)
    return lab.project(replace(spec, imports=("alpha", "torch", "in_git", "in_folder")))


@dataclass(frozen=True)
class Layer:
    """An empty folder with a map, as a stage of an image has it."""

    lab: Lab
    project: Project
    folder: Path

    def export(self, name: str, *options: str) -> Path:
        """The project's map, alone in the folder."""
        path = self.folder / name
        self.lab.install(self.project, "export", "--format", "json", "-o", path, *options)
        return path

    def install(self, file: Path, *options: str, **variables: str) -> Result:
        """The map into the project's environment; neither Poetry nor the project is looked at."""
        mark = f"layer-{self.project.fingerprint}"
        argv = ("install", "--from", file.name, "--venv", str(self.project.venv), *options)
        with CommandLines.watched(mark) as watching:
            result = self.lab.hybrid_install.succeeding(
                *argv, cwd=self.folder, TEST_MARK=mark, **variables
            )
        assert watching.seen
        assert not [each for each in watching.seen if re.search(r"(^|/|-m )poetry\s", each)]
        return result


@pytest.fixture
def layer(lab: Lab, heavy: Project) -> Layer:
    folder = lab.folder / "layer"
    folder.mkdir()
    return Layer(lab, heavy, folder)


@pytest.mark.parametrize("universal", [(), ("--universal",)], ids=["one", "universal"])
def test_a_map_and_then_the_project(lab: Lab, layer: Layer, universal: tuple[str, ...]) -> None:
    """Exactly the map is installed; the full install keeps it and adds the rest."""
    file = layer.export("map.json", *universal)
    text = file.read_text("utf-8")
    assert ACCOUNT.password not in text
    assert str(layer.project.folder) not in text
    assert "acme" not in text

    first = layer.install(file)
    assert "in-folder 1.7: it is on disk" in first.stderr
    expected = {"alpha", "bravo", "golf", "torch", "nvidia-cublas", "built", "by-url", "in-git"}
    assert versions(layer.project.venv).keys() == {*expected, "pip"}
    again = layer.install(file)
    assert "8 kept" in again.stderr
    assert "installing" not in again.stderr

    full = lab.install(layer.project, "--strict")
    assert "installing 1 package" in full.stderr
    lab.assert_as_poetry_makes_it(layer.project)
    assert launch(layer.project.venv, "acme-app", lab.sandbox).stdout.startswith("alpha 1.0")
    verified = lab.install(layer.project, "verify", "--deep").stdout
    assert "all as poetry.lock says" in verified
    assert "note" not in verified


def test_tier_by_tier(lab: Lab, layer: Layer) -> None:
    """Two layers; the second keeps what the first one knew of its packages."""
    layer.install(layer.export("heavy.json", "--tier", "heavy"))
    assert versions(layer.project.venv).keys() == {"torch", "nvidia-cublas", "pip"}
    layer.install(layer.export("light.json", "--tier", "light"))

    receipt = json.loads((layer.project.venv / "hybrid-install.json").read_text("utf-8"))
    known = {each["name"]: each["index"] for each in receipt["packages"]}
    vault = list(layer.project.spec.sources)[1]
    assert known["torch"]["name"] == vault
    assert known["alpha"]["name"] == "shop"
    lab.install(layer.project, "--strict")
    lab.assert_as_poetry_makes_it(layer.project)
    verified = lab.install(layer.project, "verify").stdout
    assert "all as poetry.lock says" in verified
    assert "note" not in verified


def test_the_heavy_layer_alone_needs_its_own_index_alone(lab: Lab, layer: Layer) -> None:
    file = layer.export("heavy.json", "--tier", "heavy")
    vault = list(layer.project.spec.sources)[1]
    with lab.index.watched() as requests:
        layer.install(file, "--compile", **NO_POETRY)
    assert requests
    assert all(f"/{vault}/" in request.path for request in requests)
    assert list(layer.project.venv.rglob("*.pyc"))


def test_wrong_contents_are_refused(lab: Lab, layer: Layer) -> None:
    """The hashes of the map are demanded."""
    file = layer.export("heavy.json", "--tier", "heavy")
    text = file.read_text("utf-8")
    file.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", text), "utf-8")
    argv = ("install", "--from", file, "--venv", layer.project.venv)
    refused = lab.hybrid_install.refusing(*argv, cwd=layer.folder)
    assert "Hash mismatch" in refused.stderr
    assert versions(layer.project.venv).keys() <= {"pip"}


def test_into_the_active_environment(lab: Lab, layer: Layer) -> None:
    file = layer.export("heavy.json", "--tier", "heavy")
    active = make_with_virtualenv(lab.folder / "active", lab.sandbox)
    argv = ("install", "--from", file)
    refused = lab.hybrid_install.refusing(*argv, cwd=layer.folder)
    assert "--venv" in refused.stderr
    lab.hybrid_install.succeeding(*argv, cwd=layer.folder, VIRTUAL_ENV=str(active))
    assert versions(active).keys() == {"torch", "nvidia-cublas", "pip"}


def test_into_an_interpreter_itself(lab: Lab, layer: Layer) -> None:
    """`virtualenvs.create = false`, as in an image."""
    file = layer.export("heavy.json", "--tier", "heavy")
    python = copy_interpreter(lab.folder / "interpreter")
    argv = ("install", "--from", file, "--python", python)
    variables = {"POETRY_VIRTUALENVS_CREATE": "false"}
    lab.hybrid_install.succeeding(*argv, cwd=layer.folder, **variables)
    seen = snapshot(lab.folder / "interpreter", layer.folder)
    assert {"torch", "nvidia-cublas"} <= seen.distributions.keys()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda text: text.replace('"version": 1', '"version": 2', 1), "2 is not known"),
        (lambda text: text.replace('"name": "torch"', '"name": "--torch"'), "is not a name"),
        (lambda text: text[:-20], "is not valid JSON"),
        (lambda text: text.replace('"linux"', '"win32"'), "was made for another environment"),
        (lambda text: text.replace('"python": "3.', '"python": "2.'), "compatible version"),
    ],
)
def test_what_is_no_map_for_here_is_refused(
    lab: Lab, layer: Layer, edit: Callable[[str], str], says: str
) -> None:
    file = layer.export("heavy.json", "--tier", "heavy")
    file.write_text(edit(file.read_text("utf-8")), "utf-8")
    argv = ("install", "--from", file, "--venv", layer.project.venv)
    refused = lab.hybrid_install.refusing(*argv, cwd=layer.folder)
    assert says in " ".join(refused.stderr.split())
    assert not layer.project.venv.exists()


def test_what_was_chosen_at_the_export_is_not_chosen_again(lab: Lab, layer: Layer) -> None:
    file = layer.export("heavy.json", "--tier", "heavy")
    shutil.rmtree(layer.project.venv, ignore_errors=True)
    argv = ("install", "--from", file, "--venv", layer.project.venv)
    for option in (["--with", "dev"], ["--sync"], ["--tier", "heavy"]):
        result = lab.hybrid_install(*argv, *option, cwd=layer.folder)
        assert result.exit_code == 2


def test_offline_files_that_are_lacking_are_refused_before_anything_is_made(
    lab: Lab, standard: Project
) -> None:
    lab.install(standard, "download", "-o", "files")
    lab.install(standard, "export", "--format", "json", "-o", "map.json")
    argv = ("install", "--from", "map.json", "--venv", ".venv", "--offline", "--find-links")
    (standard.folder / "empty").mkdir()

    refused = lab.refuse(standard, *argv, "empty")
    assert "bravo 1.2: bravo-1.2-py3-none-any.whl" in refused.stderr
    assert not standard.venv.exists()

    with lab.index.watched() as requests:
        lab.install(standard, *argv, "files")
    assert requests == []
    assert versions(standard.venv)["bravo"] == "1.2"


def test_an_environment_that_can_be_moved(lab: Lab, standard: Project) -> None:
    """One that cannot is refused, as without a map."""
    lab.install(standard, "export", "--format", "json", "-o", "map.json")
    argv = ("install", "--from", "map.json", "--venv")
    lab.install(standard, *argv, "fixed")
    before = contents(standard.folder / "fixed")
    refused = lab.refuse(standard, *argv, "fixed", "--relocatable")
    assert "was made for the place where it is" in refused.stderr
    assert contents(standard.folder / "fixed") == before

    lab.install(standard, *argv, "movable", "--relocatable")
    (standard.folder / "movable").rename(standard.folder / "moved")
    launch(standard.folder / "moved", "bravo-tool", lab.sandbox)
