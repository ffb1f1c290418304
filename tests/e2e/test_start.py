"""What a command imports and starts: nothing that it does not need."""

from __future__ import annotations

import json
import sys
import timeit
from functools import partial
from pathlib import Path

import pytest
from support import corpus
from support.compare import versions
from support.lab import Lab
from support.projects import Project
from support.sandbox import run
from support.venvs import make_with_virtualenv

# Each takes longer to import than the rest of a plan, or has no business in it.
HEAVY = frozenset(
    {
        "asyncio",
        "fastjsonschema",
        "findpython",
        "http.client",
        "importlib.metadata",
        "lark",
        "multiprocessing",
        "poetry.core._vendor.lark",
        "poetry.core.factory",
        "pydantic",
        "rich",
        "sh",
        "ssl",
        "tomlkit",
        "tomllib",
        "urllib3",
        "virtualenv",
    }
)

# Of ours, what only an installation needs: half of a plan's time is imports.
FOR_LATER = frozenset(
    f"hybrid_install.{name}"
    for name in (
        "core.requirements",
        "core.uv_config",
        "environment.installed",
        "tools.keyring",
        "tools.poetry_run",
        "tools.uv",
    )
)

# Twice what it took when this was written, beyond which somebody should look: time is too noisy to
# be a test.
MOST_CALLS = 650_000

# The version of uv, its default index where that counts, the environment, its interpreter, pip's
# seed, the choice of files and the installation: each is a twentieth of a warm run.
MOST_STARTS = 7

COUNTED = """
import sys
calls = 0
def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")
sys.setprofile(count)
from hybrid_install.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.setprofile(None)
# Not getrusage, which remembers what this process was before it became this program.
status = open("/proc/self/status").read().split()
print(calls, status[status.index("VmHWM:") + 1])
"""

# What is loaded at the end; processes by PEP 578's events.
WATCHED = """
import json, sys
started = []
def note(event, arguments):
    if event in ("os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen"):
        started.append(event)
sys.addaudithook(note)
from hybrid_install.__main__ import main
try:
    main()
except SystemExit:
    pass
print(json.dumps([sorted(sys.modules), started]))
"""


def loaded(lab: Lab, project: Project, *arguments: str) -> tuple[set[str], list[str]]:
    """The modules that are loaded in the end, and what started a process."""
    tool = lab.hybrid_install
    result = run([tool.python, "-c", WATCHED, *arguments], tool.environ({}), project.folder)
    modules, started = json.loads(result.stdout.splitlines()[-1])
    return set(modules), started


def test_a_plan_imports_no_more_than_it_needs(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    loaded(lab, standard, "plan")
    modules, started = loaded(lab, standard, "plan")

    assert not started
    assert modules & HEAVY == set()


def test_a_plan_of_what_is_not_there_yet(lab: Lab, standard: Project) -> None:
    loaded(lab, standard, "plan")
    modules, started = loaded(lab, standard, "plan")

    assert not started
    assert modules & (HEAVY | FOR_LATER) == set()


@pytest.mark.parametrize("argument", ["--help", "plan --help"])
def test_help_imports_nothing_of_the_work(lab: Lab, standard: Project, argument: str) -> None:
    modules, started = loaded(lab, standard, *argument.split())

    assert not started
    assert modules & (HEAVY | {"poetry.core", "hybrid_install.commands.prepare"}) == set()


def test_what_has_not_changed_imports_nothing(lab: Lab, standard: Project) -> None:
    """With the same words; those are not there where this test looks at the modules."""
    lab.install(standard)
    tool = lab.hybrid_install
    code = f"import sys; sys.argv[1:] = []; exec({WATCHED!r})"
    run([tool.python, "-c", code], tool.environ({}), standard.folder)
    result = run([tool.python, "-c", code], tool.environ({}), standard.folder)
    modules, started = json.loads(result.stdout.splitlines()[-1])

    assert "is as poetry.lock says" in result.stderr
    assert not started
    ours = {each for each in modules if each.startswith("hybrid_install")}
    assert ours == {"hybrid_install", "hybrid_install.__main__", "hybrid_install.unchanged"}


def test_an_interpreter_is_asked_again_where_it_has_changed(lab: Lab, standard: Project) -> None:
    lab.install(standard)
    loaded(lab, standard, "plan")
    (site,) = standard.venv.glob("lib/python3*/site-packages")
    (site / "more.pth").write_text(f"{Path.cwd()}\n")
    _, started = loaded(lab, standard, "plan")

    assert len(started) == 1


def the_hardest() -> list[corpus.Pair]:
    """The real lock with most packages, and the one with the oddest markers."""
    biggest = max(corpus.pairs("2.1"), key=lambda pair: len(pair.lock["package"]), default=None)
    odd = [pair for pair in corpus.pairs("2.1") if pair.name.endswith("odd-markers")]
    return [*([biggest] if biggest else []), *odd]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program's own peak")
@pytest.mark.parametrize("pair", the_hardest(), ids=lambda pair: pair.name)
def test_the_effort_of_planning_a_hard_lock(lab: Lab, pair: corpus.Pair) -> None:
    project = pair.copy_to(lab.folder).folder
    make_with_virtualenv(project / ".venv", lab.sandbox, "--no-pip")
    tool = lab.hybrid_install
    for _ in range(2):
        result = run([tool.python, "-c", COUNTED, "plan"], tool.environ({}), project)

    calls, kilobytes = map(int, result.stdout.splitlines()[-1].split())
    assert " to install" in result.stdout
    assert 100_000 < calls < MOST_CALLS
    assert kilobytes < 80 * 1024


def test_the_effort_of_an_installation_from_warm_caches(lab: Lab, standard: Project) -> None:
    lab.install(standard, "--no-root")
    standard.venv.rename(standard.folder / "old")
    with lab.index.watched() as requests:
        modules, started = loaded(lab, standard, "--no-root")

    assert versions(standard.venv)["alpha"] == "1.0"
    assert not [request for request in requests if request.is_download]
    assert 3 < len(started) <= MOST_STARTS
    assert modules & (HEAVY - {"sh", "virtualenv"}) == set()


def test_cold_caches_ask_for_everything_once(lab: Lab, standard: Project) -> None:
    with lab.index.watched() as requests:
        lab.install(standard)

    asked = [request.path for request in requests if request.status == 200]
    assert any(request.is_download for request in requests)
    assert sorted(asked) == sorted(set(asked))


def test_nothing_to_do_takes_a_fraction_of_poetry_s_time(lab: Lab, standard: Project) -> None:
    """A fiftieth where nothing else is going on; a tenth, of the best of three, anywhere."""
    tool = lab.hybrid_install
    ours = [str(tool.python), "-m", "hybrid_install"]
    poetry = [str(tool.python), "-m", "poetry", "install", "--no-interaction"]
    lab.install(standard)
    lab.install(standard)
    environ = {**tool.environ({}), "VIRTUAL_ENV": str(standard.venv)}
    took = {
        words[2]: min(
            timeit.repeat(partial(run, words, environ, standard.folder), number=1, repeat=3)
        )
        for words in (ours, poetry)
    }
    assert took["hybrid_install"] * 10 < took["poetry"], took
