"""The scene of a fault: a project in some state, a run in it, and what must hold ever after."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from support.cli import Running, processes
from support.compare import Snapshot, differences, snapshot
from support.index import Source, until
from support.lab import Lab
from support.projects import Project
from support.sandbox import Result
from support.wheels import Release, Sdist, Wheel

BIG = Wheel(Release("bravo", "1.2", console_scripts={"bravo": "bravo:main"}), padding=400_000)
SHOP = (
    Wheel(Release("alpha", requires=("bravo>=1",), extras={"fast": ("golf",)})),
    BIG,
    Wheel(Release("Charlie.Tools", "2.0"), data={"data/share/charlie.txt": "c"}),
    Wheel(Release("delta", "0.3")),
    Wheel(Release("golf", "7.0")),
    Sdist(Release("hotel", "8.0")),
)
STATES = ("new", "complete", "changed")


@dataclass(frozen=True)
class Scene:
    """`mark` is in the environment of every process of the run."""

    lab: Lab
    shop: Source
    project: Project
    mark: str

    @classmethod
    def set_up(cls, lab: Lab, state: str, mark: str) -> Scene:
        """No environment, a complete one, or one of what the lock was before."""
        shop = lab.source(*SHOP)
        if state == "changed":
            lab.install(lab.project(lab.spec("delta", "bravo", sources=(shop,))))
        spec = lab.spec("alpha[fast]", "charlie-tools", "hotel", sources=(shop,))
        scene = cls(lab, shop, lab.project(spec), mark)
        if state == "complete":
            lab.install(scene.project, "--sync")
        return scene

    def start(self, **variables: str) -> Running:
        """The run, under way."""
        return self.lab.hybrid_install.start(
            "--sync", cwd=self.project.folder, TEST_MARK=self.mark, **variables
        )

    def run(self, **variables: str) -> Result:
        """The run, to its end."""
        return self.start(**variables).result(120)

    def tree(self) -> dict[str, str]:
        """Everything in the project but its environment."""
        folder = self.project.folder
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if not path.is_relative_to(self.project.venv) and "__pycache__" not in path.parts
        }

    def wrong(self) -> list[str]:
        """How the environment differs from the one that Poetry makes."""
        theirs = self.lab.oracle.install(self.project, command="sync")
        return differences(self._seen(), theirs)

    def _seen(self) -> Snapshot:
        try:
            return snapshot(self.project.venv, self.project.folder)
        except AssertionError as error:
            return Snapshot({}, frozenset({str(error)}))

    def is_called_right(self) -> bool:
        """What `verify --deep` says."""
        return self.lab.hybrid_install("verify", "--deep", cwd=self.project.folder).exit_code == 0

    def assert_nobody_is_left(self) -> None:
        until(lambda: not processes(self.mark), 20, f"none is left of {processes(self.mark)}")

    def files(self, pattern: str) -> list[Path]:
        """Files of the environment's library."""
        return sorted(self.project.venv.glob(f"lib/python*/site-packages/{pattern}"))
