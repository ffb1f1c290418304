"""What Poetry binds the project from: whatever its `EditableBuilder` reads.

Mirrors poetry/masonry/builders/editable.py, and of poetry-core `Module` (masonry/utils/module.py),
`Metadata` (masonry/metadata.py) and `Factory._configure_package_metadata` (factory.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hybrid_install.core.document import Table, table_at
from hybrid_install.core.model import normalize_name
from hybrid_install.core.scripts import file_scripts

LEGAL = ("COPYING", "LICENCE", "LICENSE", "AUTHORS", "NOTICE")
"""How the names of files begin that are installed with the project (`Metadata`)."""

# Plugins that only add commands, or look to where packages are downloaded from.
_HARMLESS_PLUGINS = frozenset(
    map(
        normalize_name,
        (
            "poetry-plugin-bundle",
            "poetry-plugin-export",
            "poetry-plugin-pypi-mirror",
            "poetry-plugin-shell",
            "poetry-plugin-up",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class BindingInputs:
    """Paths relative to the project's folder.

    The contents of `files` count, of `places` only what they are (a folder, a file, nothing). The
    files of the folder itself whose names begin with one of `LEGAL` count too.
    """

    files: tuple[str, ...]
    places: tuple[str, ...]


def binding_inputs(document: Table) -> BindingInputs | None:
    """What the binding depends on; None where that cannot be told.

    So it is with a build script, which may do anything, with patterns, and with plugins that the
    project requires.
    """
    poetry = table_at(document, "tool", "poetry")
    if poetry.get("build") or poetry.get("requires-plugins"):
        return None
    files = {"pyproject.toml", *_readmes(document), *_licenses(document)}
    files.update(file_scripts(document).values())
    places = set(_modules(document))
    if any(_is_pattern(path) for path in files | places):
        return None
    return BindingInputs(tuple(sorted(files)), tuple(sorted(places)))


def is_harmless(plugin: str) -> bool:
    """Whether a plugin of Poetry's has no say in how a project is bound."""
    return normalize_name(plugin) in _HARMLESS_PLUGINS


def _readmes(document: Table) -> Iterator[str]:
    for table in (table_at(document, "project"), table_at(document, "tool", "poetry")):
        readme = table.get("readme")
        yield from _texts(readme.get("file") if isinstance(readme, Mapping) else readme)


def _licenses(document: Table) -> Iterator[str]:
    project = table_at(document, "project")
    yield from _texts(project.get("license-files"))
    license_ = project.get("license")
    yield from _texts(license_.get("file") if isinstance(license_, Mapping) else None)


def _modules(document: Table) -> Iterator[str]:
    """Where packages are looked for, those that are not there included."""
    poetry = table_at(document, "tool", "poetry")
    packages = poetry.get("packages")
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, Mapping):
            yield "/".join((*_texts(package.get("from")), *_texts(package.get("include"))))
    if not packages:
        name = _module_name(table_at(document, "project").get("name") or poetry.get("name"))
        yield from (f"{folder}{name}{end}" for folder in ("", "src/") for end in ("", ".py"))


def _module_name(name: object) -> str:
    """`module_name` (poetry/core/utils/helpers.py)."""
    return normalize_name(str(name)).replace("-", "_")


def _texts(value: object) -> Iterator[str]:
    values = value if isinstance(value, list) else [value]
    yield from (each for each in values if isinstance(each, str) and each)


def _is_pattern(path: str) -> bool:
    return any(character in path for character in "*?[")
