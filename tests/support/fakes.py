"""Stand-ins: a runner that only takes notes, values with everything but the point left plain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.distribution import Distribution, Installed, by_name
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import (
    DEFAULT_INDEX,
    MAIN_GROUP,
    Hash,
    Index,
    LockedFile,
    LockedPackage,
    RegistrySource,
    Source,
    normalize_name,
)
from hybrid_install.core.plan import Action, Operation
from hybrid_install.core.project import Project
from hybrid_install.core.requirements import Requirement
from hybrid_install.core.uv_config import IndexAccess, NamedIndex
from hybrid_install.tools.process import Command, CommandFailedError, CommandNotFoundError

Reply = str | Exception | Callable[[Command], str]
"""What a command answers: its stdout, a failure, or whatever a function makes of it."""


@dataclass
class FakeWaiting:
    """A `Waiting` that keeps what it is told."""

    orders: list[str] = field(default_factory=list)

    def order(self, text: str) -> None:
        self.orders.append(text)

    def dismiss(self) -> None:
        pass


class StandIn:
    """What all stand-ins of a `Runner` have: they start nothing, and `capture` says all."""

    def capture(self, command: Command) -> str:
        raise CommandNotFoundError(f"{command.argv[0]} cannot be started: there is nothing here")

    def begin(self, command: Command) -> Callable[[], str]:
        words = self.capture(command)
        return lambda: words

    def converse(self, command: Command) -> str:
        return self.capture(command)

    def stream(self, command: Command) -> None:
        self.capture(command)

    def mask(self) -> None:
        pass

    def sharing(self, _: int) -> AbstractContextManager[None]:
        return nullcontext()

    def start_waiting(self, command: Command) -> FakeWaiting:
        raise CommandNotFoundError(command.argv[0])


@dataclass
class FakeRunner(StandIn):
    """A `Runner` that starts nothing. Replies are used up in order; then all answers are empty."""

    replies: list[Reply] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    streamed: list[Command] = field(default_factory=list)

    def capture(self, command: Command) -> str:
        self.commands.append(command)
        reply = self.replies.pop(0) if self.replies else ""
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, str) else reply(command)

    def stream(self, command: Command) -> None:
        self.streamed.append(command)
        self.capture(command)

    def start_waiting(self, command: Command) -> FakeWaiting:
        self.commands.append(command)
        return FakeWaiting()

    @property
    def only(self) -> Command:
        """The one command that was run."""
        (command,) = self.commands
        return command


def failure(exit_code: int, output: str = "") -> CommandFailedError:
    """A command that ended badly."""
    return CommandFailedError(Command(argv=("tool",), env={}), exit_code, output)


def digest(text: str) -> str:
    """64 hexadecimal digits that tell `text` apart."""
    return text.encode().hex().ljust(64, "0")[:64]


def wheel(name: str, version: str = "1.0", tag: str = "py3-none-any") -> LockedFile:
    file = f"{name.replace('-', '_')}-{version}-{tag}.whl"
    return LockedFile(file, Hash("sha256", digest(file)))


def sdist(name: str, version: str = "1.0", suffix: str = ".tar.gz") -> LockedFile:
    file = f"{name.replace('-', '_')}-{version}{suffix}"
    return LockedFile(file, Hash("sha256", digest(file)))


def locked(
    name: str,
    version: str = "1.0",
    source: Source | None = None,
    files: Iterable[LockedFile] | None = None,
) -> LockedPackage:
    """A package of the main group, by default one pure wheel from the unnamed index."""
    return LockedPackage(
        name=normalize_name(name),
        version=version,
        source=source or RegistrySource(),
        groups=frozenset({MAIN_GROUP}),
        markers={},
        files=(wheel(name, version),) if files is None else tuple(files),
    )


def installed(*distributions: Distribution) -> Installed:
    return by_name(distributions)


def distribution(name: str, version: str = "1.0", **facts: Any) -> Distribution:
    return Distribution(normalize_name(name), version, **facts)


def project(*indexes: Index, name: str | None = "root") -> Project:
    """A project with these indexes, by default PyPI alone."""
    return Project(
        name=normalize_name(name) if name else None,
        package_mode=name is not None,
        python_versions="*",
        groups=(),
        extras=frozenset(),
        indexes=indexes or (DEFAULT_INDEX,),
        build_constraints={},
    )


def install_operation(package: LockedPackage, index: Index = DEFAULT_INDEX) -> Operation:
    return Operation(
        package.name,
        package.version,
        Action.INSTALL,
        "",
        package=package,
        index=index,
        files=package.files,
    )


def requirement(
    name: str = "a",
    version: str = "1.0",
    index: Index = DEFAULT_INDEX,
    files: Sequence[LockedFile] | None = None,
) -> Requirement:
    chosen = (wheel(name, version),) if files is None else tuple(files)
    return Requirement(normalize_name(name), version, index, chosen)


def access(**credentials: Credentials) -> IndexAccess:
    """The default index under the name `hi0`, with the credentials given by index name."""
    return IndexAccess(
        {DEFAULT_INDEX: NamedIndex("hi0", "https://default.invalid/simple")}, credentials
    )


def interpreter(prefix: Path = Path("/venv"), **facts: Any) -> Interpreter:
    """CPython 3.11.7 on Linux, in a virtual environment."""
    site = prefix / "lib" / "python3.11" / "site-packages"
    return Interpreter(
        **{
            "executable": prefix / "bin" / "python",
            "version": (3, 11, 7),
            "markers": {
                "implementation_name": "cpython",
                "platform_machine": "x86_64",
                "platform_python_implementation": "CPython",
                "sys_platform": "linux",
            },
            "prefix": prefix,
            "sys_path": (site,),
            "site_packages": (site,),
            "platform": "linux-x86_64-glibc-2.36",
            **facts,
        }
    )
