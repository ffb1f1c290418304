"""What is found of every difference between a lock and an environment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from support.fakes import distribution, locked, wheel

from hybrid_install.core.distribution import BY_UV, Distribution, Origin
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    Index,
    LockedPackage,
    normalize_name,
)
from hybrid_install.core.provided import Discrepancy
from hybrid_install.core.receipt import BY_POETRY, BY_SOMEONE, Present, Receipt, Received
from hybrid_install.core.record import Flaw
from hybrid_install.core.verification import (
    Environment,
    Expected,
    Finding,
    Kind,
    Remedy,
    Root,
    Terms,
    compare,
    disproved,
    provision_findings,
    root_findings,
)

A, ROOT = normalize_name("a"), normalize_name("root")
PRIVATE = Index("private", "https://user:secret@private.invalid/simple")
MIRROR = Index("private", "https://mirror.invalid/simple")
FOLDER = Origin("directory", "/src/a")
IN_FOLDER = Expected(locked("a", source=DirectorySource("../a", FOLDER.url)))
TERMS = Terms(ROOT)
RECEIVED = Received(A, "1.0", "index", BY_UV, "sha256:1", DEFAULT_INDEX, (wheel("a"),))


def receipt(*packages: Received) -> Receipt:
    return Receipt("0", "0", None, "root", "x", "y", (), (), "3.11.7", packages)


def found(
    expected: Expected | Iterable[Expected],
    *installed: Distribution,
    by: str = "uv",
    contents: str = "sha256:1",
    origin: Origin | None = None,
    flaws: tuple[Flaw, ...] = (),
    known: Receipt | None = None,
    terms: Terms = TERMS,
) -> list[Finding]:
    wanted = [expected] if isinstance(expected, Expected) else list(expected)
    present = {each.name: Present(each.version, by, contents, origin) for each in installed}
    seen = Environment(installed, present, {A: flaws} if flaws else {})
    return list(compare(wanted, seen, known or receipt(RECEIVED), terms))


def kinds(findings: Iterable[Finding]) -> list[tuple[Kind, bool]]:
    return [(each.kind, each.fails) for each in findings]


def of(package: LockedPackage | None = None, index: Index = DEFAULT_INDEX) -> Expected:
    return Expected(package or locked("a"), index)


def test_as_locked() -> None:
    assert found(of(), distribution("a")) == []
    assert found(of(), distribution("a", "1.0.0")) == []


def test_missing() -> None:
    assert kinds(found(of())) == [(Kind.MISSING, True)]


def test_a_directory_that_was_not_asked_for() -> None:
    expected = IN_FOLDER
    assert found(expected, terms=replace(TERMS, no_directory=True)) == []
    assert kinds(found(expected)) == [(Kind.MISSING, True)]
    assert kinds(found(of(), terms=replace(TERMS, no_directory=True))) == [(Kind.MISSING, True)]


@pytest.mark.parametrize(
    ("installed", "version", "kind"),
    [
        ("0.9", "1.0", Kind.VERSION),
        ("1!1.0", "1.0", Kind.VERSION),
        ("1.0+cpu", "1.0", Kind.VARIANT),
        ("1.0", "1.0+cpu", Kind.VARIANT),
        ("1.0+cu121", "1.0+cpu", Kind.VARIANT),
        ("no version", "1.0", Kind.VERSION),
    ],
)
def test_another_version_says_it_all(installed: str, version: str, kind: Kind) -> None:
    (only,) = found(
        of(locked("a", version)),
        distribution("a", installed, is_whole=False),
        flaws=(Flaw("a.py", "is missing"),),
    )
    assert (only.kind, only.remedy) == (kind, Remedy.RUN)
    assert only.detail == f"{installed} is installed, {version} is locked"


@pytest.mark.parametrize(
    ("expected", "origin"),
    [
        (of(), FOLDER),
        (IN_FOLDER, None),
        (IN_FOLDER, replace(FOLDER, editable=True)),
    ],
)
def test_another_origin(expected: Expected, origin: Origin | None) -> None:
    assert kinds(found(expected, distribution("a"), origin=origin)) == [(Kind.ORIGIN, True)]


def test_the_locked_origin() -> None:
    """Where a direct origin's files came from, it says itself: no receipt is asked."""
    expected = IN_FOLDER
    assert found(expected, distribution("a"), origin=FOLDER, known=receipt()) == []


