"""The project that Poetry is given in the place of ours."""

from __future__ import annotations

import pytest
import tomlkit
from support.fakes import distribution, locked, wheel

from hybrid_install.core.distribution import Origin
from hybrid_install.core.freshness import is_fresh
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    RegistrySource,
    Source,
    UrlSource,
)
from hybrid_install.core.project import Project
from hybrid_install.core.stand_in import stand_in_lock, stand_in_project

SOURCE = {"name": "shop", "url": "https://shop.invalid/simple"}
SHOP = Index("shop", SOURCE["url"])
PYPROJECT = {
    "project": {"name": "acme", "version": "1", "dependencies": ["a", "b"]},
    "dependency-groups": {"dev": ["c"]},
    "tool": {
        "poetry": {
            "source": [SOURCE],
            "dependencies": {"a": {"path": "../a"}},
            "build-constraints": {"a": {"setuptools": "<70"}},
        },
        "other": {"x": 1},
    },
}
PROJECT = stand_in_project(PYPROJECT, "acme")
FOLDER = DirectorySource("../a", "/src/a")


def test_the_project_has_our_name_and_sources_and_nothing_to_install() -> None:
    read = Project.from_dict(PROJECT)
    assert (read.name, read.package_mode) == ("acme", False)
    assert [index.name for index in read.indexes] == ["shop"]
    assert [group.name for group in read.groups] == ["main"]
    assert read.build_constraints.keys() == {"a"}
    assert PROJECT["project"]["dependencies"] == []
    assert "dependencies" not in PROJECT["tool"]["poetry"]


@pytest.mark.parametrize(
    ("source", "index"),
    [
        (RegistrySource(), None),
        (RegistrySource("shop"), SHOP),
        (GitSource("https://x.invalid/a.git", "main", "0" * 40, "below"), None),
        (UrlSource("https://x.invalid/a.zip", None), None),
        (FileSource("a.whl", None, "/src/a.whl"), None),
        (FOLDER, None),
    ],
)
def test_the_lock_says_what_was_selected(source: Source, index: Index | None) -> None:
    package = locked("a", source=source, files=[wheel("a")])
    document = tomlkit.parse(tomlkit.dumps(stand_in_lock(PROJECT, [(package, index)], [])))
    lock = Lockfile.from_dict(document.unwrap(), first_line="")

    assert is_fresh(lock, PROJECT)
    [read] = lock.packages
    assert (read.name, read.version, read.files) == ("a", "1.0", package.files)
    assert (read.groups, set(read.markers.values())) == (package.groups, {"*"})
    expected = {
        FOLDER: DirectorySource("/src/a"),
        FileSource("a.whl", None, "/src/a.whl"): FileSource("/src/a.whl", None),
    }
    assert read.source == expected.get(source, source)


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (None, None),
        (Origin("file", "/opt/a.whl"), {"type": "file", "url": "/opt/a.whl"}),
        (Origin("directory", "/src/a", editable=True), {"type": "directory", "url": "/src/a"}),
    ],
)
def test_what_is_kept_is_locked_as_it_is(
    origin: Origin | None, source: dict[str, str] | None
) -> None:
    kept = distribution("a", "2.6.0a0+nv", origin=origin)
    [entry] = stand_in_lock(PROJECT, [], [kept])["package"]
    assert entry["version"] == "2.6.0a0+nv"
    assert entry.get("source") == source
    assert entry["develop"] is bool(origin and origin.editable)
