"""What is planned for every combination of locked, installed and wished for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import distribution, installed, locked, project, sdist, wheel

from hybrid_install.core.deferral import BuildPolicy, Deferral, Handover
from hybrid_install.core.distribution import Distribution, Installed, Origin, origin_of
from hybrid_install.core.file_choice import BinaryPolicy, Tags
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    LockedPackage,
    RegistrySource,
    UrlSource,
    normalize_name,
)
from hybrid_install.core.plan import Action, Operation, Plan, Policy, make_plan, source_text
from hybrid_install.errors import ProjectError

PLAIN = Policy(BuildPolicy())
SYNC = Policy(BuildPolicy(), sync=True)
PRIVATE = Index("private", "https://user:secret@private.invalid/simple")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def the_plan(
    *packages: LockedPackage, present: Installed | None = None, policy: Policy = PLAIN
) -> list[tuple[str, str, Action, str]]:
    plan = make_plan(packages, present or {}, project(DEFAULT_INDEX, PRIVATE), policy)
    return [(each.name, each.version, each.action, each.reason) for each in plan.operations]


def test_what_is_missing_is_installed() -> None:
    assert the_plan(locked("a")) == [("a", "1.0", Action.INSTALL, "")]


def test_what_is_provided_is_left_alone() -> None:
    """Whatever is there, and however it came to be there; also what is not locked at all."""
    a, b = normalize_name("a"), normalize_name("b")
    policy = replace(SYNC, provided={a: "2.0", b: "1.0"})
    for present in ("1.0", "2.0"):
        found = installed(distribution("a", present), distribution("b"), distribution("c"))
        assert the_plan(locked("a"), present=found, policy=policy) == [
            ("a", "1.0", Action.PROVIDED, "the environment has 2.0"),
            ("c", "1.0", Action.REMOVE, "is not selected from the lock"),
        ]
    unseen = replace(PLAIN, provided={a: ""})
    assert the_plan(locked("a"), policy=unseen) == [("a", "1.0", Action.PROVIDED, "")]
    assert not Plan(()).leaves_work_to_poetry


@pytest.mark.parametrize(
    ("present", "version"),
    [
        ("1.0", "1.0"),
        ("1.0.0", "1.0"),
        ("1.0+cpu", "1.0+cpu"),
        ("2024.1.1", "2024.01.01"),
        ("not a version", "not a version"),
    ],
)
def test_the_locked_version_is_kept(present: str, version: str) -> None:
    found = installed(distribution("a", present))
    assert the_plan(locked("a", version), present=found) == [("a", version, Action.KEEP, "")]


@pytest.mark.parametrize(
    ("present", "version"),
    [
        ("0.9", "1.0"),
        ("1.1", "1.0"),
        ("1.0+cpu", "1.0"),
        ("1.0", "1.0+cpu"),
        ("1.0+cu121", "1.0+cpu"),
        ("1!1.0", "1.0"),
        ("1.0.post1", "1.0"),
        ("1.0rc1", "1.0"),
        ("not a version", "1.0"),
    ],
)
def test_another_version_is_replaced(present: str, version: str) -> None:
    """Also where only the local label differs, in either direction."""
    found = installed(distribution("a", present))
    expected = [("a", version, Action.REINSTALL, f"{present} is installed")]
    assert the_plan(locked("a", version), present=found) == expected


def test_half_an_installation_is_replaced() -> None:
    found = installed(distribution("a", is_whole=False))
    assert the_plan(locked("a"), present=found) == [
        ("a", "1.0", Action.REINSTALL, "an earlier installation of it was cut off")
    ]


OWN = Policy(BuildPolicy(), sync=True, is_virtual=False)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (distribution("b"), [("a", Action.INSTALL)]),
        (distribution("a"), [("a", Action.KEEP)]),
        (distribution("a", "0.9"), [("a", Action.DEFER)]),
        (distribution("a", "0.9", is_whole=False), [("a", Action.DEFER)]),
        (distribution("a", origin=Origin("file", "/a")), [("a", Action.DEFER)]),
        (distribution("a", is_whole=False), [("a", Action.REINSTALL)]),
    ],
)
def test_uv_only_adds_to_an_interpreter_of_poetry_s(
    found: Distribution, expected: list[tuple[str, Action]]
) -> None:
    """But for what was cut off, which Poetry takes for installed."""
    plan = the_plan(locked("a"), present=installed(found), policy=OWN)
    assert [(name, action) for name, _, action, _ in plan if name == "a"] == expected
    assert [(name, action) for name, _, action, _ in plan if name == "b"] == (
        [("b", Action.DEFER)] if found.name == "b" else []
    )


def test_what_poetry_takes_for_a_checkout_is_poetry_s_to_replace() -> None:
    """It also removes the folder that makes it one."""
    found = distribution("a", origin=Origin("directory", "/venv/src/a"), has_checkout=True)
    assert the_plan(locked("a"), present=installed(found)) == [
        ("a", "1.0", Action.DEFER, Deferral.CHECKOUT.value)
    ]


def test_a_registry_package_from_elsewhere_is_replaced_without_telling_credentials() -> None:
    origin = Origin("url", "https://me:secret@example.invalid/a.whl")
    found = installed(distribution("a", origin=origin))
    assert the_plan(locked("a"), present=found) == [
        ("a", "1.0", Action.REINSTALL, "is installed from https://example.invalid/a.whl")
    ]


def test_what_the_system_holds_in_the_locked_version_is_kept() -> None:
    found = installed(distribution("a", is_system=True))
    assert the_plan(locked("a"), present=found) == [("a", "1.0", Action.KEEP, "")]


HTTPS = "https://x.invalid/a"
GIT = GitSource(HTTPS, "main", COMMIT, None)
URL = UrlSource("https://x.invalid/a-1.0-py3-none-any.whl", None)
FILE = FileSource("../a-1.0-py3-none-any.whl", None, "/wheels/a-1.0-py3-none-any.whl")
FOLDER = DirectorySource("../a", "/src/a")
DIRECT = [
    locked("a", source=GIT, files=[]),
    locked("a", source=URL),
    locked("a", source=FILE),
    locked("a", source=FOLDER, files=[]),
    replace(locked("a", source=FOLDER, files=[]), develop=True),
]


def came_from(package: LockedPackage, **facts: Any) -> Installed:
    """`package` as Poetry would have installed it."""
    assert not isinstance(package.source, RegistrySource)
    origin = origin_of(package.source, develop=package.develop)
    return installed(distribution("a", origin=origin, **facts))


def name_of(package: LockedPackage) -> str:
    return f"{type(package.source).__name__}{'-develop' if package.develop else ''}"


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_what_has_a_direct_origin_is_installed_by_uv(package: LockedPackage) -> None:
    assert the_plan(package) == [("a", "1.0", Action.INSTALL, "")]


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_what_has_the_locked_origin_is_kept(package: LockedPackage) -> None:
    assert the_plan(package, present=came_from(package)) == [("a", "1.0", Action.KEEP, "")]


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_what_was_installed_from_an_index_is_replaced(package: LockedPackage) -> None:
    assert the_plan(package, present=installed(distribution("a"))) == [
        ("a", "1.0", Action.REINSTALL, "is installed from an index")
    ]


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_what_was_installed_from_elsewhere_is_replaced(package: LockedPackage) -> None:
    found = installed(distribution("a", origin=Origin("url", "https://u:p@y.invalid/a.whl")))
    assert the_plan(package, present=found) == [
        ("a", "1.0", Action.REINSTALL, "is installed from https://y.invalid/a.whl")
    ]


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_half_an_installation_from_the_locked_origin_is_replaced(package: LockedPackage) -> None:
    assert the_plan(package, present=came_from(package, is_whole=False)) == [
        ("a", "1.0", Action.REINSTALL, "an earlier installation of it was cut off")
    ]


@pytest.mark.parametrize("package", DIRECT, ids=name_of)
def test_a_project_that_builds_another_version_than_the_locked_one_is_left_alone(
    package: LockedPackage,
) -> None:
    """Poetry builds it on every run; an archive's version cannot change."""
    found = came_from(package, version="1.1")
    is_archive = isinstance(package.source, UrlSource | FileSource)
    expected = (
        (Action.REINSTALL, "1.1 is installed")
        if is_archive
        else (Action.DEFER, Deferral.BUILT_VERSION.value)
    )
    assert the_plan(package, present=found) == [("a", "1.0", *expected)]


