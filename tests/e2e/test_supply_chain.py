"""Nothing gets in but the locked files from their own indexes, whatever is tried.

Each attempt is a row: what somebody could say to uv, to pip or to us, and what an index could do
after the lock was written. `verify --deep` proves each result afterwards.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from support.compare import versions
from support.index import Archive, Index, Request, Source
from support.lab import Lab
from support.projects import Project, write_files
from support.wheels import Release, Sdist, Wheel, sha256

SYSTEM = {"linux": "manylinux_2_17", "darwin": "macosx_11_0"}[sys.platform]
NATIVE = f"py3-none-{SYSTEM}_{platform.machine()}"

ALPHA = Wheel(Release("alpha", "1.0", flavour="locked"))
BRAVO = Wheel(Release("bravo", "1.0", flavour="locked"))


def evil(name: str, version: str = "1.0") -> Release:
    """What must never be installed."""
    return Release(name, version, flavour="evil")


def evils(name: str) -> list[Archive]:
    """Everything by which another index could be preferred."""
    return [
        Wheel(evil(name)),
        Wheel(evil(name), tag=NATIVE),
        Wheel(evil(name), build="9"),
        Wheel(evil(name, "1.0+evil")),
        Wheel(evil(name, "1.0.post1")),
        Wheel(evil(name, "99.0")),
        Sdist(evil(name)),
    ]


@dataclass(frozen=True)
class Fortress:
    """A project of two packages, each from an index of its own, and an index that is neither."""

    lab: Lab
    project: Project
    first: Source
    second: Source
    hostile: Source

    @property
    def url(self) -> str:
        """The hostile index."""
        return self.lab.index.url(self.hostile)

    def write(self, file: str, text: str) -> str:
        """A file beside the project's folder; its path."""
        write_files(self.lab.folder, {file: text})
        return str(self.lab.folder / file)

    def flavours(self) -> dict[str, str]:
        """Which files were installed, by what their modules say."""
        found = self.project.venv.glob("lib/python3*/site-packages/*/__init__.py")
        texts = {path.parent.name: path.read_text("utf-8") for path in found}
        return {
            name: text.partition('FLAVOUR = "')[2].partition('"')[0]
            for name, text in texts.items()
            if name != "pip"
        }

    def assert_holds(self, requests: list[Request]) -> None:
        """Both as locked, each from its own index, and nobody else was asked.

        Nobody was told who somebody is: the project has no credentials for either index.
        """
        assert not [each for each in requests if each.authorized]
        assert self.flavours() == {"alpha": "locked", "bravo": "locked"}
        assert not [each for each in requests if each.path.startswith(f"/{self.hostile.name}/")]
        asked = {tuple(each.path.strip("/").split("/")[::2]) for each in requests}
        assert {name for source, name in asked if source == self.first.name} <= {
            "alpha", ALPHA.filename, f"{ALPHA.filename}.metadata",
        }  # fmt: skip
        assert {name for source, name in asked if source == self.second.name} <= {
            "bravo", BRAVO.filename, f"{BRAVO.filename}.metadata",
        }  # fmt: skip
        self.assert_receipt()
        self.lab.install(self.project, "verify", "--deep")

    def assert_receipt(self) -> None:
        """It names the locked hash and the index of each."""
        document = json.loads((self.project.venv / "hybrid-install.json").read_text("utf-8"))
        seen = {each["name"]: each for each in document["packages"]}
        for wheel, source in ((ALPHA, self.first), (BRAVO, self.second)):
            text = json.dumps(seen[wheel.name])
            assert sha256(wheel.content) in text
            assert source.name in text


@pytest.fixture(scope="session")
def sources(index: Index) -> tuple[Source, Source]:
    """Their names are in the lock, which is thereby one for all tests, whatever their order."""
    return index.source("fortress-first"), index.source("fortress-second")


