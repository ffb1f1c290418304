"""A secret in every place at once: none of them gets anywhere but to the server it is for."""

from __future__ import annotations

import base64
import shlex
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from support.cli import CommandLines
from support.figures import FIGURES, Figure
from support.git import SecureGitServer, repository
from support.index import Account, Source
from support.keyrings import keyring
from support.lab import Lab
from support.projects import Project, Spec, write_files
from support.sandbox import Result
from support.tls import make_authority
from support.wheels import Release, Wheel, sha256, source_tree

# A password has what must be escaped in a url, in TOML, in JSON and in a shell.
BY_VARIABLE = Account("clerk", "variable-Pa$s%2F/word+1")
BY_FILE = Account("clerk", 'file-Pa"s\\word@2')
BY_KEYRING = Account("clerk", "keyring-Pa's:word#3")
BY_URL = Account("clerk", "url-Pa&ss~word=4")
BY_TOKEN = Account("glpat-Token-5-of-a-repository", "")
BY_QUERY = Account("", "signature-6-of-an-archive")

ACCOUNTS = (BY_VARIABLE, BY_FILE, BY_KEYRING, BY_URL, BY_TOKEN, BY_QUERY)


def forms(account: Account) -> set[str]:
    """Every way in which a tool may write it down."""
    secret = account.password or account.username
    in_json = secret.replace("\\", "\\\\").replace('"', '\\"')
    header = account.header.removeprefix("Basic ")
    alone = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        in_json,
        repr(secret)[1:-1],
        header,
        alone,
    }


SECRETS = frozenset(form for account in ACCOUNTS for form in forms(account))

# The query of an archive's url is a part of what is locked: an export has it, as the lock has.
# uv's cache has it, and so has direct_url.json.
ON_DISK = SECRETS - forms(BY_QUERY)


@dataclass
class Searched:
    """Where was looked for how many secrets, and what was found."""

    texts: int = 0
    files: int = 0
    found: list[str] = field(default_factory=list)

    def text(self, what: str, text: str, secrets: frozenset[str] = SECRETS) -> None:
        self.texts += 1
        self.found += [
            f"{form!r} in {what}: {line}"
            for form in secrets
            for line in text.splitlines()
            if form in line
        ]

    def folder(self, folder: Path, *, but: frozenset[Path]) -> None:
        for path in folder.rglob("*"):
            if not path.is_file() or path.is_symlink() or path in but:
                continue
            self.files += 1
            content = path.read_bytes()
            self.found += [f"{form!r} in {path}" for form in ON_DISK if form.encode() in content]

    def assert_nothing_found(self) -> None:
        FIGURES[Figure.PLACES_OF_SECRETS] += self.texts + self.files
        FIGURES[Figure.SECRETS_FOUND] += len(self.found)
        assert not self.found, "\n".join(self.found)


@dataclass(frozen=True)
class Scene:
    """A project with a secret in every place, and the diaries of the tools that it is given to."""

    lab: Lab
    project: Project
    sources: dict[Account, Source]
    diary: Path
    sources_of_credentials: frozenset[Path]
    searched: Searched = field(default_factory=Searched)

    def run(self, *options: str, **variables: str) -> Result:
        """Run the command, with an eye on every process and every word."""
        mark = f"secrets-{self.project.fingerprint}-{len(options)}"
        with CommandLines.watched(mark) as watching:
            result = self.lab.hybrid_install(
                *options, cwd=self.project.folder, TEST_MARK=mark, **variables
            )
        assert watching.seen
        is_export = options[0] == "export"
        self.searched.text(f"stdout of {options}", result.stdout, ON_DISK if is_export else SECRETS)
        self.searched.text(f"stderr of {options}", result.stderr)
        for line in watching.seen:
            self.searched.text("the arguments of a process", line)
        return result

    def search(self) -> Searched:
        """All that is there, and that the tools were told."""
        if self.diary.exists():
            self.searched.text("the arguments of a tool", self.diary.read_text("utf-8"))
        self.searched.folder(self.lab.folder, but=self.sources_of_credentials | self._by_poetry)
        return self.searched

    @property
    def _by_poetry(self) -> frozenset[Path]:
        """What Poetry itself notes of a repository, to the byte, in each of its environments."""
        found = list(self.project.venv.rglob("golf-1.0.dist-info"))
        assert all((it / "INSTALLER").read_text().startswith("Poetry") for it in found)
        checkout = self.project.venv / "src" / "golf" / ".git" / "config"
        return frozenset({*(it / "direct_url.json" for it in found), checkout})


