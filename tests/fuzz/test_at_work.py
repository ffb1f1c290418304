"""Whatever project, lock, uv and Poetry say: `install` ends well, or is refused in words."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzzing import fuzzed
from support.good_files import LOCK, PYPROJECT, SETTINGS, package
from support.machine import AT_WORK, EVERYTHING, FIRST_LINE, Machine
from support.mutations import put_into, spoilt, spoilt_bytes, spoilt_within, toml
from support.obedient import HONEST
from support.witness import nothing_changes

# Nothing that only a disk, an index or Poetry's own configuration could end a run with.
PROJECT: dict[str, Any] = {
    **PYPROJECT,
    "project": {**PYPROJECT["project"], "dependencies": ["alpha (>=1,<2)", "bravo"]},
    "dependency-groups": {"dev": ["delta>=1"]},
    "tool": {
        "poetry": {
            "source": [{"name": "house", "url": "http://127.0.0.1:9/simple"}],
            "requires-poetry": ">=2.0",
        },
        "hybrid-install": PYPROJECT["tool"]["hybrid-install"],
    },
}
PLAIN: dict[str, Any] = {
    **LOCK,
    "package": [
        package("alpha", dependencies={"bravo": ">=1"}),
        package("bravo", "1.2+cpu", source=LOCK["package"][1]["source"]),
        package("delta", groups=["dev"], markers='platform_system == "Linux"'),
    ],
}

commands = st.sampled_from(sorted(AT_WORK))


def afresh(machine: Machine, *, is_there: bool) -> None:
    """The project's environment as it is before a first run, or none at all."""
    shutil.rmtree(machine.venv, ignore_errors=True)
    shutil.rmtree(machine.root / "cache" / "ours", ignore_errors=True)
    if is_there:
        machine.make_environment()


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("command", sorted(AT_WORK))
def test_what_is_spoilt_elsewhere_ends_well(
    machine: Machine, command: str, *, is_there: bool
) -> None:
    """Else each input would be refused for one and the same reason."""
    machine.equip()
    machine.write(PROJECT, PLAIN)
    (machine.project / "poetry.toml").write_bytes(toml({"virtualenvs": {"in-project": True}}))
    afresh(machine, is_there=is_there)
    found = machine.run(command, selection=EVERYTHING)
    assert found.is_good, found.shown
    if command == "install":
        made = {each.name for each in machine.site.glob("*.dist-info")}
        assert made == {
            *("acme_app-0.1.0.dist-info", "alpha-1.0.dist-info"),
            *("bravo-1.2+cpu.dist-info", "delta-1.0.dist-info"),
        }


@fuzzed(60)
@given(st.data())
def test_spoilt_files(machine: Machine, data: st.DataObject) -> None:
    """One of them, whole values or within."""
    pyproject, lock, settings, line = PROJECT, PLAIN, SETTINGS, FIRST_LINE
    match data.draw(st.sampled_from(["pyproject", "lock", "settings", "first line"])):
        case "pyproject":
            pyproject = data.draw(st.one_of(spoilt_within(pyproject), spoilt(pyproject, most=2)))
        case "lock":
            lock = data.draw(st.one_of(spoilt_within(lock), spoilt(lock, most=2)))
        case "settings":
            settings = data.draw(spoilt_within(settings))
        case _:
            line = data.draw(put_into(line))
    machine.equip()
    machine.write(pyproject, lock, line)
    in_project = {**settings, "virtualenvs": {**settings["virtualenvs"], "in-project": True}}
    (machine.project / "poetry.toml").write_bytes(toml(in_project))
    afresh(machine, is_there=data.draw(st.booleans()))
    with nothing_changes(machine.root / "surroundings"):
        machine.run(data.draw(commands), selection=EVERYTHING)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, str]:
    """What uv and Poetry answer, one of them not as it should."""
    odd = draw(st.sampled_from(sorted(HONEST)))
    spoilt_words = spoilt_bytes(HONEST[odd].encode()).map(lambda it: it.decode("utf-8", "replace"))
    return {**HONEST, odd: draw(st.one_of(put_into(HONEST[odd]), spoilt_words))}


@fuzzed(60)
@given(words=answers(), command=st.one_of(st.just("doctor"), commands), is_there=st.booleans())
def test_odd_answers(
    machine: Machine, words: dict[str, str], command: str, *, is_there: bool
) -> None:
    machine.equip(words)
    machine.write(PROJECT, PLAIN)
    afresh(machine, is_there=is_there)
    machine.run(command, selection=EVERYTHING, venv=machine.venv)


OFFERED: dict[str, Any] = {
    "lock-version": "1.0",
    "packages": [
        {
            "name": each["name"],
            "version": each["version"],
            "index": "http://127.0.0.1:9/simple",
            "wheels": [
                {
                    "url": f"http://127.0.0.1:9/{each['files'][0]['file']}",
                    "size": 3,
                    "hashes": {"sha256": "0" * 64},
                }
            ],
        }
        for each in PLAIN["package"]
    ],
}


@fuzzed(40)
@given(
    offered=st.one_of(
        st.one_of(spoilt_within(OFFERED), spoilt(OFFERED, most=2)).map(toml),
        spoilt_bytes(toml(OFFERED)),
    ),
    command=st.sampled_from(sorted(AT_WORK.keys() - {"--version"})),
)
def test_odd_offers(machine: Machine, offered: bytes, command: str) -> None:
    """Of whatever is called uv, and of indexes through it."""
    machine.equip(offered=offered.decode("utf-8", "replace"))
    machine.write(PROJECT, PLAIN)
    afresh(machine, is_there=True)
    machine.run(command, selection=EVERYTHING, venv=machine.venv)


@fuzzed(40)
@given(
    line=put_into(FIRST_LINE),
    required=st.one_of(st.just(">=2.0"), put_into(">=2.0,<3.0 || 3.1.*")),
    command=st.sampled_from(["install", "doctor"]),
)
def test_no_poetry_on_the_machine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, line: str, required: str, command: str
) -> None:
    """What is required of Poetry is then asked of the one that wrote the lock."""
    machine.equip()
    del machine.environ["HYBRID_INSTALL_POETRY"]
    nowhere = SimpleNamespace(get_path=lambda _: str(machine.root / "nowhere"))
    monkeypatch.setattr("hybrid_install.tools.poetry.sysconfig", nowhere)
    machine.environ["PATH"] = str(machine.root / "nowhere")
    poetry = {**PROJECT["tool"]["poetry"], "requires-poetry": required}
    machine.write({**PROJECT, "tool": {**PROJECT["tool"], "poetry": poetry}}, PLAIN, line)
    afresh(machine, is_there=True)
    machine.run(command, selection=EVERYTHING, venv=machine.venv)
