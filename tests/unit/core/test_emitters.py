"""The map as files for others: constraints, a file for each index, a pylock.toml."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from packaging.pylock import Pylock
from support.environments import LINUX_X86, environment
from support.fakes import digest, locked, project, requirement, sdist, wheel

from hybrid_install.core.deferral import BuildPolicy
from hybrid_install.core.emitters.exported import Exported, export_all, export_one
from hybrid_install.core.emitters.pylock_toml import Scope, pylock_text
from hybrid_install.core.emitters.requirements_txt import (
    WITHOUT_INDEX,
    constraints_text,
    is_ours,
    per_source,
    requirements_text,
)
from hybrid_install.core.lockfile import Lockfile
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    DirectorySource,
    FileSource,
    GitSource,
    Index,
    RegistrySource,
    normalize_name,
)
from hybrid_install.core.plan import Policy
from hybrid_install.core.pylock import OfferedFile, PinnedFile, choose_all
from hybrid_install.core.requirements import RequirementsMap
from hybrid_install.core.selection import Wanted
from hybrid_install.core.universal import select_everywhere
from hybrid_install.core.uv_config import NamedIndex
from hybrid_install.errors import ToolError

ALPHA = Index("Alpha Mirror", "https://me:secret@alpha.invalid/simple")
SAME = Index("alpha/mirror", "https://same.invalid/simple")
PROJECT = project(DEFAULT_INDEX, ALPHA, SAME)
COMMIT = "c0ffee" * 6 + "beef"
NAMED = {
    DEFAULT_INDEX: NamedIndex("hi0", "https://default.invalid/simple"),
    ALPHA: NamedIndex("hi1", "https://alpha.invalid/simple"),
    SAME: NamedIndex("hi2", "https://same.invalid/simple"),
}

FILE = wheel("by-file")
PACKAGES = [
    locked("b", files=[wheel("b"), sdist("b")]),
    locked("a", "2.0+cpu", source=RegistrySource("alpha mirror")),
    locked("c", source=RegistrySource("alpha/mirror")),
    locked("from-git", source=GitSource("https://x.invalid/g", "main", COMMIT, "sub"), files=[]),
    locked("by-file", source=FileSource(f"vendor/{FILE.name}", None, "/src/f.whl"), files=[FILE]),
    locked("folder", source=DirectorySource("../folder", "/folder"), files=[]),
    replace(locked("editable", source=DirectorySource("editable"), files=[]), develop=True),
    locked("odd", files=[]),
]


def exported() -> Exported:
    return export_one(PACKAGES, PROJECT, Policy(BuildPolicy()), "here")


def test_constraints_are_pins_alone() -> None:
    head, pins, editable, left = constraints_text(exported()).split("\n\n")
    assert head == "# The constraints of poetry.lock for here, by hybrid-install."
    names = ["a===2.0+cpu", "b===1.0", "by-file===1.0", "c===1.0", "folder===1.0", "from-git===1.0"]
    assert pins.splitlines() == names
    assert editable == "# editable, which no constraint can be:\n# editable 1.0"
    assert left.startswith("# left to Poetry:\n# odd 1.0")


def test_a_file_for_each_index_with_a_name_of_its_own() -> None:
    files = per_source(exported())
    assert list(files) == [
        "requirements-pypi.txt",
        "requirements-alpha-mirror.txt",
        "requirements-alpha-mirror-2.txt",
        WITHOUT_INDEX,
    ]
    assert all(is_ours(text) for text in files.values())
    assert (
        "# index: Alpha Mirror https://alpha.invalid/simple\na===2.0+cpu"
        in files["requirements-alpha-mirror.txt"]
    )
    assert "-e ./editable\n" in files[WITHOUT_INDEX]
    assert "# odd 1.0" in files[WITHOUT_INDEX]
    assert "secret" not in "".join(files.values())


def test_what_is_not_ours_is_told_apart() -> None:
    assert is_ours(requirements_text(exported()))
    assert is_ours(constraints_text(exported()))
    assert not is_ours("# The requirements map of poetry.lock for here\n")
    assert not is_ours("\n" + requirements_text(exported()))


def test_all_environments_keep_their_markers_and_versions() -> None:
    lock = Lockfile.from_dict(
        {
            "metadata": {"lock-version": "2.1"},
            "package": [
                {
                    "name": "a",
                    "version": version,
                    "groups": ["main"],
                    "markers": f'sys_platform {operator} "linux"',
                    "files": [{"file": f"a-{version}-py3-none-any.whl", "hash": "sha256:00"}],
                }
                for version, operator in (("1.0", "=="), ("2.0", "!="))
            ],
        }
    )
    everything = Wanted(frozenset({normalize_name("main")}), frozenset())
    selected = select_everywhere(lock, everything)
    everywhere = export_all(selected, project(DEFAULT_INDEX), Policy(BuildPolicy()), "all")
    assert everywhere.deferred == ()
    assert 'a===1.0 ; sys_platform == "linux" \\\n    --hash=sha256:00\n' in requirements_text(
        everywhere
    )
    assert 'a===2.0 ; sys_platform != "linux"\n' in constraints_text(everywhere)


def pinned(name: str, version: str) -> PinnedFile:
    file = wheel(name, version)
    return PinnedFile(file.name, f"https://x.invalid/{file.name}", file.hash, 7)


def test_a_pylock_is_one_and_lies_where_it_lies() -> None:
    mapped = exported()
    files = {it: (pinned(it.name, it.version),) for it in mapped.requirements.requirements}
    scope = Scope(environment("3.11.4", LINUX_X86), None, "..")
    text = pylock_text(mapped, files, NAMED, scope)

    document = tomllib.loads(text)
    Pylock.from_dict(document).validate()
    packages = {package["name"]: package for package in document["packages"]}
    assert packages["folder"]["directory"]["path"] == "../../folder"
    assert packages["editable"]["directory"] == {"path": "../editable", "editable": True}
    assert packages["by-file"]["archive"]["path"] == f"../vendor/{FILE.name}"
    assert packages["a"]["index"] == "https://alpha.invalid/simple"
    (made_for,) = document["environments"]
    assert made_for.startswith('implementation_name == "cpython" and python_version == "3.11" and')
    assert "# left to Poetry: odd 1.0: " in text


def test_what_is_provided_is_named_in_a_comment() -> None:
    policy = Policy(BuildPolicy(), provided={normalize_name("a"): ""})
    mapped = export_one(PACKAGES, PROJECT, policy, "here")
    files = {it: (pinned(it.name, it.version),) for it in mapped.requirements.requirements}
    text = pylock_text(mapped, files, NAMED, Scope(None, None))
    assert "# provided by the environment: a 2.0+cpu\n" in text
    assert "a" not in [package["name"] for package in tomllib.loads(text)["packages"]]
    assert "# provided by the environment:\n# a 2.0+cpu\n" in requirements_text(mapped)


@pytest.mark.parametrize("url", ["https://x.invalid/w.whl?sig=s", "https://u:p@x.invalid/w.whl"])
def test_a_signed_url_is_in_no_lock_file(url: str) -> None:
    mapped = Exported("all", RequirementsMap(((DEFAULT_INDEX, (requirement("a"),)),)))
    files = {requirement("a"): (PinnedFile("w.whl", url, wheel("a").hash, None),)}
    with pytest.raises(ToolError, match=r"those of these packages .*: a \(PyPI\)"):
        pylock_text(mapped, files, NAMED, Scope(None, ">=3.9"))


def test_all_locked_files_that_are_offered_are_named() -> None:
    wanted = requirement("a", files=[wheel("a"), wheel("a", tag="cp311-cp311-x"), sdist("a")])
    offer = (
        *(OfferedFile(f"https://x.invalid/{f.name}", (f.hash,)) for f in wanted.files[1:]),
        OfferedFile("https://x.invalid/a-1.0-py2-none-any.whl", (sdist("b").hash,)),
    )
    chosen = choose_all(wanted, offer)
    assert [file.name for file in chosen] == ["a-1.0-cp311-cp311-x.whl", "a-1.0.tar.gz"]
    mapped = Exported("all", RequirementsMap(((DEFAULT_INDEX, (wanted,)),)))
    document = tomllib.loads(pylock_text(mapped, {wanted: chosen}, NAMED, Scope(None, ">=3.9")))
    Pylock.from_dict(document).validate()
    (package,) = document["packages"]
    assert package["sdist"]["hashes"] == {"sha256": digest("a-1.0.tar.gz")}
    assert len(package["wheels"]) == 1
    assert document["requires-python"] == ">=3.9"
    assert choose_all(wanted, ()) == ()
