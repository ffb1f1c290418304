"""Whatever pyproject.toml, poetry.lock and Poetry's settings say: a result, or an error in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import corpus
from support.fuzzing import fuzzed
from support.good_files import DIGEST, LOCK, PYPROJECT, SETTINGS
from support.machine import COMMANDS, EVERYTHING, FIRST_LINE, Machine
from support.mutations import put_into, spoilt, spoilt_bytes, spoilt_within, text, toml
from support.witness import nothing_changes

from hybrid_install.core.settings import Finish
from hybrid_install.environment.locate import base_env_name
from hybrid_install.errors import DiagnosisError, ToolError, VerificationError

commands = st.sampled_from(sorted(COMMANDS))


@fuzzed(70)
@given(lock=spoilt(LOCK), command=commands)
def test_lock(machine: Machine, lock: dict[str, Any], command: str) -> None:
    machine.write(PYPROJECT, lock)
    with nothing_changes(machine.root / "surroundings", machine.venv):
        machine.run(command, selection=EVERYTHING)


@fuzzed(40)
@given(lock=spoilt(LOCK), version=st.sampled_from(["1.0", "1.1", "2.0"]), command=commands)
def test_older_lock(machine: Machine, lock: dict[str, Any], version: str, command: str) -> None:
    """Those that are walked, as the solver of Poetry would."""
    if isinstance(lock.get("metadata"), dict):
        lock["metadata"]["lock-version"] = version
    machine.write(PYPROJECT, lock)
    machine.run(command, selection=EVERYTHING)


@fuzzed(70)
@given(pyproject=spoilt(PYPROJECT), command=commands)
def test_pyproject(machine: Machine, pyproject: dict[str, Any], command: str) -> None:
    machine.write(pyproject, LOCK)
    with nothing_changes(machine.root / "surroundings", machine.venv):
        machine.run(command, selection=EVERYTHING)


# Where what is compared stands, by versions and numbers: in the lock, then in the project.
_COMPARED: tuple[tuple[str, tuple[str | int, ...], str], ...] = (
    ("lock", ("package", 0, "version"), "1!1.0rc1.post2+cpu.3"),
    ("lock", ("package", 0, "files", 0, "file"), "alpha-1.0-2-py3-none-any.whl"),
    ("lock", ("package", 0, "files", 1, "file"), "alpha-1.0-23b-py2.py3-none-any.whl"),
    ("lock", ("package", 0, "python-versions"), ">=3.8,<4.0"),
    ("lock", ("package", 0, "markers"), "python_version >= '3.8' and platform_release < '9.1'"),
    ("lock", ("package", 0, "dependencies", "bravo"), ">=1,<2.0"),
    ("lock", ("metadata", "lock-version"), "2.1"),
    ("pyproject", ("project", "requires-python"), ">=3.9,<4.0"),
    ("pyproject", ("project", "version"), "0.1.0"),
    ("pyproject", ("tool", "poetry", "requires-poetry"), ">=2.0,<3.0 || 1.8.*"),
    ("pyproject", ("build-system", "requires", 0), "poetry-core>=2.0,<3.0"),
)


@pytest.mark.parametrize("place", _COMPARED, ids=lambda it: ".".join(map(str, it[1])))
@fuzzed(15)
@given(data=st.data(), some=st.lists(commands, min_size=3, max_size=3, unique=True))
def test_what_is_compared(
    machine: Machine,
    place: tuple[str, tuple[str | int, ...], str],
    data: st.DataObject,
    some: list[str],
) -> None:
    """Numbers that Python does not read, and what is nearly a version or a range."""
    files: dict[str, Any] = deepcopy({"pyproject": PYPROJECT, "lock": LOCK})
    where, (*outer, key), good = place
    holder = files[where]
    for each in outer:
        holder = holder[each]
    holder[key] = data.draw(put_into(good))
    machine.write(files["pyproject"], files["lock"])
    finish = data.draw(st.sampled_from([None, Finish.POETRY_CORE]))
    for command in some:
        machine.run(command, selection=EVERYTHING, finish=finish)


@fuzzed(60)
@given(st.data())
def test_what_is_odd_within(machine: Machine, data: st.DataObject) -> None:
    """One text of a file, its name or version or url, with something put into it."""
    pyproject, lock, line = PYPROJECT, LOCK, FIRST_LINE
    match data.draw(st.sampled_from(["lock", "lock", "pyproject", "first line"])):
        case "lock":
            lock = data.draw(spoilt_within(lock))
        case "pyproject":
            pyproject = data.draw(spoilt_within(pyproject))
        case _:
            line = data.draw(put_into(line))
    machine.write(pyproject, lock, line)
    with nothing_changes(machine.root / "surroundings", machine.venv):
        machine.run(data.draw(commands), selection=EVERYTHING)


@fuzzed(30)
@given(st.data())
def test_files_that_are_hardly_toml(machine: Machine, data: st.DataObject) -> None:
    machine.write(PYPROJECT, LOCK)
    name = data.draw(st.sampled_from(["pyproject.toml", "poetry.lock"]))
    content = (machine.project / name).read_bytes()
    machine.put(name, data.draw(spoilt_bytes(content)))
    machine.run("plan", selection=EVERYTHING)


@fuzzed(50)
@given(
    settings=spoilt(SETTINGS),
    file=st.sampled_from(["project/poetry.toml", "config/config.toml", "config/auth.toml"]),
    in_project=st.booleans(),
    command=commands,
)
def test_settings_of_poetry(
    machine: Machine, settings: dict[str, Any], file: str, in_project: bool, command: str
) -> None:
    for old in ("project/poetry.toml", "config/config.toml", "config/auth.toml"):
        (machine.root / old).unlink(missing_ok=True)
    machine.write(PYPROJECT, LOCK)
    (machine.root / file).write_bytes(toml(settings))
    options = {"venv": machine.venv} if in_project else {}
    said = machine.run(command, **options).shown
    assert "swordfish" not in said


@fuzzed(30)
@given(st.data())
def test_envs_toml(machine: Machine, data: st.DataObject) -> None:
    name = base_env_name("acme-app", machine.project)
    good = {name: {"minor": "3.11", "patch": "3.11.7"}}
    folder = machine.root / "cache" / "virtualenvs"
    folder.mkdir(exist_ok=True)
    content = data.draw(st.one_of(spoilt(good).map(toml), spoilt_bytes(toml(good))))
    (folder / "envs.toml").write_bytes(content)
    machine.write(PYPROJECT, LOCK)
    machine.run("plan")


VARIABLES = (
    "POETRY_VIRTUALENVS_PATH",
    "POETRY_VIRTUALENVS_PROMPT",
    "POETRY_VIRTUALENVS_CREATE",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_INSTALLER_NO_BINARY",
    "POETRY_INSTALLER_MAX_WORKERS",
    "POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_ALPHA",
    "POETRY_REPOSITORIES_HOUSE_URL",
    "POETRY_HTTP_BASIC_HOUSE_USERNAME",
    "POETRY_PYPI_MIRROR_URL",
    "POETRY_CONFIG_DIR",
    "POETRY_HOME",
    "HYBRID_INSTALL_PROVIDED",
    "HYBRID_INSTALL_FINISH",
    "HYBRID_INSTALL_CACHE_DIR",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "REQUESTS_CA_BUNDLE",
)


@fuzzed(40)
@given(
    variables=st.dictionaries(
        st.sampled_from(VARIABLES),
        text().filter(lambda value: "\0" not in value and not value.startswith("/")),
        min_size=1,
        max_size=3,
    ),
    command=commands,
)
def test_variables(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    command: str,
) -> None:
    monkeypatch.chdir(machine.project)
    machine.write(PYPROJECT, LOCK)
    before = machine.environ
    machine.environ = {**before, **variables}
    try:
        machine.run(command)
    finally:
        machine.environ = before


@fuzzed(25)
@given(lock=spoilt(LOCK, most=2), lines=st.integers(0, 9))
def test_a_map_is_read_back_or_refused(machine: Machine, lock: dict[str, Any], lines: int) -> None:
    """What `export --format json` writes of any lock, `install --from` takes."""
    machine.write(PYPROJECT, lock)
    exported = machine.run("export --format json", selection=EVERYTHING)
    if exported.is_good:
        start = exported.shown.index('{\n  "version"')
        document, _ = json.JSONDecoder().raw_decode(exported.shown[start:])
        file = machine.root / "map.json"
        file.write_text(json.dumps(document), "utf-8")
        read = machine.install_map(file)
        assert read.is_good or (read.error is not None and read.error.hint)


MAP: dict[str, Any] = {
    "version": 1,
    "python": ">=3.9",
    "environment": None,
    "indexes": [
        {"name": "house", "url": "http://127.0.0.1:9/simple", "priority": "primary"},
        {"name": "PyPI", "url": None, "priority": "supplemental"},
    ],
    "packages": [
        {
            "name": "alpha",
            "version": "1.0",
            "marker": "sys_platform == 'linux'",
            "index": "house",
            "files": [{"name": "alpha-1.0-py3-none-any.whl", "hash": DIGEST}],
        },
        {
            "name": "golf",
            "version": "1.0",
            "source": {"type": "git", "url": "http://h/g.git", "resolved_reference": "0" * 40},
        },
    ],
    "build-constraints": {"golf": {"setuptools": "<70"}},
    "deferred": [{"name": "hotel", "version": "1", "source": "hotel", "reason": "odd"}],
}


@fuzzed(50)
@given(st.data())
def test_maps(machine: Machine, data: st.DataObject) -> None:
    document = data.draw(spoilt(MAP, *SURROGATES))
    whole = json.dumps(document, default=str).encode("utf-8", "surrogatepass")
    content = data.draw(st.one_of(st.just(whole), spoilt_bytes(whole)))
    file = machine.root / "map.json"
    file.write_bytes(content)
    with nothing_changes(machine.root / "surroundings", machine.venv):
        machine.install_map(file)


SURROGATES = ("\ud800", "a\udfffb")

PAIRS = corpus.pairs()


@pytest.mark.skipif(not PAIRS, reason=f"no real locks: {corpus.VARIABLE} names their folder")
@fuzzed(30)
@given(st.data())
def test_real_files(machine: Machine, data: st.DataObject) -> None:
    """A part of a real lock with its whole pyproject.toml, each gone wrong in a few places."""
    pair = PAIRS[data.draw(st.integers(0, len(PAIRS) - 1))]
    pyproject, lock = deepcopy(pair.pyproject), dict(pair.lock)
    packages = lock.get("package", [])
    start = data.draw(st.integers(0, max(0, len(packages) - 10)))
    lock["package"] = packages[start : start + 10]
    names = {each["name"] for each in lock["package"]}
    for table in ("files", "hashes"):
        elsewhere = lock["metadata"].get(table)
        if elsewhere:
            kept = {name: each for name, each in elsewhere.items() if name in names}
            lock["metadata"] = {**lock["metadata"], table: kept}
    if data.draw(st.booleans()):
        lock = data.draw(spoilt(lock))
    else:
        pyproject = data.draw(spoilt(pyproject))
    machine.write(pyproject, lock)
    machine.run(data.draw(commands), selection=EVERYTHING)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_what_is_spoilt_elsewhere_is_good(machine: Machine, command: str) -> None:
    """Else each input would be refused for one and the same reason; there is no uv to be found."""
    machine.write(PYPROJECT, LOCK)
    found = machine.run(command, selection=EVERYTHING, venv=machine.venv)
    ends = VerificationError | DiagnosisError | ToolError
    assert found.is_good or isinstance(found.error, ends), found.shown


ODD_URLS = (
    "http://[",
    "ssh://git@[x/y.git",
    "git@[x:a/b.git",
    "https://user:pa[ss@h/x",
    "https://h:99999999/x",
    "https://h:port/x",
    "ssh://git@h:org/repository.git",
    "file://[/x",
    "://",
    "http:",
    "https://\uff0f@h/x",
    "https://h\u2100/x",
    "",
)

_PLACES: dict[str, Callable[[dict[str, Any], dict[str, Any], str], None]] = {
    "git": lambda _, lock, url: lock["package"][5]["source"].update(url=url),
    "url": lambda _, lock, url: lock["package"][6].update(
        source={"type": "url", "url": url}, files=lock["package"][0]["files"]
    ),
    "legacy": lambda _, lock, url: lock["package"][1]["source"].update(url=url),
    "source": lambda project, _, url: project["tool"]["poetry"]["source"][1].update(url=url),
    "file": lambda _, lock, url: lock["package"][4]["source"].update(url=url),
    "settings": lambda *_: None,
}


@pytest.mark.parametrize("url", ODD_URLS)
@pytest.mark.parametrize("place", sorted(_PLACES))
def test_odd_urls(machine: Machine, place: str, url: str) -> None:
    """Of those that `urlsplit` refuses, and those that it reads in a way of its own."""
    pyproject, lock = deepcopy(PYPROJECT), deepcopy(LOCK)
    _PLACES[place](pyproject, lock, url)
    machine.write(pyproject, lock)
    settings = {"repositories": {"other": {"url": url}}, "http-basic": {"other": {"username": "x"}}}
    if place == "settings":
        (machine.root / "config" / "config.toml").write_bytes(toml(settings))
        machine.environ["POETRY_PYPI_MIRROR_URL"] = url
    for command in COMMANDS:
        machine.run(command, selection=EVERYTHING, venv=machine.venv)
