"""Which environment, or which new one by which Python: as Poetry's `EnvManager` chooses.

Poetry's own choice is made in process; where it would make or remove an environment, it only takes
a note.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import findpython
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from poetry.config import config as poetry_config_module
from poetry.console.exceptions import PoetryConsoleError
from poetry.factory import Factory
from poetry.poetry import Poetry
from poetry.utils.env import EnvManager
from poetry.utils.env.base_env import Env
from poetry.utils.env.generic_env import GenericEnv
from poetry.utils.env.python import Python
from poetry.utils.env.python.exceptions import (
    InvalidCurrentPythonVersionError,
    NoCompatiblePythonVersionFoundError,
)
from poetry.utils.env.virtual_env import VirtualEnv

from hybrid_install import poetry_config
from hybrid_install.core.deferral import Handover
from hybrid_install.core.project import Project
from hybrid_install.environment.cache import cache_dir
from hybrid_install.environment.discovery import compatible_python
from hybrid_install.environment.locate import (
    Locator,
    TargetEnvironment,
    base_env_name,
    prompt,
    remember,
)
from hybrid_install.environment.own_interpreter import is_writable
from hybrid_install.environment.probe import probe
from hybrid_install.errors import TargetError
from hybrid_install.files import find_pyproject, read_project, read_toml
from hybrid_install.tools.process import Command, ShRunner, Waiting

pytestmark = pytest.mark.conformance

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
OWN_PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()

# Where findpython looks besides PATH.
_ELSEWHERE = ("PYENV_ROOT", "ASDF_DATA_DIR", "RYE_PY_ROOT", "UV_PYTHON_INSTALL_DIR")
_SCRUBBED = ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "POETRY_VIRTUALENVS_PATH")


@dataclass(frozen=True)
class Choice:
    """The environment at `path`; a `new_by` Python of that minor version where it must be made.

    Without a path it is no environment but Poetry's own interpreter, or nothing at all.
    """

    path: str | None = None
    new_by: str | None = None
    refused: bool = False


REFUSED = Choice(refused=True)
OWN_INTERPRETER = Choice()


class Remembering:
    """A runner that starts each interpreter once."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, ...], str] = {}
        self._pretended: dict[str, str] = {}

    def pretend(self, name: str, path: Path, version: str) -> None:
        """From now on the interpreter of that name or path says that it is of that version."""
        self._pretended = dict.fromkeys((name, str(path)), version)

    def capture(self, command: Command) -> str:
        if version := self._pretended.get(command.argv[0]):
            return json.dumps(
                {**json.loads(self._really(command)), "markers": _markers_of(version)}
            )
        return self._really(command)

    converse = capture

    def begin(self, command: Command) -> Callable[[], str]:
        words = self.capture(command)
        return lambda: words

    def _really(self, command: Command) -> str:
        key = (*command.argv, os.path.realpath(command.argv[0]))
        if key not in self._answers:
            self._answers[key] = ShRunner().capture(command)
        return self._answers[key]

    def stream(self, command: Command) -> None:
        self.capture(command)

    def mask(self) -> None:
        raise NotImplementedError

    def sharing(self, _: int) -> AbstractContextManager[None]:
        return nullcontext()

    def start_waiting(self, command: Command) -> Waiting:
        return ShRunner().start_waiting(command)


def _markers_of(version: str) -> dict[str, str]:
    return {"python_full_version": version, "implementation_name": "cpython"}


