"""A Python as a value: the target that markers are evaluated for and files are installed into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hybrid_install.core.markers import Environment


@dataclass(frozen=True)
class Interpreter:
    """What the plan needs to know of a Python.

    `executable` is the interpreter itself, never a shim. `platform` distinguishes targets whose
    wheels differ. `is_presumed` marks one that is not on this machine: its markers are this
    machine's with that version. `tags` are the wheel tags that it supports, best first, None where
    they are not known.
    """

    executable: Path
    version: tuple[int, int, int]
    markers: Environment
    prefix: Path
    sys_path: tuple[Path, ...]
    site_packages: tuple[Path, ...]
    platform: str
    includes_system: bool = False
    is_presumed: bool = False
    tags: tuple[str, ...] | None = None

    @property
    def full_version(self) -> str:
        """`3.11.7`, without a pre-release suffix (`Version.from_parts` in Poetry)."""
        return ".".join(map(str, self.version))

    @property
    def minor_version(self) -> str:
        """`3.11`."""
        return ".".join(map(str, self.version[:2]))

    @property
    def description(self) -> str:
        """For people: `CPython 3.11 on linux x86_64`."""
        implementation = self.markers["platform_python_implementation"]
        system, machine = self.markers["sys_platform"], self.markers["platform_machine"]
        return f"{implementation} {self.minor_version} on {system} {machine}"
