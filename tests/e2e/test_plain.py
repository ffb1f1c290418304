"""A plain project, from nothing."""

from __future__ import annotations

from collections.abc import Callable

from support.cli import HybridInstall
from support.index import Index, Source
from support.projects import Project, Spec
from support.wheels import Release, Sdist, Wheel


def test_a_plain_project(index: Index, new_source: Callable[..., Source], make_project: Callable[[Spec], Project], hybrid_install: HybridInstall, is_as_poetry_makes_it) -> None:
    source = new_source()
    source.offer(Wheel(Release("alpha", requires=("bravo>=1",))), Wheel(Release("bravo", "1.2", console_scripts={"bravo":"bravo:main"})), Sdist(Release("charlie")))
    project = make_project(Spec({"own": index.url(source)}, ("alpha", "charlie"), imports=("alpha", "bravo", "charlie")))
    with index.watched() as seen:
        r = hybrid_install.succeeding(cwd=project.folder)
    print(r, seen)
    is_as_poetry_makes_it(project)
    assert 0