@dataclass
class Stage:
    """A home, a PATH with one `python`, a project and Poetry's folders, all empty."""

    root: Path
    patch: pytest.MonkeyPatch
    runner: Remembering
    pyproject: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    """By which envs.toml and the named environments know the project."""

    def __post_init__(self) -> None:
        for folder in (self.folder, self.envs, self.root / "bin", self.root / "config"):
            folder.mkdir(parents=True)
        self.link_python("python", OWN_PYTHON)
        for variable in (*_SCRUBBED, *(name for name in os.environ if name.startswith("POETRY_"))):
            self.patch.delenv(variable, raising=False)
        for variable in _ELSEWHERE:
            self.patch.setenv(variable, str(self.root / "nowhere"))
        self.patch.setenv("HOME", str(self.root))
        self.patch.setenv("PATH", str(self.root / "bin"))
        self.patch.setenv("POETRY_CONFIG_DIR", str(self.root / "config"))
        self.patch.setenv("POETRY_CACHE_DIR", str(self.root / "cache"))
        self.patch.setenv("POETRY_DATA_DIR", str(self.root / "data"))
        self.patch.setattr(poetry_config_module, "CONFIG_DIR", self.root / "config")
        self.set_project({"project": {"name": "demo", "version": "1"}})

    @property
    def folder(self) -> Path:
        return self.root / "project"

    @property
    def envs(self) -> Path:
        """The default of virtualenvs.path."""
        return self.root / "cache" / "virtualenvs"

    def forget_interpreters(self) -> None:
        """What they have said of themselves, on which the real ones' files vouch."""
        shutil.rmtree(cache_dir(os.environ) / "interpreters")

    def named(self, minor: str = MINOR) -> Path:
        return self.envs / f"{self.name}-py{minor}"

    def set_project(self, document: Mapping[str, Any]) -> None:
        self.pyproject = dict(document)
        (self.folder / "pyproject.toml").write_text(tomlkit.dumps(document), "utf-8")
        self.name = EnvManager(self.poetry()).base_env_name

    def set_python(self, python_versions: str) -> None:
        table = {**self.pyproject["project"], "requires-python": python_versions}
        self.set_project({**self.pyproject, "project": table})

    def configure(self, file: str = "poetry.toml", **virtualenvs: object) -> None:
        """The table of that name; a `_` in a key stands for `-`."""
        folder = self.folder if file == "poetry.toml" else self.root / "config"
        table = {key.replace("_", "-"): value for key, value in virtualenvs.items()}
        (folder / file).write_text(tomlkit.dumps({"virtualenvs": table}), "utf-8")

    def remember(self, minor: str) -> None:
        section = {self.name: {"minor": minor, "patch": f"{minor}.0"}}
        (self.envs / "envs.toml").write_text(tomlkit.dumps(section), "utf-8")

    def link_python(self, name: str, python: Path) -> None:
        (self.root / "bin" / name).unlink(missing_ok=True)
        (self.root / "bin" / name).symlink_to(python)

    def poetry(self, folder: Path | None = None) -> Poetry:
        self.patch.setattr(poetry_config_module, "_default_config", None)
        return Factory().create_poetry(
            folder or self.folder, disable_plugins=True, disable_cache=True
        )

    def project(self) -> Project:
        return read_project(read_toml(find_pyproject(self.folder)))

    def locator(self, folder: Path | None = None) -> Locator:
        place = find_pyproject(folder or self.folder).parent
        environ = dict(os.environ)
        return Locator(
            project=self.project(),
            project_dir=place,
            config=poetry_config.load(place, environ),
            environ=environ,
            runner=self.runner,
            poetry_python=lambda: Path(sys.executable),
        )

    def ours(self, folder: Path | None = None) -> Choice:
        try:
            target = self.locator(folder).locate()
        except TargetError:
            return REFUSED
        return choice_of(target)

    def theirs(self, poetry: Poetry | None = None) -> Choice:
        return choice_of_poetry(poetry or self.poetry())


def choice_of(target: TargetEnvironment) -> Choice:
    if not target.is_virtual:
        return OWN_INTERPRETER
    new_by = None if target.exists else target.interpreter.minor_version
    return Choice(os.path.realpath(target.path), new_by)