def test_one_of_several_selected_versions() -> None:
    several = [of(locked("a", "2.0")), of()]
    assert found(several, distribution("a")) == []
    assert kinds(found(several, distribution("a", "3.0"))) == [(Kind.VERSION, True)]


def test_half_of_an_installation() -> None:
    cut = distribution("a", is_whole=False)
    assert kinds(found(of(), cut, flaws=(Flaw("RECORD", "is missing"),))) == [(Kind.HALF, True)]


def test_damaged_files() -> None:
    flaws = tuple(Flaw(f"{letter}.py", "is missing") for letter in "abcde")
    (only,) = found(of(), distribution("a"), flaws=flaws)
    assert only.kind is Kind.FILES
    assert only.detail == "a.py is missing, b.py is missing, c.py is missing, and 2 more"


def test_twice() -> None:
    twice = distribution("a"), distribution("a", "0.9")
    seen = Environment(twice, {A: Present("1.0", "uv", "sha256:1")}, {})
    (only,) = compare([of()], seen, receipt(RECEIVED), TERMS)
    assert (only.kind, only.detail) == (Kind.TWICE, "is installed more than once: 1.0 and 0.9")
    system = (distribution("a"), distribution("a", is_system=True))
    assert compare([of()], replace(seen, distributions=system), receipt(RECEIVED), TERMS) == ()


@pytest.mark.parametrize("sync", [False, True])
def test_strangers(sync: bool) -> None:
    installed = [distribution(name) for name in ("a", "pip", "root", "stranger")]
    terms = replace(TERMS, sync=sync)
    findings = found(of(), *installed, distribution("b", is_system=True), terms=terms)
    assert [(each.name, each.kind, each.fails) for each in findings] == [
        ("stranger", Kind.STRANGER, sync)
    ]


def test_only_the_root_is_looked_at() -> None:
    assert found([], distribution("x"), terms=replace(TERMS, only_root=True)) == []


def test_without_a_receipt() -> None:
    seen = Environment((distribution("a"),), {A: Present("1.0", "uv", "sha256:1")}, {})
    assert kinds(compare([of()], seen, None, TERMS)) == [(Kind.NO_RECEIPT, False)]
    assert compare([], Environment((), {}, {}), None, TERMS) == ()


@pytest.mark.parametrize(
    ("received", "index", "expected"),
    [
        (RECEIVED, DEFAULT_INDEX, None),
        # The same file from elsewhere is the same file.
        (replace(RECEIVED, index=MIRROR), DEFAULT_INDEX, None),
        (replace(RECEIVED, files=(wheel("other"),)), DEFAULT_INDEX, (Kind.FILE_HASH, True)),
        (replace(RECEIVED, files=(wheel("other"), wheel("a"))), DEFAULT_INDEX, None),
        (replace(RECEIVED, files=()), DEFAULT_INDEX, None),
        (replace(RECEIVED, files=(), index=MIRROR), DEFAULT_INDEX, (Kind.INDEX, True)),
        (replace(RECEIVED, files=(), index=MIRROR), PRIVATE, (Kind.INDEX, True)),
        (replace(RECEIVED, files=()), PRIVATE, (Kind.INDEX, True)),
        (
            replace(RECEIVED, files=(), index=Index("renamed", "https://private.invalid/simple")),
            PRIVATE,
            None,
        ),
        (replace(RECEIVED, version="0.9"), DEFAULT_INDEX, (Kind.UNKNOWN, False)),
        (
            replace(RECEIVED, by=BY_SOMEONE, index=None, files=()),
            DEFAULT_INDEX,
            (Kind.UNKNOWN, False),
        ),
        (replace(RECEIVED, by=BY_POETRY, index=None, files=()), DEFAULT_INDEX, None),
    ],
)
def test_what_the_receipt_knows(
    received: Received, index: Index, expected: tuple[Kind, bool] | None
) -> None:
    findings = found(of(index=index), distribution("a"), known=receipt(received))
    assert kinds(findings) == ([expected] if expected else [])
    assert all("secret" not in each.detail for each in findings)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("uv", (Kind.REPLACED, True)),
        ("pip", (Kind.REPLACED, True)),
        ("", (Kind.REPLACED, True)),
        ("Poetry 2.5.1", (Kind.UNKNOWN, False)),
    ],
)
def test_the_same_version_with_other_contents(by: str, expected: tuple[Kind, bool]) -> None:
    """Poetry holds what it installs against the lock's hashes; nobody else does."""
    assert kinds(found(of(), distribution("a"), by=by, contents="sha256:2")) == [expected]


