"""Does an environment equal the lock's selection? Values in, findings out; nothing is repaired.

The comparison is `Transaction.calculate_operations` (poetry/puzzle/transaction.py), and beyond it
what Poetry cannot see: files that are missing or changed, halves of installations, a version from
an index that is not the locked one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from hybrid_install.core.distribution import Distribution, Origin, by_name, is_from, locked_origin
from hybrid_install.core.model import DirectorySource, Index, LockedPackage, NormalizedName
from hybrid_install.core.provided import Discrepancy
from hybrid_install.core.receipt import BY_SOMEONE, Present, Receipt, Received, public_url
from hybrid_install.core.record import Flaw
from hybrid_install.core.versions import same_version

# A folder that was removed is one finding, not a thousand.
_FLAWS_SHOWN = 3

_CUT_OFF = (
    "an installation of it was cut off: INSTALLER, METADATA or RECORD is missing or unfinished"
)


class Kind(Enum):
    """What a finding is about."""

    NO_ENVIRONMENT = "no-environment"
    MISSING = "missing"
    VERSION = "wrong-version"
    VARIANT = "wrong-variant"
    ORIGIN = "wrong-origin"
    INDEX = "wrong-index"
    FILE_HASH = "wrong-hash"
    REPLACED = "replaced"
    HALF = "half-installed"
    TWICE = "installed-twice"
    FILES = "damaged-files"
    STRANGER = "not-selected"
    ROOT = "root-not-bound"
    SCRIPT = "wrong-script"
    UNKNOWN = "unknown-index"
    NO_RECEIPT = "no-receipt"
    PROVIDED = "provided"


class Remedy(Enum):
    """What to do about a finding."""

    RUN = "run `hybrid-install`"
    REFETCH = "`uv cache clean` it and uninstall it, then run `hybrid-install`"
    SYNC = "`hybrid-install --sync` removes it"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; without `fails` it is a note, and the environment may still be equal."""

    name: str
    kind: Kind
    detail: str
    remedy: Remedy = Remedy.RUN
    fails: bool = True


