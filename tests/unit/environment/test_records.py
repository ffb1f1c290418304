"""Files held against their RECORDs: every kind of damage, and what is none."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.distributions import dist_info, egg_info, without
from support.fakes import interpreter

from hybrid_install.core.distribution import Distribution
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.installed import distributions
from hybrid_install.environment.records import are_plainly_whole, flaws, look, present, read_record

TEXT = "VERSION = 1\n"


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    found = interpreter(tmp_path / "venv")
    (site(found) / "a").mkdir(parents=True)
    (site(found) / "a" / "x.py").write_text(TEXT, "utf-8")
    return found


def site(target: Interpreter) -> Path:
    return target.site_packages[0]


def line(path: str, text: str = TEXT, algorithm: str = "sha256") -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, text.encode()).digest()).decode()
    return f"{path},{algorithm}={digest.rstrip('=')},{len(text)}\n"


def recorded(target: Interpreter, *lines: str, name: str = "a") -> Path:
    own = "".join(f"{name}-1.0.dist-info/{each},,\n" for each in ("METADATA", "RECORD"))
    return dist_info(site(target), name, files={"RECORD": "".join((*lines, own))})


def found(target: Interpreter, *, deep: bool = False) -> dict[str, str]:
    """Problems by path, of all distributions together."""
    records = [read_record(each) for each in distributions(target)]
    problems = flaws(records, target.prefix, deep=deep)
    if are_plainly_whole(distributions(target), target.prefix) and not deep:
        assert not problems
    return {flaw.path: flaw.problem for each in problems.values() for flaw in each}


def the_only(target: Interpreter) -> Distribution:
    (only,) = distributions(target)
    return only


@pytest.mark.parametrize("deep", [False, True])
def test_all_is_well(target: Interpreter, deep: bool) -> None:
    (target.prefix / "bin").mkdir()
    (target.prefix / "bin" / "a").write_text(TEXT, "utf-8")
    absolute = str(target.prefix / "bin" / "a")
    recorded(
        target,
        line("a/x.py"),
        line("a/./x.py"),
        line("../../../bin/a"),
        line(absolute),
        line("a/x.py", algorithm="sha512"),
        "a/x.py,,\n",
    )
    assert found(target, deep=deep) == {}
    assert are_plainly_whole(distributions(target), target.prefix)


def test_a_missing_file(target: Interpreter) -> None:
    recorded(target, line("a/y.py"), "a/z.py,,\n", line("a/x.py/below.py"))
    assert found(target) == {
        "a/y.py": "is missing",
        "a/z.py": "is missing",
        "a/x.py/below.py": "cannot be read (Not a directory)",
    }


def test_another_size(target: Interpreter) -> None:
    recorded(target, line("a/x.py", TEXT + "more"))
    assert found(target) == {"a/x.py": f"has {len(TEXT)} bytes instead of {len(TEXT) + 4}"}


def test_other_contents_of_the_same_size(target: Interpreter) -> None:
    recorded(target, line("a/x.py", TEXT.replace("1", "2")))
    assert found(target) == {}
    assert found(target, deep=True) == {"a/x.py": "has other contents"}


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("1", "2")])
@pytest.mark.parametrize(
    ("link", "seconds", "is_compared"),
    [
        (Path.hardlink_to, 60, True),
        (Path.hardlink_to, 1, False),
        (Path.symlink_to, 60, True),
        (Path.symlink_to, 1, False),
        (None, 60, False),
    ],
)
def test_a_linked_file_that_is_younger_than_its_archive(
    target: Interpreter,
    tmp_path: Path,
    text: str,
    link: Callable[[Path, Path], None] | None,
    seconds: int,
    is_compared: bool,
) -> None:
    """Its size alone says nothing: somebody may have edited it through another link."""
    wheel = recorded(target, line("a/x.py", text)) / "WHEEL"
    wheel.write_text("Wheel-Version: 1.0\n", "utf-8")
    file, then = site(target) / "a/x.py", wheel.stat().st_mtime + seconds
    if link:
        link(file, file.rename(tmp_path / "in-cache.py"))
    os.utime(file, (then, then))

    is_wrong = is_compared and text != TEXT
    assert found(target) == ({"a/x.py": "has other contents"} if is_wrong else {})
    assert is_compared != are_plainly_whole(distributions(target), target.prefix)


def test_without_a_hash_it_only_has_to_be_there(target: Interpreter) -> None:
    recorded(target, "a/x.py,,99\n")
    assert found(target, deep=True) == {}


@pytest.mark.parametrize(
    ("recorded_hash", "problem"),
    [
        ("nonsense=abc", "cannot be compared with nonsense=abc"),
        ("shake_128=abc", "cannot be compared with shake_128=abc"),
        ("sha256", "has other contents"),
        ("=", None),
    ],
)
def test_a_hash_of_no_known_kind(
    target: Interpreter, recorded_hash: str, problem: str | None
) -> None:
    recorded(target, f"a/x.py,{recorded_hash},{len(TEXT)}\n")
    assert found(target) == {}
    assert found(target, deep=True) == ({"a/x.py": problem} if problem else {})


def test_bytecode_is_not_looked_for(target: Interpreter) -> None:
    recorded(target, line("a/__pycache__/x.cpython-311.pyc"), line("a/x.pyc"), line("a/x.py"))
    assert found(target, deep=True) == {}


@pytest.mark.parametrize("path", ["../../../../secret", "a/../../../../../secret", "{outside}"])
def test_a_path_that_leads_out_is_not_followed(
    target: Interpreter, path: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(TEXT, "utf-8")
    path = path.format(outside=tmp_path / "secret")
    recorded(target, line(path))
    assert found(target, deep=True) == {path: "leads out of the environment"}


def test_a_link_that_leads_out_is_not_followed(target: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.py").write_text(TEXT, "utf-8")
    (site(target) / "b").symlink_to(tmp_path / "outside")
    recorded(target, line("b/x.py"), line("b/../a/x.py"))
    assert found(target, deep=True) == {"b/x.py": "leads out of the environment"}


def test_a_link_to_a_file_is_what_uv_makes_on_request(target: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "cached.py").write_text(TEXT, "utf-8")
    (site(target) / "a" / "y.py").symlink_to(tmp_path / "cached.py")
    (site(target) / "a" / "z.py").symlink_to(tmp_path / "gone.py")
    recorded(target, line("a/y.py"), line("a/z.py"))
    assert found(target, deep=True) == {"a/z.py": "is missing"}


def test_an_environment_behind_a_link(target: Interpreter, tmp_path: Path) -> None:
    recorded(target, line("a/x.py"), line(str(site(target) / "a" / "x.py")))
    (tmp_path / "link").symlink_to(target.prefix)
    assert found(interpreter(tmp_path / "link"), deep=True) == {}


def test_what_is_not_a_file(target: Interpreter) -> None:
    os.mkfifo(site(target) / "a" / "pipe")
    recorded(target, line("a/pipe"), line("a"))
    assert found(target, deep=True) == {"a/pipe": "is not a file", "a": "is not a file"}


def test_a_file_of_two_is_as_either_says(target: Interpreter) -> None:
    """Whoever was installed last has won, and Poetry's environments are no different."""
    recorded(target, line("a/x.py"))
    recorded(target, line("a/x.py", "other"), name="b")
    assert found(target, deep=True) == {}
    (site(target) / "a" / "x.py").write_text("neither", "utf-8")
    problems = flaws([read_record(each) for each in distributions(target)], target.prefix, deep=False)  # fmt: skip
    assert sorted(problems) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "\0", "\n", "x" * 200_000])