def wheel(name: str) -> Wheel:
    return Wheel(Release(name))


NAMES = {BY_VARIABLE: "alpha", BY_FILE: "bravo", BY_KEYRING: "charlie", BY_URL: "delta"}

_DIARY = "#!{python}\nimport sys\nopen({diary!r}, 'a').write(' '.join(sys.argv) + '\\n')\n"
_POETRY = _DIARY + "from poetry.console.application import main\nsys.exit(main())\n"
_UV = _DIARY + "import os\nos.execv({uv!r}, [{uv!r}, *sys.argv[1:]])\n"


@pytest.fixture
def scene(lab: Lab) -> Iterator[Scene]:
    """The secrets in variables, auth.toml, a keyring, the url of a source and that of a repository."""
    sources = {who: lab.source(wheel(name), account=who) for who, name in NAMES.items()}
    authority = make_authority(lab.folder / "authority")
    config, home = lab.folder / "own-config", lab.folder / "own-home"
    name = sources[BY_FILE].name
    escaped = BY_FILE.password.replace("\\", "\\\\").replace('"', '\\"')
    table = f'[http-basic.{name}]\nusername = "{BY_FILE.username}"\npassword = "{escaped}"\n'
    trust = f"[http]\n\tsslCAInfo = {authority.certificate}\n"
    write_files(lab.folder, {"own-config/auth.toml": table, "own-home/.gitconfig": trust})
    service = lab.index.url(sources[BY_KEYRING])
    keyring(lab, {service: (BY_KEYRING.username, BY_KEYRING.password)})
    variable = f"POETRY_HTTP_BASIC_{sources[BY_VARIABLE].name.upper()}"
    lab.environ.update(
        {
            f"{variable}_USERNAME": BY_VARIABLE.username,
            f"{variable}_PASSWORD": BY_VARIABLE.password,
            "POETRY_CONFIG_DIR": str(config),
            "POETRY_INSTALLER_PARALLEL": "false",
            "HOME": str(home),
        }
    )
    with SecureGitServer(lab.folder / "served", authority, BY_TOKEN) as server:
        repository(lab.folder / "served" / "golf", source_tree(Release("golf")))
        in_git = server.url("golf").replace("://", f"://{BY_TOKEN.username}@")
        yield Scene(
            lab, project := _project(lab, sources, in_git), sources, _tools(lab),
            frozenset({
                project.pyproject, project.lock, config / "auth.toml",
                *(lab.folder / "backend").rglob("*"),
            }),
        )  # fmt: skip


def _project(lab: Lab, sources: dict[Account, Source], in_git: str) -> Project:
    urls = {source.name: lab.index.url(source) for source in sources.values()}
    pair = f"{BY_URL.username}:{quote(BY_URL.password, safe='')}"
    named = sources[BY_URL].name
    urls[named] = urls[named].replace("://", f"://{pair}@")
    pinned: dict[str, dict[str, str]] = {
        name: {"version": "*", "source": sources[who].name} for who, name in NAMES.items()
    }
    pinned["golf"] = {"git": in_git}
    hotel = lab.source(wheel("hotel"))
    signed = f"{lab.index.file_url(hotel, wheel('hotel'))}?signature={BY_QUERY.password}"
    pinned["hotel"] = {"url": signed}
    return lab.project(Spec(urls, tuple(pinned), pinned=pinned))


