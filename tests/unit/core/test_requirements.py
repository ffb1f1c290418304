"""The requirements map and its text, the same to the byte whatever the order of the lock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import digest, install_operation, locked, project, requirement, sdist, wheel

from hybrid_install.core.deferral import BuildPolicy, Deferral
from hybrid_install.core.emitters.exported import Exported, export_one
from hybrid_install.core.emitters.requirements_txt import requirements_text
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    DirectSource,
    FileSource,
    GitSource,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    RegistrySource,
    UrlSource,
)
from hybrid_install.core.plan import Action, Operation, Policy
from hybrid_install.core.requirements import (
    DirectRequirement,
    RequirementsMap,
    requirements_txt,
)

ALPHA = Index("alpha", "https://me:secret@alpha.invalid/simple")
BETA = Index("beta", "https://beta.invalid/simple")

COMMIT = "c0ffee" * 6 + "beef"
ZIP = sdist("zip-of-url", suffix=".zip")

PACKAGES = [
    locked("zope", files=[sdist("zope"), wheel("zope")]),
    locked("a"),
    locked("torch", "2.0+cpu", source=RegistrySource("beta")),
    locked("internal", source=RegistrySource("alpha")),
    locked("from-git", source=GitSource("https://me:secret@x.invalid/g", "main", COMMIT, None)),
    locked("from-url", source=UrlSource("https://me:secret@x.invalid/u.zip?token=t", None)),
    locked("zip-of-url", source=UrlSource(f"https://x.invalid/{ZIP.name}", None), files=[ZIP]),
    locked("b-folder", source=DirectorySource("../b folder", "/src/b folder"), files=[]),
]


def exported(packages: list[LockedPackage]) -> Exported:
    indexes = project(DEFAULT_INDEX, BETA, ALPHA)
    return export_one(packages, indexes, Policy(BuildPolicy()), "CPython 3.11 on linux x86_64")


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

# from no index:
./../b folder
zip-of-url @ https://x.invalid/{ZIP.name} \\
{hash_of(ZIP.name)}

# left to Poetry:
# from-git 1.0 (git+https://x.invalid/g@{COMMIT}): {Deferral.URL_CREDENTIALS.value}
# from-url 1.0 (https://x.invalid/u.zip?...): {Deferral.URL_CREDENTIALS.value}
"""


@given(st.permutations(PACKAGES))
def test_the_exported_text_does_not_depend_on_order(packages: list[LockedPackage]) -> None:
    """Neither on that of the packages, nor on that of a package's files."""
    turned = [replace(package, files=package.files[::-1]) for package in packages]
    assert requirements_text(exported(packages)) == EXPORTED
    assert requirements_text(exported(turned)) == EXPORTED


def test_no_secret_is_exported() -> None:
    assert "secret" not in EXPORTED
    assert "token=" not in EXPORTED


def test_what_is_not_from_an_index_is_in_none_of_theirs() -> None:
    removal = Operation(locked("gone").name, "1.0", Action.REMOVE, "")
    git = replace(install_operation(PACKAGES[4]), index=None)
    grouped = RequirementsMap.of([removal, git])
    assert grouped.by_index == ()
    assert [each.name for each in grouped.direct] == ["from-git"]


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


A_B, C = locked("a-b").name, locked("c").name
REPOSITORY = "https://x.invalid/g"


def direct(source: DirectSource, locked_hash: Hash | None = None) -> DirectRequirement:
    return DirectRequirement(
        A_B, "1.0", source, LockedFile("a", locked_hash) if locked_hash else None
    )


SHA = Hash("sha256", "00")
LINES = [
    (GitSource(REPOSITORY, "main", COMMIT, None), f"a-b @ git+{REPOSITORY}@{COMMIT}", None),
    (
        GitSource(REPOSITORY, "main", COMMIT, "sub/dir"),
        f"a-b @ git+{REPOSITORY}@{COMMIT}#subdirectory=sub/dir",
        None,
    ),
    (
        GitSource("git@x.invalid:o/g.git", "main", COMMIT, None),
        f"a-b @ git+ssh://git@x.invalid/o/g.git@{COMMIT}",
        None,
    ),
    (
        UrlSource("https://x.invalid/a.zip?sig=b%20c#sha256=00", None),
        "a-b @ https://x.invalid/a.zip?sig=b%20c",
        None,
    ),
    (
        UrlSource("https://x.invalid/a.zip#egg=a", "sub"),
        "a-b @ https://x.invalid/a.zip#subdirectory=sub",
        None,
    ),
    (
        FileSource("../w/a b.zip", None, "/w/a b.zip"),
        "a-b @ file:///w/a%20b.zip",
        "./../w/a b.zip",
    ),
    (
        FileSource("w/a.zip", "sub", "/w/ü#?%.zip"),
        "a-b @ file:///w/%C3%BC%23%3F%25.zip#subdirectory=sub",
        "./w/a.zip",
    ),
    (DirectorySource("../a b", "/src/a b"), "a-b @ file:///src/a%20b", "./../a b"),
]


@pytest.mark.parametrize(("source", "line", "portable"), LINES)
def test_what_is_from_no_index_is_a_line(
    source: DirectSource, line: str, portable: str | None
) -> None:
    hashed = " \\\n    --hash=sha256:00"
    assert direct(source).line() == line
    assert direct(source, SHA).line() == f"{line}{hashed}"
    assert direct(source).portable_line() == (portable or line)
    assert direct(source, SHA).portable_line() == f"{portable or line}{hashed}"


def test_a_project_in_develop_mode_is_an_editable_line() -> None:
    editable = replace(direct(DirectorySource("../a b", "/src/a b")), develop=True)
    assert editable.line() == "-e file:///src/a%20b"
    assert editable.portable_line() == "-e file:../a%20b"
    plain = replace(editable, source=DirectorySource("../a-b", "/src/a-b"))
    assert plain.portable_line() == "-e ./../a-b"


@pytest.mark.parametrize(
    ("source", "is_built", "is_folder"),
    [
        (GitSource(REPOSITORY, "main", COMMIT, None), True, False),
        (UrlSource("https://x.invalid/a.whl", None), False, False),
        (UrlSource("https://x.invalid/a.whl?sig=1#sha256=00", None), False, False),
        (UrlSource("https://x.invalid/a.zip?file=a.whl", None), True, False),
        (UrlSource("https://x.invalid/a.zip#a.whl", None), True, False),
        (FileSource("a.whl", None), False, False),
        (FileSource("a.tar.gz", None), True, False),
        (DirectorySource("../a.whl"), True, True),
    ],
)
def test_what_is_built_and_what_may_have_changed_on_disk(
    source: DirectSource, is_built: bool, is_folder: bool
) -> None:
    assert (direct(source).is_built, direct(source).is_folder) == (is_built, is_folder)


def test_a_part_of_the_map() -> None:
    built = requirement("c", files=[sdist("c")])
    grouped = RequirementsMap(
        ((DEFAULT_INDEX, (requirement("a"),)), (BETA, (built,))),
        (direct(DirectorySource("../a")),),
    )
    assert grouped.names == {"a", "a-b", "c"}
    part = grouped.only(frozenset({A_B, C}))
    assert part == RequirementsMap(((BETA, (built,)),), grouped.direct)
    assert grouped.only(frozenset()) == RequirementsMap(())
    assert grouped.only(grouped.names) == grouped


def test_nothing_to_install_exports_a_headline() -> None:
    nothing = Exported("X", RequirementsMap(()))
    headline = "# The requirements map of poetry.lock for X, by hybrid-install.\n"
    assert requirements_text(nothing) == headline