def test_another_version_from_elsewhere_is_replaced() -> None:
    found = installed(distribution("a", "1.1", origin=Origin("directory", "/other")))
    assert the_plan(DIRECT[3], present=found) == [
        ("a", "1.0", Action.REINSTALL, "1.1 is installed")
    ]


DEFERRED = {
    Deferral.GIT_REFERENCE: locked("a", source=GitSource(HTTPS, "main", None, None), files=[]),
    Deferral.GIT_DEVELOP: replace(locked("a", source=GIT, files=[]), develop=True),
    Deferral.NO_HASHES: locked("a", files=[]),
    Deferral.FILE_FORMAT: locked("a", files=[sdist("a", suffix=".tar.bz2")]),
}


@pytest.mark.parametrize("reason", DEFERRED, ids=lambda reason: reason.name)
def test_what_uv_cannot_do_is_deferred(reason: Deferral) -> None:
    assert the_plan(DEFERRED[reason]) == [("a", "1.0", Action.DEFER, reason.value)]


@pytest.mark.parametrize(
    "reason", [Deferral.NO_HASHES, Deferral.FILE_FORMAT], ids=lambda reason: reason.name
)
def test_what_is_installed_from_an_index_as_locked_needs_nobody(reason: Deferral) -> None:
    found = installed(distribution("a"))
    assert the_plan(DEFERRED[reason], present=found) == [("a", "1.0", Action.KEEP, "")]


