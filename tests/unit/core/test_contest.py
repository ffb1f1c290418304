"""Which of the offered files Poetry would install: what has to be asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.fakes import requirement, sdist, wheel

from hybrid_install.core.contest import Contest
from hybrid_install.core.deferral import Deferral
from hybrid_install.core.file_choice import Tags
from hybrid_install.core.model import LockedFile
from hybrid_install.core.pylock import OfferedFile, PinnedFile

TAGS = {"cp311-cp311-linux": 0, "py3-none-linux": 1, "py2-none-any": 2, "py3-none-any": 3}
BEST, SECOND, LAST = (wheel("a", tag=tag) for tag in [*list(TAGS)[:2], "py3-none-any"])
EQUAL_TO_LAST = wheel("a", tag="py3-none-any.win32")
OLDER = wheel("a", tag="py2.py3-none-any")
SDIST, OTHER_SDIST = sdist("a"), sdist("a", suffix=".zip")
REBUILT = LockedFile("a-1.0-1-py3-none-any.whl", wheel("rebuilt").hash)


def contest(
    files: Iterable[LockedFile],
    *,
    offered: Iterable[LockedFile] | None = None,
    is_yanked: bool | None = False,
    tags: Tags | None = TAGS,
) -> Contest:
    """Of these files, best first, of which the index offers all."""
    locked = tuple(files)
    offer = tuple(
        OfferedFile(f"https://x.invalid/{file.name}", (file.hash,))
        for file in (locked if offered is None else offered)
    )
    return Contest.begin(requirement("a", files=locked), offer, tags, is_yanked=is_yanked)


def name(file: PinnedFile | Deferral | None) -> str:
    assert isinstance(file, PinnedFile), file
    return file.name


def settled(begun: Contest, *yanked: LockedFile) -> tuple[list[str], PinnedFile | Deferral | None]:
    """What is asked until the choice is made, where these files are yanked; and the choice."""
    asked = []
    while file := begun.question:
        asked.append(file.name)
        begun = begun.knowing(is_yanked=file.name in {each.name for each in yanked})
    return asked, begun.verdict


@pytest.mark.parametrize(
    "files",
    [[BEST], [SDIST], [BEST, SECOND], [SECOND, LAST, SDIST], [LAST, SDIST]],
)
def test_where_uv_can_only_have_meant_the_best_file_nothing_is_asked(
    files: list[LockedFile],
) -> None:
    asked, verdict = settled(contest(files))
    assert not asked
    assert name(verdict) == files[0].name


@pytest.mark.parametrize(
    ("files", "offered", "tags"),
    [
        ([REBUILT, BEST], None, TAGS),
        ([SECOND, SDIST], [BEST, SECOND, SDIST], TAGS),
        ([LAST, SDIST], [LAST, OLDER, SDIST], {"py2-none-any": 0, "py3-none-any": 1}),
        ([LAST, SDIST], [LAST, wheel("a", tag="x-y-z"), SDIST], TAGS),
        ([BEST, LAST], None, None),
    ],
    ids=["build tags", "not locked", "compressed tags", "unknown to us", "no tags"],
)
def test_where_uv_may_have_meant_another_file_it_is_asked(
    files: list[LockedFile], offered: list[LockedFile] | None, tags: Tags | None
) -> None:
    """That what uv would take is yanked says nothing then, nor that it is not."""
    for is_yanked in (False, True):
        begun = contest(files, offered=offered, tags=tags, is_yanked=is_yanked)
        asked, verdict = settled(begun)
        assert asked == [files[0].name]
        assert name(verdict) == files[0].name
        asked, verdict = settled(begun, files[0])
        assert asked == [file.name for file in files]
        assert name(verdict) == files[1].name


def test_what_is_yanked_is_chosen_where_all_is() -> None:
    files = [BEST, SECOND, SDIST]
    asked, verdict = settled(contest(files, is_yanked=True), *files)
    assert asked == [SECOND.name, SDIST.name]
    assert name(verdict) == BEST.name


def test_where_releases_are_yanked_as_a_whole_nothing_is_asked() -> None:
    asked, verdict = settled(contest([REBUILT, BEST], is_yanked=None), REBUILT)
    assert not asked
    assert name(verdict) == REBUILT.name


@pytest.mark.parametrize(
    ("files", "offered", "equal"),
    [
        ([LAST, EQUAL_TO_LAST], None, True),
        ([BEST, LAST, EQUAL_TO_LAST], None, False),
        ([BEST, LAST, EQUAL_TO_LAST], [LAST, EQUAL_TO_LAST], True),
        ([BEST, LAST, EQUAL_TO_LAST], [LAST], False),
        ([SDIST, OTHER_SDIST], None, True),
        ([LAST, SDIST, OTHER_SDIST], None, False),
        ([LAST, SDIST, OTHER_SDIST], [OTHER_SDIST], True),
        ([LAST, SDIST], [SDIST], False),
    ],
)
def test_among_equals_the_order_of_the_index_decides(
    files: list[LockedFile], offered: list[LockedFile] | None, equal: bool
) -> None:
    """Of two sdists uv names one."""
    begun = contest(files, offered=offered, is_yanked=None)
    assert (begun.verdict is Deferral.EQUAL_FILES) is equal


@pytest.mark.parametrize(
    ("yanked", "expected"),
    [
        ([], None),
        ([LAST], EQUAL_TO_LAST),
        ([EQUAL_TO_LAST], LAST),
        ([LAST, EQUAL_TO_LAST], SDIST),
        ([LAST, EQUAL_TO_LAST, SDIST], None),
    ],
)
def test_equals_of_which_one_is_yanked_are_none(
    yanked: list[LockedFile], expected: LockedFile | None
) -> None:
    _, verdict = settled(contest([LAST, EQUAL_TO_LAST, SDIST]), *yanked)
    if expected is None:
        assert verdict is Deferral.EQUAL_FILES
    else:
        assert name(verdict) == expected.name


def test_without_hashes_uv_cannot_be_asked() -> None:
    begun = contest([BEST, SDIST], is_yanked=True).knowing(is_yanked=None)
    assert begun.question is None
    assert begun.verdict is Deferral.YANKED_FILES


def test_nothing_offered_is_no_choice() -> None:
    assert contest([BEST, SDIST], offered=[]).verdict is None
