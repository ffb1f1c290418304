"""Files that an index has yanked, or lost, since the lock was written (PEP 592)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.index import Archive, Source
from support.lab import Lab
from support.projects import Project
from support.wheels import ANY, Release, Sdist, Wheel

from hybrid_install.core.deferral import Deferral

pytestmark = pytest.mark.extended


def release(flavour: str) -> Release:
    """What the module says tells which file was installed."""
    return Release("bravo", "1.2", flavour=flavour)


PLAIN = Wheel(release("plain"))
REBUILT = Wheel(release("rebuilt"), build="2")
OF_BOTH = Wheel(release("both"), tag="py2.py3-none-any")
TAGGED = Wheel(release("tagged"), tag="py311-none-any")
SDIST = Sdist(release("sdist"))


def locked(lab: Lab, *archives: Archive, states_hashes: bool = True) -> tuple[Source, Project]:
    """A project that takes bravo from an index of its own, which still has all of it."""
    source = lab.source(Wheel(Release("alpha")), *archives, states_hashes=states_hashes)
    return source, lab.project(lab.spec("alpha", "bravo", sources=(source,)))


def flavour(project: Project) -> str:
    """Which file it is that was installed."""
    (module,) = Path(project.venv).glob("lib/python*/site-packages/bravo/__init__.py")
    return module.read_text("utf-8").partition('FLAVOUR = "')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("archives", "yanked", "expected"),
    [
        ((PLAIN, REBUILT), (), "rebuilt"),
        ((PLAIN, REBUILT), (REBUILT,), "plain"),
        ((PLAIN, REBUILT), (PLAIN,), "rebuilt"),
        ((PLAIN, REBUILT), (PLAIN, REBUILT), "rebuilt"),
        ((TAGGED, PLAIN, SDIST), (TAGGED,), "plain"),
        ((TAGGED, REBUILT, SDIST), (REBUILT, TAGGED), "sdist"),
        ((PLAIN, SDIST), (PLAIN,), "sdist"),
    ],
    ids=["none", "the best", "the other", "all", "by tag", "wheels", "the wheel"],
)
def test_a_file_that_was_yanked_since(
    lab: Lab, archives: tuple[Archive, ...], yanked: tuple[Archive, ...], expected: str
) -> None:
    source, project = locked(lab, *archives)
    source.yanked |= {each.filename for each in yanked}
    lab.install(project, "--strict")
    assert flavour(project) == expected
    assert lab.assert_as_poetry_makes_it(project).distributions["bravo"].installer == "uv"


def test_a_file_that_was_yanked_from_a_page_of_links(lab: Lab) -> None:
    source = lab.source(Wheel(Release("alpha")), PLAIN, REBUILT)
    spec = lab.spec("alpha", "bravo", sources=(source,))
    project = lab.project(replace(spec, sources={source.name: lab.index.page_url(source)}))
    source.yanked.add(REBUILT.filename)
    lab.install(project, "--strict")
    assert flavour(project) == "plain"
    lab.assert_as_poetry_makes_it(project)


@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "yanked"])
def test_equals_are_poetry_s_once_the_best_is_gone(lab: Lab, *, is_lost: bool) -> None:
    """Which of the two comes first on the index's page, uv does not tell."""
    source, project = locked(lab, TAGGED, PLAIN, OF_BOTH)
    if is_lost:
        del source.archives[TAGGED.filename]
    else:
        source.yanked.add(TAGGED.filename)
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    result = lab.install(project, "-v", "--strict")
    assert f"bravo 1.2 is Poetry's: {Deferral.EQUAL_FILES.value}" in result.stderr
    seen = lab.assert_as_poetry_makes_it(project)
    assert seen.distributions["alpha"].installer == "uv"
    assert seen.distributions["bravo"].installer != "uv"


def test_equals_are_not_fetched_either(lab: Lab) -> None:
    """All the rest is: an install takes as much from the folder."""
    source, project = locked(lab, TAGGED, PLAIN, OF_BOTH)
    source.yanked.add(TAGGED.filename)
    result = lab.install(project, "download")
    assert "bravo 1.2 is not fetched: only Poetry installs it" in result.stderr
    fetched = [path.name for path in (project.folder / "wheelhouse").iterdir()]
    assert fetched == ["alpha-1.0-py3-none-any.whl"]
    refused = lab.refuse(project, "download", "-o", "other", "--strict")
    assert "bravo 1.2 is not fetched" in refused.stderr
    assert not (project.folder / "other").exists()


def test_equals_of_which_one_is_gone_are_uv_s(lab: Lab) -> None:
    source, project = locked(lab, TAGGED, PLAIN, OF_BOTH)
    source.yanked |= {TAGGED.filename, OF_BOTH.filename}
    lab.install(project, "--strict")
    assert flavour(project) == "plain"
    assert lab.assert_as_poetry_makes_it(project).distributions["bravo"].installer == "uv"


def test_without_hashes_only_poetry_sees_what_is_yanked(lab: Lab) -> None:
    source, project = locked(lab, PLAIN, REBUILT, states_hashes=False)
    source.yanked.add(REBUILT.filename)
    lab.environ["POETRY_INSTALLER_PARALLEL"] = "false"
    result = lab.install(project, "-v", "--strict")
    assert f"bravo 1.2 is Poetry's: {Deferral.YANKED_FILES.value}" in result.stderr
    lab.assert_as_poetry_makes_it(project)
    assert flavour(project) == "plain"


def test_what_was_not_yanked_costs_no_more_pages(lab: Lab) -> None:
    """One question for all packages, and one request for each."""
    source, project = locked(lab, TAGGED, PLAIN, SDIST)
    with lab.index.watched() as seen:
        lab.install(project, "--strict", "--no-root")
    pages = [each.path for each in seen if each.path.startswith(f"/{source.name}/simple/")]
    assert sorted(pages) == [f"/{source.name}/simple/{name}/" for name in ("alpha", "bravo")]
    assert ANY in next(each.path for each in seen if "alpha-1.0" in each.path)