@pytest.fixture
def fortress(lab: Lab, stage: Path, sources: tuple[Source, Source]) -> Fortress:
    """What interpreters have said of themselves is shared, and pip left out: for speed alone."""
    first, second = sources
    for source, wheel in ((first, ALPHA), (second, BRAVO)):
        source.yanked.clear()
        source.archives.clear()
        source.offer(wheel)
    lab.environ["HYBRID_INSTALL_CACHE_DIR"] = str(stage / "fortress-cache")
    lab.environ["POETRY_VIRTUALENVS_OPTIONS_NO_PIP"] = "true"
    pinned = {"bravo": {"source": second.name}}
    spec = lab.spec("alpha", "bravo", sources=(first, second), pinned=pinned, package_mode=False)
    hostile = lab.source(*evils("alpha"), *evils("bravo"))
    return Fortress(lab, lab.project(spec), first, second, hostile)


Attempt = Callable[[Fortress], Mapping[str, str]]
"""Prepares what it needs, and returns the variables that it sets."""


def variable(name: str, value: str = "{url}", **more: str) -> tuple[str, Attempt]:
    """A row for variables; `{url}` is the hostile index, `{99}` a file with other pins."""

    def attempt(fortress: Fortress) -> Mapping[str, str]:
        pins = fortress.write("99.txt", "alpha==99.0\nbravo==99.0\n")
        texts = {name: value, **more}
        return {
            key: text.replace("{url}", fortress.url).replace("{99}", pins)
            for key, text in texts.items()
        }

    return name, attempt


def file(name: str, text: str, variable: str = "") -> tuple[str, Attempt]:
    """A row for a file, named by `variable` if there is one."""

    def attempt(fortress: Fortress) -> Mapping[str, str]:
        written = text.replace("{url}", fortress.url)
        path = fortress.write(name.replace("{project}", fortress.project.folder.name), written)
        return {variable: path} if variable else {}

    return variable or name, attempt


def table_of_uv(fortress: Fortress) -> Mapping[str, str]:
    """`[tool.uv]` is no part of Poetry's content-hash."""
    path = fortress.project.pyproject
    lines = UV_TOML.replace("{url}", fortress.url).replace("[[index]]", "[[tool.uv.index]]")
    lines = lines.replace("[pip]", "[tool.uv.pip]")
    sources = '[tool.uv.sources]\nalpha = { index = "evil" }\nbravo = { index = "evil" }\n'
    path.write_text(f"{path.read_text('utf-8')}\n[tool.uv]\n{lines}\n{sources}", "utf-8")
    return {}


def cache_of_uv(fortress: Fortress) -> Mapping[str, str]:
    """The same names and versions are in uv's cache, from an index that has others."""
    lab = fortress.lab
    other = lab.source(Wheel(evil("alpha")), Wheel(evil("bravo")))
    spec = lab.spec("alpha", "bravo", sources=(other,), name="neighbour", package_mode=False)
    lab.install(lab.project(spec))
    return {}


def folder_of_others(fortress: Fortress) -> Mapping[str, str]:
    """Files of the locked names with other contents, in the folder that we are told to look in."""
    folder = fortress.lab.folder / "house"
    write_files(folder, {each.filename: Wheel(evil(each.name)).content for each in (ALPHA, BRAVO)})
    return {"HYBRID_INSTALL_FIND_LINKS": str(folder)}


UV_TOML = """\
index-strategy = "unsafe-best-match"
override-dependencies = ["alpha==99.0", "bravo==99.0"]
constraint-dependencies = ["alpha==99.0"]
no-binary = true
[[index]]
name = "evil"
url = "{url}"
default = true
[pip]
index-url = "{url}"
extra-index-url = ["{url}"]
verify-hashes = false
"""

PIP_CONF = "[global]\nindex-url = {url}\nextra-index-url = {url}\nno-binary = :all:\n"

NETRC = "machine 127.0.0.1 login mallory password evil\n"

