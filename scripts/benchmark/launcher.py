"""Runs commands one after the other and tells what they took. A program: see `measure`.

It is small because what a process once held counts as its own child's peak (`ru_maxrss` outlives
`exec`). It reads a JSON object (`steps`, a list of argument lists; `log`, a file) and prints one.
Its environment and folder are theirs. The first step that fails is the last one.
"""

import json
import os
import sys
import time


def _run(argv: list[str], log: str) -> tuple[int, float, float, int]:
    write = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, write, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=streams)
    # With all descendants that were waited for.
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    cpu = usage.ru_utime + usage.ru_stime
    return os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss


def _main() -> None:
    order = json.load(sys.stdin)
    wall, cpu, peak, code, argv = [], 0.0, 0, 0, []
    for argv in order["steps"]:
        code, seconds, spent, size = _run(argv, order["log"])
        wall.append(seconds)
        cpu += spent
        peak = max(peak, size)
        if code:
            break
    print(json.dumps({"code": code, "argv": argv, "wall": wall, "cpu": cpu, "peak_kib": peak}))


if __name__ == "__main__":
    _main()
