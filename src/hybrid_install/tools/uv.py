"""uv: where it is, what it is told, and in which environment.

What uv is told is exact: pinned files, an interpreter, no configuration of anybody's. The facts
behind each option are uv's own reference (`docs/reference/environment.md`, `settings.md`).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from hybrid_install.core import toml
from hybrid_install.core.document import Table
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import Index, NormalizedName, normalize_name
from hybrid_install.core.pylock import PinnedFile, synthetic_project
from hybrid_install.core.requirements import DirectRequirement, Requirement, requirements_txt
from hybrid_install.core.supported import Misfit, Supported
from hybrid_install.core.uv_config import BUNDLE, IndexAccess, Trust
from hybrid_install.errors import ToolError
from hybrid_install.regular import read_text
from hybrid_install.tools.embedded import embedded_pip
from hybrid_install.tools.process import Command, Runner
from hybrid_install.whole import temporary_folder

SUPPORTED = Supported((0, 13), (0, 14))
"""uv versions that the tests run with."""

VARIABLE = "HYBRID_INSTALL_UV"

# What a user may say to uv: how to fetch and to link, never what.
_ALLOWED = frozenset(
    {
        "UV_CACHE_DIR",
        "UV_CONCURRENT_BUILDS",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_CONCURRENT_INSTALLS",
        "UV_HTTP_CONNECT_TIMEOUT",
        "UV_HTTP_PROXY",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_HTTPS_PROXY",
        "UV_INSECURE_HOST",
        "UV_KEYRING_PROVIDER",
        "UV_LINK_MODE",
        "UV_LOCK_TIMEOUT",
        "UV_NATIVE_TLS",
        "UV_NO_PROGRESS",
        "UV_NO_PROXY",
        "UV_OFFLINE",
        "UV_PYTHON_CPYTHON_BUILD",
        "UV_PYTHON_DOWNLOADS_JSON_URL",
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_INSTALL_MIRROR",
        "UV_REQUEST_TIMEOUT",
        "UV_SYSTEM_CERTS",
    }
)

_PATHS = frozenset({"UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR"})

_YANKED = re.compile(r"^warning: `([^`=]+)==[^`]+` is yanked", re.MULTILINE)

# Which file uv takes stands in its log alone.
_TELL_TAKEN = {"RUST_LOG": "uv_resolver=debug"}
_TAKEN = re.compile(r"^DEBUG Selecting: ([^\s=]+)==\S+ \[[^]]*\] \((.+)\)$", re.MULTILINE)

# An active environment would become uv's target, whatever `--python` says of builds.
_DROPPED = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME"})


@dataclass(frozen=True)
class Offered:
    """What the indexes offer: the files of a pylock, as a document.

    `yanked` are the packages of which uv would take a file that is yanked (PEP 592); that stands in
    its warnings alone.
    """

    document: Table
    yanked: frozenset[NormalizedName] = frozenset()


@dataclass(frozen=True)
class Uv:
    """A uv that has been found; each method is one start of it.

    With `plain` it draws neither colours nor progress bars, whatever it writes to. `workers` is
    how many things it may do at a time, None for its own choice. `default_index` is the answer to
    a question that has been asked already.
    """

    path: Path
    origin: str
    runner: Runner
    environ: Mapping[str, str] = field(repr=False)
    plain: bool = False
    workers: int | None = None
    default_index: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    @property
    def is_offline(self) -> bool:
        """Whether it is told to ask no server."""
        return self.environ.get("UV_OFFLINE", "").lower() in {"1", "true", "yes", "on", "t", "y"}

    @property
    def limits(self) -> dict[str, str]:
        """`installer.max-workers` in uv's words; what the user tells uv itself comes first."""
        if self.workers is None:
            return {}
        names = ("UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS")
        return {name: str(self.workers) for name in names if not self.environ.get(name)}

    @property
    def patience(self) -> dict[str, str]:
        """How long it waits for gigabytes, and how often it begins again, unless the user says.

        The time is without a byte. uv's own 30 s and 3 tries are for pages and small wheels.
        """
        own = {
            "UV_HTTP_TIMEOUT": ("60", ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT")),
            "UV_HTTP_RETRIES": ("5", ("UV_HTTP_RETRIES",)),
        }
        said = self.environ
        return {key: value for key, (value, names) in own.items() if not any(map(said.get, names))}

    def version(self) -> str:
        """`0.13.9`."""
        try:
            text = self.runner.capture(self._command(["--version"]))
        except ToolError as error:
            raise ToolError(f"{self.path} is no uv: {error}", hint=_REPAIR) from None
        match = re.match(r"uv ([0-9]{1,9}(?:\.[0-9]{1,9})+)", text)
        if not match:
            raise ToolError(f"{self.path} --version answers {text.strip()!r}", hint=_REPAIR)
        return match.group(1)

    def misfit(self) -> Misfit | None:
        """As `misfit_of` its version, for which it is started."""
        try:
            return misfit_of(self.version())
        except ToolError:
            return None

    def default_index_url(self, python: Path | None = None) -> str:
        """The url of the index that uv uses when told nothing; only uv knows it.

        Without a `python` uv looks for one, and starts what it finds.
        """
        text = self.default_index() if self.default_index else self._begin_default_index(python)()
        return text.strip().removeprefix("--index-url ").strip().rstrip("/")

    def asking_default_index(self, python: Path) -> Uv:
        """The same uv, which is asked for that already."""
        return replace(self, default_index=cache(self._begin_default_index(python)))

    def _begin_default_index(self, python: Path | None) -> Callable[[], str]:
        """In a folder where nothing is a project's."""
        argv = ["pip", "compile", "-q", "--no-header", "--emit-index-url", os.devnull]
        argv += ["--python", str(python)] if python else []
        return self.runner.begin(self._command(argv, cwd=Path("/")))

    def create_environment(
        self,
        path: Path,
        interpreter: Interpreter,
        prompt: str | None,
        *,
        system_site_packages: bool = False,
        relocatable: bool = False,
    ) -> None:
        """`uv venv`, without seeds; an interpreter that is only presumed is provided by uv.

        What is in the folder stays: `environment.creation` has seen to it.
        """
        argv = ["venv", str(path), "--no-project", *([f"--prompt={prompt}"] if prompt else [])]
        argv += ["--allow-existing"]
        argv += ["--system-site-packages"] if system_site_packages else []
        argv += ["--relocatable"] if relocatable else []
        if interpreter.is_presumed:
            version = interpreter.executable.name.removeprefix("python")
            argv += ["--python", version, "--managed-python"]
        else:
            argv += ["--python", str(interpreter.executable), "--no-python-downloads"]
        self.runner.stream(self._command([*argv, "-q"]))

    def seed_pip(self, python: Path, minor_version: str) -> None:
        """The pip that Poetry's virtualenv would seed, from the wheel that virtualenv carries."""
        wheel = embedded_pip(minor_version)
        if wheel is None:
            return
        version = wheel.name.split("-")[1]
        argv = ["pip", "install", "-q", "--python", str(python), "--no-deps", "--no-index"]
        argv += ["--find-links", str(wheel.parent), f"pip==={version}"]
        self.runner.stream(self._command(argv))

    def offers(
        self, requirements: Sequence[Requirement], access: IndexAccess, target: Interpreter
    ) -> Offered:
        """What the indexes offer for these pins: a compiled pylock."""
        project = synthetic_project(requirements, access.named, f"=={target.full_version}")
        return self._compiled(project, access, _asked_for(target))

    def all_offers(
        self,
        requirements: Sequence[Requirement],
        pythons: Mapping[NormalizedName, str],
        access: IndexAccess,
        target: Interpreter,
        oldest: str,
    ) -> Table:
        """As `offers`, for every platform and every Python from `oldest` on: the pylock alone.

        No two of the requirements have one name; `pythons` are their markers.
        """
        project = synthetic_project(requirements, access.named, f">={oldest}", pythons)
        return self._compiled(project, access, _asked_for_all(target, oldest)).document

    def _compiled(self, project: str, access: IndexAccess, whom: Sequence[str]) -> Offered:
        argv = ["pip", "compile", "--no-header", "--format", "pylock.toml", "-o", "pylock.toml"]
        with _folder({"pyproject.toml": project, **access.files()}) as folder:
            yanked = _yanked_in(self._ask([*argv, "pyproject.toml"], folder, access, whom))
            return Offered(self._read(folder / "pylock.toml"), yanked)

    def _read(self, pylock: Path) -> Table:
        try:
            return toml.loads(read_text(pylock))
        except (OSError, ValueError, RecursionError) as error:
            raise ToolError(
                f"{self.path} has compiled no pylock.toml that can be read ({error})", hint=_REPAIR
            ) from None

    def yanked(
        self,
        files: Sequence[tuple[Requirement, PinnedFile]],
        access: IndexAccess,
        target: Interpreter,
    ) -> dict[NormalizedName, bool]:
        """Whether these files are yanked, one for each package, as far as uv can tell.

        Nothing is installed: uv says what it would take from the indexes, and a hash leaves it no
        choice, unless the index states none. For an interpreter that is not here uv takes nothing:
        its files are taken to be good.
        """
        if target.is_presumed:
            return {each.name: False for each, _ in files}
        pins = [each for each, _ in files]
        project = synthetic_project(pins, access.named, f"=={target.full_version}")
        hashes = "".join(f"{each.pin} --hash={file.hash}\n" for each, file in files)
        argv = ["pip", "install", "--dry-run", "--target", "nowhere", "-c", "hashes.txt"]
        texts = {"pyproject.toml": project, "hashes.txt": hashes}
        with _folder({**texts, **access.files()}) as folder:
            argv += ["-r", "pyproject.toml"]
            text = self._ask(argv, folder, access, _asked_for(target), _TELL_TAKEN)
        taken, yanked = dict(_TAKEN.findall(text)), _yanked_in(text)
        return {
            each.name: each.name in yanked
            for each, file in files
            if _is_same(file.name, taken.get(each.name, ""))
        }

    def _ask(
        self,
        argv: Sequence[str],
        folder: Path,
        access: IndexAccess,
        whom: Sequence[str],
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Let uv choose for `whom` among what the indexes have, and return what it says of it."""
        options = [*whom, "--prerelease", "allow", "--no-deps"]
        whole = [*argv[:2], *options, "--color", "never", *argv[2:]]
        command = self._command(whole, cwd=folder, access=access)
        env = {**command.env, **(variables or {})}
        return self.runner.capture(replace(command, env=env, with_stderr=True))

    def install_pylock(self, pylock: str, access: IndexAccess, target: InstallTarget) -> None:
        """Install exactly the files of a pylock.toml."""
        files = {"pylock.toml": pylock, "uv.toml": access.uv_toml()}
        self._install(["-r", "pylock.toml"], files, access, target)

    def install_requirements(
        self,
        index: Index,
        requirements: Sequence[Requirement],
        access: IndexAccess,
        target: InstallTarget,
    ) -> None:
        """Install pinned and hashed requirements from one index and no other."""
        files = {"requirements.txt": requirements_txt(requirements)}
        files |= {"uv.toml": access.uv_toml_of(index)}
        argv = ["--no-deps", "--require-hashes", "-r", "requirements.txt"]
        self._install(argv, files, access, target)

    def install_direct(
        self, requirements: Sequence[DirectRequirement], access: IndexAccess, target: InstallTarget
    ) -> None:
        """Install archives, whose hashes are demanded, or projects and repositories: not both."""
        files = {"requirements.txt": requirements_txt(requirements), "uv.toml": access.uv_toml()}
        hashes = ["--require-hashes"] if all(each.hash for each in requirements) else []
        argv = ["--no-deps", *hashes, "-r", "requirements.txt"]
        self._install(argv, files, access, target)

    def _install(
        self,
        argv: Sequence[str],
        files: Mapping[str, str],
        access: IndexAccess,
        target: InstallTarget,
    ) -> None:
        if self.is_offline and target.refresh:
            # uv refuses `--refresh-package` then; what is not in its cache is built anew, too.
            self.forget(target.refresh)
            target = replace(target, refresh=())
        constraints = "".join(f"{line}\n" for line in target.build_constraints)
        limits = ["-b", "constraints.txt"] if constraints else []
        whole = {**files, **access.files(), **({"constraints.txt": constraints} if limits else {})}
        with _folder(whole) as folder:
            command = ["--config-file", "uv.toml", *target.argv(), *limits, *argv]
            whole_command = self._command(command, cwd=folder, access=access)
            env = {**whole_command.env, **self.patience}
            self.runner.stream(replace(whole_command, env=env))

    def forget(self, names: Iterable[NormalizedName]) -> None:
        """Have its cache lose all that it holds of these packages."""
        self.runner.capture(self._command(["cache", "clean", "--", *names]))

    def uninstall(self, names: Iterable[NormalizedName], python: Path) -> None:
        """Remove distributions."""
        argv = ["pip", "uninstall", "--python", str(python), "--", *names]
        self.runner.stream(self._command(argv))

    def install_wheel(self, name: NormalizedName, folder: Path, target: InstallTarget) -> None:
        """Install the one wheel in `folder` as from an index.

        A direct_url.json would name a folder that is gone tomorrow.
        """
        where = ["--no-index", "--find-links", str(folder), "--prerelease", "allow"]
        self.runner.stream(self._command([*target.argv(), "--no-deps", *where, "--", name]))

    def provide_poetry(self, requirement: str, python: Path) -> Path:
        """The interpreter of an environment of uv's that has Poetry.

        Poetry is a tool of the user's machine, not a locked file: here uv's own configuration
        (a company's index) holds.
        """
        argv = ["tool", "run", "--python", str(python), "--from", requirement]
        argv += ["python", "-c", "import sys; print(sys.executable)"]
        env = {key: value for key, value in self.environ.items() if key not in _DROPPED}
        command = Command(argv=(str(self.path), *argv), env=env)
        return Path(self.runner.capture(command).strip())

    def _command(
        self,
        argv: Sequence[str],
        cwd: Path | None = None,
        access: IndexAccess | None = None,
    ) -> Command:
        env = {**environment(self.environ), **self.limits}
        if access and cwd:
            env |= {**access.variables(), **_trust(access.trust, cwd, env)}
        if self.plain:
            env |= {"NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
        return Command(argv=(str(self.path), *argv), env=env, cwd=cwd)


def _asked_for(target: Interpreter) -> list[str]:
    """Of an interpreter that is not here uv tells the files of every platform."""
    if target.is_presumed:
        return _asked_for_all(target, target.full_version)
    return ["--python", str(target.executable)]


def _asked_for_all(target: Interpreter, oldest: str) -> list[str]:
    python = sys.executable if target.is_presumed else str(target.executable)
    return ["--python", python, "--python-version", oldest, "--universal"]


@dataclass(frozen=True)
class InstallTarget:
    """The environment that uv installs into, and how.

    What is in `refresh` is built anew whatever uv's cache holds of it. `build_constraints` are
    PEP 508 lines and bear on everything that is built. Without an environment (not `is_virtual`)
    Poetry does not ask who manages the interpreter. With `only_from`, a folder, builds find their
    requirements there and nowhere else; unless it `builds`, an sdist is an error.
    """

    python: Path
    reinstall: tuple[NormalizedName, ...] = ()
    refresh: tuple[NormalizedName, ...] = ()
    build_constraints: tuple[str, ...] = ()
    compile_bytecode: bool = False
    is_virtual: bool = True
    only_from: Path | None = None
    builds: bool = True

    def argv(self) -> list[str]:
        """`uv pip install` with its target: never uv's own choice of one."""
        argv = ["pip", "install", "--python", str(self.python)]
        argv += [] if self.is_virtual else ["--break-system-packages"]
        argv += ["--no-index", "--find-links", str(self.only_from)] if self.only_from else []
        argv += [] if self.builds else ["--no-build"]
        for name in self.reinstall:
            argv += ["--reinstall-package", name]
        for name in self.refresh:
            argv += ["--refresh-package", name]
        return [*argv, *(["--compile-bytecode"] if self.compile_bytecode else [])]


def _yanked_in(text: str) -> frozenset[NormalizedName]:
    return frozenset(normalize_name(name) for name in _YANKED.findall(text))


def _is_same(one: str, other: str) -> bool:
    """Two files of one package and version: uv writes the names of both in its own way."""
    return _what_differs(one) == _what_differs(other)


def _what_differs(file: str) -> list[str]:
    return file.lower().split("-")[2:] if file.endswith(".whl") else [file.rpartition(".")[2]]


def _trust(trust: Trust, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The bundle replaces uv's own authorities and whatever `SSL_CERT_FILE` names."""
    variables = {} if trust.bundle is None else {"SSL_CERT_FILE": str(folder / BUNDLE)}
    if trust.insecure_hosts:
        hosts = (*environ.get("UV_INSECURE_HOST", "").split(), *trust.insecure_hosts)
        variables["UV_INSECURE_HOST"] = " ".join(hosts)
    return variables


_REPAIR = f"install uv{SUPPORTED}, or name one with {VARIABLE}"


def find(environ: Mapping[str, str], runner: Runner) -> Uv:
    """`HYBRID_INSTALL_UV`, else the uv package that we depend on, else PATH."""
    if named := environ.get(VARIABLE):
        if not Path(named).is_file():
            raise ToolError(f"there is no uv at {named} ({VARIABLE})", hint=_REPAIR)
        return Uv(Path(named), VARIABLE, runner, environ)
    if bundled := _bundled():
        return Uv(bundled, "the uv package", runner, environ)
    if on_path := shutil.which("uv", path=environ.get("PATH")):
        return Uv(Path(on_path), "PATH", runner, environ)
    raise ToolError("uv was not found", hint=_REPAIR)


def misfit_of(version: str) -> Misfit | None:
    """What is to be said of a uv that the tests have never seen."""
    return None if SUPPORTED.covers(version) else Misfit("uv", version, SUPPORTED, _REPAIR)


def heeds(variable: str) -> bool:
    """Whether a variable of uv's is one that it is left where it touches locked files."""
    return variable in _ALLOWED


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of every uv that touches locked files.

    A stray uv.toml, `UV_INDEX`, `UV_CONSTRAINT`, … was seen to install the wrong package. An empty
    value, as a Dockerfile's ENV may leave it, means nothing. Paths are made absolute, because uv
    runs in a folder of ours.
    """
    kept = {
        key: value
        for key, value in environ.items()
        if key not in _DROPPED and (not key.startswith("UV_") or (value and key in _ALLOWED))
    }
    for name in _PATHS & kept.keys():
        kept[name] = kept[name] and str(Path(kept[name]).absolute())
    return {**kept, "UV_NO_CONFIG": "1", "UV_PREVIEW_FEATURES": "pylock"}


def _bundled() -> Path | None:
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None


@contextmanager
def _folder(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder of our own with these files: uv reads nothing of the project's."""
    with temporary_folder() as folder:
        for file, text in files.items():
            (folder / file).write_text(text, "utf-8")
        yield folder
