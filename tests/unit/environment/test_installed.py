"""What is read from every form in which a distribution can lie on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.distributions import direct_url, dist_info, egg_info, metadata, without
from support.fakes import interpreter

from hybrid_install.core.distribution import Distribution, Origin
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.installed import distributions, installed


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    found = interpreter(tmp_path / "venv")
    site(found).mkdir(parents=True)
    return found


def site(target: Interpreter) -> Path:
    return target.site_packages[0]


def the_only(target: Interpreter) -> Distribution:
    (found,) = installed(target).values()
    return replace(found, stamp=("", 0))


A = Distribution(normalize_name("a"), "1.0")


def test_a_whole_distribution(target: Interpreter) -> None:
    dist_info(site(target), "a")
    assert the_only(target) == A


def test_names_are_normalized(target: Interpreter) -> None:
    dist_info(site(target), "Some.Odd_Name")
    assert list(installed(target)) == ["some-odd-name"]


@pytest.mark.parametrize("name", ["/", ".", "..", "-x", "--system", "a b", "a;b", "ä"])
def test_what_is_no_name_is_no_distribution(target: Interpreter, name: str) -> None:
    """It never reaches a command line."""
    dist_info(site(target), "x", files={"METADATA": f"Name: {name}\nVersion: 1.0\n"})
    assert installed(target) == {}


def test_a_folder_that_is_on_the_path_by_two_names_is_read_once(
    target: Interpreter, tmp_path: Path
) -> None:
    """As lib64, where it is a link to lib."""
    dist_info(site(target), "a")
    (tmp_path / "lib64").symlink_to(site(target))
    both = replace(target, sys_path=(*target.sys_path, tmp_path / "lib64"))
    assert len(distributions(both)) == 1


def test_a_distribution_that_another_hides_is_seen(target: Interpreter, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    dist_info(site(target), "a", "1.0")
    dist_info(outside, "a", "2.0")
    both = replace(target, sys_path=(*target.sys_path, outside))
    assert [each.version for each in distributions(both)] == ["1.0", "2.0"]
    assert [each.version for each in installed(both).values()] == ["1.0"]


@pytest.mark.parametrize("line", ["/a\0b", "a\0b", "loop/x"])
def test_an_odd_line_of_a_path_file(target: Interpreter, line: str) -> None:
    dist_info(site(target), "a")
    (site(target) / "loop").symlink_to("loop")
    (site(target) / "a.pth").write_text(f"{line}\n", "utf-8")
    assert the_only(target).name == "a"


def test_a_direct_url_nested_too_deeply(target: Interpreter) -> None:
    dist_info(site(target), "a", files={"direct_url.json": "[" * 100_000})
    assert the_only(target).origin == Origin("", "an unreadable direct_url.json")


def test_a_folder_in_src_makes_it_a_checkout(target: Interpreter) -> None:
    dist_info(site(target), "a")
    (target.prefix / "src" / "a").mkdir(parents=True)
    assert the_only(target) == replace(
        A, origin=editable(str(target.prefix / "src" / "a")), has_checkout=True
    )


@pytest.mark.parametrize("empty", ["INSTALLER", "METADATA", "RECORD"])
def test_what_a_power_failure_leaves(target: Interpreter, empty: str) -> None:
    dist_info(site(target), "a", files={empty: ""})
    assert the_only(target) == replace(A, is_whole=False)


@pytest.mark.parametrize("missing", ["INSTALLER", "RECORD"])
def test_without_what_installers_write_it_was_cut_off(target: Interpreter, missing: str) -> None:
    without(dist_info(site(target), "a"), missing)
    assert the_only(target) == replace(A, is_whole=False)


@pytest.mark.parametrize(
    ("installer", "names_it", "is_whole"),
    [("uv", False, False), ("uv", True, True), ("pip", False, True)],
)
def test_uv_writes_the_record_last(
    target: Interpreter, installer: str, names_it: bool, is_whole: bool
) -> None:
    """Killed before, it leaves the archive's own one."""
    own = "a-1.0.dist-info/INSTALLER,sha256=x,2\n" if names_it else ""
    record = f"a.py,sha256=x,1\na-1.0.dist-info/METADATA,,\n{own}a-1.0.dist-info/RECORD,,\n"
    dist_info(site(target), "a", files={"RECORD": record, "INSTALLER": installer})
    assert the_only(target).is_whole == is_whole


