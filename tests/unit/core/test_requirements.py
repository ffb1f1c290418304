"""The requirements map and its text, the same to the byte whatever the order of the lock."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.fakes import digest, install_operation, locked, project, requirement, sdist, wheel

from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    GitSource,
    Index,
    LockedPackage,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation, Policy, make_plan
from hybrid_install.core.requirements import RequirementsMap, export_text, requirements_txt

ALPHA = Index("alpha", "https://me:secret@alpha.invalid/simple")
BETA = Index("beta", "https://beta.invalid/simple")

PACKAGES = [
    locked("zope", files=[sdist("zope"), wheel("zope")]),
    locked("a"),
    locked("torch", "2.0+cpu", source=RegistrySource("beta")),
    locked("internal", source=RegistrySource("alpha")),
    locked("from-git", source=GitSource("https://me:secret@x.invalid/g", "main", "c0ffee", None)),
    locked("from-url", source=UrlSource("https://me:secret@x.invalid/u.zip?token=t", None)),
]


def operations(packages: list[LockedPackage]) -> tuple[Operation, ...]:
    indexes = project(DEFAULT_INDEX, BETA, ALPHA)
    return make_plan(packages, {}, indexes, Policy(BuildPolicy())).operations


def hash_of(file: str) -> str:
    return f"    --hash=sha256:{digest(file)}"


EXPORTED = f"""\
# The requirements map of poetry.lock for CPython 3.11 on linux x86_64, by hybrid-install.

# index: the default index
a===1.0 \\
{hash_of("a-1.0-py3-none-any.whl")}
zope===1.0 \\
{hash_of("zope-1.0-py3-none-any.whl")} \\
{hash_of("zope-1.0.tar.gz")}

# index: alpha https://alpha.invalid/simple
internal===1.0 \\
{hash_of("internal-1.0-py3-none-any.whl")}

# index: beta https://beta.invalid/simple
torch===2.0+cpu \\
{hash_of("torch-2.0+cpu-py3-none-any.whl")}

# left to Poetry:
# from-git 1.0 (git+https://x.invalid/g@c0ffee): it is a git dependency
# from-url 1.0 (https://x.invalid/u.zip?...): it is an archive behind a url
"""


@given(st.permutations(PACKAGES))
def test_the_exported_text_does_not_depend_on_order(packages: list[LockedPackage]) -> None:
    """Neither on that of the packages, nor on that of a package's files."""
    turned = [replace(package, files=package.files[::-1]) for package in packages]
    assert export_text(operations(packages), "CPython 3.11 on linux x86_64") == EXPORTED
    assert export_text(operations(turned), "CPython 3.11 on linux x86_64") == EXPORTED


def test_no_secret_is_exported() -> None:
    assert "secret" not in EXPORTED
    assert "token=" not in EXPORTED


def test_what_is_not_from_an_index_is_in_no_map() -> None:
    removal = Operation(locked("gone").name, "1.0", Action.REMOVE, "")
    git = replace(install_operation(PACKAGES[4]), index=None)
    assert RequirementsMap.of([removal, git]).by_index == ()


def test_the_default_index_comes_first_and_the_others_by_name() -> None:
    planned = [
        install_operation(locked("b"), BETA),
        install_operation(locked("d"), DEFAULT_INDEX),
        install_operation(locked("a"), ALPHA),
        install_operation(locked("c"), DEFAULT_INDEX),
    ]
    grouped = RequirementsMap.of(planned)
    assert [index for index, _ in grouped.by_index] == [DEFAULT_INDEX, ALPHA, BETA]
    assert [each.name for each in grouped.requirements] == ["c", "d", "a", "b"]


def test_a_requirement_allows_only_files_that_uv_can_install() -> None:
    package = locked("a", files=[wheel("a"), sdist("a", suffix=".egg")])
    (only,) = RequirementsMap.of([install_operation(package)]).requirements
    assert only.files == (wheel("a"),)


def test_pins_are_exact_and_each_hash_is_named_once() -> None:
    twice = requirement("a", "1.0", files=[wheel("a"), wheel("a")])
    assert twice.pin == "a===1.0"
    assert twice.hashes == (f"sha256:{digest('a-1.0-py3-none-any.whl')}",)


def test_the_text_for_uv_has_a_hash_a_line() -> None:
    text = requirements_txt([requirement("b"), requirement("a", "2.0", files=[])])
    assert text == f"b===1.0 \\\n{hash_of('b-1.0-py3-none-any.whl')}\na===2.0\n"


def test_nothing_to_install_exports_a_headline() -> None:
    assert (
        export_text([], "X") == "# The requirements map of poetry.lock for X, by hybrid-install.\n"
    )
