"""The stage of the end-to-end tests: one index, one oracle, a sandbox for each test."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import bare as bare_machine
from support.bare import Bare
from support.cli import HybridInstall
from support.index import Index, Outside, Source
from support.lab import Lab
from support.oracle import Oracle
from support.projects import Group, Locksmith, Project, Spec
from support.sandbox import Sandbox, make_bin
from support.venvs import make_with_venv, make_with_virtualenv
from support.wheels import Release, Wheel


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


@pytest.fixture(scope="session")
def locksmith(stage: Path, shared_sandbox: Sandbox) -> Locksmith:
    """Locks projects with `poetry lock`."""
    prefix = make_with_virtualenv(stage / "locksmith-venv", shared_sandbox, "--no-pip")
    return Locksmith(stage / "locks", shared_sandbox, prefix)


@pytest.fixture(scope="session")
def oracle(stage: Path, shared_sandbox: Sandbox) -> Oracle:
    """Installs projects with `poetry install` alone."""
    return Oracle(stage / "oracle", shared_sandbox)


@pytest.fixture
def lab(
    tmp_path: Path, sandbox: Sandbox, index: Index, locksmith: Locksmith, oracle: Oracle
) -> Lab:
    """What one test needs."""
    return Lab(tmp_path, sandbox, index, locksmith, oracle)


@pytest.fixture(scope="session")
def shop(index: Index) -> Source:
    """The packages of the standard project."""
    return index.source("shop").offer(
        Wheel(Release("alpha", requires=("bravo>=1",), extras={"fast": ("golf",)})),
        Wheel(
            Release("bravo", "1.2", console_scripts={"bravo": "bravo:main"}),
            data={"scripts/bravo-tool": "#!python\nprint('tool')\n", "data/share/bravo.txt": "b"},
        ),
        Wheel(Release("Charlie.Tools", "2.0")),
        Wheel(Release("delta", "0.3")),
        Wheel(Release("echo-dev", "5.0")),
        Wheel(Release("foxtrot-docs", "6.0", requires=("bravo",))),
        Wheel(Release("golf", "7.0")),
    )


@pytest.fixture
def standard(lab: Lab, shop: Source) -> Project:
    """A project with a bit of everything that is common; its lock and oracle are shared."""
    return lab.project(standard_spec(lab.index.url(shop)))


@pytest.fixture
def without_poetry(lab: Lab) -> HybridInstall:
    """The command on a machine without Poetry: neither beside it nor on PATH."""
    prefix = make_with_venv(lab.folder / "tool", lab.sandbox, "--without-pip")
    [site] = prefix.glob("lib/python3*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    # uv's package looks for its executable beside the interpreter.
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    (prefix / "bin" / "uv").symlink_to(uv)
    return HybridInstall(lab.sandbox, prefix / "bin" / "python")


@pytest.fixture(scope="session")
def checkout(stage: Path, shared_sandbox: Sandbox) -> Path:
    """This repository, committed as it is."""
    return bare_machine.clone(stage / "hybrid-install", shared_sandbox)


@pytest.fixture(scope="session")
def workshop(index: Index) -> Source:
    """The packages that the tool is made of."""
    return bare_machine.offer_the_tool(index.source("workshop"))


@pytest.fixture
def bare(sandbox: Sandbox, checkout: Path, index: Index, workshop: Source) -> Bare:
    """A machine without the tool, uv and Poetry."""
    variables = bare_machine.variables(index, workshop, sandbox)
    return Bare(sandbox.having(**variables), checkout)


def standard_spec(url: str) -> Spec:
    """The standard project."""
    return Spec(
        {"shop": url},
        ("alpha[fast]", "charlie-tools"),
        extras={"more": ("delta",)},
        groups={
            "dev": Group(("echo-dev",)),
            "docs": Group(("foxtrot-docs",), optional=True),
        },
        imports=("alpha", "bravo", "charlie_tools", "golf"),
    )
