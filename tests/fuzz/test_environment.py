"""Whatever lies in an environment or a cache: it is understood or passed over, and stays within."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzzing import fuzzed
from support.machine import EVERYTHING, Machine
from support.mutations import LONE_SURROGATES, ODD_TEXTS, spoilt, spoilt_bytes, text, toml
from support.projects import write_files
from support.witness import no_hang, nothing_changes, outcome

from hybrid_install.core.editable import Binding
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.editable import unbind
from hybrid_install.environment.halves import halves, remove
from hybrid_install.environment.installed import distributions
from hybrid_install.environment.leftovers import remove_recorded_absolutely
from hybrid_install.environment.memory import Memory
from hybrid_install.environment.probe import probe
from hybrid_install.environment.receipt import ReceiptFile
from hybrid_install.environment.relocation import free_of_place
from hybrid_install.report import Report
from hybrid_install.unchanged import MAGIC, words_if_unchanged

PYPROJECT: dict[str, Any] = {
    "project": {"name": "acme-app", "version": "0.1.0", "dependencies": ["alpha"]},
    "tool": {"poetry": {}},
}

LOCK: dict[str, Any] = {
    "package": [
        {
            "name": "alpha",
            "version": "1.0",
            "groups": ["main"],
            "files": [{"file": "alpha-1.0-py3-none-any.whl", "hash": "sha256:" + "0" * 64}],
        },
        {
            "name": "golf",
            "version": "1.0",
            "groups": ["main"],
            "files": [],
            "source": {"type": "git", "url": "https://h/golf.git", "resolved_reference": "0" * 40},
        },
    ],
    "metadata": {"lock-version": "2.1", "python-versions": "*"},
}

DIRECT_URL: dict[str, Any] = {
    "url": "https://user:swordfish@h/golf.git",
    "vcs_info": {"vcs": "git", "commit_id": "0" * 40, "requested_revision": "main"},
    "subdirectory": "sub",
    "dir_info": {"editable": True},
    "archive_info": {"hashes": {"sha256": "0" * 64}},
}

METADATA = b"Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\nRequires-Dist: bravo\n\nText\n"


def paths_of(machine: Machine) -> st.SearchStrategy[str]:
    """What a RECORD may name: ours, others', and ways out by every route."""
    outside = machine.root / "surroundings"
    up = "../" * len(machine.site.relative_to(machine.root).parts)
    return st.one_of(
        st.sampled_from(
            [
                f"{outside}/kept.txt",
                f"{machine.venv}/../../surroundings/kept.txt",
                f"{up}surroundings/kept.txt",
                f"{up}surroundings",
                "way-out/kept.txt",
                f"{machine.site}/way-out/kept.txt",
                f"{machine.site}/alpha/../../../../../../surroundings/kept.txt",
                "alpha/__init__.py",
                f"{machine.site}/alpha/__init__.py",
                f"{machine.site}/acme_app.pth",
                "../../../bin/alpha",
                str(machine.site),
                "alpha-1.0.dist-info/METADATA",
                "/" + "x" * 5000,
                "y" * 5000,
                str(machine.venv / ("z" * 300)),
            ]
        ),
        text(),
    )


@st.composite
def records(draw: st.DrawFn, machine: Machine) -> bytes:
    rows = draw(st.lists(paths_of(machine), max_size=5))
    odd = st.sampled_from(["sha256=abc", "", "md5=", "shake_128=aa", "=", "sha256=" + "A" * 43])
    sizes = st.sampled_from(["", "3", "-1", "9" * 5000, "many", "\u0663"])
    lines = [f"{path},{draw(odd)},{draw(sizes)}" for path in rows]
    whole = "\n".join([*lines, ""]).encode("utf-8", "replace")
    return draw(st.one_of(st.just(whole), spoilt_bytes(whole)))


@st.composite
def direct_urls(draw: st.DrawFn) -> bytes:
    document = draw(spoilt(DIRECT_URL, *LONE_SURROGATES, *(f"file://{it}" for it in ODD_TEXTS)))
    whole = json.dumps(document, default=str).encode("utf-8", "surrogatepass")
    return draw(st.one_of(st.just(whole), spoilt_bytes(whole)))