SAID = dict(
    [
        variable("UV_INDEX", "evil={url}"),
        variable("UV_DEFAULT_INDEX"),
        variable("UV_INDEX_URL"),
        variable("UV_EXTRA_INDEX_URL"),
        variable("UV_FIND_LINKS", "{url}/alpha/"),
        variable("UV_INDEX_STRATEGY", "unsafe-best-match", UV_EXTRA_INDEX_URL="{url}"),
        variable("UV_NO_VERIFY_HASHES", "1", UV_INDEX="{url}"),
        variable("UV_OVERRIDE", "{99}"),
        variable("UV_CONSTRAINT", "{99}"),
        variable("UV_BUILD_CONSTRAINT", "{99}"),
        variable("UV_EXCLUDE", "{99}"),
        variable("UV_EXCLUDE_NEWER", "2001-01-01"),
        variable("UV_NO_BINARY", "1", UV_INDEX="{url}"),
        variable("UV_TORCH_BACKEND", "cpu"),
        variable("UV_REQUIRE_HASHES", "0", UV_INDEX="{url}"),
        variable("UV_INDEX_HI0_USERNAME", "mallory", UV_INDEX_HI0_PASSWORD="evil"),  # noqa: S106
        variable("PIP_INDEX_URL"),
        variable("PIP_EXTRA_INDEX_URL"),
        variable("PIP_FIND_LINKS", "{url}/alpha/"),
        variable("PIP_CONSTRAINT", "{99}"),
        variable("PIP_NO_BINARY", ":all:"),
        file("elsewhere/uv.toml", UV_TOML, "UV_CONFIG_FILE"),
        file("elsewhere/env", "UV_INDEX={url}\nUV_INDEX_URL={url}\n", "UV_ENV_FILE"),
        file("elsewhere/pip.conf", PIP_CONF, "PIP_CONFIG_FILE"),
        file("elsewhere/netrc", NETRC, "NETRC"),
        file("{project}/uv.toml", UV_TOML),
        file("{project}/.env", "UV_INDEX={url}\n"),
        file("{project}/pip.conf", PIP_CONF),
        file("uv.toml", UV_TOML),
        file("sandbox/config/uv/uv.toml", UV_TOML),
        file("sandbox/config/pip/pip.conf", PIP_CONF),
        file("sandbox/home/.pip/pip.conf", PIP_CONF),
        file("sandbox/home/.netrc", NETRC),
        ("[tool.uv]", table_of_uv),
        ("uv's cache", cache_of_uv),
        ("--find-links", folder_of_others),
    ]
)
"""What is said to the tools by whoever is not the lock."""


FIRST = frozenset(
    {
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_STRATEGY",
        "UV_NO_VERIFY_HASHES",
        "UV_OVERRIDE",
        "UV_CONFIG_FILE",
        "PIP_EXTRA_INDEX_URL",
        "NETRC",
        "{project}/uv.toml",
        "sandbox/config/uv/uv.toml",
        "[tool.uv]",
        "uv's cache",
        "--find-links",
    }
)
"""Those that are tried on each change."""


def rows() -> list[ParameterSet]:
    """All attempts; the others take their time."""
    assert SAID.keys() >= FIRST
    return [
        pytest.param(attempt, id=name, marks=[] if name in FIRST else pytest.mark.extended)
        for name, attempt in SAID.items()
    ]


@pytest.mark.parametrize("attempt", rows())
def test_nobody_but_the_lock_says_what_is_installed(fortress: Fortress, attempt: Attempt) -> None:
    variables = attempt(fortress)
    with fortress.lab.index.watched() as requests:
        fortress.lab.install(fortress.project, **variables)
    fortress.assert_holds(requests)


@pytest.mark.extended
def test_nor_all_of_them_together_by_the_other_feed(fortress: Fortress) -> None:
    variables: dict[str, str] = {}
    for attempt in SAID.values():
        variables |= attempt(fortress)
    del variables["HYBRID_INSTALL_FIND_LINKS"]  # It needs the feed that is the default.
    with fortress.lab.index.watched() as requests:
        fortress.lab.install(fortress.project, "--feed", "requirements", **variables)
    fortress.assert_holds(requests)


def offering(*archives: Archive) -> Callable[[Fortress], None]:
    """The first index has these too."""

    def offer(fortress: Fortress) -> None:
        fortress.first.offer(*archives)

    return offer


def yank(fortress: Fortress) -> None:
    fortress.first.yanked.add(ALPHA.filename)