FITTING, FOREIGN = (wheel("a", tag=f"cp311-cp311-{name}") for name in ("linux", "windows"))


def the_files(tags: Tags | None, policy: BinaryPolicy | None = None) -> list[str]:
    """The file names of an operation, best first."""
    package = locked("a", files=[sdist("a"), FOREIGN, wheel("a"), FITTING])
    build = BuildPolicy(policy or BinaryPolicy())
    (operation,) = make_plan([package], {}, project(), Policy(build, tags)).operations
    return [file.name for file in operation.files]


def test_an_operation_names_the_files_that_fit_the_target_best_first() -> None:
    tags = {"cp311-cp311-linux": 0, "py3-none-any": 1}
    expected = [FITTING.name, wheel("a").name, sdist("a").name]
    assert the_files(tags) == expected
    assert the_files(tags, BinaryPolicy(only_binary=frozenset({":all:"}))) == expected[:2]
    assert the_files(tags, BinaryPolicy(no_binary=frozenset({"a"}))) == expected[2:]


def test_without_a_target_an_operation_names_all_files() -> None:
    assert the_files(None) == [FOREIGN.name, wheel("a").name, FITTING.name, sdist("a").name]


def test_a_wrong_version_of_what_uv_cannot_do_is_deferred() -> None:
    found = installed(distribution("a", "0.9"))
    assert the_plan(locked("a", files=[]), present=found) == [
        ("a", "1.0", Action.DEFER, Deferral.NO_HASHES.value)
    ]


def test_several_versions_of_one_name_are_deferred_and_sorted() -> None:
    """Also the one that is installed: Poetry decides which of them stays."""
    found = installed(distribution("a", "1.0"))
    reason = Deferral.SEVERAL_VERSIONS.value
    assert the_plan(locked("a", "2.0"), locked("a", "1.0"), present=found) == [
        ("a", "1.0", Action.DEFER, reason),
        ("a", "2.0", Action.DEFER, reason),
    ]


def test_without_directories_only_new_ones_are_left_out() -> None:
    here, missing = (locked(name, source=DirectorySource(f"../{name}")) for name in "ab")
    policy = Policy(BuildPolicy(), no_directory=True)
    found = installed(distribution("a", origin=Origin("directory", "/elsewhere")))
    assert the_plan(here, missing, present=found, policy=policy) == [
        ("a", "1.0", Action.REINSTALL, "is installed from /elsewhere")
    ]


REMOVED = (Action.REMOVE, "is not selected from the lock")


