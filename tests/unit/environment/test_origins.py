"""What uv leaves of a distribution from no index, made what Poetry leaves of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.distributions import dist_info
from support.fakes import interpreter, requirement, sdist

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    Hash,
    LockedFile,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.requirements import DirectRequirement, Requirement, RequirementsMap
from hybrid_install.environment.origins import direct_url, settle
from hybrid_install.tools.bulk import built_names

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA = Hash("sha256", "00")
URL = UrlSource("https://x.invalid/a-1.0.zip#sha256=00", None)
OF_UV = '{"url":"https://x.invalid/a-1.0.zip","archive_info":{}}'


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    found = interpreter(tmp_path / "venv")
    found.site_packages[0].mkdir(parents=True)
    return found


def by_uv(target: Interpreter, name: str = "a", *notes: str) -> Path:
    """A distribution as uv leaves it, notes and all."""
    folder = f"{name}-1.0.dist-info"
    files = {"direct_url.json": OF_UV, **dict.fromkeys(notes, "{}")}
    hashed = "".join(f"{folder}/{file},sha256=n,2\n" for file in files)
    files["RECORD"] = 'a/__init__.py,sha256=x,1\n"a/odd, name.py",sha256=y,2\n' + hashed
    return dist_info(target.site_packages[0], name, files=files)


def direct(source: DirectSource = URL, locked: Hash | None = SHA) -> DirectRequirement:
    return DirectRequirement(
        normalize_name("a"), "1.0", source, LockedFile("a", locked) if locked else None
    )


def settled(target: Interpreter, *requirements: Requirement | DirectRequirement) -> None:
    pinned = tuple(each for each in requirements if isinstance(each, Requirement))
    others = tuple(each for each in requirements if isinstance(each, DirectRequirement))
    whole = RequirementsMap(((DEFAULT_INDEX, pinned),), others)
    settle(others, built_names(whole, None), target)


KEPT = 'a/__init__.py,sha256=x,1\n"a/odd, name.py",sha256=y,2\n'


def record(info: Path) -> str:
    return (info / "RECORD").read_text("utf-8")


def test_the_origin_is_recorded_as_poetry_does(target: Interpreter) -> None:
    info = by_uv(target, "a", "uv_cache.json", "uv_build.json")
    settled(target, direct())
    assert json.loads((info / "direct_url.json").read_text("utf-8")) == {
        "url": "https://x.invalid/a-1.0.zip#sha256=00",
        "archive_info": {"hashes": {"sha256": "00"}},
    }
    assert record(info) == f"{KEPT}a-1.0.dist-info/direct_url.json,,\n"
    files = {"METADATA", "RECORD", "INSTALLER", "direct_url.json"}
    assert {path.name for path in info.iterdir()} == files


def test_twice_is_as_good_as_once(target: Interpreter) -> None:
    info = by_uv(target, "a", "uv_cache.json")
    settled(target, direct())
    before = {path.name: path.read_bytes() for path in info.iterdir()}
    settled(target, direct())
    assert {path.name: path.read_bytes() for path in info.iterdir()} == before


def test_what_a_killed_run_had_begun_to_write_goes(target: Interpreter) -> None:
    info = by_uv(target, "a", "uv_cache.json", ".tmpa1")
    settled(target, direct())
    assert not (info / ".tmpa1").exists()


def test_interrupted_it_leaves_no_more_than_the_record_tells(
    target: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run finds that a note is missing."""
    info = by_uv(target, "a", "uv_build.json")
    before = {path.name for path in info.iterdir()}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        settled(target, requirement("a", files=[sdist("a")]))
    assert {path.name for path in info.iterdir()} == before - {"uv_build.json"}
    assert "uv_build.json" in record(info)


def test_notes_of_what_was_built_from_an_index_are_dropped(target: Interpreter) -> None:
    """Its direct_url.json, which it should not have, is not ours to judge."""
    info = by_uv(target, "a", "uv_build.json")
    (info / "direct_url.json").unlink()
    settled(target, requirement("a", files=[sdist("a")]))
    assert not (info / "uv_build.json").exists()
    assert not (info / "direct_url.json").exists()
    assert "uv_build.json" not in record(info)


def test_a_wheel_of_an_index_is_left_alone(target: Interpreter) -> None:
    info = by_uv(target, "a", "uv_build.json")
    before = record(info)
    settled(target, requirement("a"))
    assert record(info) == before
    assert (info / "uv_build.json").exists()


def test_what_is_built_without_notes_is_not_written(target: Interpreter) -> None:
    info = by_uv(target)
    os.utime(info / "RECORD", ns=(1, 1))
    settled(target, requirement("a", files=[sdist("a")]))
    assert (info / "RECORD").stat().st_mtime_ns == 1


def test_others_are_left_alone(target: Interpreter) -> None:
    infos = [by_uv(target, name, "uv_cache.json") for name in ("aa", "a_b", "b")]
    before = [record(info) for info in infos]
    settled(target, direct())
    assert [record(info) for info in infos] == before


def test_a_distribution_is_found_by_its_normalized_name(target: Interpreter) -> None:
    info = by_uv(target, "Odd.Name_x", "uv_cache.json")
    source = DirectRequirement(normalize_name("odd-name-x"), "1.0", URL, LockedFile("a", SHA))
    settled(target, source)
    assert not (info / "uv_cache.json").exists()


def test_a_file_that_is_shared_with_the_cache_is_not_changed_in_place(
    target: Interpreter, tmp_path: Path
) -> None:
    info = by_uv(target, "a", "uv_cache.json")
    shared = [tmp_path / name for name in ("RECORD", "direct_url.json", "uv_cache.json")]
    for path in shared:
        path.hardlink_to(info / path.name)
    before = [path.read_text("utf-8") for path in shared]
    settled(target, direct())
    assert [path.read_text("utf-8") for path in shared] == before
    assert record(info) != before[0]
    assert oct((info / "RECORD").stat().st_mode & 0o777) == "0o644"


def test_the_other_library_folder_counts_too(target: Interpreter, tmp_path: Path) -> None:
    platlib = tmp_path / "venv" / "lib64"
    both = interpreter(tmp_path / "venv", site_packages=(*target.site_packages, platlib))
    info = by_uv(interpreter(tmp_path / "venv", site_packages=(platlib,)), "a", "uv_cache.json")
    settled(both, direct())
    assert not (info / "uv_cache.json").exists()


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (
            direct(GitSource("git@x.invalid:o/a.git", "main", COMMIT, "sub"), None),
            {
                "url": "ssh://git@x.invalid/o/a.git",
                "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": COMMIT},
                "subdirectory": "sub",
            },
        ),
        (direct(URL, None), {"url": URL.url, "archive_info": {}}),
        (
            direct(FileSource("../a b.zip", None, "/w/a b.zip")),
            {"url": "file:///w/a%20b.zip", "archive_info": {"hashes": {"sha256": "00"}}},
        ),
        (
            direct(DirectorySource("../a", "/src/a"), None),
            {"url": "file:///src/a", "dir_info": {}},
        ),
        (
            DirectRequirement(
                normalize_name("a"), "1.0", DirectorySource("../a", "/src/a"), None, develop=True
            ),
            {"url": "file:///src/a", "dir_info": {"editable": True}},
        ),
    ],
)
def test_the_record_of_each_kind(each: DirectRequirement, expected: dict[str, object]) -> None:
    assert direct_url(each) == expected
