"""A folder of files that are known by their contents."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.wheels import Release, Sdist, Wheel, sha256, source_tree

from hybrid_install.core.model import Hash, LockedFile
from hybrid_install.errors import LockfileError
from hybrid_install.tools.wheelhouse import Wheelhouse, build_requirements


def file_of(content: bytes, name: str = "v1.0.tar.gz") -> LockedFile:
    return LockedFile(name, Hash("sha256", sha256(content)))


def test_a_file_is_there_when_its_contents_are(tmp_path: Path) -> None:
    (tmp_path / "v1.0.tar.gz").write_bytes(b"one")
    house, one, two = Wheelhouse(tmp_path), file_of(b"one"), file_of(b"two")
    assert house.find([one, two, one]) == {one: tmp_path / "v1.0.tar.gz"}
    (tmp_path / "v1.0.tar.gz").write_bytes(b"two")
    os.utime(tmp_path / "v1.0.tar.gz", ns=(1, 1))
    assert house.find([one, two]) == {two: tmp_path / "v1.0.tar.gz"}


def test_another_file_of_the_same_name_is_put_apart(tmp_path: Path) -> None:
    house, one, two, three = Wheelhouse(tmp_path), *map(file_of, (b"one", b"two", b"three"))
    plain = tmp_path / "v1.0.tar.gz"
    assert house.vacancies([one, two]) == {
        one: plain,
        two: tmp_path / two.hash.digest / "v1.0.tar.gz",
    }
    plain.write_bytes(b"three")
    places = house.vacancies([one, two])
    assert set(places.values()) & {plain} == set()
    for file, content in ((one, b"one"), (two, b"two")):
        places[file].parent.mkdir()
        places[file].write_bytes(content)
    assert house.find([one, two, three]) == {**places, three: plain}


@pytest.mark.parametrize("odd", ["../x.whl", "/x.whl", "a/b.whl", "", "..", "a\0b"])
def test_a_name_that_leaves_the_folder(tmp_path: Path, odd: str) -> None:
    house = Wheelhouse(tmp_path / "house")
    with pytest.raises(LockfileError, match="whose name or hash is none"):
        house.vacancies([file_of(b"", odd)])
    with pytest.raises(LockfileError, match="whose name or hash is none"):
        house.find([file_of(b"", odd)])


def test_a_hash_that_leaves_the_folder(tmp_path: Path) -> None:
    odd = LockedFile("x.whl", Hash("sha256", "../../elsewhere"))
    with pytest.raises(LockfileError, match="whose name or hash is none"):
        Wheelhouse(tmp_path).vacancies([odd])


def test_what_a_build_asks_for(tmp_path: Path) -> None:
    asking = Sdist(Release("alpha"), ("buildtool>=1", "other"))
    path = tmp_path / asking.filename
    path.write_bytes(asking.content)
    assert build_requirements(path) == ("buildtool>=1", "other")

    zipped = tmp_path / "alpha-1.0.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("alpha-1.0/tests/pyproject.toml", "[build-system]\nrequires = ['no']")
        archive.writestr("alpha-1.0/pyproject.toml", "[build-system]\nrequires = ['yes']")
    assert build_requirements(zipped) == ("yes",)

    for name, text in source_tree(Release("alpha")).items():
        target = tmp_path / "folder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    assert build_requirements(tmp_path / "folder") == ()
    (tmp_path / "folder" / "pyproject.toml").unlink()
    assert build_requirements(tmp_path / "folder") == ("setuptools>=40.8.0",)


@pytest.mark.parametrize("name", ["broken.tar.gz", "broken.zip", "missing.tar.gz"])
def test_what_cannot_be_read_asks_for_who_knows_what(tmp_path: Path, name: str) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_bytes(b"nonsense")
    assert build_requirements(tmp_path / name) is None


def test_a_member_that_cannot_be_read_asks_for_who_knows_what(tmp_path: Path) -> None:
    """A link that leads nowhere, a password, compression of another kind."""
    linked, locked = tmp_path / "linked.tar.gz", tmp_path / "locked.zip"
    with tarfile.open(linked, "w:gz") as archive:
        member = tarfile.TarInfo("alpha-1.0/pyproject.toml")
        member.type, member.linkname = tarfile.SYMTYPE, "nowhere.toml"
        archive.addfile(member)
    with zipfile.ZipFile(locked, "w") as zipped:
        zipped.writestr("alpha-1.0/pyproject.toml", "x" * 9)
    content = locked.read_bytes()
    start, central = content.index(b"PK\3\4"), content.index(b"PK\1\2")
    for offset, byte in ((6, 1), (8, 99)):
        changed = bytearray(content)
        changed[start + offset] = changed[central + offset + 2] = byte
        (tmp_path / f"odd{byte}.zip").write_bytes(changed)
    deep = tmp_path / "deep.zip"
    with zipfile.ZipFile(deep, "w") as zipped:
        zipped.writestr("alpha-1.0/pyproject.toml", "x = " + "[" * 100_000)
    for path in (linked, tmp_path / "odd1.zip", tmp_path / "odd99.zip", deep):
        assert build_requirements(path) is None, path


def test_a_wheelhouse_that_does_not_exist_has_nothing(tmp_path: Path) -> None:
    wheel = Wheel(Release("alpha"))
    assert Wheelhouse(tmp_path / "none").find([file_of(wheel.content, wheel.filename)]) == {}
