"""The requirements map as JSON: what it holds, and that it is read as it was written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.environments import LINUX_X86, environment
from support.fakes import locked, project, sdist, wheel

from hybrid_install.core.deferral import BuildPolicy, Deferral
from hybrid_install.core.emitters.exported import Exported, export_one
from hybrid_install.core.map_file import ON_DISK, from_json, left_out, to_json
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    GitSource,
    Index,
    LockedPackage,
    Priority,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Policy
from hybrid_install.errors import InvalidDataError, ProjectError

ALPHA = Index("alpha", "https://me:secret@alpha.invalid/simple/?token=t", Priority.EXPLICIT)
BETA = Index("beta", "https://beta.invalid/simple", Priority.SUPPLEMENTAL)
PROJECT = project(DEFAULT_INDEX, BETA, ALPHA)
COMMIT = "c0ffee" * 6 + "beef"
TARGET = environment("3.11.4", LINUX_X86)

PACKAGES = [
    locked("b", files=[wheel("b"), sdist("b")]),
    locked("a", "2.0+cpu", source=RegistrySource("alpha")),
    locked("from-git", source=GitSource("https://x.invalid/g", "main", COMMIT, "sub"), files=[]),
    locked("from-url", source=UrlSource("https://x.invalid/u.whl", None), files=[wheel("u")]),
    locked("folder", source=DirectorySource("../folder", "/src/folder"), files=[]),
    locked("odd", files=[]),
]


def exported(packages: list[LockedPackage]) -> Exported:
    return export_one(packages, PROJECT, Policy(BuildPolicy()), "here")


def test_a_map_is_read_as_it_was_written() -> None:
    wanted = [p for p in PACKAGES if p.name not in {"from-url", "folder", "odd"}]
    text = to_json(exported(PACKAGES), PROJECT, TARGET)
    found = from_json(text)

    read: dict[str, LockedPackage] = {p.name: p for p in found.lock.packages}
    assert read.keys() == {p.name for p in wanted}
    for package in wanted:
        assert read[package.name].version == package.version
        assert set(read[package.name].files) == set(package.files)
    assert read["a"].source == RegistrySource("alpha")
    assert read["b"].source == RegistrySource("PyPI")
    assert read["from-git"].source == GitSource("https://x.invalid/g", "main", COMMIT, "sub")
    assert found.project.name is None
    assert found.project.python_versions == "3.11.*"
    assert found.misfit(TARGET) is None
    assert found.misfit({**TARGET, "sys_platform": "darwin"}) == "sys_platform"
    assert [(it.name, it.reason) for it in found.left] == [
        ("folder", ON_DISK),
        ("from-url", Deferral.NO_HASHES.value),
        ("odd", Deferral.NO_HASHES.value),
    ]
    assert found.left == left_out(exported(PACKAGES))


def test_it_holds_no_secret_and_no_place() -> None:
    text = to_json(exported(PACKAGES), PROJECT, TARGET)
    assert not [word for word in ("secret", "token", "/src", "3.11.4") if word in text]


def test_it_depends_on_no_order() -> None:
    turned = [replace(p, files=p.files[::-1]) for p in reversed(PACKAGES)]
    assert to_json(exported(turned), PROJECT, TARGET) == to_json(
        exported(PACKAGES), PROJECT, TARGET
    )


def names_of_indexes(packages: list[LockedPackage]) -> list[str]:
    document = json.loads(to_json(exported(packages), PROJECT, TARGET))
    return [each["name"] for each in document["indexes"]]


def test_the_indexes_are_those_that_are_asked() -> None:
    """What builds may need is searched for in all that are searched."""
    wheels = [locked("a", source=RegistrySource("alpha"))]
    assert names_of_indexes(wheels) == ["alpha"]
    built = [locked("b", files=[sdist("b")])]
    assert names_of_indexes(built) == ["PyPI", "beta"]
    assert names_of_indexes([*wheels, *built]) == ["PyPI", "beta", "alpha"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 2}, "version: 2 is not known"),
        ({"version": "1"}, "version: expected an integer"),
        ({"python": 3}, "python: expected a string"),
        ({"environment": {"sys_platform": "linux"}}, "implementation_name: is missing"),
        ({"packages": [{"name": "a"}]}, r"packages\[0\].version: is missing"),
        ({"packages": [{"name": "-a", "version": "1", "index": "PyPI"}]}, "is not a name"),
        ({"packages": [{"name": "a", "version": "1"}]}, "source: is missing"),
        ({"deferred": [{}]}, r"deferred\[0\].name: is missing"),
    ],
)
def test_anything_else_is_refused_with_its_place(change: object, problem: str) -> None:
    assert isinstance(change, dict)
    document = json.loads(to_json(exported(PACKAGES), PROJECT, TARGET))
    with pytest.raises((InvalidDataError, ProjectError), match=problem):
        from_json(json.dumps({**document, **change}))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="is not valid JSON"):
        from_json("{")
