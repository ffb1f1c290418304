"""Whatever happens, the environment is right or the run says that it is not; the next one mends it.

`scripts/faults.sh` makes hundreds of runs of it; with the other tests run a few, always the same.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.cli import Running, processes
from support.lab import Lab
from support.sandbox import Result
from support.scene import BIG, STATES, Scene

Inject = Callable[[Scene, random.Random], Result]

RUNS = int(os.environ.get("HYBRID_INSTALL_FAULTS", "24"))
SEED = int(os.environ.get("HYBRID_INSTALL_FAULTS_SEED", "0"))
KILLED = -signal.SIGKILL


def signalled(signum: int, whom: str) -> Inject:
    """At a random moment, of the whole run or of the victim's life."""

    def inject(scene: Scene, dice: random.Random) -> Result:
        running = scene.start()
        victim = _victim(running, scene, whom)
        time.sleep(dice.uniform(0, 3.0 if whom in {"us", "the group"} else 0.4))
        with suppress(ProcessLookupError):
            if whom == "the group":
                os.killpg(running.process.pid, signum)
            elif victim:
                os.kill(victim, signum)
        return running.result(120)

    return inject


def _victim(running: Running, scene: Scene, whom: str) -> int | None:
    """The process, as soon as there is one; None where the run ends without."""
    if whom == "us":
        return running.process.pid
    pattern = {"uv": r"/uv ", "Poetry": r"poetry"}.get(whom)
    while pattern and running.process.poll() is None:
        for number, command in processes(scene.mark):
            if number != running.process.pid and re.search(pattern, command):
                return number
        time.sleep(0.005)
    return None


def answering(status: int, *, of_page: bool = False) -> Inject:
    """The index, for a file or for a page."""

    def inject(scene: Scene, _: random.Random) -> Result:
        name = "bravo" if of_page else BIG.filename
        with scene.lab.index.misbehaving(statuses={name: status}):
            return scene.run(UV_HTTP_RETRIES="0")

    return inject


def cut_off(scene: Scene, dice: random.Random) -> Result:
    with scene.lab.index.misbehaving(cuts={BIG.filename: dice.randrange(len(BIG.content))}):
        return scene.run(UV_HTTP_RETRIES="0")


def dripping(scene: Scene, _: random.Random) -> Result:
    with scene.lab.index.misbehaving(drips={BIG.filename: 5.0}):
        return scene.run(UV_HTTP_RETRIES="0", UV_HTTP_TIMEOUT="1")


def other_contents(scene: Scene, dice: random.Random) -> Result:
    content = bytearray(BIG.content)
    content[dice.randrange(len(content))] ^= 1
    with scene.lab.index.misbehaving(contents={BIG.filename: bytes(content)}):
        return scene.run(UV_HTTP_RETRIES="0")


def another_hash(scene: Scene, _: random.Random) -> Result:
    with scene.lab.index.misbehaving(advertised={BIG.filename: "0" * 64}):
        return scene.run(UV_HTTP_RETRIES="0")


def replaced(variable: str, script: str) -> Inject:
    """A tool that is not what it was."""

    def inject(scene: Scene, _: random.Random) -> Result:
        tool = scene.lab.folder / "tool"
        tool.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        tool.chmod(0o755)
        return scene.run(**{variable: str(tool)})

    return inject


def damaged(pattern: str, damage: Callable[[Path], object]) -> Inject:
    """Something in the environment, before the run."""

    def inject(scene: Scene, dice: random.Random) -> Result:
        if not scene.project.venv.exists():
            scene.lab.install(scene.project)
        damage(dice.choice(scene.files(pattern) or scene.files("*.dist-info/METADATA")))
        return scene.run()

    return inject


def empty(path: Path) -> None:
    """Another file: the old one may be uv's cache's too."""
    path.unlink()
    path.touch()


def together(count: int) -> Inject:
    """Several runs at once in one environment."""

    def inject(scene: Scene, _: random.Random) -> Result:
        results = [each.result(120) for each in [scene.start() for _ in range(count)]]
        return max(results, key=lambda each: each.exit_code)

    return inject


def changing_lock(scene: Scene, dice: random.Random) -> Result:
    """Somebody locks while we run, and takes it back."""
    text = scene.project.lock.read_bytes()
    running = scene.start()
    time.sleep(dice.uniform(0, 1.0))
    scene.project.lock.write_bytes(text[: len(text) // 2])
    result = running.result(120)
    scene.project.lock.write_bytes(text)
    return result


def from_the_future(scene: Scene, _: random.Random) -> Result:
    """The clock was set back."""
    there = time.time() + 86400
    for path in (scene.project.lock, *scene.files("*.dist-info/*")):
        os.utime(path, (there, there))
    return scene.run()


FAULTS: dict[str, Inject] = {
    **{
        f"{signal.Signals(signum).name} to {whom}": signalled(signum, whom)
        for whom in ("us", "uv", "Poetry", "the group")
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    },
    **{f"{status} for a file": answering(status) for status in (401, 403, 404, 429, 500, 503)},
    **{f"{status} for a page": answering(status, of_page=True) for status in (403, 404, 500)},
    "a connection that is cut": cut_off,
    "a drip": dripping,
    "other contents": other_contents,
    "another hash on the page": another_hash,
    "uv crashes": replaced("HYBRID_INSTALL_UV", "kill -SEGV $$"),
    "uv is something else": replaced("HYBRID_INSTALL_UV", "echo hello"),
    "Poetry crashes": replaced("HYBRID_INSTALL_POETRY", "kill -SEGV $$"),
    "no INSTALLER": damaged("*.dist-info/INSTALLER", Path.unlink),
    "no RECORD": damaged("*.dist-info/RECORD", Path.unlink),
    "nothing of METADATA": damaged("*.dist-info/METADATA", empty),
    "nothing of RECORD": damaged("*.dist-info/RECORD", empty),
    "two at once": together(2),
    "eight at once": together(8),
    "the lock changes": changing_lock,
    "files from the future": from_the_future,
}


def injections() -> Iterator[object]:
    """Every fault in turn, each time in another state."""
    names = list(FAULTS)
    random.Random(SEED).shuffle(names)  # noqa: S311 - it keeps no secret
    for number in range(RUNS):
        name = names[number % len(names)]
        state = STATES[(number // len(names) + number) % len(STATES)]
        yield pytest.param(name, state, number, id=f"{number}: {name}, {state}")


@pytest.mark.parametrize(("name", "state", "number"), [*injections()])
def test_a_fault(lab: Lab, tally: Counter[str], name: str, state: str, number: int) -> None:
    scene = Scene.set_up(lab, state, f"fault-{SEED}-{number}-{lab.folder.name}")
    before = scene.tree()

    dice = random.Random(f"{SEED}.{number}")  # noqa: S311
    result = FAULTS[name](scene, dice)

    scene.assert_nobody_is_left()
    assert scene.tree() == before
    wrong = scene.wrong()
    if result.exit_code == 0:
        assert not wrong, f"{wrong}\n{result}"
    elif result.exit_code != KILLED:
        assert re.search(r"^(error|hint): .", result.stderr, re.MULTILINE), str(result)
    assert not (wrong and scene.is_called_right()), f"{wrong}\n{result}"
    again = scene.run()
    assert again.exit_code == 0, f"{again}\nafter {result}"
    assert scene.wrong() == [], f"after {result}"
    assert scene.is_called_right()
    tally.update([f"faults ({name})", f"faults ({name}) equal"])