def outdo(fortress: Fortress) -> None:
    """The locked file is yanked, and there are others of all kinds."""
    yank(fortress)
    fortress.first.offer(*evils("alpha")[1:])


def confuse(fortress: Fortress) -> None:
    """Each index has the name that is locked to the other one."""
    fortress.first.offer(*evils("bravo"))
    fortress.second.offer(*evils("alpha"))


DONE = {
    "higher version": offering(Wheel(evil("alpha", "99.0"))),
    "local version": offering(Wheel(evil("alpha", "1.0+evil"))),
    "post release": offering(Wheel(evil("alpha", "1.0.post1"))),
    "better tag": offering(Wheel(evil("alpha"), tag=NATIVE)),
    "higher build": offering(Wheel(evil("alpha"), build="9")),
    "sdist": offering(Sdist(evil("alpha"))),
    "name of the other index": confuse,
    "yanked": yank,
    "yanked, with better ones": outdo,
}
"""What an index has done since the lock was written."""


@pytest.mark.parametrize("change", DONE.values(), ids=DONE)
def test_what_an_index_has_done_since(
    fortress: Fortress, change: Callable[[Fortress], None]
) -> None:
    change(fortress)
    with fortress.lab.index.watched() as requests:
        fortress.lab.install(fortress.project)
    fortress.assert_holds(requests)


TAMPERED = BRAVO.tampered


@pytest.mark.parametrize("feed", ["pylock", "requirements"])
@pytest.mark.parametrize("stated", [sha256(TAMPERED), sha256(BRAVO.content)], ids=["new", "old"])
def test_other_contents_end_the_run(fortress: Fortress, feed: str, stated: str) -> None:
    """Whether the index admits it or not; afterwards `verify` finds nothing of it installed."""
    lab, project = fortress.lab, fortress.project
    with lab.index.misbehaving(
        contents={BRAVO.filename: TAMPERED}, advertised={BRAVO.filename: stated}
    ):
        refused = lab.refuse(project, "--feed", feed)
    assert "hash mismatch" in refused.stderr.lower()
    for word in ("bravo", BRAVO.filename, fortress.second.name):
        assert word in refused.stderr, str(refused)
    # The other feed installs index by index.
    assert set(versions(project.venv)) <= ({"alpha"} if feed == "requirements" else set())
    assert "bravo" in lab.refuse(project, "verify").output

    lab.install(project, "--feed", feed)
    lab.install(project, "verify", "--deep")
    assert fortress.flavours() == {"alpha": "locked", "bravo": "locked"}


def test_a_better_file_does_not_replace_what_is_there(fortress: Fortress) -> None:
    """Nor do a second run, `--sync` and a run that takes nothing from earlier ones."""
    lab, project = fortress.lab, fortress.project
    lab.install(project)
    fortress.first.offer(*evils("alpha")[1:])
    for options in ((), ("--sync",), ("--no-receipt",)):
        with lab.index.watched() as requests:
            lab.install(project, *options, UV_INDEX=fortress.url)
        fortress.assert_holds(requests)


def test_what_a_build_requires_is_from_the_project_s_indexes(lab: Lab) -> None:
    """It is in no lock; at least nobody else brings it."""
    tool = Wheel(Release("buildtool", "1.5"))
    source = lab.source(Sdist(Release("charlie"), ("buildtool",)), tool)
    project = lab.project(lab.spec("charlie", sources=(source,), package_mode=False))
    hostile = lab.source(Wheel(Release("buildtool", "99.0")))
    url = lab.index.url(hostile)
    variables = {"UV_INDEX": url, "UV_EXTRA_INDEX_URL": url, "PIP_EXTRA_INDEX_URL": url}
    with lab.index.watched() as requests:
        lab.install(project, **variables, UV_INDEX_STRATEGY="unsafe-best-match")
    assert not [each for each in requests if each.path.startswith(f"/{hostile.name}/")]
    (built,) = project.venv.glob("lib/python3*/site-packages/charlie/built_with.txt")
    assert json.loads(built.read_text("utf-8")) == {"buildtool": "1.5"}
    lab.install(project, "verify", "--deep")