@st.composite
def installations(draw: st.DrawFn, machine: Machine) -> dict[str, bytes]:
    """The files of a few distributions in the environment, and of their metadata."""
    files = {"alpha/__init__.py": b"", "acme_app.pth": b"", "golf.pth": b"/nowhere\n"}
    folders = ["alpha-1.0.dist-info", "acme_app-0.1.0.dist-info", "golf-1.0.egg-info"]
    folders += [
        "..dist-info",
        "-.dist-info",
        "..-1.dist-info",
        "alpha.dist-info",
        "a b-1.dist-info",
    ]
    for folder in draw(st.lists(st.sampled_from(folders), min_size=1, max_size=3, unique=True)):
        metadata = "METADATA" if folder.endswith(".dist-info") else "PKG-INFO"
        named = METADATA.replace(b"alpha", draw(text()).encode("utf-8", "replace"))
        content = draw(st.one_of(st.just(METADATA), st.just(named), spoilt_bytes(METADATA)))
        files[f"{folder}/{metadata}"] = content
        files[f"{folder}/RECORD"] = draw(records(machine))
        files[f"{folder}/INSTALLER"] = draw(st.sampled_from([b"uv", b"\xff", b"Poetry 2.5.1", b""]))
        files[f"{folder}/direct_url.json"] = draw(direct_urls())
        files[f"{folder}/entry_points.txt"] = draw(st.binary(max_size=9))
        if draw(st.booleans()):
            del files[f"{folder}/{draw(st.sampled_from(['RECORD', 'INSTALLER', metadata]))}"]
        if draw(st.booleans()):
            del files[f"{folder}/direct_url.json"]
    for name in ("golf.pth", "alpha.pth", "acme_app.pth"):
        files[name] = draw(st.one_of(st.just(b"../src\n"), st.binary(max_size=9), _lines))
    return files


_lines = text().map(lambda line: f"{line}\n".encode("utf-8", "replace"))


def environment_of(machine: Machine, files: dict[str, bytes]) -> Interpreter:
    """The environment with these files in it and a link that leads out; nothing of an earlier one."""
    import shutil

    shutil.rmtree(machine.venv.parent / ".venv")
    machine.make_environment()
    write_files(machine.site, files)
    (machine.site / "way-out").symlink_to(machine.root / "surroundings")
    return probe(machine.venv / "bin" / "python", machine.runner, machine.environ)


@fuzzed(40)
@given(st.data())
def test_what_is_installed(machine: Machine, data: st.DataObject) -> None:
    machine.write(PYPROJECT, LOCK)
    environment_of(machine, data.draw(installations(machine)))
    command = data.draw(st.sampled_from(["verify", "verify --json", "plan"]))
    with nothing_changes(machine.root / "surroundings", machine.site):
        said = machine.run(command, selection=EVERYTHING).shown
    assert not re.search(r"://\S*swordfish", said)


@fuzzed(40)
@given(st.data())
def test_what_is_removed(machine: Machine, data: st.DataObject) -> None:
    """By whatever means, nothing outside the environment goes."""
    interpreter = environment_of(machine, data.draw(installations(machine)))
    bound = Binding(normalize_name("acme-app"), "acme_app.pth", b"", (), (), "x.dist-info", ())

    def remove_leftovers() -> None:
        for each in distributions(interpreter):
            remove_recorded_absolutely(each, interpreter)

    removals: list[Callable[[], None]] = [
        remove_leftovers,
        lambda: unbind(bound, interpreter),
        lambda: remove(halves(interpreter, {it.name for it in distributions(interpreter)})),
        lambda: free_of_place(interpreter),
    ]
    launcher = machine.venv / "bin" / "alpha"
    launcher.write_bytes(f"#!{machine.venv}/bin/python\n".encode())
    with nothing_changes(machine.root / "surroundings"):
        for removal in data.draw(st.permutations(removals)):
            outcome(_told_nothing(removal))
    assert (machine.venv / "bin" / "python").exists()


def _told_nothing(act: Callable[[], None]) -> Callable[[Report], None]:
    return lambda _: act()


RECEIPT: dict[str, Any] = {
    "schema": 1,
    "hybrid-install": "0.1",
    "uv": "0.13.9",
    "poetry": "2.5.1",
    "project": "acme-app",
    "lock": {"content-hash": "0", "sha256": "0"},
    "groups": ["main"],
    "extras": [],
    "python": "3.11.7",
    "editable": True,
    "binding": "sha256:0",
    "provided": [{"name": "delta", "version": "1.0", "locked": ["1.0"]}],
    "packages": [
        {
            "name": "alpha",
            "version": "1.0",
            "source": "index",
            "by": "uv",
            "contents": "sha256:0",
            "index": {"name": "PyPI", "url": None},
            "files": [{"name": "alpha-1.0-py3-none-any.whl", "hash": "sha256:" + "1" * 64}],
            "origin": None,
        }
    ],
}


@fuzzed(40)
@given(st.data())
def test_receipts(machine: Machine, data: st.DataObject) -> None:
    """Also one that another has written into the environment."""
    machine.write(PYPROJECT, LOCK)
    whole = json.dumps(data.draw(spoilt(RECEIPT, *LONE_SURROGATES)), default=str).encode()
    content = data.draw(st.one_of(st.just(whole), spoilt_bytes(whole)))
    record = b"alpha/__init__.py,sha256=abc,0\n"
    environment_of(
        machine,
        {
            "alpha-1.0.dist-info/METADATA": METADATA,
            "alpha-1.0.dist-info/RECORD": record,
            "alpha-1.0.dist-info/INSTALLER": b"uv",
            "alpha/__init__.py": b"",
        },
    )
    file = ReceiptFile.of(machine.venv, is_virtual=True)
    data.draw(st.sampled_from([file.path, file.unfinished])).write_bytes(content)
    machine.run(data.draw(st.sampled_from(["verify", "verify --json", "plan"])))
    read = file.read_earlier()
    if read is not None:
        file.note(read)
        file.write(read)
        assert file.read() == read