def _tools(lab: Lab) -> Path:
    """uv and Poetry, which write down what they are told before they do it."""
    from hybrid_install.tools.uv import find

    diary, folder = lab.folder / "diary.txt", lab.folder / "tools"
    uv = str(find({}, None).path)  # type: ignore[arg-type]
    facts = {"python": sys.executable, "diary": str(diary), "uv": uv}
    write_files(folder, {"uv": _UV.format(**facts), "poetry": _POETRY.format(**facts)})
    for tool in folder.iterdir():
        tool.chmod(0o755)
    lab.environ["HYBRID_INSTALL_UV"] = str(folder / "uv")
    lab.environ["HYBRID_INSTALL_POETRY"] = str(folder / "poetry")
    return diary


FORMATS = ("requirements", "constraints", "pylock", "json")


def test_a_good_run_and_all_that_tells_of_it(scene: Scene) -> None:
    for command in (
        "plan --json",
        "plan",
        "install --dry-run",
        "install -vvv",
        "install -v --sync",
    ):
        assert scene.run(*shlex.split(command)).exit_code == 0
    for command in ("verify --json", "cache-key", "check", "--version"):
        scene.run(*shlex.split(command))
    for command in ("doctor", "doctor --json -vvv", "init", "init --sizes -vvv"):
        assert scene.run(*shlex.split(command)).exit_code == 0
    for form in FORMATS:
        name = "pylock.toml" if form == "pylock" else f"exported-{form}"
        for how in ((), ("--universal",)):
            scene.run("export", "--format", form, *how)
            scene.run("export", "--format", form, *how, "--output", name, "-vvv")
    scene.run("download", "--output", "wheelhouse", "-vvv")
    searched = scene.search()
    told = scene.diary.read_text("utf-8")
    assert "pip install" in told
    assert "/poetry install" in told
    searched.assert_nothing_found()


def unauthorized(scene: Scene) -> AbstractContextManager[None]:
    for source in scene.sources.values():
        source.account = Account("clerk", "another-one")
    return nullcontext()


def wrong_hash(scene: Scene) -> AbstractContextManager[None]:
    files = [wheel(name) for name in NAMES.values()]
    return scene.lab.index.misbehaving(contents={each.filename: each.tampered for each in files})


def advertised(scene: Scene) -> AbstractContextManager[None]:
    files = [wheel(name) for name in NAMES.values()]
    return scene.lab.index.misbehaving(
        advertised={each.filename: sha256(each.tampered) for each in files}
    )


def not_found(scene: Scene) -> AbstractContextManager[None]:
    return scene.lab.index.misbehaving(statuses={wheel(it).filename: 404 for it in NAMES.values()})


def out_of_order(scene: Scene) -> AbstractContextManager[None]:
    return scene.lab.index.misbehaving(statuses=dict.fromkeys(NAMES.values(), 500))


def lost_archive(scene: Scene) -> AbstractContextManager[None]:
    return scene.lab.index.misbehaving(statuses={wheel("hotel").filename: 404})


EACH_TIME = (unauthorized, wrong_hash, lost_archive)
SOMETIMES = (advertised, not_found, out_of_order)


@pytest.mark.parametrize(
    "trouble",
    [*EACH_TIME, *(pytest.param(each, marks=pytest.mark.extended) for each in SOMETIMES)],
    ids=lambda it: it.__name__,
)
def test_a_run_that_fails(scene: Scene, trouble: object) -> None:
    assert callable(trouble)
    scene.run("export", "--format", "json", "--output", "map.json")
    with trouble(scene):
        for options in (("-vvv",), ("-q",)):
            assert scene.run("install", *options, UV_HTTP_RETRIES="0").exit_code == 1
        scene.run("install", "-vvv", "--feed", "requirements", UV_HTTP_RETRIES="0")
        of_map = ("--from", "map.json", "--venv", "elsewhere")
        assert scene.run("install", *of_map, "-vvv", UV_HTTP_RETRIES="0").exit_code == 1
        scene.run("download", "--output", "wheelhouse", "-vvv")
    scene.search().assert_nothing_found()
