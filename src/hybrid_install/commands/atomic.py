"""`--atomic`: an environment is changed by making another one and putting it in its place.

Whoever looks sees the old one or the new one, and a run that fails leaves the old one as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hybrid_install.commands.binding import binding
from hybrid_install.commands.prepare import Preparation
from hybrid_install.commands.receipt import receipt_file
from hybrid_install.commands.request import Request
from hybrid_install.commands.turns import warning_of_no_locks
from hybrid_install.environment.exchange import room_beside, take_place
from hybrid_install.environment.locate import remember
from hybrid_install.environment.probe import python_below
from hybrid_install.environment.turn import turn
from hybrid_install.errors import TargetError, UsageError
from hybrid_install.report import Report

_ELSEWHERE = "leave --atomic out, or name an environment with --venv"


@contextmanager
def in_line(preparation: Preparation, report: Report) -> Iterator[bool]:
    """Alone with the place and the folder beside it; yields whether another run was there before.

    As long as there is no environment, alone in the folder where it will be.
    """
    target = preparation.target
    folder = target.path if target.exists else target.path.parent
    folder.mkdir(parents=True, exist_ok=True)

    def say() -> None:
        report.say("environment", f"another run is at work in {folder}: waiting for its end")

    wait, share = preparation.request.wait, preparation.runner.sharing
    with turn(
        folder, wait, say, warning_of_no_locks(folder, report), share=share
    ) as others_were_first:
        yield others_were_first


def install_beside(
    preparation: Preparation, report: Report, install: Callable[[Request], None]
) -> Preparation:
    """Have `install` make the whole environment beside the target, then put it there.

    Returns the run with its environment in place.
    """
    request, target = preparation.request, preparation.target
    place = target.path
    python = str(python_below(target.interpreter)) if target.exists else request.python
    report.say("environment", f"is made beside {place}, and takes its place when it is whole")
    with room_beside(place) as made:
        install(replace(request, venv=made, python=python, place=place, atomic=False))
        # Whoever then finds it in its place waits until nothing is left beside.
        with turn(made, request.wait, lambda: report.say("environment", f"{made} is in use")):
            take_place(made, place)
    settled = preparation.after_creation()
    if target.remember_minor:
        remember(settled.target, settled.locator)
    _note_binding(settled)
    return settled


def _note_binding(settled: Preparation) -> None:
    """The project is bound where it is now: a receipt that says so lets the next run believe it."""
    file = receipt_file(settled)
    receipt = file.read()
    if receipt and receipt.binding:
        file.write(replace(receipt, binding=binding(settled)))


def refuse_unfit_for_exchange(preparation: Preparation) -> None:
    """Not every target is a folder of ours alone, and a part of one is no environment."""
    request, target = preparation.request, preparation.target
    if request.tier or request.selection.only_root:
        raise UsageError(
            "--atomic makes a whole environment, and is not for a part of one",
            hint="leave out --atomic, or --tier and --only-root",
        )
    if preparation.provision.is_given:
        raise UsageError(
            "--atomic cannot keep what is provided in the environment", hint=_ELSEWHERE
        )
    if not target.is_virtual or preparation.is_made_by_poetry:
        raise TargetError(
            f"--atomic: {target.path} is not an environment that uv could make", hint=_ELSEWHERE
        )
    if target.path.is_symlink() or target.path.is_mount():
        raise TargetError(
            f"--atomic: {target.path} is a link or a mount, which nothing can be put in place of",
            hint=_ELSEWHERE,
        )
