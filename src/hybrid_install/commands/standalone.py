"""Environments that need no source tree, or whose base image brings packages.

Poetry knows neither `--no-editable` nor `--provided`, so it finishes such a run in parts: what was
deferred in a project that stands in for ours (core/stand_in.py), the editable root by itself; a
root that is no editable install is a wheel of Poetry's that uv installs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hybrid_install.commands.prepare import Preparation
from hybrid_install.core.plan import index_of
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.stand_in import stand_in_lock, stand_in_project
from hybrid_install.environment.leftovers import remove_recorded_absolutely
from hybrid_install.environment.origins import settle
from hybrid_install.environment.relocation import free_of_place, is_relocatable
from hybrid_install.errors import TargetError, ToolError
from hybrid_install.tools.poetry import Poetry
from hybrid_install.tools.poetry_run import PoetryRun
from hybrid_install.tools.uv import InstallTarget, Uv
from hybrid_install.whole import temporary_folder

# `--project`, and a lock that is followed as it is written.
_STANDS_IN_SINCE = (2, 0)


def refuse_fixed_place(preparation: Preparation) -> None:
    """`--relocatable` is for environments that uv made so, or will."""
    target = preparation.target
    if not preparation.request.relocatable:
        return
    if not target.is_virtual:
        raise TargetError(
            f"--relocatable: {target.path} is no virtual environment, but an interpreter itself",
            hint="name an environment with --venv",
        )
    if target.exists and not is_relocatable(target.path):
        raise TargetError(
            f"--relocatable: the environment {target.path} was made for the place where it is",
            hint="remove it to have it made anew, or name another with --venv",
        )


def finishing_runs(
    preparation: Preparation, poetry: Poetry, plain: PoetryRun, stack: ExitStack
) -> tuple[PoetryRun, ...]:
    """The starts of Poetry that end the run: one plain `poetry install` wherever that will do."""
    plan = preparation.plan
    if not (preparation.no_editable or preparation.provided):
        return (plain,)
    runs = []
    if plan.leaves_work_to_poetry:
        _refuse_old(poetry)
        folder = stack.enter_context(temporary_folder())
        _write_stand_in(preparation, folder)
        selection = SelectionOptions(no_root=True)
        runs.append(replace(plain, selection=selection, stand_in=folder, re_resolve=False))
    if preparation.binds_root and not preparation.no_editable:
        # Without `sync`, under which it would remove every dependency.
        selection = SelectionOptions(only_root=True)
        runs.append(replace(plain, selection=selection, sync=False, no_directory=False))
    return tuple(runs)


def _refuse_old(poetry: Poetry) -> None:
    if poetry.release and poetry.release < _STANDS_IN_SINCE:
        raise ToolError(
            f"Poetry {poetry.version} cannot install what is left to it under --no-editable or"
            " --provided",
            hint="install Poetry 2.0 or later, or name one with HYBRID_INSTALL_POETRY",
        )


def _write_stand_in(preparation: Preparation, folder: Path) -> None:
    import tomlkit

    inputs, provided = preparation.inputs, preparation.provided
    project = stand_in_project(inputs.pyproject, inputs.project.name)
    selected = [
        (package, index_of(package, inputs.project))
        for package in preparation.selected
        if package.name not in provided
    ]
    kept = [each for name, each in preparation.installed().items() if name in provided]
    lock = stand_in_lock(project, selected, kept)
    (folder / "pyproject.toml").write_text(tomlkit.dumps(project), "utf-8")
    (folder / "poetry.lock").write_text(tomlkit.dumps(lock), "utf-8")
    settings = inputs.project_dir / "poetry.toml"
    if settings.is_file():
        shutil.copyfile(settings, folder / "poetry.toml")


def install_root_wheel(preparation: Preparation, poetry: Poetry, uv: Uv, run: PoetryRun) -> None:
    """The project as the wheel that Poetry builds."""
    install_wheel_of_root(preparation, uv, lambda folder: poetry.build_wheel(run, folder))


def install_wheel_of_root(
    preparation: Preparation, uv: Uv, build: Callable[[Path], object]
) -> None:
    """The wheel that `build` puts into a folder, in the place of what has the project's name."""
    name, target = preparation.inputs.project.name, preparation.target
    assert name is not None, "a project in package mode has a name"  # noqa: S101
    with temporary_folder() as folder:
        build(folder)
        if present := preparation.installed().get(name):
            remove_recorded_absolutely(present, target.interpreter)
        uv.install_wheel(
            name,
            folder,
            InstallTarget(
                target.python,
                reinstall=(name,),
                compile_bytecode=preparation.request.compile_bytecode,
                is_virtual=target.is_virtual,
            ),
        )
    settle((), frozenset({name}), target.interpreter)


def leave_place(preparation: Preparation) -> None:
    """The last touch of `--relocatable`: what Poetry wrote names no place either."""
    if preparation.request.relocatable:
        free_of_place(preparation.target.interpreter)
