"""Which projects poetry-core alone binds as Poetry would (`--finish poetry-core`).

What is said here is only about the project; what of the lock is left to Poetry is the plan's part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hybrid_install.core.document import Table, strings, table_at, value_at
from hybrid_install.core.model import normalize_name
from hybrid_install.core.project import POETRY, Project

_BACKEND = "poetry.core.masonry.api"
_POETRY_CORE = "poetry-core"


def obstacles(
    document: Table, project: Project, poetry_core: str, *, no_plugins: bool, as_wheel: bool
) -> Iterator[str]:
    """Why only Poetry may bind the project; nothing where poetry-core of that version may.

    With `no_plugins` Poetry is told not to use any. A project without a build backend is one that
    Poetry binds, and builds (`BuildHandler._has_build_backend_defined`), by poetry-core. Built
    (`as_wheel`) elsewhere is what has build requirements besides poetry-core
    (`BuildHandler._requires_isolated_build`).
    """
    if _build_script(document):
        yield "it has a build script ([tool.poetry.build]), which Poetry runs"
    if not no_plugins:
        yield from _plugins(document, project)
    build_system = table_at(document, "build-system")
    backend = value_at(build_system, str, "build-backend")
    if backend not in {None, _BACKEND} or "backend-path" in build_system:
        yield f"its build backend is {backend}"
        return
    yield from _requirements(strings(build_system, "requires"), poetry_core, as_wheel=as_wheel)


def fetched_to_build(document: Table, *, as_wheel: bool) -> tuple[str, ...]:
    """What Poetry fetches to build or bind the project, in an environment made for that.

    `BuildHandler._requires_isolated_build` for a wheel, `EditableBuilder._run_build_script` for the
    rest. A poetry-core of another version than Poetry's is not foreseen.
    """
    build_system = table_at(document, "build-system")
    if as_wheel and "build-backend" not in build_system:
        return ()
    requires = strings(build_system, "requires")
    names = {normalize_name(re.split(r"[^\w.-]", each.strip())[0]) for each in requires}
    if _build_script(document) or (as_wheel and names - {_POETRY_CORE}):
        return requires or (_POETRY_CORE,)
    return ()


def _build_script(document: Table) -> bool:
    """`Factory._configure_package_poetry_specifics` (poetry-core)."""
    build = table_at(document, *POETRY).get("build")
    return bool(build.get("script") if isinstance(build, dict) else build)


def _plugins(document: Table, project: Project) -> Iterator[str]:
    """Those that the project asks for, and those whose table says that they make its version."""
    if project.required_plugins:
        yield f"it requires plugins of Poetry: {', '.join(sorted(project.required_plugins))}"
    for name, table in table_at(document, "tool").items():
        if _makes_versions(name) and not (isinstance(table, dict) and table.get("enable") is False):
            yield f"a plugin of Poetry may make its version: [tool.{name}]"


def _makes_versions(name: str) -> bool:
    """`poetry-dynamic-versioning`, `poetry-version-plugin` and their like.

    Those that write a version into pyproject.toml (`poetry_bumpversion`) have no part in a run.
    """
    plain = normalize_name(name)
    return plain.startswith("poetry-") and "version" in plain and "bump" not in plain


def _requirements(requires: tuple[str, ...], poetry_core: str, *, as_wheel: bool) -> Iterator[str]:
    from packaging.requirements import Requirement

    try:
        found = [Requirement(each) for each in requires]
        fits = [each.specifier.contains(poetry_core, prereleases=True) for each in found]
    except ValueError as error:  # InvalidRequirement is one, as a number of thousands of digits is
        yield f"its build requirements cannot be read ({error})"
        return
    for each, is_fit in zip(found, fits, strict=True):
        if normalize_name(each.name) != _POETRY_CORE:
            if as_wheel:
                yield f"its build requires {each.name}"
        elif each.url or not is_fit:
            yield f"its build requires {each}, and poetry-core {poetry_core} is here"
