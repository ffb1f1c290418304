"""Whether the project is still bound as Poetry has bound it, from what is still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from hybrid_install.core.binding import LEGAL, BindingInputs
from hybrid_install.core.distribution import Distribution
from hybrid_install.environment.records import read_record
from hybrid_install.regular import read_bytes


def binding_of(root: Distribution, inputs: BindingInputs, project_dir: Path, poetry: str) -> str:
    """A hash over what the project was bound from, by which Poetry, and what is there of it now.

    Of what is there the contents are read, whatever RECORD says of them: they are few and small.
    """
    digest = hashlib.sha256()
    for fact in (poetry, *facts_of(inputs, project_dir), *_installed(root)):
        digest.update(fact.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def legal_files(project_dir: Path) -> tuple[Path, ...]:
    """What Poetry installs with every project, wherever nothing else is said."""
    top = (path for path in project_dir.iterdir() if path.name.startswith(LEGAL))
    return tuple(sorted((*top, *project_dir.joinpath("LICENSES").rglob("*"))))


def facts_of(inputs: BindingInputs, project_dir: Path) -> Iterator[str]:
    """What the project is bound from: differs where anything of it does."""
    files = (*(project_dir / file for file in inputs.files), *legal_files(project_dir))
    yield str(project_dir)
    for file in files:
        yield f"{file} {_contents(file)}"
    for place in inputs.places:
        path = project_dir / place
        yield f"{path} {path.is_dir()} {path.is_file()}"


def _installed(root: Distribution) -> Iterator[str]:
    """The files that RECORD names, and RECORD itself among them."""
    site = Path(root.path).parent
    yield root.path
    for entry in read_record(root).entries:
        if not entry.is_bytecode:
            yield f"{entry.path} {_contents(site / entry.path)}"


def _contents(file: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(file)).hexdigest()
    except OSError:
        return "none"
