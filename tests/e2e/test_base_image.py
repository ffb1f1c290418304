"""`--provided`: what a base image brings is checked against the lock, and left alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomlkit
from support.compare import snapshot, versions
from support.interpreters import copy_interpreter, poetry_run_by, put_into
from support.lab import Lab, assert_nothing_is_installed, contents
from support.projects import Project
from support.sandbox import Result, run
from support.venvs import install_wheels, launch
from support.wheels import Release, Wheel

pytestmark = pytest.mark.extended

# As NVIDIA's images have it of torch.
OWN_BUILD = "7.0a0+ecf3bae40a.nv25.1"


@dataclass(frozen=True)
class Image:
    """A system with packages, and a project whose environment includes them."""

    lab: Lab
    project: Project
    system: Path
    variables: dict[str, str]

    def run(self, *arguments: str) -> Result:
        """hybrid-install in the project."""
        return self.lab.hybrid_install(*arguments, cwd=self.project.folder, **self.variables)

    def install(self, *options: str) -> Result:
        """It must succeed, and leave the system alone."""
        before = self._files()
        result = self.run(*options)
        assert result.exit_code == 0, str(result)
        assert self._files() == before
        return result

    def _files(self) -> dict[str, object]:
        """Poetry makes the folders of Debian's that it looks into, where it may."""
        library = self.system / "lib"
        return {
            path: state
            for path, state in contents(library).items()
            if "__pycache__" not in path and not (library / path).is_dir()
        }

    def own(self) -> dict[str, str]:
        """What the environment itself holds."""
        return versions(self.project.venv)


def image(lab: Lab, project: Project, *wheels: Wheel) -> Image:
    system = lab.folder / "system"
    python = copy_interpreter(system)
    install_wheels(system, wheels, lab.sandbox)
    variables = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "true",
    }
    return Image(lab, project, system, variables)


def actions(result: Result) -> dict[str, str]:
    """The plan of `plan --json`."""
    assert result.exit_code == 0, str(result)
    return {each["name"]: each["action"] for each in json.loads(result.stdout)["operations"]}


def findings(result: Result) -> dict[str, tuple[str, bool]]:
    """What `verify --json` has found but for notes on receipts and indexes."""
    found = json.loads(result.stdout)["findings"]
    return {each["name"]: (each["kind"], each["fails"]) for each in found}


def receipt(project: Project) -> dict[str, object]:
    document: dict[str, object] = json.loads((project.venv / "hybrid-install.json").read_text())
    return document


def test_the_locked_version(lab: Lab, standard: Project) -> None:
    """Nothing is asked of the index, nothing is hidden by a copy, by none of the runs."""
    ours = image(lab, standard, Wheel(Release("golf", "7.0", flavour="theirs")))
    assert actions(ours.run("plan", "--json", "--provided", "golf"))["golf"] == "provided"
    assert not standard.venv.exists()

    with lab.index.watched() as requests:
        result = ours.install("--provided", "golf", "--strict")

    assert "golf" not in ours.own()
    assert not [request for request in requests if "golf" in request.path]
    assert "1 provided" in result.stderr
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.endswith("golf 7.0 theirs\n")
    assert receipt(standard)["provided"] == [{"name": "golf", "version": "7.0", "locked": ["7.0"]}]
    assert findings(ours.run("verify", "--json", "--provided", "golf")) == {}

    ours.install("--provided", "golf", "--sync")
    assert "golf" not in ours.own()


def test_another_version(lab: Lab, standard: Project) -> None:
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD, flavour="theirs")))

    refused = ours.run("--provided", "golf")

    assert refused.exit_code == 1
    words = f"golf {OWN_BUILD} is provided, 7.0 is locked: an image's own build (ecf3bae40a.nv25.1)"
    assert words in refused.stderr
    assert "--provided-mismatch warn" in refused.stderr
    assert not standard.venv.exists()

    options = ("--provided", "g*", "--provided-mismatch", "warn")
    plan = ours.run("plan", *options)
    assert OWN_BUILD in plan.stdout
    result = ours.install(*options, "--sync")
    assert f"warning: golf {OWN_BUILD} is provided, 7.0 is locked" in result.stderr
    assert "golf" not in ours.own()
    assert "acme-app" in ours.own()
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.endswith("theirs\n")
    assert findings(ours.run("verify", "--json", *options)) == {"golf": ("provided", False)}
    assert findings(ours.run("verify", "--json", "--provided", "golf")) == {
        "golf": ("provided", True)
    }
    ours.install(*options)
    assert "golf" not in ours.own()


def test_what_is_not_there(lab: Lab, standard: Project) -> None:
    ours = image(lab, standard, Wheel(Release("golf", "7.0")))

    refused = ours.run("--provided", "golf,alpha", "--provided-mismatch", "warn")

    assert refused.exit_code == 1
    assert "alpha 1.0 is called provided, and the environment has none" in refused.stderr
    assert not standard.venv.exists()
    alone = lab.refuse(standard, "--provided", "golf")
    assert "golf 7.0 is called provided" in alone.stderr
    assert "system-site-packages" in alone.stderr
    assert_nothing_is_installed(standard)


