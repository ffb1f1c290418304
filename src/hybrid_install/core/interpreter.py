"""A Python as a value: the target that markers are evaluated for and files are installed into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hybrid_install.core.markers import Environment


@dataclass(frozen=True)
class Interpreter:
    """What the plan needs to know of a Python.

    `executable` is the interpreter itself, never a shim. `site_packages` are its purelib and
    platlib, `fallbacks` the other folders that Poetry counts as its library, `system_library` those
    of the interpreter below an environment that includes them. `base_prefix` is the prefix of the
    interpreter below, its own where there is none. `written_to` are the folders that an
    installation writes to, `scripts` the one of them for commands. `platform` distinguishes
    targets whose wheels differ. `tag_name` (`cp`), `tag_version` (`311`), `sysconfig_platform` and
    `is_free_threaded` are what its tags (PEP 425) follow from. `is_presumed` marks one that is not
    on this machine: its markers are this machine's with that version. `platform_tags` are those of
    another machine's, best first; empty where it is on this one.
    """

    executable: Path
    version: tuple[int, int, int]
    markers: Environment
    prefix: Path
    sys_path: tuple[Path, ...]
    site_packages: tuple[Path, ...]
    platform: str
    tag_name: str = "cp"
    tag_version: str = ""
    sysconfig_platform: str = ""
    is_free_threaded: bool = False
    fallbacks: tuple[Path, ...] = ()
    system_library: tuple[Path, ...] = ()
    base_prefix: Path = Path()
    written_to: tuple[Path, ...] = ()
    scripts: Path = Path()
    is_presumed: bool = False
    platform_tags: tuple[str, ...] = ()

    @property
    def library(self) -> tuple[Path, ...]:
        """Where Poetry takes what it finds for installed (`Env.is_path_relative_to_lib`)."""
        return (*self.site_packages, *self.fallbacks, *self.system_library)

    @property
    def full_version(self) -> str:
        """`3.11.7`, without a pre-release suffix (`Version.from_parts` in Poetry)."""
        return ".".join(map(str, self.version))

    @property
    def known_version(self) -> str:
        """As much of the version as is certain: of a presumed `3.12` the patch is not."""
        is_whole = not self.is_presumed or self.executable.name == f"python{self.full_version}"
        return self.full_version if is_whole else self.minor_version

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
