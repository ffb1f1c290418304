"""Interpreters by name, version and place. Nothing is started here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from findpython.providers import ALL_PROVIDERS
from packaging.version import Version

from hybrid_install.environment import discovery
from hybrid_install.environment.discovery import Provision
from hybrid_install.errors import TargetError, UsageError


@dataclass(frozen=True)
class Found:
    """What findpython knows of an interpreter; to be asked for the rest means to start it."""

    executable: Path
    answer: str | None
    started: list[str]

    def is_valid(self) -> bool:
        self.started.append(self.executable.name)
        return self.answer is not None

    @property
    def version(self) -> Version:
        assert self.answer is not None
        return Version(self.answer)


class Machine:
    """A folder of interpreters; `started` are those that had to be asked for their version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[str] = []
        self.found: list[Found] = []

    def add(self, name: str, version: str | None, real: str | None = None) -> Path:
        """An interpreter called `name`, maybe a link to `real`; without a version it is broken."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if real:
            target = self.folder / real
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
            path.symlink_to(target)
        else:
            path.touch()
        path.chmod(0o755)
        self.found.append(Found(path, version, self.started))
        return path

    @classmethod
    def create(cls) -> Machine:
        raise NotImplementedError

    def find_pythons(self) -> Iterator[Found]:
        return iter(self.found)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The only provider of interpreters."""
    only = Machine(tmp_path)

    class Provider:
        @staticmethod
        def create() -> Machine:
            return only

    class Absent:
        @staticmethod
        def create() -> None:
            return None

    for name in list(ALL_PROVIDERS):
        monkeypatch.delitem(ALL_PROVIDERS, name)
    monkeypatch.setitem(ALL_PROVIDERS, "absent", Absent)
    monkeypatch.setitem(ALL_PROVIDERS, "machine", Provider)
    return only


def test_the_newest_one_that_the_project_allows(machine: Machine) -> None:
    machine.add("python3.10", "3.10.9")
    expected = machine.add("python3.11", "3.11.2")
    machine.add("a/python3.11", "3.11.1")
    machine.add("python3.12", "3.12.4")
    assert discovery.compatible_python(">=3.10,<3.12", {}) == expected


def test_the_patch_release_counts(machine: Machine) -> None:
    machine.add("python3.11", "3.11.2")
    assert discovery.compatible_python(">=3.11.3", {}) is None
    machine.add("python3.12", "3.12.0")
    assert discovery.compatible_python(">=3.11.3,<3.12 || 3.12.0", {}) is not None


def test_the_newest_is_found_by_numbers(machine: Machine) -> None:
    machine.add("python3.9", "3.9.20")
    expected = machine.add("python3.10", "3.10.1")
    assert discovery.compatible_python("*", {}) == expected


def test_whatever_cannot_fit_by_its_name_is_not_started(machine: Machine) -> None:
    """Neither itself nor what it is a link to; a start costs up to a quarter of a second."""
    for name in ("python3.8", "python3.9", "python3.9m"):
        machine.add(name, "3.9.1")
    machine.add("python", "3.8.1", real="versions/python3.8")
    machine.add("python3", "3.12.1", real="versions/python3.12")
    machine.add("pypy", "3.10.1")
    discovery.compatible_python(">=3.10", {})
    assert machine.started == ["python3", "pypy"]


def test_shims_the_active_environment_and_repetitions_are_left_out(machine: Machine) -> None:
    machine.add("shims/python3.12", "3.12.1")
    machine.add("active/bin/python3.12", "3.12.1")
    expected = machine.add("one/python", "3.11.1", real="real/python3.11")
    machine.add("two/python", "3.11.1", real="real/python3.11")
    environ = {"VIRTUAL_ENV": str(machine.folder / "active")}
    assert discovery.compatible_python(">=3.8", environ) == expected
    assert len(machine.started) == 1


def test_what_does_not_start_is_no_interpreter(machine: Machine) -> None:
    machine.add("python3.12", None)
    assert discovery.compatible_python("*", {}) is None


def test_the_preferred_python_is_the_first_on_path(machine: Machine) -> None:
    expected = machine.add("bin/python", "3.11.1")
    machine.add("bin/python3.12", "3.12.1")
    assert discovery.preferred_python({"PATH": str(machine.folder / "bin")}) == expected
    assert machine.started == []


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("3.11", "python3.11"),
        ("python3.11", "python3.11"),
        ("3.11.2", "python3.11"),
        ("3", "python3.12"),
        ("3.10.1", "python3.10"),
        ("3.10.2", None),
        ("3.1", None),
        ("3.13", None),
        ("4", None),
    ],
)
def test_an_interpreter_by_its_version(machine: Machine, request_: str, name: str | None) -> None:
    """None where the machine lacks it: uv may provide it."""
    for minor, patch in ((10, 1), (11, 2), (12, 3)):
        machine.add(f"python3.{minor}", f"3.{minor}.{patch}")
    found = discovery.requested_python(request_, {})
    assert (found.name if found else None) == name


