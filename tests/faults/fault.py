"""A fault: what goes wrong, in which states of a project, and what a run must then say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from support.projects import Project
from support.sandbox import Result
from support.scene import CHANGED, COMPLETE, NEW, WARM, Scene

ANY = (NEW, CHANGED, WARM, COMPLETE)
WORKING = (NEW, CHANGED, WARM)
FETCHING = (NEW, CHANGED)
INSTALLED = (COMPLETE,)

Inject = Callable[[Scene, Random], Result | None]
"""Runs the command with the fault and takes the fault away; None where it came too late."""


def whatever() -> str | None:
    """For a fault that every machine can have."""
    return None


def nothing(_: Scene) -> None:
    """For a fault that goes by itself."""


def as_locked(scene: Scene) -> tuple[Project, ...]:
    """For a fault after which nothing but what the scene's own lock gives is right."""
    return (scene.project,)


@dataclass(frozen=True)
class Fault:
    """`says` is a pattern of the cause, which a run that fails must name.

    `lacks` says what the machine would need for it. Where a fault changes what is locked, `goals`
    are the projects of which a run may have installed any: one, and nothing of another. Where it
    `kills` a run that is not the one that is judged, nobody clears up after that one. What
    `only_verify` finds no run can see, and Poetry's could not either; `mend` does what then is to
    be done. `is_atomic` is for what only runs of that way can meet.
    `arrange` is what has to be done for it before anybody looks at what there was. With
    `has_poetry_fetch` the project has a package more, which is left to Poetry.
    """

    name: str
    inject: Inject
    states: tuple[str, ...] = ANY
    says: str = "."
    fails: bool = False
    lacks: Callable[[], str | None] = whatever
    goals: Callable[[Scene], tuple[Project, ...]] = as_locked
    kills: bool = False
    only_verify: bool = False
    is_atomic: bool | None = None
    arrange: Callable[[Scene], object] = nothing
    has_poetry_fetch: bool = False
    mend: Callable[[Scene], object] = nothing
