"""`--no-editable` and `--relocatable`: environments that need no source tree, at any path."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tomlkit
from support.bundle import Bundler, bundler
from support.compare import Snapshot, assert_same, site_packages, snapshot, versions
from support.git import repository
from support.index import Source
from support.lab import Lab, assert_nothing_is_installed, contents
from support.projects import POETRY, Project, files_of, write_files
from support.rebuilt import with_dependencies
from support.sandbox import run
from support.venvs import launch, make_with_virtualenv
from support.wheels import Release, Sdist, Wheel, source_tree

pytestmark = pytest.mark.extended

IN_FOLDER = Release("in-folder", "1.1", flavour="folder")
IN_REPO = Release("in-repo", "1.4", flavour="git")
NAMES = ("alpha", "in-folder", "in-repo")


@pytest.fixture(scope="module")
def oracle_of_wheels(tmp_path_factory: pytest.TempPathFactory) -> Bundler:
    return bundler(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> str:
    return repository(tmp_path_factory.mktemp("git") / "in-repo", source_tree(IN_REPO))


@pytest.fixture
def editable(lab: Lab, shop: Source, git: str) -> Project:
    """Everything that Poetry installs editable: the root, a folder, a repository."""
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    pinned = {
        "in-folder": {"path": "vendor/in-folder", "develop": True},
        "in-repo": {"git": git, "develop": True},
    }
    files = {f"vendor/in-folder/{path}": text for path, text in source_tree(IN_FOLDER).items()}
    return lab.project(
        lab.spec(
            *NAMES,
            sources=(shop,),
            pinned=pinned,
            files=files,
            imports=("alpha", "in_folder", "in_repo"),
        )
    )


SAID = ["alpha 1.0 plain", "in_folder 1.1 folder", "in_repo 1.4 git"]


def origins_forgotten(seen: Snapshot, *names: str) -> Snapshot:
    """As the oracle's root has it: its direct_url.json names a folder that was removed."""
    distributions = dict(seen.distributions)
    for name in names:
        each = distributions[name]
        files = {path: file for path, file in each.files.items() if "direct_url" not in path}
        distributions[name] = replace(each, origin=None, files=files)
    return replace(seen, distributions=distributions)


def editable_folders(venv: Path) -> list[str]:
    """What .pth files add, and what direct_url.json calls editable."""
    found = [path.name for site in site_packages(venv) for path in site.glob("*.pth")]
    for site in site_packages(venv):
        for origin in site.glob("*.dist-info/direct_url.json"):
            if "editable" in origin.read_text("utf-8"):
                found.append(origin.parent.name)
    return [name for name in found if name not in {"_virtualenv.pth", "distutils-precedence.pth"}]


def verified(lab: Lab, project: Project, *options: str | Path) -> dict[str, str]:
    """What `verify` finds to be wrong."""
    result = lab.hybrid_install("verify", "--json", *options, cwd=project.folder)
    findings = json.loads(result.stdout)["findings"]
    return {each["name"]: each["detail"] for each in findings if each["fails"]}


