"""What ties an environment to a project's source tree, as values.

Mirrors `EditableBuilder` (poetry/masonry/builders/editable.py); what of it poetry-core knows comes
from `tools.poetry_core`, and `environment.editable` puts it on disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from hybrid_install.core.model import NormalizedName
from hybrid_install.errors import ProjectError

# `SCRIPT_TEMPLATE`.
_LAUNCHER = """\
#!{python}
import sys
from {module} import {holder}

if __name__ == '__main__':
    sys.exit({function}())
"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """A command that calls a function; `reference` is `module:function`, without extras."""

    name: str
    module: str
    function: str

    @classmethod
    def parse(cls, entry: str) -> Launcher:
        """`name = module:function[extras]`; `ProjectError` in Poetry's words for any other."""
        name, _, reference = entry.partition(" = ")
        match reference.partition("[")[0].split(":"):
            case [module, function]:
                return cls(name, module, function)
            case [_]:
                hint = (
                    "If the script depends on module-level code, try wrapping it in a main()"
                    f' function and modifying your script like:\n{name} = "{reference}:main"'
                )
            case _:
                hint = 'Too many ":" found!'
        raise ProjectError(
            f"Bad script ({name}): script needs to specify a function within a module like:"
            f" module(.submodule):function\nInstead got: {reference}",
            hint=hint,
        )

    def text(self, python: str) -> str:
        """The script, for the environment's `python`."""
        holder = self.function.partition(".")[0]
        return _LAUNCHER.format(
            python=python, module=self.module, holder=holder, function=self.function
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """A command that is a copy of a file (`type = "file"`); `source` is relative to the project."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class MetadataFile:
    """A file of the .dist-info; `path` is relative to it, `mode` its permissions."""

    path: str
    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A project's editable installation, but for what depends on the environment.

    `pth` is the name of the file that puts `folders`, its content, on Python's path. `dist_info`
    is the name of the folder of the `metadata`. `omitted` are commands that Poetry leaves out, each
    with the reason.
    """

    name: NormalizedName
    pth: str
    folders: bytes
    launchers: tuple[Launcher, ...]
    copies: tuple[Copy, ...]
    dist_info: str
    metadata: tuple[MetadataFile, ...]
    omitted: tuple[str, ...] = ()


INSTALLER = "poetry"
"""What `EditableBuilder` calls itself: the files are those that it would have written."""


def direct_url(project: str) -> str:
    """direct_url.json (PEP 610) of an editable installation of the folder with this url."""
    return json.dumps({"dir_info": {"editable": True}, "url": project})
