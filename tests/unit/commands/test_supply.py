"""What is taken from a folder, and what of it is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import requirement
from support.wheels import sha256

from hybrid_install.commands.request import Request
from hybrid_install.commands.supply import download_command, prepared_for, supply_of
from hybrid_install.core.feed import Feed
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    FileSource,
    Hash,
    LockedFile,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.requirements import DirectRequirement, RequirementsMap
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.tiers import Tier
from hybrid_install.errors import ToolError, UsageError


def locked(name: str) -> LockedFile:
    return LockedFile(name, Hash("sha256", sha256(name.encode())))


BEST, SECOND = locked("a-1.0-cp312-cp312-linux_x86_64.whl"), locked("a-1.0.tar.gz")
ARCHIVE = DirectRequirement(
    normalize_name("b"), "1.0", UrlSource("https://x.invalid/b.zip", "sub"), locked("b.zip")
)
MAP = RequirementsMap(((DEFAULT_INDEX, (requirement("a", files=[BEST, SECOND]),)),), (ARCHIVE,))
A, B = normalize_name("a"), normalize_name("b")


def request(folder: Path, *files: LockedFile, offline: bool) -> Request:
    for file in files:
        (folder / file.name).write_bytes(file.name.encode())
    return Request(directory=folder, environ={}, find_links=folder, offline=offline)


def test_offline_the_folder_is_the_index(tmp_path: Path) -> None:
    """The best that it has is taken, as by Poetry's chooser."""
    asked = request(tmp_path, SECOND, locked("b.zip"), offline=True)
    supply = supply_of(asked, MAP)
    assert supply.files[A].path == str(tmp_path / SECOND.name)
    assert supply.archives == {B: tmp_path / "b.zip"}
    assert supply.rest(MAP).requirements == ()


def test_with_the_network_only_the_best_counts(tmp_path: Path) -> None:
    asked = request(tmp_path, SECOND, offline=False)
    supply = supply_of(asked, MAP)
    assert supply.names == frozenset()
    assert supply.rest(MAP) == MAP
    assert supply.placed(MAP) == MAP
    assert supply_of(request(tmp_path, BEST, offline=False), MAP).files[A].name == BEST.name


def test_an_archive_that_is_here_is_a_file(tmp_path: Path) -> None:
    supply = supply_of(request(tmp_path, locked("b.zip"), offline=False), MAP)
    [placed] = supply.placed(MAP).direct
    assert placed == replace(ARCHIVE, source=FileSource("b.zip", "sub", str(tmp_path / "b.zip")))


def test_what_lacks_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / BEST.name).write_bytes(b"other contents")
    with pytest.raises(ToolError) as error:
        supply_of(request(tmp_path, offline=True), MAP)
    assert f"a 1.0: {BEST.name}" in error.value.message
    assert "b 1.0: b.zip" in error.value.message


def test_no_folder_is_nothing_taken(tmp_path: Path) -> None:
    asked = Request(directory=tmp_path, environ={}, offline=True)
    assert supply_of(asked, MAP).names == frozenset()


def test_the_command_that_fills_the_folder() -> None:
    selection = SelectionOptions(with_groups=("docs",), extras=("a b",), all_groups=True)
    asked = Request(directory=Path(), environ={}, selection=selection, find_links=Path("/my house"))
    assert download_command(asked) == (
        "hybrid-install download -o '/my house' --with=docs '--extras=a b' --all-groups"
    )
    of_tier = Request(directory=Path(), environ={}, tier=Tier.HEAVY)
    assert download_command(of_tier) == "hybrid-install download -o wheelhouse --tier=heavy"


def test_offline_is_uv_s_business_too(tmp_path: Path) -> None:
    plain = Request(directory=tmp_path, environ={"A": "b"}, find_links=tmp_path)
    assert prepared_for(plain) == plain
    assert prepared_for(replace(plain, offline=True)).environ == {"A": "b", "UV_OFFLINE": "1"}
    with pytest.raises(UsageError, match="--feed pylock"):
        prepared_for(replace(plain, feed=Feed.REQUIREMENTS))
    with pytest.raises(ToolError, match="there is no folder"):
        prepared_for(replace(plain, find_links=tmp_path / "none"))
