"""The commands of a project: what pyproject.toml declares, and what stands in a launcher.

Mirrors `Factory._configure_entry_points` (poetry/core/factory.py) and
`EditableBuilder._add_scripts` (poetry/masonry/builders/editable.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hybrid_install.core.document import Table, table_at
from hybrid_install.core.supported import release_of

# `#!` and, where the path is too long for it, the line of shell that stands in for it.
_LINES_OF_INTERPRETER = 2


_ALL_SCRIPTS_SINCE = (2, 5)


def binds_console_scripts_alone(poetry: str | None) -> bool:
    """Whether `EditableBuilder` of this version of Poetry leaves out gui scripts and files.

    Unknown versions are taken for new ones.
    """
    release = release_of(poetry or "")[:2]
    return bool(release) and release < _ALL_SCRIPTS_SINCE


def launchers(document: Table, *, console_alone: bool = False) -> dict[str, str]:
    """Console and gui scripts by name, each with its `module:function`.

    `[tool.poetry.scripts]` counts only where [project] has no scripts.
    """
    project, own = table_at(document, "project"), table_at(document, "tool", "poetry", "scripts")
    declared: Mapping[str, object] = table_at(project, "scripts") or {
        name: _console_reference(script) for name, script in own.items()
    }
    gui = {} if console_alone else table_at(project, "gui-scripts")
    return {
        name: reference
        for name, reference in {**declared, **gui}.items()
        if isinstance(reference, str) and reference
    }


def _console_reference(script: object) -> object:
    if isinstance(script, Mapping):
        return script.get("reference") if script.get("type") == "console" else None
    return script


def file_scripts(document: Table) -> dict[str, str]:
    """`type = "file"` scripts by name, each with the file that is copied."""
    return {
        name: reference
        for name, script in table_at(document, "tool", "poetry", "scripts").items()
        if isinstance(script, Mapping) and script.get("type") == "file"
        if isinstance(reference := script.get("reference"), str) and reference
    }


# What uv writes into an environment that may be moved: the Python beside the launcher.
RELOCATABLE = """'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@\""""


def is_run_by(text: str, folders: Iterable[str]) -> bool:
    """Whether a script is run by a Python in one of `folders`, or the one beside it."""
    head = text.splitlines()[:_LINES_OF_INTERPRETER]
    places = (*(f"{folder}/python" for folder in folders), RELOCATABLE)
    return any(place in line for line in head for place in places)


def problem_of_launcher(text: str, reference: str, folders: Iterable[str]) -> str:
    """What is wrong with a launcher's text, empty where nothing is.

    It must be run by a Python in one of `folders` and import what `reference` names.
    """
    if not is_run_by(text, folders):
        return "is run by another Python"
    module, _, function = reference.partition("[")[0].strip().partition(":")
    holder = function.partition(".")[0]
    if f"from {module.strip()} import {holder.strip()}" not in text:
        return f"does not start {reference}"
    return ""