def test_a_package_that_the_receipt_does_not_know() -> None:
    assert kinds(found(of(), distribution("a"), known=receipt())) == [(Kind.UNKNOWN, False)]


def test_what_is_provided_is_no_stranger() -> None:
    terms = Terms(ROOT, sync=True, provided=frozenset({A}))
    assert found([], distribution("a"), terms=terms) == []


@pytest.mark.parametrize(
    ("present", "tolerates", "fails"),
    [(None, True, True), ("2.0", True, False), ("2.0", False, True)],
)
def test_what_is_provided_and_not_as_locked(
    present: str | None, tolerates: bool, fails: bool
) -> None:
    [finding] = provision_findings([Discrepancy(A, "1.0", present)], tolerates=tolerates)
    assert (finding.kind, finding.fails) == (Kind.PROVIDED, fails)
    assert "1.0" in finding.detail


EDITABLE = distribution("root", origin=Origin("directory", "/src/root", editable=True))
BOUND = Root(ROOT, distribution("root"), is_bound=True, flaws=(), scripts={})


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (BOUND, []),
        (replace(BOUND, distribution=None, scripts={"x": "is missing"}), [Kind.ROOT]),
        (replace(BOUND, is_bound=False), [Kind.ROOT]),
        (replace(BOUND, is_bound=False, stands_alone=True), []),
        (replace(BOUND, version="1.0.0"), []),
        (replace(BOUND, outdated="lacks a"), [Kind.ROOT]),
        (replace(BOUND, version="1.1", flaws=(Flaw("x", "y"),)), [Kind.VERSION]),
        (replace(BOUND, is_bound=False, stands_alone=True, flaws=(Flaw("x", "y"),)), [Kind.FILES]),
        (replace(BOUND, distribution=EDITABLE, stands_alone=True), [Kind.ROOT]),
        (replace(BOUND, distribution=distribution("root", is_whole=False)), [Kind.HALF]),
        (
            replace(BOUND, flaws=(Flaw("x", "y"),), scripts={"b": "is missing", "a": "x"}),
            [Kind.FILES, Kind.SCRIPT, Kind.SCRIPT],
        ),
    ],
)
def test_the_root(root: Root, expected: list[Kind]) -> None:
    findings = root_findings(root)
    assert [each.kind for each in findings] == expected
    assert {each.remedy for each in findings} <= {Remedy.RUN}


OTHER_FILE = replace(RECEIVED, files=(wheel("a", "1.0", "py2-none-any"),))
OF_PRIVATE = replace(RECEIVED, index=PRIVATE, files=())
NO_PROOF: tuple[tuple[Received | None, str], ...] = (
    (None, "uv"),
    (RECEIVED, "uv"),
    (replace(RECEIVED, version="0.9"), "uv"),
    (replace(RECEIVED, index=PRIVATE), "uv"),
    (replace(RECEIVED, by=BY_SOMEONE, index=None, files=()), "uv"),
    (replace(RECEIVED, contents="sha256:2"), "Poetry 2.5.1"),
)


@pytest.mark.parametrize(("received", "by"), NO_PROOF)
def test_what_proves_nothing(received: Received | None, by: str) -> None:
    assert disproved(of(), Present("1.0", by, "sha256:1"), received) is None


@pytest.mark.parametrize(
    ("received", "kind"),
    [
        (OTHER_FILE, Kind.FILE_HASH),
        (OF_PRIVATE, Kind.INDEX),
        (replace(RECEIVED, contents="sha256:2"), Kind.REPLACED),
    ],
)
def test_what_the_receipt_disproves(received: Received, kind: Kind) -> None:
    found = disproved(of(), Present("1.0", "pip", "sha256:1"), received)
    assert found is not None
    assert (found.kind, found.remedy) == (kind, Remedy.RUN)
    assert "secret" not in found.detail


def test_what_poetry_sees_by_itself_is_not_the_receipt_s_matter() -> None:
    assert disproved(of(), Present("1.1", "pip", "sha256:2"), OTHER_FILE) is None
    assert disproved(of(), Present("1.0", "pip", "sha256:2", FOLDER), OTHER_FILE) is None
    assert disproved(IN_FOLDER, Present("1.0", "pip", "sha256:2", FOLDER), OTHER_FILE) is None