@fuzzed(40)
@given(st.data())
def test_what_an_interpreter_says(machine: Machine, data: st.DataObject) -> None:
    """It may be anything that is called python."""
    machine.write(PYPROJECT, LOCK)
    python = machine.venv / "bin" / "python"
    honest = json.loads(machine.honest_answer(python))
    answer = data.draw(spoilt(honest, *LONE_SURROGATES, most=2))
    said = json.dumps(answer, default=str)
    if data.draw(st.booleans()):
        said = data.draw(spoilt_bytes(said.encode())).decode("utf-8", "replace")
    machine.said = lambda _: said
    try:
        machine.run(data.draw(st.sampled_from(["plan", "verify", "cache-key", "export"])))
    finally:
        machine.said = None


@fuzzed(40)
@given(st.data())
def test_what_the_cache_says(machine: Machine, data: st.DataObject) -> None:
    """Stamps and remembered answers that went bad, or that another has written."""
    machine.write(PYPROJECT, LOCK)
    python = machine.venv / "bin" / "python"
    remembered = Memory.of(python, machine.environ).path
    assert remembered is not None
    remembered.unlink(missing_ok=True)
    environment_of(machine, {})
    honest = json.loads(machine.honest_answer(python))
    words = json.dumps(data.draw(spoilt(honest, *LONE_SURROGATES, most=2)), default=str)
    good = f"{MAGIC}\n{words}\nplace folder\t{machine.venv}\nend".encode("utf-8", "surrogatepass")
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_bytes(data.draw(st.one_of(st.just(good), spoilt_bytes(good))))
    with no_hang():
        words_if_unchanged(str(remembered))
    machine.run("plan", selection=EVERYTHING)


@fuzzed(25)
@given(st.data())
def test_pyvenv_cfg(machine: Machine, data: st.DataObject) -> None:
    machine.write(PYPROJECT, LOCK)
    environment_of(machine, {})
    good = b"home = /usr/bin\ninclude-system-site-packages = true\nrelocatable = true\n"
    (machine.venv / "pyvenv.cfg").write_bytes(data.draw(spoilt_bytes(good)))
    machine.run("plan")


ALPHA = "alpha-1.0.dist-info"
PLACES = (
    *(f"{ALPHA}/{name}" for name in ("METADATA", "RECORD", "INSTALLER", "direct_url.json")),
    "alpha/__init__.py",
    "alpha.pth",
    "../../../hybrid-install.json",
    "../../../hybrid-install.unfinished.json",
    "../../../pyvenv.cfg",
    "../../../../pyproject.toml",
    "../../../../poetry.lock",
    "../../../../poetry.toml",
    "../../../../../config/config.toml",
    "../../../../../cache/virtualenvs/envs.toml",
)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_not_waited_for(machine: Machine, place: str) -> None:
    machine.write(PYPROJECT, LOCK)
    record = f"alpha/__init__.py,sha256={'A' * 43},0\n{ALPHA}/METADATA,,\n".encode()
    installed = {"METADATA": METADATA, "RECORD": record, "INSTALLER": b"uv"}
    files = {f"{ALPHA}/{name}": content for name, content in installed.items()}
    environment_of(machine, {**files, "alpha/__init__.py": b""})
    pipe = machine.site / place
    pipe.parent.mkdir(exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    for command in ("verify", "install --dry-run", "doctor"):
        machine.run(command, selection=EVERYTHING, venv=machine.venv)


@fuzzed(25)
@given(st.data())
def test_names_that_are_paths(machine: Machine, data: st.DataObject) -> None:
    """Of packages, projects, scripts and files: none is where something is written to."""
    name = data.draw(text())
    pyproject = {
        "project": {"name": name, "version": data.draw(text()), "scripts": {name: "a:b"}},
        "tool": {"poetry": {"scripts": {data.draw(text()): {"reference": name, "type": "file"}}}},
    }
    lock = json.loads(json.dumps(LOCK))
    lock["package"][0]["name"] = data.draw(text())
    lock["package"][0]["files"][0]["file"] = data.draw(text())
    machine.put("pyproject.toml", toml(pyproject))
    machine.write(pyproject, lock)
    with nothing_changes(machine.root / "surroundings", machine.venv):
        machine.run(data.draw(st.sampled_from(["plan", "verify", "export", "cache-key"])))
    assert {each.name for each in machine.root.iterdir()} <= _KNOWN


_KNOWN = {"project", "config", "cache", "data", "bin", "surroundings"}


def test_the_way_out_is_one(machine: Machine) -> None:
    """The link that no removal may follow leads to what must be kept."""
    environment_of(machine, {})
    assert (machine.site / "way-out" / "kept.txt").read_text() == "kept"
    assert Path(machine.site / "way-out").resolve() == machine.root / "surroundings"