def test_sync_removes_what_is_not_selected() -> None:
    found = installed(distribution("a"), distribution("b", "2.0"))
    assert the_plan(locked("a"), present=found, policy=SYNC) == [
        ("a", "1.0", Action.KEEP, ""),
        ("b", "2.0", *REMOVED),
    ]


def test_without_sync_nothing_is_removed() -> None:
    assert the_plan(present=installed(distribution("b"))) == []


@pytest.mark.parametrize(
    "kept",
    [
        distribution("root"),
        distribution("pip", "24.0"),
        distribution("numpy", is_system=True),
    ],
    ids=lambda each: each.name,
)
def test_sync_spares_the_root_the_seeded_pip_and_the_system(kept: Distribution) -> None:
    assert the_plan(present=installed(kept), policy=SYNC) == []


def test_sync_of_a_project_without_a_name_removes_what_is_not_selected() -> None:
    plan = make_plan((), installed(distribution("b")), project(name=None), SYNC)
    assert [each.name for each in plan.having(Action.REMOVE)] == ["b"]


def test_a_locked_pip_is_a_package_like_any_other() -> None:
    found = installed(distribution("pip", "24.0"))
    assert the_plan(locked("pip", "25.0"), present=found, policy=SYNC) == [
        ("pip", "25.0", Action.REINSTALL, "24.0 is installed")
    ]


def test_setuptools_and_wheel_have_no_privilege() -> None:
    found = installed(distribution("setuptools"), distribution("wheel"))
    assert the_plan(present=found, policy=SYNC) == [
        ("setuptools", "1.0", *REMOVED),
        ("wheel", "1.0", *REMOVED),
    ]


def test_operations_are_sorted_whatever_the_order_of_the_lock() -> None:
    packages = [locked(name) for name in ("c", "a", "b")]
    names = [name for name, *_ in the_plan(*packages, present=installed(distribution("aa")))]
    assert names == ["a", "b", "c"]
    assert the_plan(*packages) == the_plan(*reversed(packages))


def test_an_unknown_source_is_refused_in_the_words_of_poetry() -> None:
    with pytest.raises(ProjectError) as refusal:
        the_plan(locked("a", source=RegistrySource("gone")))
    assert refusal.value.message == 'Repository "gone" does not exist.'
    assert refusal.value.hint is not None
    assert "a (1.0)" in refusal.value.hint


def test_a_source_is_found_by_its_name_in_any_case() -> None:
    (operation,) = make_plan(
        [locked("a", source=RegistrySource("PRIVATE"))], {}, project(PRIVATE), PLAIN
    ).operations
    assert operation.index == PRIVATE
    assert operation.source == "private (https://private.invalid/simple)"


@pytest.mark.parametrize(
    ("package", "index", "text"),
    [
        (locked("a"), DEFAULT_INDEX, "the default index"),
        (locked("a"), PRIVATE, "private (https://private.invalid/simple)"),
        (
            locked("a", source=GitSource("https://u:p@x.invalid/a", "main", COMMIT, None)),
            None,
            f"git+https://x.invalid/a@{COMMIT}",
        ),
        (
            locked("a", source=GitSource("https://x.invalid/a", "main", None, None)),
            None,
            "git+https://x.invalid/a@main",
        ),
        (
            locked("a", source=GitSource("https://x.invalid/a", None, None, None)),
            None,
            "git+https://x.invalid/a@HEAD",
        ),
        (
            locked("a", source=UrlSource("https://u:p@x.invalid/a.zip?sig=1", None)),
            None,
            "https://x.invalid/a.zip?...",
        ),
        (locked("a", source=FileSource("../a.zip", None)), None, "../a.zip"),
        (locked("a", source=DirectorySource("../a")), None, "../a"),
    ],
)
def test_where_files_come_from(package: LockedPackage, index: Index | None, text: str) -> None:
    assert source_text(package, index) == text


def operation(action: Action) -> Operation:
    return Operation(locked("a").name, "1.0", action, "")


def test_what_is_uv_s_and_what_is_poetry_s() -> None:
    plan = Plan(tuple(operation(action) for action in Action))
    assert [each.action for each in plan.bulk] == [Action.INSTALL, Action.REINSTALL]
    assert plan.having(Action.KEEP, Action.REMOVE) == (
        operation(Action.KEEP),
        operation(Action.REMOVE),
    )
    assert plan.leaves_work_to_poetry


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.DEFER])
def test_nothing_is_left_to_poetry_unless_it_is_deferred(action: Action) -> None:
    assert not Plan((operation(action),)).leaves_work_to_poetry