def test_an_interpreter_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for request in (
        str(python),
        "env/bin/python",
        "./env",
        "~/env",
        "env/",
        str(python.parent.parent),
    ):
        assert discovery.requested_python(request, {}) == python


@pytest.mark.parametrize("request_", ["/gone/python", "./gone", "~/gone", "~nobody-of-that-name/x"])
def test_a_path_that_leads_nowhere(request_: str) -> None:
    with pytest.raises(TargetError) as error:
        discovery.requested_python(request_, {})
    assert error.value.message == f"there is no interpreter at {request_} (--python)"
    assert error.value.hint is not None


def test_an_interpreter_by_its_command(tmp_path: Path) -> None:
    (tmp_path / "pypy3.10").touch()
    (tmp_path / "pypy3.10").chmod(0o755)
    found = discovery.requested_python("pypy3.10", {"PATH": str(tmp_path)})
    assert found == tmp_path / "pypy3.10"


_ABSURD = f"3.{'9' * 5000}"


@pytest.mark.parametrize("request_", ["gone", "", "3.12rc1", ">=3.11", "3.12.1.1", _ABSURD])
def test_a_request_that_means_nothing(request_: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a version, nor a path") as error:
        discovery.requested_python(request_, {"PATH": str(tmp_path)})
    assert error.value.hint is not None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3", "3"),
        ("3.12", "3.12"),
        ("3.12.1", "3.12.1"),
        ("python3.12", "3.12"),
        ("python", None),
        ("pypy3.10", None),
        ("3.12rc1", None),
        ("3.", None),
        ("", None),
    ],
)
def test_what_is_a_version(text: str, version: str | None) -> None:
    assert discovery.requested_version(text) == version


@pytest.mark.parametrize(
    ("found", "wanted", "answer"),
    [
        ("3.12.1", "3.12", True),
        ("3.12.1", "3.12.1", True),
        ("3.12.1", "3", True),
        ("3.12.1", "3.1", False),
        ("3.1.2", "3.12", False),
        ("3.12.10", "3.12.1", False),
        ("3.12", "3.12.1", False),
    ],
)
def test_whether_it_is_the_wanted_version(found: str, wanted: str, answer: bool) -> None:
    assert discovery.is_version(found, wanted) is answer


@pytest.mark.parametrize(
    ("python_versions", "version"),
    [
        ("*", Provision("3.14", "3.14.39")),
        ("^3.11", Provision("3.14", "3.14.39")),
        (">=3.10,<3.13", Provision("3.12", "3.12.39")),
        ("~3.9", Provision("3.9", "3.9.39")),
        ("~3.9 || ~3.11", Provision("3.11", "3.11.39")),
        (">=3.12.4,<3.13", Provision("3.12", "3.12.39")),
        (">=3.12.4,<3.12.9", Provision(">=3.12.4,<=3.12.8", "3.12.8")),
        ("3.12.3", Provision("3.12.3", "3.12.3")),
        ("3.9999999999.3", None),
        ("==3.12.3", Provision("3.12.3", "3.12.3")),
        ("== 3.12.3", Provision("3.12.3", "3.12.3")),
        ("<3.8", None),
        (">=3.99", None),
        (">=4", None),
    ],
)
def test_what_uv_is_to_provide(python_versions: str, version: Provision | None) -> None:
    """The newest patch release that is allowed, not the oldest."""
    assert discovery.newest_allowed(python_versions) == version


@pytest.mark.parametrize(
    ("version", "python_versions", "provision"),
    [
        ("3.12", "*", Provision("3.12", "3.12.39")),
        ("3.12", ">=3.12.1", Provision("3.12", "3.12.39")),
        ("3.12", ">=3.12.1,<3.12.5", Provision(">=3.12.1,<=3.12.4", "3.12.4")),
        ("3.12", "<3.12", Provision("3.12", "3.12.0")),
        ("3.12.1", "*", Provision("3.12.1", "3.12.1")),
        ("3", "~3.11", Provision("3.11", "3.11.39")),
        ("4", "*", Provision("4", "4.0.0")),
    ],
)
def test_what_uv_is_to_provide_for_a_version(
    version: str, python_versions: str, provision: Provision
) -> None:
    assert discovery.provision(version, python_versions) == provision


def test_interpreters_that_poetry_provides(machine: Machine, tmp_path: Path) -> None:
    """`poetry python install` keeps them in a folder of its own, some a level deeper."""
    machine.add("python3.10", "3.10.9")
    provided = tmp_path / "data" / "python"
    for place, version in (("cpython@3.11.2/bin", "3.11.2"), ("cpython@3.12.1/install/bin", "")):
        python = provided / place / f"python{version[:4] or 3.12}"
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\necho 3.11.2\n" if version else "#!/bin/sh\nexit 1\n")
        python.chmod(0o755)
    assert discovery.compatible_python(">=3.11", {}, provided) == (
        provided / "cpython@3.11.2" / "bin" / "python3.11"
    )
    assert discovery.compatible_python(">=3.11", {}) is None
