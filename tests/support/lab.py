"""Everything that one end-to-end test needs, in one hand."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.cli import HybridInstall
from support.compare import Snapshot, assert_same, snapshot, versions
from support.index import Account, Archive, Index, Source
from support.oracle import Oracle, Preparing, pending
from support.projects import Locksmith, Project, Spec
from support.sandbox import Result, Sandbox

_numbers = itertools.count()


@dataclass(frozen=True)
class Lab:
    """`folder` and `sandbox` are the test's own; the index, the oracle and locks are shared."""

    folder: Path
    sandbox: Sandbox
    index: Index
    locksmith: Locksmith
    oracle: Oracle
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def hybrid_install(self) -> HybridInstall:
        """The command."""
        return HybridInstall(self.sandbox.having(**self.environ))

    def source(
        self, *archives: Archive, account: Account | None = None, states_hashes: bool = True
    ) -> Source:
        """An index of this test's own."""
        name = f"source{next(_numbers)}"
        return self.index.source(name, account=account, states_hashes=states_hashes).offer(
            *archives
        )

    def spec(self, *dependencies: str, sources: tuple[Source, ...], **more: Any) -> Spec:
        """A project; `sources` begins with the primary one."""
        urls = {source.name: self.index.url(source) for source in sources}
        return Spec(urls, dependencies, **more)

    def project(self, spec: Spec) -> Project:
        """The project, written and locked."""
        return self.locksmith.project(spec, self.folder / spec.name, environ=self.environ)

    def install(self, project: Project, *options: str | Path, **variables: str) -> Result:
        """Run the command in the project; it must succeed."""
        return self.hybrid_install.succeeding(*options, cwd=project.folder, **variables)

    def refuse(self, project: Project, *options: str | Path, **variables: str) -> Result:
        """Run the command in the project; it must end with exit code 1."""
        return self.hybrid_install.refusing(*options, cwd=project.folder, **variables)

    def assert_as_poetry_makes_it(
        self,
        project: Project,
        *options: str,
        venv: Path | None = None,
        command: str = "install",
        before: Preparing | None = None,
        apart_from: tuple[str, ...] = (),
    ) -> Snapshot:
        """The two invariants of every good run: the same as by Poetry, and Poetry agrees."""
        ours = snapshot(venv or project.venv, project.folder)
        theirs = self.oracle.install(
            project, *options, command=command, environ=self.environ, before=before
        )
        assert_same(ours.without(*apart_from), theirs.without(*apart_from))
        self.assert_poetry_finds_nothing_to_do(project, *options, venv=venv, command=command)
        return ours

    def assert_as_poetry_makes_it_but(self, project: Project, *restless: str) -> Snapshot:
        """As `assert_as_poetry_makes_it`, with packages that Poetry installs on every run."""
        ours = snapshot(project.venv, project.folder)
        assert_same(ours, self.oracle.install(project, environ=self.environ))
        left = pending(project, self.sandbox.having(**self.environ))
        assert [each.split()[1] for each in left] == ["Updating"] * len(restless), left
        assert [each.split()[2] for each in left] == list(restless)
        return ours

    def assert_poetry_finds_nothing_to_do(
        self, project: Project, *options: str, venv: Path | None = None, command: str = "install"
    ) -> None:
        """`poetry install --dry-run` in the environment, or in the one of Poetry's own choice."""
        sandbox = self.sandbox.having(**self.environ)
        left = pending(project, sandbox, *options, command=command, venv=venv)
        assert not left, f"Poetry would still do: {left}"


def assert_nothing_is_installed(project: Project) -> None:
    """There is no environment, or an empty one."""
    assert set(versions(project.venv)) <= {"pip"}


def all_but_memory(lab: Lab) -> Mapping[str, tuple[int, int]]:
    """`contents` of all that a test has, but what interpreters have said of themselves."""
    memory = ("sandbox/cache", "sandbox/cache/hybrid-install")
    return {
        path: state
        for path, state in contents(lab.folder).items()
        if path not in memory and not path.startswith(f"{memory[1]}/interpreters")
    }


def contents(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Every file and folder below `folder` with its inode and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (status.st_ino, status.st_mtime_ns)
    return found
