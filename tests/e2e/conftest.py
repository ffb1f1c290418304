"""The stage of the end-to-end tests: one index, one oracle, a sandbox for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cli import HybridInstall
from support.compare import Snapshot, assert_same, snapshot
from support.index import Index, Outside, Source
from support.oracle import Oracle, pending
from support.projects import Locksmith, Project, Spec
from support.sandbox import Sandbox, make_bin
from support.venvs import make_with_virtualenv

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything beside this file is an end-to-end test."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    """What would have left this machine; at the end it must be nothing."""
    with Outside() as proxy:
        yield proxy
    assert not proxy.attempts, f"the tests tried to leave this machine: {proxy.attempts}"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of everything that tests share."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="session")
def path_folder(stage: Path) -> Path:
    """PATH's first folder: `python`."""
    return make_bin(stage / "bin")


@pytest.fixture(scope="session")
def shared_sandbox(stage: Path, path_folder: Path, outside: Outside) -> Sandbox:
    """The sandbox of Poetry as locksmith and oracle."""
    return Sandbox(stage / "sandbox", path_folder, outside.address)


@pytest.fixture
def sandbox(tmp_path: Path, path_folder: Path, outside: Outside) -> Sandbox:
    """A sandbox for one test: every cache is cold."""
    return Sandbox(tmp_path / "sandbox", path_folder, outside.address)


@pytest.fixture(scope="session")
def index() -> Iterator[Index]:
    """The index server."""
    with Index() as server:
        yield server


@pytest.fixture
def new_source(index: Index, request: pytest.FixtureRequest) -> Callable[..., Source]:
    """Makes an index of this test's own."""

    def make(name: str = "own", **options: object) -> Source:
        return index.source(f"{name}-{next(_numbers)}", **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def locksmith(stage: Path, shared_sandbox: Sandbox) -> Locksmith:
    """Locks projects with `poetry lock`."""
    prefix = make_with_virtualenv(stage / "locksmith-venv", shared_sandbox, "--no-pip")
    return Locksmith(stage / "locks", shared_sandbox, prefix)


@pytest.fixture
def make_project(locksmith: Locksmith, tmp_path: Path) -> Callable[..., Project]:
    """Writes and locks a project in a folder of this test's own."""

    def make(spec: Spec, **options: object) -> Project:
        return locksmith.project(spec, tmp_path / spec.name, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def oracle(stage: Path, shared_sandbox: Sandbox) -> Oracle:
    """Installs projects with `poetry install` alone."""
    return Oracle(stage / "oracle", shared_sandbox)


@pytest.fixture
def hybrid_install(sandbox: Sandbox) -> HybridInstall:
    """The command."""
    return HybridInstall(sandbox)


Check = Callable[..., Snapshot]


@pytest.fixture
def is_as_poetry_makes_it(oracle: Oracle, sandbox: Sandbox) -> Check:
    """The two invariants of every good run; the environment's snapshot."""

    def check(
        project: Project,
        *options: str,
        venv: Path | None = None,
        apart_from: tuple[str, ...] = (),
        oracle_options: dict[str, object] | None = None,
    ) -> Snapshot:
        ours = snapshot(venv or project.venv, project.folder)
        theirs = oracle.install(project, *options, **(oracle_options or {}))  # type: ignore[arg-type]
        assert_same(ours.without(*apart_from), theirs.without(*apart_from))
        left = pending(project, sandbox, *options, venv=venv)
        assert not left, f"Poetry would still do: {left}"
        return ours

    return check
