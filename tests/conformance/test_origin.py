"""Whether an installed direct origin is the locked one: Poetry's answer and ours."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest
from poetry.core.packages.package import Package
from poetry.puzzle.transaction import Transaction
from poetry.repositories.installed_repository import InstalledRepository

from hybrid_install.core.origin import Origin, installed_origin, is_same_origin

pytestmark = pytest.mark.conformance

COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
GIT = Origin("git", "https://x.invalid/a.git", "main", COMMIT)
URL = Origin("url", "https://x.invalid/a-1.0.zip")
FILE = Origin("file", "/wheels/a-1.0.whl")
DIRECTORY = Origin("directory", "/src/a b")

LOCKED: tuple[Origin | None, ...] = (
    None,
    GIT,
    replace(GIT, reference=COMMIT),
    replace(GIT, reference=COMMIT[:7]),
    replace(GIT, resolved_reference=None),
    replace(GIT, reference=COMMIT[:7], resolved_reference=None),
    replace(GIT, reference=None, resolved_reference=None),
    replace(GIT, subdirectory="sub"),
    replace(GIT, develop=True),
    replace(GIT, url="https://user@x.invalid/a.git"),
    URL,
    replace(URL, url=f"{URL.url}#sha256=00"),
    replace(URL, subdirectory="sub"),
    FILE,
    replace(FILE, url="/wheels/b.whl"),
    DIRECTORY,
    replace(DIRECTORY, develop=True),
    replace(DIRECTORY, url="/src/a"),
)

VCS = {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"}
INSTALLED: tuple[dict[str, object] | None, ...] = (
    None,
    {"url": GIT.url, "vcs_info": VCS},
    {"url": GIT.url, "vcs_info": {**VCS, "commit_id": OTHER}},
    {"url": GIT.url, "vcs_info": {**VCS, "requested_revision": COMMIT}},
    {"url": GIT.url, "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
    {"url": GIT.url, "vcs_info": {"vcs": "hg", "commit_id": COMMIT}},
    {"url": GIT.url, "vcs_info": VCS, "subdirectory": "sub"},
    {"url": URL.url, "archive_info": {}},
    {"url": URL.url, "archive_info": {"hashes": {"sha256": "00"}}, "subdirectory": "sub"},
    {"url": f"{URL.url}#sha256=00", "archive_info": {}},
    {"url": "file:///wheels/a-1.0.whl", "archive_info": {}},
    {"url": "file:///src/a%20b", "dir_info": {}},
    {"url": "file:///src/a%20b", "dir_info": {"editable": False}},
    {"url": "file:///src/a%20b", "dir_info": {"editable": True}},
    {"url": "file:///src/a%20b/", "dir_info": {}},
)


def locked(origin: Origin | None) -> Package:
    """As `Locker._get_locked_package` makes it."""
    if origin is None:
        return Package("a", "1.0")
    return Package(
        "a",
        "1.0",
        source_type=origin.kind,
        source_url=origin.url,
        source_reference=origin.reference,
        source_resolved_reference=origin.resolved_reference,
        source_subdirectory=origin.subdirectory,
        develop=origin.develop,
    )


def installed(direct_url: dict[str, object] | None, folder: Path) -> Package:
    """As Poetry reads it from the environment."""
    if direct_url is None:
        return Package("a", "1.0")
    info = folder / "a-1.0.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text(json.dumps(direct_url), "utf-8")
    metadata = Message()
    metadata["name"], metadata["version"] = "a", "1.0"
    read = InstalledRepository._create_package_from_pep610
    return read(info, metadata)  # type: ignore[arg-type]


def is_left_alone(locked: Package, installed: Package) -> bool:
    """Whether Poetry's transaction has nothing to do."""
    transaction = Transaction([], [locked], installed_packages=[installed])
    operations = transaction.calculate_operations(with_uninstalls=False)
    return all(operation.skipped for operation in operations)


@pytest.mark.parametrize("direct_url", INSTALLED, ids=json.dumps)
def test_poetry_leaves_alone_what_we_call_the_same(
    direct_url: dict[str, object] | None, tmp_path: Path, tally: Counter[str]
) -> None:
    theirs = installed(direct_url, tmp_path)
    ours = installed_origin(direct_url) if direct_url else None
    for origin in LOCKED:
        assert is_same_origin(origin, ours) is is_left_alone(locked(origin), theirs), origin
    tally.update({"origins": len(LOCKED), "origins equal": len(LOCKED)})


def test_an_index_by_name_is_an_index() -> None:
    package = Package("a", "1.0", source_type="legacy", source_url="x", source_reference="y")
    assert is_left_alone(package, Package("a", "1.0"))


def test_both_answers_occur(tmp_path: Path) -> None:
    answers = set()
    for number, (origin, direct_url) in enumerate(itertools.product(LOCKED, INSTALLED)):
        folder = tmp_path / str(number)
        folder.mkdir()
        answers.add(is_left_alone(locked(origin), installed(direct_url, folder)))
    assert answers == {True, False}