def test_a_record_that_says_nothing(target: Interpreter, text: str) -> None:
    dist_info(site(target), "a", files={"RECORD": text})
    assert found(target) == {"RECORD": "is empty or cannot be read"}


def test_an_egg_has_no_record(target: Interpreter) -> None:
    egg_info(site(target), "a")
    assert found(target) == {}


def test_what_the_receipt_needs(target: Interpreter) -> None:
    info = recorded(target, line("a/x.py"))
    first = present(read_record(the_only(target)))
    assert (first.version, first.by, first.origin) == ("1.0", "uv", None)
    without(info, "INSTALLER")
    recorded(target, line("a/x.py", "other"))
    assert present(read_record(the_only(target))).contents != first.contents


def test_a_record_is_looked_at_again_once_it_has_changed(target: Interpreter) -> None:
    info = recorded(target, line("a/x.py"))
    first = look(the_only(target))
    assert first == look(the_only(target)) == present(read_record(the_only(target)))
    (info / "RECORD").write_text(line("a/y.py"), "utf-8")
    assert look(the_only(target)) == present(read_record(the_only(target))) != first
    (info / "RECORD").unlink()
    assert look(the_only(target)).contents == present(read_record(the_only(target))).contents


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_record_that_was_cut_short(target: Interpreter, left: int) -> None:
    own = ["a-1.0.dist-info/METADATA", "a-1.0.dist-info/RECORD"]
    lines = [line("a/x.py"), *(f"{each},,\n" for each in own)]
    dist_info(site(target), "a", files={"RECORD": "".join(lines[: 1 + left])})
    lacking = own[left] if left < len(own) else ""
    wrong = {"RECORD": f"is cut short: it does not name {lacking}"}
    assert found(target) == (wrong if lacking else {})


def test_a_size_that_no_file_has(target: Interpreter) -> None:
    recorded(target, f"a/x.py,sha256=abc,{'9' * 5000}\n")
    assert not are_plainly_whole(distributions(target), target.prefix)
    assert found(target) == {}
