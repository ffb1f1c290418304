"""What is removed of halves, and above all what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.distributions import dist_info, metadata, without
from support.fakes import interpreter

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.halves import Halves, halves, remove
from hybrid_install.environment.installed import installed

A = normalize_name("a")
RECORDED = {"RECORD": "a-1.0.dist-info/METADATA,,\na-1.0.dist-info/RECORD,,\n"}


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    return interpreter(tmp_path / "venv")


def site(target: Interpreter) -> Path:
    return target.site_packages[0]


def found(target: Interpreter) -> list[str]:
    return [Path(each.path).name for each in halves(target, {A}).lost]


@pytest.mark.parametrize("more", [(), ("INSTALLER",), ("METADATA",), ("INSTALLER", "METADATA")])
def test_without_a_record_nobody_else_can_remove_it(
    target: Interpreter, more: tuple[str, ...]
) -> None:
    half = without(dist_info(site(target), "a", "0.9"), "RECORD", *more)
    whole = dist_info(site(target), "a", "1.0", RECORDED)
    module = site(target) / "a.py"
    module.write_text("")
    assert found(target) == ["a-0.9.dist-info"]
    remove(halves(target, {A}))
    assert not half.exists()
    assert sorted(site(target).iterdir()) == sorted([whole, module])


@pytest.mark.parametrize("lacking", [("INSTALLER",), ("METADATA",), ("INSTALLER", "METADATA")])
def test_what_has_a_record_is_left_to_installers(
    target: Interpreter, lacking: tuple[str, ...]
) -> None:
    without(dist_info(site(target), "a", files=RECORDED), *lacking)
    assert found(target) == []


@pytest.mark.parametrize(
    "record", ["", "a-0.9.dist-info/METADATA,,\n", "a.py,,\n", "a-1.0.dist-info/RECORD,,\n"]
)
def test_a_record_that_does_not_name_it_removes_it_as_little(
    target: Interpreter, record: str
) -> None:
    dist_info(site(target), "a", files={"RECORD": record})
    assert found(target) == ["a-1.0.dist-info"]


def test_what_uv_has_added_before_it_was_killed(target: Interpreter) -> None:
    """The RECORD names none of it; of what it names, and of others, nothing is found."""
    record = "a.py,sha256=x,1\na-1.0.dist-info/METADATA,,\na-1.0.dist-info/RECORD,,\n"
    files = {
        "RECORD": record,
        "INSTALLER": "uv",
        "REQUESTED": "",
        ".tmpa1": "",
        "NOTES": "somebody's",
    }
    folder = dist_info(site(target), "a", files=files)
    named = (f"b-1.0.dist-info/{each},,\n" for each in ("INSTALLER", "REQUESTED", ".tmpa1"))
    whole = files | {"RECORD": record.replace("a-1.0", "b-1.0") + "".join(named)}
    dist_info(site(target), "b", files=whole)

    assert found(target) == []
    halved = halves(target, {A, normalize_name("b")})
    assert halved.notes == tuple(folder / each for each in (".tmpa1", "INSTALLER", "REQUESTED"))
    remove(halved)
    assert sorted(each.name for each in folder.iterdir()) == ["METADATA", "NOTES", "RECORD"]


def test_a_record_that_was_cut_off(target: Interpreter, tmp_path: Path) -> None:
    """It is mended without its last line, and names whatever lies beside it."""
    own = ("INSTALLER,sha256=x,2", "METADATA,sha256=x,1", "RECORD,,")
    text = "a/x.py,,\n" + "".join(f"a-1.0.dist-info/{each}\n" for each in own)
    files = {"RECORD": f'{text}"a/y, z', "INSTALLER": "uv", "top_level.txt": "a\n", "odd,.txt": ""}
    folder = dist_info(site(target), "a", files=files)
    (tmp_path / "cache").hardlink_to(folder / "RECORD")

    assert found(target) == []
    halved = halves(target, {A})
    assert halved.cut_off == (folder / "RECORD",)
    remove(halved)

    assert (folder / "RECORD").read_text("utf-8") == (
        f'{text}"a-1.0.dist-info/odd,.txt",,\na-1.0.dist-info/top_level.txt,,\n'
    )
    assert (tmp_path / "cache").read_text("utf-8") == files["RECORD"]
    assert halves(target, {A}) == Halves()
    assert not installed(target)[A].is_whole, "this run may yet come to nothing"


@pytest.mark.parametrize(
    "text", ["a-1.0.dist-info/METADATA", "a-1.0.dist-info/RECORD,,\na-1.0.dist-info/META"]
)
def test_a_record_of_no_whole_line(target: Interpreter, text: str) -> None:
    dist_info(site(target), "a", files={"RECORD": text})
    assert found(target) == ["a-1.0.dist-info"]


def test_a_record_that_was_cut_off_and_cannot_be_read(target: Interpreter) -> None:
    text = f"a-1.0.dist-info/METADATA,,\n{'x' * 200_000},,\na"
    dist_info(site(target), "a", files={"RECORD": text})
    assert found(target) == ["a-1.0.dist-info"]


@pytest.mark.parametrize(
    ("version", "installer", "is_lost"),
    [("1.0", "uv", True), ("1", "uv", True), ("2.0", "uv", False), ("1.0", "pip", False)],
)
def test_what_poetry_would_take_for_installed(
    target: Interpreter, version: str, installer: str, is_lost: bool
) -> None:
    """Where it is not whole; uv's RECORD would name its INSTALLER."""
    dist_info(site(target), "a", files={**RECORDED, "INSTALLER": installer})
    assert bool(halves(target, {A}, [(A, version)]).lost) == is_lost
    assert halves(target, {A}, [(normalize_name("b"), version)]).lost == ()