@dataclass(frozen=True, slots=True)
class Expected:
    """A selected package and the index that it is locked to, None for a direct origin."""

    package: LockedPackage
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """What was seen of an environment.

    `distributions` are all of them in the order of the path, those of other folders than the
    environment's own too. `present` and `flaws` are of what should be there.
    """

    distributions: tuple[Distribution, ...]
    present: Mapping[NormalizedName, Present]
    flaws: Mapping[NormalizedName, tuple[Flaw, ...]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What else bears on the comparison; `root` is the project's own name.

    What is `provided` is no stranger.
    """

    root: NormalizedName | None
    provided: frozenset[NormalizedName] = frozenset()
    sync: bool = False
    no_directory: bool = False
    only_root: bool = False


@dataclass(frozen=True, slots=True)
class Root:
    """What was seen of the project itself.

    `is_bound` is whether its direct_url.json leads to the project's folder, editable. `scripts`
    holds what is wrong with each command of pyproject.toml, by name. With `stands_alone` it is to
    be a wheel's installation. `version` is what pyproject.toml says once and for all (PEP 621),
    None where only a build can tell. `outdated` is how its requirements differ from those there.
    """

    name: NormalizedName
    distribution: Distribution | None
    is_bound: bool
    flaws: tuple[Flaw, ...]
    scripts: Mapping[str, str]
    stands_alone: bool = False
    version: str | None = None
    outdated: str = ""

    @property
    def misplacement(self) -> str:
        """Why what is installed is not of the kind that is wanted, empty where it is."""
        editable = self.distribution and self.distribution.origin
        if self.stands_alone:
            leads = editable and editable.editable
            return "it is an editable installation, which does not stand alone" if leads else ""
        if self.is_bound:
            return ""
        if editable is None:
            return "it is installed as a wheel (which `--no-editable` makes), not editable"
        return "what is installed under the project's name leads to another place"


def compare(
    expected: Iterable[Expected], seen: Environment, receipt: Receipt | None, terms: Terms
) -> tuple[Finding, ...]:
    """All findings about packages, sorted by name; those of one package as they are checked."""
    wanted = _by_name(expected)
    installed = by_name(seen.distributions)
    findings = [*_duplicates(seen.distributions, wanted.keys() | {terms.root})]
    for name, candidates in wanted.items():
        if name not in installed:
            findings += _missing(candidates[0], terms)
        else:
            findings += _of_package(candidates, installed[name], seen, receipt)
    if not terms.only_root:
        findings += _strangers(installed.values(), wanted.keys(), terms)
    if receipt is None and wanted:
        findings.append(_NO_RECEIPT)
    return tuple(sorted(findings, key=lambda finding: finding.name))


_NO_RECEIPT = Finding(
    "",
    Kind.NO_RECEIPT,
    "there is no receipt of a finished run: which indexes the packages came from is not known",
    Remedy.RUN,
    fails=False,
)


def _by_name(expected: Iterable[Expected]) -> dict[NormalizedName, list[Expected]]:
    """Poetry keeps one of several selected versions: whichever is there may be it."""
    found: dict[NormalizedName, list[Expected]] = {}
    for each in expected:
        found.setdefault(each.package.name, []).append(each)
    return found


def _missing(expected: Expected, terms: Terms) -> Iterator[Finding]:
    package = expected.package
    is_directory = isinstance(expected.package.source, DirectorySource)
    if not (is_directory and terms.no_directory):
        yield Finding(package.name, Kind.MISSING, f"{package.version} is not installed", Remedy.RUN)


def _of_package(
    candidates: Sequence[Expected],
    installed: Distribution,
    seen: Environment,
    receipt: Receipt | None,
) -> Iterator[Finding]:
    """Another version or origin says it all; its files are another package's."""
    present = seen.present[installed.name]
    expected = next((each for each in candidates if _is_as_locked(each, present)), candidates[0])
    if wrong := _version(expected.package, present) or _origin(expected, present):
        yield wrong
        return
    if not installed.is_whole:
        yield Finding(installed.name, Kind.HALF, _CUT_OFF, Remedy.RUN)
        return
    if flaws := seen.flaws.get(installed.name):
        yield Finding(installed.name, Kind.FILES, flaws_text(flaws), Remedy.REFETCH)
    if expected.index is not None and receipt is not None:
        yield from _provenance(expected, expected.index, present, receipt.of(installed.name))


def _is_as_locked(expected: Expected, present: Present) -> bool:
    return not (_version(expected.package, present) or _origin(expected, present))


def _version(package: LockedPackage, present: Present) -> Finding | None:
    if same_version(present.version, package.version):
        return None
    public = (each.partition("+")[0] for each in (present.version, package.version))
    return Finding(
        package.name,
        Kind.VARIANT if same_version(*public) else Kind.VERSION,
        f"{present.version} is installed, {package.version} is locked",
        Remedy.RUN,
    )


def _origin(expected: Expected, present: Present) -> Finding | None:
    if is_from(expected.package, present.origin):
        return None
    return Finding(
        expected.package.name,
        Kind.ORIGIN,
        f"is installed from {_place(present.origin)},"
        f" locked to {_place(locked_origin(expected.package))}",
        Remedy.RUN,
    )


def _place(origin: Origin | None) -> str:
    return origin.text if origin else "an index"


def flaws_text(flaws: Sequence[Flaw]) -> str:
    """The first few of them."""
    shown = [f"{flaw.path} {flaw.problem}" for flaw in flaws[:_FLAWS_SHOWN]]
    more = [f"and {len(flaws) - _FLAWS_SHOWN} more"] if len(flaws) > _FLAWS_SHOWN else []
    return ", ".join([*shown, *more])


def _provenance(
    expected: Expected, index: Index, present: Present, received: Received | None
) -> Iterator[Finding]:
    """Where a package of an index came from, as far as the receipt knows."""
    package = expected.package
    if received is None or not same_version(received.version, present.version):
        yield _unknown(package, "hybrid-install did not install it")
    elif received.contents != present.contents:
        yield _replaced(package, present, received)
    elif received.files:
        yield from _hashes(package, received)
    elif received.index is not None and not _is_same_index(received.index, index):
        yield Finding(
            package.name,
            Kind.INDEX,
            f"came from {_index_text(received.index)}, locked to {_index_text(index)}",
            Remedy.RUN,
        )
    elif received.index is None and received.by == BY_SOMEONE:
        yield _unknown(package, "it was installed before hybrid-install came")


def disproved(expected: Expected, present: Present, received: Received | None) -> Finding | None:
    """Why what is installed cannot be what is locked, where `received` proves it.

    None for anything that was not received from an index, or that Poetry sees by itself.
    """
    if expected.index is None or received is None or not _is_as_locked(expected, present):
        return None
    found = _provenance(expected, expected.index, present, received)
    return next((finding for finding in found if finding.fails), None)


def _unknown(package: LockedPackage, why: str) -> Finding:
    detail = f"which index it came from is not known: {why}"
    return Finding(package.name, Kind.UNKNOWN, detail, Remedy.NOTHING, fails=False)


def _replaced(package: LockedPackage, present: Present, received: Received) -> Finding:
    """Poetry holds what it installs against the lock's hashes; nobody else does."""
    if present.is_by_poetry:
        return _unknown(package, "Poetry has installed it since")
    source = f" from {_index_text(received.index)}" if received.index else ""
    return Finding(
        package.name,
        Kind.REPLACED,
        f"is not the {received.version} that was installed{source}: {present.by or 'someone'}"
        " has replaced it",
        Remedy.RUN,
    )


def _hashes(package: LockedPackage, received: Received) -> Iterator[Finding]:
    """The same file from a mirror is the same file: hashes decide, wherever there are any.

    Where uv had the choice among several, one that is locked may be the one.
    """
    if {file.hash for file in received.files}.isdisjoint(file.hash for file in package.files):
        names = ", ".join(file.name for file in received.files)
        yield Finding(
            package.name,
            Kind.FILE_HASH,
            f"was installed from {names}{_from(received)}, whose hash is not in poetry.lock",
            Remedy.RUN,
        )


def _from(received: Received) -> str:
    return f" of {_index_text(received.index)}" if received.index else ""


def _is_same_index(left: Index, right: Index) -> bool:
    """By url; names are for people."""
    return (left.url and public_url(left.url)) == (right.url and public_url(right.url))


def _index_text(index: Index) -> str:
    return f"{index.name} ({public_url(index.url)})" if index.url else "the default index"


def provision_findings(
    discrepancies: Iterable[Discrepancy], *, tolerates: bool
) -> tuple[Finding, ...]:
    """Provided packages that are not as locked; with `tolerates` another version is a note."""
    return tuple(
        Finding(
            each.name,
            Kind.PROVIDED,
            each.message,
            Remedy.NOTHING,
            fails=each.present is None or not tolerates,
        )
        for each in discrepancies
    )


def root_findings(root: Root) -> tuple[Finding, ...]:
    """The project's own part. Poetry writes it anew on every run, so a run mends all of it."""
    return tuple(
        Finding(root.name, kind, detail, Remedy.RUN) for kind, detail in _wrong_with_root(root)
    )


def _wrong_with_root(root: Root) -> Iterator[tuple[Kind, str]]:
    if root.distribution is None:
        yield Kind.ROOT, "the project itself is not installed"
    elif root.misplacement:
        yield Kind.ROOT, root.misplacement
    elif not root.distribution.is_whole:
        yield Kind.HALF, _CUT_OFF
    elif root.version and not same_version(root.distribution.version, root.version):
        detail = f"{root.distribution.version} is installed, pyproject.toml says {root.version}"
        yield Kind.VERSION, detail
    elif root.outdated:
        detail = f"it was bound before pyproject.toml was changed: its metadata {root.outdated}"
        yield Kind.ROOT, detail
    else:
        if root.flaws:
            yield Kind.FILES, flaws_text(root.flaws)
        for name, problem in sorted(root.scripts.items()):
            yield Kind.SCRIPT, f"its script {name} {problem}"


def _duplicates(
    distributions: Iterable[Distribution], names: Iterable[NormalizedName | None]
) -> Iterator[Finding]:
    """Two .dist-info of one name: the first one on the path is seen, the other's files remain."""
    ours = [each for each in distributions if not each.is_system]
    counts = Counter(each.name for each in ours)
    for name in names:
        if name is not None and counts[name] > 1:
            versions = " and ".join(each.version for each in ours if each.name == name)
            yield Finding(name, Kind.TWICE, f"is installed more than once: {versions}", Remedy.RUN)


def _strangers(
    installed: Iterable[Distribution], wanted: Iterable[NormalizedName], terms: Terms
) -> Iterator[Finding]:
    """`poetry install` leaves them; `poetry sync` removes all but the root and pip."""
    kept = {*wanted, *terms.provided, terms.root, NormalizedName("pip")}
    for each in installed:
        if each.name not in kept and not each.is_system:
            detail = f"{each.version} is installed, and the lock does not select it"
            yield Finding(each.name, Kind.STRANGER, detail, Remedy.SYNC, fails=terms.sync)
