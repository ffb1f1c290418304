"""A run after a good one: it ends at once where nothing has changed, and only there."""

from __future__ import annotations

import os
import shutil
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from support.index import Source
from support.lab import Lab, contents
from support.projects import Project
from support.rebuilt import with_dependencies
from support.sandbox import Result
from support.wheels import Release, Wheel

from hybrid_install.early import project_that_needs_poetry
from hybrid_install.unchanged import words_if_unchanged

UNCHANGED = "is as poetry.lock says"
NOT_STARTED = "not started: the project is bound"

Change = Callable[[Project], object]


@pytest.fixture
def settled(lab: Lab, standard: Project) -> Project:
    """The project, installed, of which the next run has nothing to do."""
    (standard.folder / "README.md").write_text("# acme\n")
    pyproject = standard.folder / "pyproject.toml"
    described = pyproject.read_text().replace("[project]\n", '[project]\nreadme = "README.md"\n', 1)
    pyproject.write_text(described)
    lab.install(standard)
    assert UNCHANGED in lab.install(standard).stderr
    return standard


def test_nothing_is_touched_asked_or_started(lab: Lab, settled: Project) -> None:
    before = contents(settled.folder)
    with lab.index.watched() as requests:
        result = lab.install(settled)
    assert result.stderr.strip().splitlines() == [f"unchanged    {settled.venv} {UNCHANGED}"]
    assert contents(settled.folder) == before
    assert not requests
    lab.assert_as_poetry_makes_it(settled)


def test_quietly(lab: Lab, settled: Project) -> None:
    lab.install(settled, "-q")

    assert not lab.install(settled, "-q").output


def package(project: Project, pattern: str) -> Path:
    """A path in the environment's library."""
    (found,) = project.venv.glob(f"lib/python3*/site-packages/{pattern}")
    return found


def edit(path: Path) -> None:
    """As editors save: beside, and renamed."""
    beside = path.with_name("beside")
    beside.write_text(path.read_text() + "\n")
    beside.replace(path)