def state(project: Project) -> dict[str, bytes]:
    """Every file of the project's own; a backend that is in the tree is compiled there."""
    files = (path for path in files_of(project.folder) if "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


def test_the_environment_that_poetry_bundles(
    lab: Lab, editable: Project, oracle_of_wheels: Bundler
) -> None:
    before = state(editable)
    result = lab.install(editable, "--no-editable", "--strict")
    assert state(editable) == before
    assert "left to Poetry" not in result.stderr

    sandbox = lab.sandbox.having(**lab.environ)
    theirs = oracle_of_wheels.bundle(editable, lab.folder / "bundled", sandbox)
    ours = snapshot(editable.venv, editable.folder)
    poetrys = origins_forgotten(snapshot(theirs, editable.folder), "acme-app")
    assert_same(ours.without("pip"), poetrys.without("pip"))
    assert verified(lab, editable, "--no-editable") == {}

    kept = lab.folder / "environment"
    editable.venv.rename(kept)
    shutil.rmtree(editable.folder)
    kept_again = editable.venv
    kept_again.parent.mkdir()
    kept.rename(kept_again)
    assert launch(kept_again, "acme-app", lab.sandbox).stdout.splitlines() == SAID
    assert editable_folders(kept_again) == []


def test_there_and_back(lab: Lab, editable: Project) -> None:
    """Each kind of run makes of the other's environment what it makes of none."""
    lab.install(editable)
    as_poetry = snapshot(editable.venv, editable.folder)
    assert len(editable_folders(editable.venv)) > 2
    wrong = verified(lab, editable, "--no-editable")
    assert wrong.keys() == {"acme-app", "in-folder", "in-repo"}

    plan = lab.install(editable, "plan", "--json", "--no-editable").stdout
    actions = {each["name"]: each["action"] for each in json.loads(plan)["operations"]}
    assert actions == {
        "alpha": "keep",
        "bravo": "keep",
        "in-folder": "reinstall",
        "in-repo": actions["in-repo"],
    }
    lab.install(editable, "--no-editable")
    assert editable_folders(editable.venv) == []
    assert verified(lab, editable, "--no-editable") == {}
    assert verified(lab, editable).keys() == {"acme-app", "in-folder", "in-repo"}
    assert "installed as a wheel" in verified(lab, editable)["acme-app"]

    lab.install(editable)
    assert_same(snapshot(editable.venv, editable.folder), as_poetry)
    # Poetry takes its own checkout for a folder, and installs it again on each run.
    assert verified(lab, editable).keys() <= {"in-repo"}


def test_an_editable_install_of_poetry_s_is_removed_whole(lab: Lab, standard: Project) -> None:
    """uv passes over the absolute paths of its RECORD."""
    folder = {"pyproject.toml": PLUGIN, "plugin.py": ""}
    write_files(lab.folder / "plugin", folder)
    lab.install(standard)
    argv = [*POETRY, "install", "-n"]
    run(argv, {**lab.sandbox.environ, "VIRTUAL_ENV": str(standard.venv)}, lab.folder / "plugin")
    assert "plugin" in versions(standard.venv)
    assert "plugin.pth" in editable_folders(standard.venv)

    lab.install(standard, "--sync")

    assert "plugin" not in versions(standard.venv)
    lab.assert_as_poetry_makes_it(standard, command="sync")
    assert "plugin.pth" not in editable_folders(standard.venv)


PLUGIN = """\
[project]
name = "plugin"
version = "1.0"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


def test_the_wheel_is_of_the_source_as_it_is_now(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--no-editable")
    before = contents(standard.venv / "lib")
    standard.edit("src/acme_app/__init__.py", "def main():\n", "def main():\n    print('new')\n")
    assert not launch(standard.venv, "acme-app", lab.sandbox).stdout.startswith("new")

    result = lab.install(standard, "--no-editable", "--compile")

    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.startswith("new\n")
    after = contents(standard.venv / "lib")
    files = {path for path in before if not (standard.venv / "lib" / path).is_dir()}
    touched = {path for path in files if before[path] != after.get(path)}
    assert {Path(path).parts[2] for path in touched if len(Path(path).parts) > 2} == {
        "acme_app",
        "acme_app-0.1.0.dist-info",
    }
    assert list(standard.venv.glob("lib/*/site-packages/acme_app/__pycache__/*.pyc"))
    assert "5 kept" in result.stderr


@pytest.mark.parametrize("option", ["--no-editable", "--editable"])
def test_a_build_of_another_version_is_found(lab: Lab, standard: Project, option: str) -> None:
    lab.install(standard, option)
    standard.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    found = verified(lab, standard, option)
    assert found == {"acme-app": "0.1.0 is installed, pyproject.toml says 0.2.0"}

    lab.install(standard, option)
    assert verified(lab, standard, option) == {}


Change = Callable[[tomlkit.TOMLDocument], object]


def dynamic_version(document: tomlkit.TOMLDocument) -> None:
    del document["project"]["version"]
    document["project"]["dynamic"] = ["version"]
    document["tool"]["poetry"]["version"] = "3.2.1rc1"


def file_script(document: tomlkit.TOMLDocument) -> None:
    script = {"reference": "tool.py", "type": "file"}
    document["tool"]["poetry"]["scripts"] = {"tool": script}


def build_script(document: tomlkit.TOMLDocument) -> None:
    document["tool"]["poetry"]["build"] = {"script": "make.py", "generate-setup-file": False}


def foreign_backend(document: tomlkit.TOMLDocument) -> None:
    document["build-system"] = {
        "requires": [],
        "build-backend": "in_tree",
        "backend-path": ["_backend"],
    }


_BACKEND = source_tree(Release("acme-app", "0.1.0", flavour="foreign"))["_backend/in_tree.py"]

KINDS: dict[str, tuple[Change, dict[str, str]]] = {
    "dynamic version": (dynamic_version, {}),
    "file script": (file_script, {"tool.py": "#!python\nprint('a file')\n"}),
    "build script": (
        build_script,
        {"make.py": "open('src/acme_app/made.py', 'w').write('MADE = 1')\n"},
    ),
    "foreign backend": (foreign_backend, {"_backend/in_tree.py": _BACKEND}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_poetry_builds(lab: Lab, kind: str) -> None:
    source = lab.source(Wheel(Release("alpha")), *with_dependencies("poetry-core"))
    project = lab.project(lab.spec("alpha", sources=(source,), imports=("alpha",)))
    change, files = KINDS[kind]
    document = tomlkit.parse(project.pyproject.read_text("utf-8"))
    change(document)
    project.pyproject.write_text(tomlkit.dumps(document), "utf-8")
    for name, text in files.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_text(text, "utf-8")
    lab.locksmith.declare_fresh(project)
    before = state(project)

    lab.install(project, "--no-editable", "--strict")

    made = {path for path in state(project) if path not in before}
    is_script = kind == "build script"
    assert {Path(path).name for path in made} == ({"made.py"} if is_script else set())
    installed = versions(project.venv)["acme-app"]
    assert installed == ("3.2.1rc1" if kind == "dynamic version" else "0.1.0")
    [package] = project.venv.glob("lib/python3*/site-packages/acme_app")
    assert (package / "made.py").is_file() is is_script
    if kind == "file script":
        assert launch(project.venv, "tool.py", lab.sandbox).stdout == "a file\n"
    if kind != "foreign backend":  # whose wheel has no scripts
        assert verified(lab, project, "--no-editable") == {}


def test_the_setting(lab: Lab, standard: Project) -> None:
    table = "[tool.hybrid-install]\nno-editable = true\n"
    standard.pyproject.write_text(standard.pyproject.read_text("utf-8") + table, "utf-8")
    lab.install(standard)
    assert editable_folders(standard.venv) == []
    assert verified(lab, standard) == {}

    lab.install(standard, "--editable")
    assert "acme_app.pth" in editable_folders(standard.venv)
    assert verified(lab, standard, "--editable") == {}


def test_a_project_that_is_no_package(lab: Lab, shop: Source) -> None:
    project = lab.project(lab.spec("alpha", sources=(shop,), package_mode=False))

    lab.install(project, "--no-editable", HYBRID_INSTALL_POETRY="/bin/false")

    lab.assert_as_poetry_makes_it(project)


@pytest.mark.parametrize("option", ["--no-root", "--only-root"])
def test_the_root_is_left_out_or_alone(lab: Lab, standard: Project, option: str) -> None:
    lab.install(standard, "--no-editable", option)

    assert ("acme-app" in versions(standard.venv)) is (option == "--only-root")
    assert ("alpha" in versions(standard.venv)) is (option == "--no-root")
    assert verified(lab, standard, "--no-editable", option) == {}


def without_hashes(project: Project, name: str) -> None:
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    for package in lock["package"]:
        if package["name"] == name:
            package["files"] = []
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")


def test_what_is_left_to_poetry(lab: Lab, editable: Project) -> None:
    """It installs that, and what is no editable install stays none."""
    without_hashes(editable, "bravo")

    result = lab.install(editable, "--no-editable", "--sync")

    assert "1 left to Poetry" in result.stderr
    assert "Poetry changed" not in result.stderr
    assert editable_folders(editable.venv) == []
    assert snapshot(editable.venv, editable.folder).distributions["bravo"].installer != "uv"
    assert launch(editable.venv, "acme-app", lab.sandbox).stdout.splitlines() == SAID
    assert launch(editable.venv, "bravo", lab.sandbox).stdout == "bravo 1.2 plain\n"
    again = lab.install(editable, "--no-editable", "--sync")
    assert "left to Poetry" not in again.stderr


def test_an_environment_that_moves(lab: Lab, editable: Project) -> None:
    """Also with what Poetry has installed, whose launchers name the place."""
    without_hashes(editable, "bravo")
    lab.install(editable, "--relocatable")
    assert verified(lab, editable, "--relocatable") == {}

    moved = lab.folder / "another place"
    editable.venv.rename(moved)
    editable.folder.rename(lab.folder / "elsewhere")
    assert launch(moved, "acme-app", lab.sandbox).stdout.splitlines() == SAID
    assert launch(moved, "bravo", lab.sandbox).stdout == "bravo 1.2 plain\n"
    assert launch(moved, "bravo-tool", lab.sandbox).stdout == "tool\n"
    code = "import sys, alpha, acme_app; print(sys.prefix)"
    said = run([moved / "bin" / "python", "-c", code], lab.sandbox.environ, lab.folder)
    assert said.stdout == f"{moved}\n"
    activated = f". '{moved}/bin/activate' && acme-app && command -v acme-app"
    said = run(["bash", "-c", activated], lab.sandbox.environ, lab.folder)
    assert said.stdout.splitlines() == [*SAID, str(moved / "bin" / "acme-app")]

    (lab.folder / "elsewhere").rename(editable.folder)
    assert verified(lab, editable, "--relocatable", "--venv", moved) == {}
    result = lab.install(editable, "--relocatable", "--venv", moved)
    assert "4 kept" in result.stderr
    assert str(editable.venv) not in launch(moved, "bravo-tool", lab.sandbox).stdout


def test_an_environment_that_cannot_move(lab: Lab, standard: Project) -> None:
    make_with_virtualenv(standard.venv, lab.sandbox)

    result = lab.refuse(standard, "--relocatable")

    assert "was made for the place where it is" in result.stderr
    assert_nothing_is_installed(standard)


def test_a_run_that_is_poetry_s_alone(lab: Lab, standard: Project) -> None:
    (standard.folder / "poetry.toml").write_text(
        "[virtualenvs]\nin-project = true\n[virtualenvs.options]\nalways-copy = true\n"
    )
    result = lab.refuse(standard, "--no-editable")

    assert "--no-editable cannot be heeded" in result.stderr
    assert not standard.venv.exists()


def test_the_root_is_of_sdists_too(lab: Lab) -> None:
    """A cache that is warm with an earlier wheel of the project is no source of it."""
    source = lab.source(Sdist(Release("only-sdist")))
    project = lab.project(lab.spec("only-sdist", sources=(source,), imports=("only_sdist",)))
    for number in ("1", "2"):
        code = f"def main():\n    print({number})\n"
        (project.folder / "src/acme_app/__init__.py").write_text(code, "utf-8")
        lab.install(project, "--no-editable")
        shutil.rmtree(project.venv) if number == "1" else None
    assert launch(project.venv, "acme-app", lab.sandbox).stdout == "2\n"
    assert os.access(project.venv / "bin" / "acme-app", os.X_OK)