def choice_of_poetry(poetry: Poetry) -> Choice:
    """`EnvManager.create_venv`, which `poetry install` begins with, up to the making."""
    made: list[Choice] = []

    def take_note(path: Path, executable: Path, **_: object) -> None:
        made.append(Choice(os.path.realpath(path), _minor_of(str(executable))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EnvManager, "build_venv", staticmethod(take_note))
        patch.setattr(EnvManager, "remove_venv", staticmethod(lambda _: None))
        try:
            env = EnvManager(poetry).create_venv()
        except (InvalidCurrentPythonVersionError, NoCompatiblePythonVersionFoundError):
            return REFUSED
    if made:
        return made[0]
    return OWN_INTERPRETER if isinstance(env, GenericEnv) else Choice(os.path.realpath(env.path))


@cache
def _minor_of(python: str) -> str:
    code = "import sys; print('{}.{}'.format(*sys.version_info[:2]))"
    return subprocess.run(
        [python, "-Ic", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def remembering_poetry() -> Iterator[None]:
    """Poetry, too, asks each interpreter a question once."""
    answers: dict[tuple[str, str, str], str] = {}
    ask = Env.run_python_script

    def once(self: Env, content: str, **more: Any) -> str:
        key = (str(self.path), os.path.realpath(self.python), content)
        if key not in answers:
            answers[key] = ask(self, content, **more)
        return answers[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Env, "run_python_script", once)
        yield


@pytest.fixture(scope="module")
def runner() -> Remembering:
    return Remembering()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for all tests, so that the same interpreters are not started for each."""
    return tmp_path_factory.mktemp("locate") / "stage"


@pytest.fixture
def stage(root: Path, monkeypatch: pytest.MonkeyPatch, runner: Remembering) -> Iterator[Stage]:
    yield Stage(root, monkeypatch, runner)
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def other_python() -> Path:
    """A CPython of another minor version than ours, wherever this machine has one."""
    for python in findpython.find_all(3, implementation="cpython"):
        minor = f"{python.major}.{python.minor}"
        if minor != MINOR and python.minor >= 8 and not python.is_prerelease:
            return Path(python.interpreter)
    pytest.skip(f"this machine has no CPython besides {MINOR}")


def make_venv(path: Path, python: Path = OWN_PYTHON) -> Path:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").symlink_to(python)
    (path / "pyvenv.cfg").write_text(f"home = {python.parent}\n", "utf-8")
    return path


def make_broken(path: Path) -> Path:
    make_venv(path, Path("/gone/python"))
    return path


def make_nothing(path: Path) -> Path:
    return path


Make = Callable[[Path], Path]
STATES: list[Make] = [make_nothing, make_venv, make_broken]


def active_nothing(stage: Stage) -> None:
    pass


def active_venv(stage: Stage) -> None:
    stage.patch.setenv("VIRTUAL_ENV", str(make_venv(stage.root / "active")))


def active_broken(stage: Stage) -> None:
    stage.patch.setenv("VIRTUAL_ENV", str(make_broken(stage.root / "active")))


def active_gone(stage: Stage) -> None:
    stage.patch.setenv("VIRTUAL_ENV", str(stage.root / "gone"))


def active_empty_hides_conda(stage: Stage) -> None:
    stage.patch.setenv("VIRTUAL_ENV", "")
    stage.patch.setenv("CONDA_PREFIX", str(make_venv(stage.root / "conda")))


def active_conda(stage: Stage) -> None:
    stage.patch.setenv("CONDA_PREFIX", str(make_venv(stage.root / "conda")))
    stage.patch.setenv("CONDA_DEFAULT_ENV", "mine")


def active_conda_base(stage: Stage) -> None:
    stage.patch.setenv("CONDA_PREFIX", str(make_venv(stage.root / "conda")))
    stage.patch.setenv("CONDA_DEFAULT_ENV", "base")


def active_venv_within_conda_base(stage: Stage) -> None:
    active_conda_base(stage)
    active_venv(stage)


ACTIVE: list[Callable[[Stage], None]] = [
    active_nothing,
    active_venv,
    active_broken,
    active_gone,
    active_empty_hides_conda,
    active_conda,
    active_conda_base,
    active_venv_within_conda_base,
]

REMEMBERED = "3.9"
"""The minor version in envs.toml: no Python of that version is started."""


@pytest.mark.parametrize("activate", ACTIVE, ids=lambda activate: activate.__name__)
@pytest.mark.parametrize("in_project", [None, True, False])
@pytest.mark.parametrize("create", [None, False])
def test_the_same_environment_in_every_state(
    stage: Stage,
    tally: Counter[str],
    activate: Callable[[Stage], None],
    in_project: bool | None,
    create: bool | None,
) -> None:
    """`.venv`, the named environment, envs.toml and its environment: there, broken or not."""
    settings = {"in_project": in_project, "create": create}
    stage.configure("poetry.toml", **{key: it for key, it in settings.items() if it is not None})
    activate(stage)
    poetry, named, remembered = stage.poetry(), stage.named(), stage.named(REMEMBERED)
    is_stale = activate in (active_broken, active_gone)
    different = []
    for states in itertools.product(STATES, STATES, [None, *STATES]):
        local, central, chosen = states
        if is_stale and create is False and chosen is None:
            continue  # Poetry takes any `python` on PATH for that of the broken environment.
        for path in (stage.folder / ".venv", stage.envs):
            shutil.rmtree(path, ignore_errors=True)
        stage.envs.mkdir()
        local(stage.folder / ".venv")
        central(named)
        if chosen:
            chosen(remembered)
            stage.remember(REMEMBERED)
        ours, theirs = stage.ours(), stage.theirs(poetry)
        if is_kept(ours, theirs) or is_mended(ours, theirs):
            continue
        tally.update(["environments", "environments equal"][: 1 + (ours == theirs)])
        if ours != theirs:
            different.append((states, ours, theirs))
    assert not different


def is_kept(ours: Choice, theirs: Choice) -> bool:
    """Where another environment is broken, Poetry makes also a working one anew; we fill it."""
    return bool(theirs.new_by) and ours == replace(theirs, new_by=None)


def is_mended(ours: Choice, theirs: Choice) -> bool:
    """Poetry now and then takes a broken environment for a working one; we make it anew."""
    same_place = bool(ours.new_by) and theirs == replace(ours, new_by=None)
    return same_place and not Path(ours.path or "", "bin", "python").exists()


def agreed(stage: Stage, folder: Path | None = None) -> Choice:
    """The choice of both."""
    ours = stage.ours(folder)
    assert ours == stage.theirs(stage.poetry(folder))
    return ours


def test_an_active_environment_wins_over_one_in_the_project(stage: Stage) -> None:
    make_venv(stage.folder / ".venv")
    active_venv(stage)
    assert agreed(stage).path == os.path.realpath(stage.root / "active")


def test_a_named_environment_that_exists_wins_over_a_new_one_in_the_project(stage: Stage) -> None:
    stage.configure(in_project=True)
    make_venv(stage.named())
    assert agreed(stage) == Choice(os.path.realpath(stage.named()))


def test_without_virtualenvs_none_is_made_in_the_project_either(stage: Stage) -> None:
    stage.configure(in_project=True, create=False)
    assert agreed(stage) == OWN_INTERPRETER


def test_without_virtualenvs_poetry_s_own_python_must_fit(stage: Stage) -> None:
    stage.configure(create=False)
    stage.set_python(">=3.99")
    assert agreed(stage) == REFUSED


def test_without_virtualenvs_it_is_the_very_interpreter_that_poetry_takes(stage: Stage) -> None:
    """Not `python` on PATH, nor the environment that Poetry may live in: the one below."""
    stage.configure(create=False)
    (stage.root / "bin" / "python").unlink()
    target, env = stage.locator().locate(), EnvManager(stage.poetry()).create_venv()
    found = target.interpreter
    assert target.handover is None
    assert (target.path, target.python) == (env.path, env.python)
    assert found.site_packages == tuple(dict.fromkeys((env.purelib, env.platlib)))
    assert found.fallbacks == tuple(env.fallbacks)
    assert [str(path) for path in found.sys_path] == env.sys_path
    paths = (env.paths["purelib"], env.paths["platlib"], env.paths["scripts"], env.paths["data"])
    assert tuple(map(str, found.written_to)) == paths
    assert found.scripts == env.script_dirs[0]
    assert is_writable(found) is (env.scheme_dict["purelib"] == env.paths["purelib"])


def test_without_virtualenvs_an_unknown_or_read_only_interpreter_is_poetry_s(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poetry installs into the user site then."""
    stage.configure(create=False)
    unknown = replace(stage.locator(), poetry_python=lambda: None).locate()
    assert unknown.handover is Handover.UNKNOWN_INTERPRETER
    monkeypatch.setattr(os, "access", lambda *_: False)
    read_only = stage.locator().locate()
    assert read_only.handover is Handover.READ_ONLY_INTERPRETER


def test_without_virtualenvs_a_broken_active_environment_is_poetry_s(stage: Stage) -> None:
    stage.configure(create=False)
    broken = replace(stage.locator(), environ={**os.environ, "VIRTUAL_ENV": "/gone"})
    assert broken.locate().handover is Handover.BROKEN_ENVIRONMENT


@pytest.mark.parametrize("includes", ["true", "True ", "false", "", "true # no"])
def test_the_library_of_an_environment(stage: Stage, includes: str) -> None:
    """That of the system counts where the environment includes it."""
    venv = make_venv(stage.folder / ".venv")
    with (venv / "pyvenv.cfg").open("a", encoding="utf-8") as config:
        config.write(f" include-system-site-packages = {includes}\n")
    env, found = VirtualEnv(venv), stage.locator().locate().interpreter
    assert found.base_prefix == env.base
    assert bool(found.system_library) is env.includes_system_site_packages
    below = env.parent_env
    folders = {venv, env.purelib, env.platlib, *env.fallbacks, below.purelib, *below.fallbacks}
    for folder in (*folders, below.path, stage.root):
        inside = folder / "some-1.0.dist-info"
        ours = any(map(inside.is_relative_to, found.library))
        assert ours is env.is_path_relative_to_lib(inside)
        if found.system_library:
            is_system = any(map(inside.is_relative_to, found.system_library))
            assert is_system is below.is_path_relative_to_lib(inside)


@pytest.mark.parametrize("activate", [active_broken, active_gone])
def test_without_virtualenvs_a_broken_active_one_is_no_reason_to_make_one(
    stage: Stage, activate: Callable[[Stage], None]
) -> None:
    """Poetry takes any `python` on PATH for the one that is missing, and makes none either."""
    stage.configure(create=False, in_project=True)
    activate(stage)
    assert stage.theirs().new_by is None
    assert stage.ours() == OWN_INTERPRETER
    make_venv(stage.folder / ".venv")
    assert stage.ours() == OWN_INTERPRETER


@pytest.mark.parametrize("file", ["config.toml", "poetry.toml"])
@pytest.mark.parametrize("value", [True, False])
def test_the_setting_may_be_in_either_file(stage: Stage, file: str, value: bool) -> None:
    stage.configure(file, in_project=value)
    make_nothing(stage.folder / ".venv").mkdir()
    expected = stage.folder / ".venv" if value else stage.named()
    assert agreed(stage) == Choice(os.path.realpath(expected), MINOR)


@pytest.mark.parametrize(("value", "is_true"), [("true", True), ("1", True), ("yes", False)])
def test_a_variable_outranks_the_files(stage: Stage, value: str, is_true: bool) -> None:
    stage.configure(in_project=not is_true)
    stage.patch.setenv("POETRY_VIRTUALENVS_IN_PROJECT", value)
    expected = stage.folder / ".venv" if is_true else stage.named()
    assert agreed(stage) == Choice(os.path.realpath(expected), MINOR)


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("{cache-dir}/elsewhere", "cache/elsewhere"),
        ("{data-dir}/envs", "data/envs"),
        ("~/envs", "envs"),
        ("{odd}", None),
    ],
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_the_folder_of_named_environments(
    stage: Stage, path: str, folder: str | None, by_variable: bool
) -> None:
    stage.patch.chdir(stage.root)
    if by_variable:
        stage.patch.setenv("POETRY_VIRTUALENVS_PATH", path)
    else:
        stage.configure(path=path)
    expected = stage.root / (folder or "{odd}") / stage.named().name
    assert agreed(stage) == Choice(os.path.realpath(expected), MINOR)


def test_a_new_cache_folder_holds_the_named_environments(stage: Stage) -> None:
    stage.patch.setenv("POETRY_CACHE_DIR", str(stage.root / "other"))
    expected = stage.root / "other" / "virtualenvs" / stage.named().name
    assert agreed(stage) == Choice(os.path.realpath(expected), MINOR)


@pytest.mark.parametrize(
    "pyproject",
    [
        {"project": {"name": "My.Odd__Name", "version": "1"}},
        {"project": {"name": "x" * 60, "version": "1"}},
        {"project": {"name": "ABC-" + "Very.Long_" * 8 + "z", "version": "1"}},
        {"tool": {"poetry": {"name": "Legacy_Name", "version": "1"}}},
        {"tool": {"poetry": {"package-mode": False}}},
        {"project": {"name": "n", "version": "1"}, "tool": {"poetry": {"package-mode": False}}},
    ],
    ids=["odd", "long", "long and odd", "legacy", "without a name", "without package mode"],
)
def test_the_name_of_an_environment(stage: Stage, pyproject: dict[str, Any]) -> None:
    stage.set_project(pyproject)
    assert agreed(stage) == Choice(os.path.realpath(stage.named()), MINOR)
    make_venv(stage.named())
    assert agreed(stage) == Choice(os.path.realpath(stage.named()))


def test_a_project_behind_a_link_has_one_environment(stage: Stage) -> None:
    link = stage.root / "link"
    link.symlink_to(stage.folder)
    assert agreed(stage, link) == agreed(stage)
    make_venv(stage.folder / ".venv")
    assert agreed(stage, link) == Choice(os.path.realpath(stage.folder / ".venv"))


@pytest.mark.parametrize(
    "executable", ["python3", f"python{MINOR}", "python3-config", "pythonw", "pypy3"]
)
def test_what_counts_as_an_environment_s_python(stage: Stage, executable: str) -> None:
    venv = make_venv(stage.folder / ".venv")
    (venv / "bin" / "python").rename(venv / "bin" / executable)
    is_python = executable in {"python3", f"python{MINOR}"}
    expected = Choice(os.path.realpath(venv), None if is_python else MINOR)
    assert agreed(stage) == expected


def test_an_empty_folder_is_no_environment_yet(stage: Stage) -> None:
    (stage.folder / ".venv").mkdir()
    assert agreed(stage) == Choice(os.path.realpath(stage.folder / ".venv"), MINOR)


def test_a_folder_with_something_else_in_it_is_not_taken_over(stage: Stage) -> None:
    """Poetry would remove it."""
    (stage.folder / ".venv").mkdir()
    (stage.folder / ".venv" / "precious").touch()
    assert stage.theirs() == Choice(os.path.realpath(stage.folder / ".venv"), MINOR)
    assert stage.ours() == REFUSED


@pytest.mark.parametrize("place", ["active", "local", "named", "remembered"])
def test_an_environment_of_a_refused_python_is_refused(stage: Stage, place: str) -> None:
    if place == "active":
        active_venv(stage)
    elif place == "local":
        make_venv(stage.folder / ".venv")
    elif place == "named":
        make_venv(stage.named())
    else:
        make_venv(stage.named(REMEMBERED))
        stage.remember(REMEMBERED)
    stage.set_python(f"<{MINOR}")
    assert agreed(stage) == REFUSED


def test_poetry_s_own_python_may_be_the_preferred_one(stage: Stage, other_python: Path) -> None:
    """Here Poetry is run by the interpreter of the tests, and `python` on PATH is another."""
    folder = stage.root / "another bin"
    folder.mkdir()
    (folder / "python").symlink_to(other_python)
    stage.patch.setenv("PATH", str(folder))
    active = stage.theirs()
    stage.configure(use_poetry_python=True)

    assert stage.ours() == stage.theirs() != active


def test_no_python_fits(stage: Stage) -> None:
    stage.set_python(">=3.99")
    assert agreed(stage) == REFUSED


def only(python: Path) -> str:
    """The range of that minor version."""
    return f"~={_minor_of(str(python))}.0"


def test_a_refused_preferred_python_gives_way_to_one_that_fits(
    stage: Stage, other_python: Path
) -> None:
    """Needs an interpreter of another minor version."""
    minor = _minor_of(str(other_python))
    stage.link_python(f"python{minor}", other_python)
    stage.set_python(only(other_python))
    assert agreed(stage) == Choice(os.path.realpath(stage.named(minor)), minor)
    make_venv(stage.named(minor), other_python)
    assert agreed(stage) == Choice(os.path.realpath(stage.named(minor)))


@pytest.mark.parametrize("place", ["cpython@3/bin", "cpython@3t/install/bin", None])
def test_a_python_that_poetry_provided_is_found(
    stage: Stage, other_python: Path, place: str | None
) -> None:
    """By `poetry python install`, in the folder of its own. Needs another interpreter."""
    minor = _minor_of(str(other_python))
    if place is None:
        provided = stage.root / "my pythons" / "x" / "bin"
        stage.patch.setenv("POETRY_PYTHON_INSTALLATION_DIR", str(stage.root / "my pythons"))
    else:
        provided = stage.root / "data" / "python" / place
    provided.mkdir(parents=True)
    (provided / f"python{minor}").symlink_to(other_python)
    stage.set_python(only(other_python))
    assert agreed(stage) == Choice(os.path.realpath(stage.named(minor)), minor)


def test_a_broken_environment_is_made_with_a_python_that_fits(
    stage: Stage, other_python: Path
) -> None:
    """Under the name of that Python, not of the broken one. Needs another interpreter."""
    minor = _minor_of(str(other_python))
    stage.link_python(f"python{minor}", other_python)
    stage.set_python(only(other_python))
    make_broken(stage.named())
    assert agreed(stage) == Choice(os.path.realpath(stage.named(minor)), minor)


def test_a_chosen_environment_that_is_broken_is_made_with_the_preferred_python(
    stage: Stage,
) -> None:
    make_broken(stage.named(REMEMBERED))
    stage.remember(REMEMBERED)
    assert agreed(stage) == Choice(os.path.realpath(stage.named()), MINOR)


def test_the_refused_environment_of_the_preferred_python_is_left_alone_after_another_was_chosen(
    stage: Stage, other_python: Path
) -> None:
    """The chosen one is gone. Needs an interpreter of another minor version."""
    minor = _minor_of(str(other_python))
    stage.link_python(f"python{minor}", other_python)
    stage.set_python(only(other_python))
    make_venv(stage.named())
    stage.remember(REMEMBERED)
    assert agreed(stage) == Choice(os.path.realpath(stage.named(minor)), minor)


@pytest.mark.parametrize("active", [False, True])
def test_the_newest_python_that_fits_is_found(
    stage: Stage, other_python: Path, active: bool
) -> None:
    """But not that of the active environment. Needs an interpreter of another minor version."""
    minor = _minor_of(str(other_python))
    stage.link_python(f"python{minor}", other_python)
    if active:
        newest_is_other = max(MINOR, minor, key=_order) == minor
        stage.patch.setenv("VIRTUAL_ENV", str(stage.root / "bin"))
        stage.patch.setenv("PATH", f"{stage.root / 'bin'}:{stage.root / 'more'}")
        (stage.root / "more").mkdir()
        kept = OWN_PYTHON if newest_is_other else other_python
        (stage.root / "more" / f"python{_minor_of(str(kept))}").symlink_to(kept)
    stage.set_python(">=3.8")
    theirs = Python.get_compatible_python(stage.poetry()).minor_version.to_string()
    ours = compatible_python(">=3.8", dict(os.environ))
    assert ours is not None
    assert _minor_of(str(ours)) == theirs
    assert (theirs == max(MINOR, minor, key=_order)) is not active


def _order(minor: str) -> int:
    return int(minor.partition(".")[2])


def test_a_named_place_with_something_else_in_it_is_not_taken_over(stage: Stage) -> None:
    """Poetry would remove it."""
    stage.named().mkdir()
    (stage.named() / "precious").touch()
    assert stage.theirs() == Choice(os.path.realpath(stage.named()), MINOR)
    assert stage.ours() == REFUSED


@pytest.mark.parametrize("remembered", [False, True])
def test_a_python_that_poetry_finds_again_is_not_written_down(
    stage: Stage, other_python: Path, remembered: bool
) -> None:
    """Poetry writes envs.toml where it is told to use a Python. Needs another interpreter."""
    minor = _minor_of(str(other_python))
    stage.link_python(f"python{minor}", other_python)
    if remembered:
        stage.remember(REMEMBERED)
    found = stage.locator()
    assert found.locate().remember_minor is remembered
    assert replace(found, python=minor).locate().remember_minor
    assert replace(found, python=MINOR).locate().remember_minor is remembered
    stage.set_python(only(other_python))
    assert stage.locator().locate().remember_minor is remembered


def test_a_python_that_uv_provides_is_written_down(stage: Stage) -> None:
    """Poetry would not find it."""
    stage.set_python("~3.8.1")
    target = stage.locator().locate()
    assert target.interpreter.is_presumed
    assert target.remember_minor
    assert (target.interpreter.known_version, target.interpreter.executable.name) == (
        "3.8",
        "python3.8",
    )


@pytest.mark.parametrize("request_", ["3.12", "/bin", "python-of-ours"])
def test_an_environment_of_another_python_than_the_asked_for(stage: Stage, request_: str) -> None:
    """By version, path or command, an interpreter of another version is refused."""
    make_venv(stage.folder / ".venv")
    answering = stage.root / "another" / "bin" / "python"
    answering.parent.mkdir(parents=True)
    answering.symlink_to(OWN_PYTHON)
    (stage.root / "bin" / "python-of-ours").symlink_to(OWN_PYTHON)
    asked = str(answering) if request_ == "/bin" else request_
    locator = replace(stage.locator(), python=asked)
    if request_ != "3.12":
        assert locator.locate().exists
        stage.forget_interpreters()
        stage.runner.pretend(asked, stage.root / "bin" / asked, "3.12.99")
    with pytest.raises(TargetError, match=r"\(--python\)"):
        locator.locate()


@pytest.mark.parametrize("python", ["/bin/echo", "/bin/true"])
def test_what_is_no_python_is_refused(stage: Stage, python: str) -> None:
    with pytest.raises(TargetError, match="does not answer") as error:
        replace(stage.locator(), python=python).locate()
    assert "is it a Python?" in (error.value.hint or "")


def test_the_python_of_an_environment_that_was_just_made_is_looked_at_again(stage: Stage) -> None:
    """uv may have provided another patch release than the presumed one."""
    stage.set_python(">=3.99")
    made = probe(OWN_PYTHON, stage.runner, dict(os.environ))
    target = TargetEnvironment(stage.folder / ".venv", made, exists=True, origin="a test")
    with pytest.raises(TargetError, match=r"is not allowed by the project \(>=3\.99\)"):
        stage.locator().refuse_wrong_python(target)


def test_a_folder_that_is_not_utf_8_has_the_name_that_poetry_gives_it(stage: Stage) -> None:
    place = os.fsdecode(os.fsencode(stage.root) + b"/caf\xe9")
    assert base_env_name("demo", Path(place)) == EnvManager.generate_env_name("demo", place)


@pytest.mark.parametrize("already", [None, "another", "this"])
def test_what_is_remembered_is_chosen_next_time(
    stage: Stage, other_python: Path, already: str | None
) -> None:
    """Without it a Python that is not the preferred one is forgotten. Needs another interpreter."""
    minor = _minor_of(str(other_python))
    path = make_venv(stage.named(minor), other_python)
    if already == "this":
        stage.remember(REMEMBERED)
    elif already:
        (stage.envs / "envs.toml").write_text('# mine\n[another]\nminor = "3.8"\n', "utf-8")
    assert stage.theirs().path != os.path.realpath(path)
    interpreter = probe(path / "bin" / "python", stage.runner, dict(os.environ))
    target = TargetEnvironment(path, interpreter, exists=True, origin="a test")
    remember(target, stage.locator())
    assert agreed(stage) == Choice(os.path.realpath(path))
    kept = '# mine\n[another]\nminor = "3.8"\n' if already == "another" else ""
    assert (stage.envs / "envs.toml").read_text("utf-8").startswith(kept)


def test_the_file_of_choices_may_be_missing_with_its_folder(stage: Stage) -> None:
    """Where the environment was made in the folder of another setting, say."""
    shutil.rmtree(stage.envs)
    assert not stage.locator().is_remembered


@given(
    st.text(max_size=60),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
)
def test_every_name_and_folder_is_spelled_as_poetry_does(name: str, folder: str) -> None:
    place = Path(f"/somewhere/{folder}")
    assert base_env_name(name, place) == EnvManager.generate_env_name(name, str(place))


TEMPLATES = [
    "--python=3.5",
    "{project_name}-py{python_version}",
    "",
    "plain",
    "{project_name}",
    "{{literal}}",
    "{project_name:>20}|{python_version!r}",
]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("pyproject", [None, {"tool": {"poetry": {"package-mode": False}}}])
def test_the_prompt_of_a_new_environment(
    stage: Stage, template: str, pyproject: dict[str, Any] | None
) -> None:
    if pyproject:
        stage.set_project(pyproject)
    stage.configure(prompt=template)
    seen: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EnvManager, "build_venv", lambda *_, prompt, **__: seen.append(prompt))
        EnvManager(stage.poetry()).create_venv()
    locator = stage.locator()
    assert prompt(locator.config, locator.project, locator.locate().interpreter) == seen[0]


@pytest.mark.parametrize("template", ["{project_name.x}", "{project_name[0][0][x]}", "{0}"])
def test_a_template_on_which_poetry_stumbles(stage: Stage, template: str) -> None:
    stage.configure(prompt=template)
    locator = stage.locator()
    with pytest.raises(TargetError, match=r"virtualenvs\.prompt"):
        prompt(locator.config, locator.project, locator.locate().interpreter)


@pytest.mark.parametrize("template", ["{other}", "{", "{project_name", "}"])
def test_a_template_that_poetry_refuses(stage: Stage, template: str) -> None:
    stage.configure(prompt=template)
    with pytest.raises(PoetryConsoleError, match=r"virtualenvs\.prompt"):
        EnvManager(stage.poetry()).create_venv()
    locator = stage.locator()
    with pytest.raises(TargetError, match=r"virtualenvs\.prompt"):
        prompt(locator.config, locator.project, locator.locate().interpreter)