def set_back(path: Path) -> None:
    """Other contents of the same size, and the times of before."""
    status, text = path.stat(), path.read_text()
    path.write_text(text.replace("a", "b", 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


CHANGES: dict[str, Change] = {
    "pyproject.toml": lambda it: edit(it.folder / "pyproject.toml"),
    "poetry.lock is touched": lambda it: (it.folder / "poetry.lock").touch(),
    "a setting": lambda it: (it.folder / "poetry.toml").write_text("[virtualenvs]\n"),
    "the readme, in place": lambda it: set_back(it.folder / "README.md"),
    "a licence is added": lambda it: (it.folder / "LICENSE").write_text("MIT\n"),
    "a package is removed": lambda it: shutil.rmtree(package(it, "alpha")),
    "a distribution is removed": lambda it: shutil.rmtree(package(it, "alpha-*.dist-info")),
    "a distribution is renamed": lambda it: package(it, "alpha-*.dist-info").rename(
        package(it, "alpha-*.dist-info").with_name("alpha-0.9.dist-info")
    ),
    "METADATA is edited": lambda it: (package(it, "alpha-*.dist-info") / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: alpha\nVersion: 0.9\n"
    ),
    "RECORD is emptied": lambda it: (package(it, "alpha-*.dist-info") / "RECORD").write_text(""),
    "a module is edited": lambda it: edit(package(it, "alpha/__init__.py")),
    "a foreign package": lambda it: package(it, "alpha").with_name("stranger").mkdir(),
    "the root is unbound": lambda it: package(it, "acme_app.pth").unlink(),
    "the root leads elsewhere": lambda it: package(it, "acme_app.pth").write_text("/\n"),
    "a launcher is edited": lambda it: (it.venv / "bin" / "acme-app").write_text("#!/bin/sh\n"),
    "the receipt is gone": lambda it: (it.venv / "hybrid-install.json").unlink(),
    "pyvenv.cfg": lambda it: (it.venv / "pyvenv.cfg").write_text(
        (it.venv / "pyvenv.cfg").read_text() + "x = y\n"
    ),
}


def test_any_change_is_seen(lab: Lab, settled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was changed, the next run takes the whole way, and the one after it ends at once."""
    monkeypatch.setenv("PATH", lab.sandbox.environ["PATH"])
    (stamp,) = stamps(lab)
    for name, change in CHANGES.items():
        assert words_if_unchanged(str(stamp)), name
        change(settled)
        assert not words_if_unchanged(str(stamp)), name
        assert UNCHANGED not in lab.install(settled).stderr, name
    lab.assert_poetry_finds_nothing_to_do(settled)


def stamps(lab: Lab) -> list[Path]:
    """All that runs of this test have left."""
    return list(Path(lab.sandbox.environ["XDG_CACHE_HOME"], "hybrid-install/unchanged").iterdir())


def test_other_words_and_variables_take_the_whole_way(lab: Lab, settled: Project) -> None:
    assert UNCHANGED not in lab.install(settled, "-v").stderr
    assert UNCHANGED not in lab.install(settled, POETRY_INSTALLER_MAX_WORKERS="1").stderr
    assert UNCHANGED in lab.install(settled).stderr
    assert UNCHANGED not in lab.install(settled, "--no-receipt").stderr
    assert UNCHANGED not in lab.install(settled, HYBRID_INSTALL_NO_RECEIPT="1").stderr
    (settled.folder / ".venv").rename(settled.folder / "other")
    assert UNCHANGED not in lab.install(settled).stderr


def test_a_new_python_on_path_is_another_one(lab: Lab, settled: Project, tmp_path: Path) -> None:
    """Whatever finds an interpreter or Poetry by its name finds another one."""
    first = tmp_path / "first"
    first.mkdir()
    path = f"{first}{os.pathsep}{lab.sandbox.environ['PATH']}"
    lab.install(settled, PATH=path)
    assert UNCHANGED in lab.install(settled, PATH=path).stderr
    (first / "python").symlink_to("/usr/bin/python3")

    assert UNCHANGED not in lab.install(settled, PATH=path).stderr


def test_a_stamp_that_is_damaged_is_none(lab: Lab, settled: Project) -> None:
    (stamp,) = stamps(lab)
    text = stamp.read_text()
    for damaged in ("", "nonsense", text.removesuffix("end"), text.replace("stamp 1", "stamp 2")):
        stamp.write_text(damaged)
        assert UNCHANGED not in lab.install(settled).stderr
    stamp.write_bytes(b"\xff\x00")
    assert UNCHANGED not in lab.install(settled).stderr
    assert UNCHANGED in lab.install(settled).stderr


def test_no_secret_is_in_a_stamp(lab: Lab, standard: Project) -> None:
    secrets = {"POETRY_HTTP_BASIC_SOME_PASSWORD": "s3cret", "POETRY_REPOSITORIES_X_URL": "s3cret"}
    lab.install(standard, **secrets)
    assert UNCHANGED in lab.install(standard, **secrets).stderr

    cache = Path(lab.sandbox.environ["XDG_CACHE_HOME"], "hybrid-install")
    stamps = [path for path in cache.rglob("*") if path.is_file()]
    assert stamps
    assert not [path for path in stamps if b"s3cret" in path.read_bytes()]


def test_what_poetry_is_left_leaves_no_stamp(lab: Lab) -> None:
    """A build script may do anything, so that Poetry is started each time."""
    source = lab.source(Wheel(Release("alpha")), *with_dependencies("poetry-core"))
    project = lab.project(lab.spec("alpha", sources=(source,)))
    (project.folder / "build.py").write_text("")
    pyproject = project.folder / "pyproject.toml"
    pyproject.write_text(
        pyproject.read_text()
        + '\n[tool.poetry.build]\nscript = "build.py"\ngenerate-setup-file = false\n'
    )
    for _ in range(2):
        assert _starts_poetry(lab.install(project))


def test_poetry_is_not_started_where_only_packages_changed(lab: Lab, shop: Source) -> None:
    project = lab.project(lab.spec("alpha", "bravo", sources=(shop,)))
    lab.install(project)
    for each in project.venv.glob("lib/python3*/site-packages/alpha*"):
        shutil.rmtree(each)
    result = lab.install(project)

    assert NOT_STARTED in result.stderr
    assert not _starts_poetry(result)
    lab.assert_as_poetry_makes_it(project)
    assert UNCHANGED in lab.install(project).stderr


ROOT_CHANGES: dict[str, Change] = {
    "the readme": lambda it: edit(it.folder / "README.md"),
    "the version": lambda it: (it.folder / "pyproject.toml").write_text(
        (it.folder / "pyproject.toml").read_text().replace('version = "', 'version = "1')
    ),
    "a licence": lambda it: (it.folder / "NOTICE").write_text("x"),
    "the .pth": lambda it: package(it, "acme_app.pth").write_text("/\n"),
    "a launcher": lambda it: (it.venv / "bin" / "acme-app").write_text("#!/bin/sh\n"),
    "its metadata": lambda it: edit(package(it, "acme_app-*.dist-info") / "METADATA"),
    "no receipt": lambda it: (it.venv / "hybrid-install.json").unlink(),
}


@pytest.mark.parametrize("change", ROOT_CHANGES.values(), ids=ROOT_CHANGES)
def test_poetry_is_started_where_the_binding_changed(
    lab: Lab, settled: Project, change: Change
) -> None:
    change(settled)
    result = lab.install(settled)

    assert _starts_poetry(result)
    lab.assert_as_poetry_makes_it(settled)


def test_poetry_is_foreseen_where_the_binding_changed(lab: Lab, settled: Project) -> None:
    """So that it can be started before anything is read; the run comes to start the same one."""
    stamp = str(max(stamps(lab), key=lambda path: path.stat().st_mtime_ns))
    assert project_that_needs_poetry(stamp) is None
    edit(settled.folder / "pyproject.toml")

    assert project_that_needs_poetry(stamp) == str(settled.folder)
    assert _starts_poetry(lab.install(settled))
    lab.assert_as_poetry_makes_it(settled)


def test_without_poetry_none_is_foreseen(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--finish", "poetry-core")
    (stamp,) = stamps(lab)
    edit(standard.folder / "pyproject.toml")

    assert project_that_needs_poetry(str(stamp)) is None


def test_poetry_is_started_where_it_is_asked_for(lab: Lab, settled: Project) -> None:
    assert NOT_STARTED in lab.install(settled, "-v").stderr
    assert _starts_poetry(lab.install(settled, "--no-receipt"))


def test_a_plugin_has_its_say(lab: Lab, settled: Project, tmp_path: Path) -> None:
    """Poetry with a plugin that nobody knows: what it does to a project cannot be foreseen."""
    launcher = _poetry_with_a_plugin(tmp_path)
    for _ in range(2):
        assert _starts_poetry(lab.install(settled, HYBRID_INSTALL_POETRY=str(launcher)))


def _poetry_with_a_plugin(folder: Path) -> Path:
    """A launcher whose Python is in an environment of its own, with this one's packages."""
    venv.create(folder / "poetry", symlinks=True)
    python = folder / "poetry" / "bin" / "python"
    (site,) = (folder / "poetry").glob("lib/python3*/site-packages")
    (site / "all.pth").write_text(sysconfig.get_path("purelib") + "\n")
    plugin = site / "strange_plugin-1.0.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-plugin\nVersion: 1.0\n")
    (plugin / "entry_points.txt").write_text("[poetry.plugin]\nstrange = strange:Strange\n")
    (site / "strange.py").write_text(
        "from poetry.plugins.plugin import Plugin\n\n"
        "class Strange(Plugin):\n    def activate(self, poetry, io): pass\n"
    )
    launcher = folder / "poetry" / "bin" / "poetry"
    text = "import sys\nfrom poetry.console.application import main\nsys.exit(main())\n"
    launcher.write_text(f"#!{python}\n{text}")
    launcher.chmod(0o755)
    return launcher


def _starts_poetry(result: Result) -> bool:
    return "Installing the current project" in result.output