def test_another_package_is_left_alone(target: Interpreter) -> None:
    without(dist_info(site(target), "b"), "RECORD")
    assert found(target) == []


def test_a_folder_of_another_name_is_left_alone(target: Interpreter) -> None:
    """Whatever its METADATA says."""
    without(dist_info(site(target), "b", files={"METADATA": metadata("a", "1.0")}), "RECORD")
    assert found(target) == []


def test_what_a_link_leads_to_is_left_alone(target: Interpreter, tmp_path: Path) -> None:
    elsewhere = without(dist_info(tmp_path / "elsewhere", "a"), "RECORD")
    site(target).mkdir(parents=True)
    (site(target) / elsewhere.name).symlink_to(elsewhere)
    assert found(target) == []


def test_what_is_not_in_the_environment_is_left_alone(target: Interpreter, tmp_path: Path) -> None:
    """A Debian keeps no RECORD of what is the system's."""
    system = tmp_path / "system"
    without(dist_info(system, "a"), "RECORD")
    outside = replace(target, sys_path=(*target.sys_path, system), system_library=(system,))
    assert found(outside) == []
    assert found(replace(outside, site_packages=(*target.site_packages, system))) == []


def test_an_egg_info_is_no_half(target: Interpreter) -> None:
    (site(target) / "a-1.0.egg-info").parent.mkdir(parents=True)
    (site(target) / "a-1.0.egg-info").write_text(metadata("a", "1.0"))
    assert found(target) == []


@pytest.mark.parametrize("text", ["", "{", '{"url": 1}'])
def test_what_the_root_came_from_is_told_anew_where_nobody_can_read_it(
    target: Interpreter, text: str
) -> None:
    """Its installation stays: Poetry takes it away by its RECORD. Nobody else's is touched."""
    for name in ("a", "b"):
        dist_info(site(target), name, files={"direct_url.json": text, "RECORD": f"{name}.py,,\n"})
    remove(halves(target, set(), root=A))
    left = sorted(path.parent.name for path in site(target).glob("*/direct_url.json"))
    assert left == ["b-1.0.dist-info"]
    assert sorted(path.name for path in site(target).iterdir()) == [
        "a-1.0.dist-info",
        "b-1.0.dist-info",
    ]


def test_what_the_root_came_from_stays_where_it_can_be_read(target: Interpreter) -> None:
    text = '{"url": "file:///app", "dir_info": {"editable": true}}'
    info = dist_info(site(target), "a", files={"direct_url.json": text})
    assert halves(target, set(), root=A) == Halves()
    assert (info / "direct_url.json").exists()