def test_settings(lab: Lab, standard: Project) -> None:
    """pyproject.toml says it for all; a variable and the command line say otherwise."""
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD)), Wheel(Release("alpha", "9.0")))
    table = '[tool.hybrid-install]\nprovided = ["golf"]\nprovided-mismatch = "warn"\n'
    standard.pyproject.write_text(standard.pyproject.read_text("utf-8") + table, "utf-8")
    assert actions(ours.run("plan", "--json"))["golf"] == "provided"
    assert ours.run("plan", "--provided-mismatch", "error").exit_code == 1
    planned = actions(ours.run("plan", "--json", "--provided", "al*"))
    assert (planned["alpha"], planned["golf"]) == ("provided", "install")
    ours.variables["HYBRID_INSTALL_PROVIDED"] = "alpha,golf"
    assert list(actions(ours.run("plan", "--json")).values()).count("provided") == 2
    assert ours.run("plan", "--provided", "a b/c").exit_code == 2


def test_a_pattern_that_names_nothing(lab: Lab, standard: Project) -> None:
    result = lab.install(standard, "plan", "--provided", "glof")

    assert "--provided glof: neither the lock nor the environment has such a package" in (
        result.stderr
    )


def test_whatever_the_image_has(lab: Lab, standard: Project) -> None:
    wheels = [Wheel(Release("golf", "7.0")), Wheel(Release("delta", "9.9"))]
    ours = image(lab, standard, *wheels, Wheel(Release("alpha")))
    option = "--provided-from-environment"

    assert actions(ours.run("plan", "--json", option)) == {
        "alpha": "provided",
        "bravo": "install",
        "charlie-tools": "install",
        "echo-dev": "install",
        "golf": "provided",
    }
    ours.install(option)
    assert ours.own().keys() == {"acme-app", "bravo", "charlie-tools", "echo-dev", "pip"}
    again = ours.install(option, "--sync", "--strict")
    assert "3 kept, 2 provided" in again.stderr
    assert findings(ours.run("verify", "--json", option)) == {}

    refused = ours.run(option, "--extras", "more")
    assert "delta 9.9 is provided, 0.3 is locked" in refused.stderr


def without_hashes(project: Project, name: str) -> None:
    lock = tomlkit.parse(project.lock.read_text("utf-8"))
    for package in lock["package"]:
        if package["name"] == name:
            package["files"] = []
    project.lock.write_text(tomlkit.dumps(lock), "utf-8")


def test_the_rest_is_left_to_poetry(lab: Lab, standard: Project) -> None:
    """It sees to that, and does not see that anything is provided."""
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD, flavour="theirs")))
    without_hashes(standard, "bravo")
    options = ("--provided", "golf", "--provided-mismatch=warn")

    result = ours.install(*options, "--sync")

    assert "1 left to Poetry" in result.stderr
    assert "Poetry changed" not in result.stderr
    seen = snapshot(standard.venv, standard.folder)
    assert "golf" not in seen.distributions
    assert seen.distributions["bravo"].installer != "uv"
    origin = seen.distributions["acme-app"].origin
    assert origin is not None
    assert origin["dir_info"] == {"editable": True}
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.endswith("theirs\n")


def test_it_stands_alone_too(lab: Lab, standard: Project) -> None:
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD, flavour="theirs")))
    options = ("--provided", "golf", "--provided-mismatch=warn", "--relocatable")

    ours.install(*options)

    moved = lab.folder / "moved"
    standard.venv.rename(moved)
    assert launch(moved, "acme-app", lab.sandbox).stdout.endswith("theirs\n")
    assert "golf" not in versions(moved)


def test_it_is_not_exported(lab: Lab, standard: Project) -> None:
    text = lab.install(standard, "export", "--provided", "golf").stdout

    assert "golf===" not in text
    assert "# golf 7.0" in text


def test_it_is_not_fetched(lab: Lab, standard: Project) -> None:
    """Wherever the files are fetched, an installation in the image takes them."""
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD, flavour="theirs")))
    options = ("--provided", "golf", "--provided-mismatch", "warn")

    result = lab.install(standard, "download", *options, "--strict", "-v")

    assert "the environment has none" not in result.stderr
    assert "golf 7.0 is provided, and not fetched" in result.stderr
    fetched = {path.name.partition("-")[0] for path in (standard.folder / "wheelhouse").iterdir()}
    assert fetched == {"alpha", "bravo", "charlie_tools", "echo_dev"}
    with lab.index.watched() as requests:
        ours.install(*options, "--find-links", "wheelhouse", "--offline", "--strict")
    assert requests == []
    assert "golf" not in ours.own()
    assert launch(standard.venv, "acme-app", lab.sandbox).stdout.endswith("theirs\n")