@pytest.mark.parametrize("installer", ["uv", "pip", "Poetry 2.5.1"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_record_that_ends_in_the_middle_of_a_line(
    target: Interpreter, installer: str, end: str
) -> None:
    """Whoever wrote it was killed, or the disk was full."""
    own = "".join(f"a-1.0.dist-info/{each},,\n" for each in ("INSTALLER", "METADATA", "RECORD"))
    files = {"RECORD": f"{own}a/x.py,sha256=x,1{end}", "INSTALLER": installer}
    dist_info(site(target), "a", files=files)
    assert the_only(target).is_whole == bool(end)


@pytest.mark.parametrize("text", [None, "", "no metadata at all\n", "Name: a\n", "Version: 1.0\n"])
def test_without_metadata_the_folder_s_name_is_all_there_is(
    target: Interpreter, text: str | None
) -> None:
    """A METADATA that does not say it is as good as none."""
    info = dist_info(site(target), "a")
    (info / "METADATA").unlink()
    if text is not None:
        (info / "METADATA").write_text(text, "utf-8")
    assert the_only(target) == replace(A, is_whole=bool(text))


def test_a_folder_that_tells_nothing_is_no_distribution(target: Interpreter) -> None:
    (site(target) / "odd.dist-info").mkdir()
    (site(target) / "odd.egg-info").mkdir()
    assert installed(target) == {}


@pytest.mark.parametrize(
    "text",
    [
        "Name: a\nVersion: 1.0\n\nName: b\nVersion: 2.0\n",
        "Name: a\nName: b\nVersion: 1.0\nVersion: 2.0\n",
        "Summary: words\n  Name: b\n\tVersion: 2.0\nName: a\nVersion: 1.0\n",
        "name: a\nVERSION: 1.0\n",
        "Name:a\nVersion:1.0\n",
        "Name:   a  \r\nVersion:\t1.0\r\n",
    ],
    ids=["description", "repeated", "folded", "case", "tight", "loose"],
)
def test_metadata_is_a_header_and_a_body(target: Interpreter, text: str) -> None:
    dist_info(site(target), "a", files={"METADATA": text})
    assert the_only(target) == A


def test_metadata_that_is_not_utf_8(target: Interpreter) -> None:
    info = dist_info(site(target), "a")
    (info / "METADATA").write_bytes(b"Name: a\nAuthor: Andr\xe9\nVersion: 1.0\n")
    assert the_only(target) == A


COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = {"vcs": "git", "commit_id": COMMIT}
HTTPS = "https://x.invalid/a"
UNREADABLE = Origin("", "an unreadable direct_url.json")


@pytest.mark.parametrize(
    ("files", "origin"),
    [
        (direct_url(f"{HTTPS}.whl", archive_info={}), Origin("url", f"{HTTPS}.whl")),
        (
            direct_url(f"{HTTPS}.whl#x", archive_info={"hashes": {}}),
            Origin("url", f"{HTTPS}.whl#x"),
        ),
        (
            direct_url(HTTPS, archive_info={}, subdirectory="sub"),
            Origin("url", HTTPS, subdirectory="sub"),
        ),
        (direct_url("file:///w/a%20b.whl", archive_info={}), Origin("file", "/w/a b.whl")),
        (direct_url("file:///src/a", dir_info={}), Origin("directory", "/src/a")),
        (direct_url("file:///src/a/", dir_info={}), Origin("directory", "/src/a")),
        (
            direct_url("file:///src/a", dir_info={"editable": True}),
            Origin("directory", "/src/a", editable=True),
        ),
        (
            direct_url(HTTPS, vcs_info={**GIT, "requested_revision": "main"}),
            Origin("git", HTTPS, "main", COMMIT),
        ),
        (
            direct_url("git@x.invalid:o/a.git", vcs_info=GIT, subdirectory="sub"),
            Origin("git", "ssh://git@x.invalid/o/a.git", COMMIT, COMMIT, "sub"),
        ),
        (direct_url(HTTPS, vcs_info={**GIT, "vcs": "hg"}), Origin("hg", HTTPS, COMMIT, COMMIT)),
        (direct_url(HTTPS), UNREADABLE),
        (direct_url(HTTPS, vcs_info={"vcs": "git"}), UNREADABLE),
        (direct_url(HTTPS, vcs_info=5), UNREADABLE),
        (direct_url(HTTPS, dir_info=None), UNREADABLE),
        ({"direct_url.json": "{}"}, UNREADABLE),
        ({"direct_url.json": '{"url": null}'}, UNREADABLE),
        ({"direct_url.json": '{"url": null, "archive_info": {}}'}, UNREADABLE),
        ({"direct_url.json": ""}, UNREADABLE),
        ({"direct_url.json": "[]"}, UNREADABLE),
        ({"direct_url.json": "5"}, UNREADABLE),
        ({"direct_url.json": "[" * 100_000}, UNREADABLE),
    ],
)
def test_where_it_came_from(target: Interpreter, files: dict[str, str], origin: Origin) -> None:
    dist_info(site(target), "a", files=files)
    assert the_only(target) == replace(A, origin=origin)


def test_a_direct_url_that_is_not_utf_8(target: Interpreter) -> None:
    info = dist_info(site(target), "a")
    (info / "direct_url.json").write_bytes(b'{"url": "\xff"}')
    assert the_only(target) == replace(A, origin=UNREADABLE)


def editable(folder: str) -> Origin:
    return Origin("directory", folder, editable=True)


@pytest.mark.parametrize("file", ["a_b.pth", "A.b.pth", "A.pth"])
def test_an_editable_install_by_a_path_file(target: Interpreter, file: str) -> None:
    """Poetry takes what follows the last dot of the name for a suffix."""
    dist_info(site(target), "A.b")
    (site(target) / file).write_text("# where it is\nimport os\n\n/src/a\n", "utf-8")
    expected = None if file == "A.b.pth" else editable("/src/a")
    assert the_only(target).origin == expected


@pytest.mark.parametrize(
    "line", ["", "# /src/a", "import a; a.go('/src/a')", "import\ta", "inside"]
)
def test_a_path_file_that_leads_nowhere_else(target: Interpreter, line: str) -> None:
    dist_info(site(target), "a")
    (site(target) / "a.pth").write_text(f"{line}\n", "utf-8")
    assert the_only(target) == A


def test_a_path_file_may_be_relative(target: Interpreter) -> None:
    dist_info(site(target), "a")
    (site(target) / "a.pth").write_text("../../../../src", "utf-8")
    # What is in a folder called src belongs to the project above it.
    assert the_only(target).origin == editable(str(target.prefix.parent.resolve()))


def test_a_path_file_of_the_other_library_folder(target: Interpreter, tmp_path: Path) -> None:
    platlib = tmp_path / "venv" / "lib64"
    platlib.mkdir()
    (platlib / "a.pth").write_text("/src/a\n", "utf-8")
    dist_info(site(target), "a")
    both = replace(target, site_packages=(site(target), platlib))
    assert the_only(both).origin == editable("/src/a")


def egg_info_file(folder: Path) -> None:
    """As Debian's packages have it."""
    (folder / "a-1.0.egg-info").write_text(metadata("a", "1.0"), "utf-8")


@pytest.mark.parametrize("make", [lambda folder: egg_info(folder, "a"), egg_info_file])
def test_an_egg_info_is_a_folder_or_a_file(
    target: Interpreter, make: Callable[[Path], object]
) -> None:
    """Nobody expects an INSTALLER of it."""
    make(site(target))
    assert the_only(target) == replace(A, is_legacy=True)


@pytest.mark.parametrize("file", ["pyproject.toml", "setup.py", "setup.cfg"])
def test_an_egg_info_in_a_project_is_an_editable_install(
    target: Interpreter, tmp_path: Path, file: str
) -> None:
    project = tmp_path / "venv" / "project"
    egg_info(project, "a")
    (project / file).touch()
    found = replace(target, sys_path=(*target.sys_path, project))
    assert the_only(found) == replace(A, origin=Origin("directory", str(project)))


def test_what_lies_outside_the_environment_is_the_system_s(
    target: Interpreter, tmp_path: Path
) -> None:
    """It is neither half-installed nor ours to remove."""
    system = tmp_path / "usr"
    without(dist_info(system, "a"), "INSTALLER", "RECORD")
    found = replace(target, sys_path=(*target.sys_path, system))
    assert the_only(found) == replace(A, is_system=True)


def test_the_first_on_the_path_wins(target: Interpreter, tmp_path: Path) -> None:
    system = tmp_path / "usr"
    dist_info(system, "a", "2.0")
    dist_info(site(target), "a", "1.0")
    found = replace(target, sys_path=(*target.sys_path, system))
    assert the_only(found) == A


def test_the_first_of_two_versions_in_one_folder_wins(target: Interpreter) -> None:
    dist_info(site(target), "a", "1.0")
    dist_info(site(target), "a", "0.9")
    assert the_only(target).version == "0.9"


def test_folders_that_do_not_exist_are_empty(target: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "python311.zip").touch()
    paths = (tmp_path / "gone", tmp_path / "python311.zip")
    assert installed(replace(target, sys_path=paths)) == {}


def test_the_stamp_changes_when_it_is_installed_again(target: Interpreter) -> None:
    info = dist_info(site(target), "a")
    stamps = [installed(target)[A.name].stamp]
    os.utime(info / "INSTALLER", ns=(1, 1))
    stamps.append(installed(target)[A.name].stamp)
    (info / "INSTALLER").write_text("Poetry 2.5.1", "utf-8")
    os.utime(info / "INSTALLER", ns=(1, 1))
    stamps.append(installed(target)[A.name].stamp)
    (info / "INSTALLER").unlink()
    stamps.append(installed(target)[A.name].stamp)
    assert stamps[1:] == [("uv", 1), ("Poetry 2.5.1", 1), ("", 0)]
    assert stamps[0][0] == "uv"
    assert stamps[0] != stamps[1]