def test_a_handover_leaves_everything_to_poetry() -> None:
    assert Plan((), Handover.UNKNOWN_INTERPRETER).leaves_work_to_poetry


def test_sync_does_not_spare_a_locked_pip_that_the_solution_leaves_out() -> None:
    pip = normalize_name("pip")
    policy = Policy(BuildPolicy(), sync=True, unreached=frozenset({pip}))
    plan = make_plan((), installed(distribution("pip")), project(), policy)
    assert [each.name for each in plan.having(Action.REMOVE)] == ["pip"]


def test_what_turns_out_to_be_poetry_s_is_deferred_and_nothing_else() -> None:
    """Neither what is kept nor what has a reason already."""
    present = installed(distribution("kept", "1.0"), distribution("old", "0.9"))
    packages = [locked(name) for name in ("kept", "new", "old")]
    odd = locked("odd", files=[])
    plan = make_plan([*packages, odd], present, project(), PLAIN)
    names = [normalize_name(name) for name in ("kept", "old", "odd", "absent")]
    left = plan.leaving(dict.fromkeys(names, Deferral.EQUAL_FILES))
    assert [(each.name, each.action, each.reason) for each in left.operations] == [
        ("kept", Action.KEEP, ""),
        ("new", Action.INSTALL, ""),
        ("odd", Action.DEFER, Deferral.NO_HASHES.value),
        ("old", Action.DEFER, Deferral.EQUAL_FILES.value),
    ]


LEGACY = distribution("a", "0.9", is_legacy=True)


def test_an_egg_info_is_poetry_s_to_replace_and_to_remove() -> None:
    reason = Deferral.LEGACY.value
    found = installed(LEGACY, distribution("b", "1.0", is_legacy=True))
    assert the_plan(locked("a"), present=found, policy=SYNC) == [
        ("a", "1.0", Action.DEFER, reason),
        ("b", "1.0", Action.DEFER, reason),
    ]
    assert the_plan(locked("a", "0.9"), present=found) == [("a", "0.9", Action.KEEP, "")]


@pytest.mark.parametrize("order", [1, -1])
def test_an_egg_info_beside_another_installation(order: int) -> None:
    """uv removes all of a name, or fails at it."""
    found = installed(*[distribution("a", "0.8"), LEGACY][::order])
    [(_, _, action, reason)] = the_plan(locked("a"), present=found)
    assert (action, reason) == (Action.DEFER, Deferral.LEGACY.value)


def test_what_is_installed_twice_is_installed_again() -> None:
    found = installed(distribution("a", "1.0"), distribution("a", "1.9"))
    reason = "1.9 is installed beside it"
    assert the_plan(locked("a"), present=found) == [("a", "1.0", Action.REINSTALL, reason)]
    hidden = installed(distribution("a"), distribution("a", "1.9", is_system=True))
    assert the_plan(locked("a"), present=hidden) == [("a", "1.0", Action.KEEP, "")]


DISPROVED = Policy(BuildPolicy(), disproved={normalize_name("a"): "came from elsewhere"})


def test_what_the_receipt_disproves_is_installed_again() -> None:
    found = installed(distribution("a"), distribution("b"))
    assert the_plan(locked("a"), locked("b"), present=found, policy=DISPROVED) == [
        ("a", "1.0", Action.REINSTALL, "came from elsewhere"),
        ("b", "1.0", Action.KEEP, ""),
    ]


@pytest.mark.parametrize(
    "present", [distribution("a", is_system=True), distribution("a", has_checkout=True)]
)
def test_what_poetry_would_leave_is_not_left_to_it(present: Distribution) -> None:
    """Poetry sees nothing wrong: to defer it would be to keep it, on every run."""
    found = installed(present)
    assert the_plan(locked("a"), present=found, policy=DISPROVED)[0][2] is Action.KEEP
    without_hash = locked("a", files=())
    assert the_plan(without_hash, present=found, policy=DISPROVED)[0][2] is Action.KEEP