def test_tier_by_tier_offline(lab: Lab, standard: Project) -> None:
    """Of what is provided only the tier's own is looked at."""
    table = '[tool.hybrid-install]\nheavy = ["golf", "delta"]\nprovided = ["golf"]\n'
    standard.pyproject.write_text(standard.pyproject.read_text("utf-8") + table, "utf-8")
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD)))
    selection = ("--extras", "more")
    for tier, files in (("heavy", 1), ("light", 4)):
        result = lab.install(standard, "download", "-o", tier, "--tier", tier, *selection)
        assert f"{files} file" in result.stderr
    offline = (*selection, "--offline", "--strict", "--find-links")

    ours.install("--tier", "light", *offline, "light")
    refused = ours.run("--tier", "heavy", *offline, "heavy")
    assert f"golf {OWN_BUILD} is provided, 7.0 is locked" in refused.stderr
    ours.variables["HYBRID_INSTALL_PROVIDED_MISMATCH"] = "warn"
    ours.install("--tier", "heavy", *offline, "heavy")
    ours.install(*offline, "light")
    assert ours.own().keys() == {
        *("acme-app", "alpha", "bravo", "charlie-tools", "delta", "echo-dev", "pip")
    }
    assert findings(ours.run("verify", "--json", *selection)) == {"golf": ("provided", False)}


@pytest.mark.parametrize("says", ["option", "variable"])
def test_a_map_is_installed_without_it(lab: Lab, standard: Project, says: str) -> None:
    """A map that was made without a word about any image."""
    ours = image(lab, standard, Wheel(Release("golf", OWN_BUILD, flavour="theirs")))
    lab.install(standard, "export", "--format", "json", "-o", "map.json")
    argv = ["install", "--from", "map.json", "--venv", ".venv", "--provided-mismatch"]
    if says == "option":
        argv[1:1] = ["--provided", "golf"]
    else:
        ours.variables["HYBRID_INSTALL_PROVIDED"] = "golf"
    refused = ours.run(*argv, "error")
    assert f"golf {OWN_BUILD} is provided, 7.0 is locked" in refused.stderr
    assert not standard.venv.exists()

    result = ours.install(*argv, "warn")

    assert f"warning: golf {OWN_BUILD} is provided, 7.0 is locked" in result.stderr
    assert "1 provided" in result.stderr
    assert {"alpha", "bravo"} <= ours.own().keys()
    assert "golf" not in ours.own()


@pytest.fixture
def small_image(lab: Lab, standard: Project) -> Image:
    """No environment at all: one interpreter below Poetry's, with an image's packages."""
    system = lab.folder / "system"
    python = copy_interpreter(system)
    poetry = poetry_run_by(python, lab.folder / "poetry", lab.sandbox)
    put_into(python, ["pip"], lab.sandbox)
    wheels = [Wheel(Release("golf", OWN_BUILD, flavour="theirs")), Wheel(Release("zulu", "3.0"))]
    install_wheels(system, wheels, lab.sandbox, keep_origin=True)
    shutil.move(standard.folder, lab.folder / "project")
    project = Project(lab.folder / "project", standard.spec)
    (project.folder / "poetry.toml").unlink()
    variables = {
        "POETRY_VIRTUALENVS_CREATE": "false",
        "POETRY_VIRTUALENVS_IN_PROJECT": "false",
        "HYBRID_INSTALL_POETRY": str(poetry),
    }
    return Image(lab, project, system, variables)


@pytest.mark.parametrize("options", [("--provided=golf",), ("--provided-from-environment",)])
def test_without_an_environment(small_image: Image, options: tuple[str, ...]) -> None:
    """Under --sync it is Poetry that removes, here; it does so with a lock that knows golf."""
    tolerant = (*options, "--provided-mismatch=warn")
    refused = small_image.run(*options)
    assert refused.exit_code == 1
    assert f"golf {OWN_BUILD} is provided, 7.0 is locked" in refused.stderr

    for more in ((), ("--sync",)):
        result = small_image.run(*tolerant, *more)
        assert result.exit_code == 0, str(result)
        assert "Poetry changed" not in result.stderr
        found = versions(small_image.system)
        assert found["golf"] == OWN_BUILD
        assert {"alpha", "bravo", "acme-app", "pip"} <= found.keys()
        # A whole image is provided, or golf alone.
        is_removed = bool(more) and options == ("--provided=golf",)
        assert ("zulu" in found) is not is_removed
        lab = small_image.lab
        # Debian's interpreters have their scripts in `local`.
        (launcher,) = small_image.system.glob("**/bin/acme-app")
        said = run([launcher], lab.sandbox.environ, lab.folder)
        assert said.stdout.endswith("theirs\n")
        checked = small_image.run("verify", "--json", *tolerant, *more)
        assert checked.exit_code == 0, str(checked)


def test_what_we_installed_is_not_the_image_s(small_image: Image) -> None:
    """With another lock it is replaced, not found to be of another version."""
    options = ("--provided-from-environment", "--provided-mismatch=warn")
    small_image.run(*options)

    assert actions(small_image.run("plan", "--json", *options)) == {
        "alpha": "keep",
        "bravo": "keep",
        "charlie-tools": "keep",
        "echo-dev": "keep",
        "golf": "provided",
    }
