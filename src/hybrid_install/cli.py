"""The command line: typer options into a `Request`, errors into exit codes. No logic."""

from __future__ import annotations

import functools
import inspect
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.models import CommandInfo

from hybrid_install import __version__
from hybrid_install.commands.request import Request
from hybrid_install.core.emitters.format import Format
from hybrid_install.core.feed import Feed
from hybrid_install.core.redaction import secrets_in, without_secrets
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.settings import Finish, Mismatch
from hybrid_install.core.tiers import Tier
from hybrid_install.early import begun
from hybrid_install.errors import (
    EXIT_BUG,
    EXIT_ERROR,
    EXIT_HUNG_UP,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    HybridInstallError,
)
from hybrid_install.report import Report
from hybrid_install.tools.process import ShRunner

_GLOBAL_OPTIONS = {"--help", "-h", "--version", "-V", "--install-completion", "--show-completion"}


class _InstallByDefault(TyperGroup):
    """`hybrid-install --with dev` is `hybrid-install install --with dev`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Completion of nothing yet is a command's name.
        is_bare = not args and not ctx.resilient_parsing
        if is_bare or (args and args[0].startswith("-") and args[0] not in _GLOBAL_OPTIONS):
            args = self._command_first(args)
        return super().parse_args(ctx, args)

    def _command_first(self, args: list[str]) -> list[str]:
        """`-C app plan` is `plan -C app`, as Poetry has it; without a command, install is meant."""
        position = self._words_of_options(args)
        if position < len(args) and args[position] in self.commands:
            return [args[position], *args[:position], *args[position + 1 :]]
        return ["install", *args]

    def _words_of_options(self, args: list[str]) -> int:
        """How many words the options before a command are, with the values of their own."""
        with_value = {
            name
            for parameter in self.commands["install"].params
            if not (getattr(parameter, "is_flag", False) or getattr(parameter, "count", False))
            for name in parameter.opts
        }
        position = 0
        while position < len(args) and args[position].startswith("-") and args[position] != "--":
            position += 2 if _wants_next_word(args[position], with_value) else 1
        return position


def _wants_next_word(word: str, with_value: set[str]) -> bool:
    """Whether an option's value is the next word: not in `--with=dev`, `-Edev`, `-qv`."""
    if word.startswith("--"):
        return word in with_value
    letters = [f"-{letter}" for letter in word[1:]]
    valued = [letter in with_value for letter in letters]
    return True in valued and valued.index(True) == len(valued) - 1


app = typer.Typer(
    cls=_InstallByDefault,
    name="hybrid-install",
    help="poetry install at uv's speed: uv installs what poetry.lock pins, Poetry binds the rest.",
    epilog="Without a command, `install` is meant: replace `poetry install` by `hybrid-install`.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _option(*names: str, help: str, variable: str | None = None, **more: Any) -> Any:  # noqa: A002
    """An option that can also be given as `HYBRID_INSTALL_<VARIABLE>`."""
    envvar = f"HYBRID_INSTALL_{variable}" if variable else None
    return typer.Option(*names, help=help, envvar=envvar, show_envvar=False, **more)


def _finite(seconds: float) -> float:
    """`nan` is in any range, and no time is ever beyond it; nor beyond `inf`."""
    if not math.isfinite(seconds):
        raise typer.BadParameter("is not a number of seconds")
    return seconds


With = Annotated[
    list[str],
    _option("--with", help="optional groups to include", variable="WITH", metavar="GROUPS"),
]
Without = Annotated[
    list[str],
    _option("--without", help="groups to leave out", variable="WITHOUT", metavar="GROUPS"),
]
Only = Annotated[
    list[str], _option("--only", help="only these groups", variable="ONLY", metavar="GROUPS")
]
AllGroups = Annotated[
    bool, _option("--all-groups", help="install all groups", variable="ALL_GROUPS")
]
Extras = Annotated[
    list[str],
    _option("--extras", "-E", help="extras to install", variable="EXTRAS", metavar="EXTRAS"),
]
AllExtras = Annotated[
    bool, _option("--all-extras", help="install all extras", variable="ALL_EXTRAS")
]
NoRoot = Annotated[
    bool, _option("--no-root", help="do not install the project itself", variable="NO_ROOT")
]
OnlyRoot = Annotated[
    bool, _option("--only-root", help="install the project only", variable="ONLY_ROOT")
]
NoDirectory = Annotated[
    bool,
    _option("--no-directory", help="skip directory dependencies", variable="NO_DIRECTORY"),
]
Sync = Annotated[
    bool, _option("--sync", help="remove what the lock does not select", variable="SYNC")
]
TierOption = Annotated[
    Tier | None,
    _option("--tier", help="only the big packages, or only the others", variable="TIER"),
]
Compile = Annotated[bool, _option("--compile", help="compile to bytecode", variable="COMPILE")]
NoEditable = Annotated[
    bool | None,
    _option(
        "--no-editable/--editable",
        help="the project and its path dependencies as wheels, which need no source tree",
    ),
]
Relocatable = Annotated[
    bool,
    _option(
        "--relocatable",
        help="an environment that works at any path (implies --no-editable)",
        variable="RELOCATABLE",
    ),
]
Provided = Annotated[
    list[str],
    _option(
        "--provided",
        help="packages that the base image has",
        metavar="PATTERNS",
    ),
]
ProvidedFromEnvironment = Annotated[
    bool,
    _option(
        "--provided-from-environment",
        help="whatever the base image has is provided",
        variable="PROVIDED_FROM_ENVIRONMENT",
    ),
]
ProvidedMismatch = Annotated[
    Mismatch | None,
    _option("--provided-mismatch", help="what a provided version that is not the locked one is"),
]
Venv = Annotated[
    Path | None,
    _option(
        "--venv",
        help="the environment (default: Poetry's)",
        variable="VENV",
        metavar="PATH",
    ),
]
Python = Annotated[
    str | None,
    _option(
        "--python",
        help="version or path of the interpreter for it",
        variable="PYTHON",
        metavar="PYTHON",
    ),
]
FinishOption = Annotated[
    Finish | None,
    _option(
        "--finish",
        help="who binds the project: Poetry, or poetry-core alone, which needs no Poetry",
    ),
]
Strict = Annotated[
    bool,
    _option("--strict", help="doubtful locks and drift are errors", variable="STRICT"),
]
RequireHashes = Annotated[
    bool,
    _option(
        "--require-hashes",
        help="refuse what the lock does not pin by hash",
        variable="REQUIRE_HASHES",
    ),
]
NoBuild = Annotated[
    bool,
    _option("--no-build", help="refuse what would be built: wheels only", variable="NO_BUILD"),
]
FeedOption = Annotated[
    Feed,
    _option("--feed", help="how uv is told what to install", variable="FEED", hidden=True),
]
Directory = Annotated[
    Path | None,
    _option("--directory", "-C", help="work in this folder", variable="DIRECTORY", metavar="PATH"),
]
ProjectPath = Annotated[
    Path | None,
    _option("--project", "-P", help="the project's folder", variable="PROJECT", metavar="PATH"),
]
NoInteraction = Annotated[
    bool, _option("--no-interaction", "-n", help="ask nothing", variable="NO_INTERACTION")
]
NoPlugins = Annotated[bool, _option("--no-plugins", help="for Poetry: no plugins", hidden=True)]
NoCache = Annotated[bool, _option("--no-cache", help="for Poetry: no source caches", hidden=True)]
NoReceipt = Annotated[
    bool,
    _option(
        "--no-receipt",
        help="take nothing from earlier runs, look anew",
        variable="NO_RECEIPT",
    ),
]
Wait = Annotated[
    float,
    _option(
        "--wait",
        help="seconds to wait for another run in the same environment",
        variable="WAIT",
        metavar="SECONDS",
        min=0,
        callback=_finite,
    ),
]
Atomic = Annotated[
    bool,
    _option(
        "--atomic",
        help="make the environment beside its place, and put it there when it is whole",
        variable="ATOMIC",
    ),
]
NoAnsi = Annotated[bool, _option("--no-ansi", help="plain text", variable="NO_ANSI")]
Ansi = Annotated[bool, _option("--ansi", help="coloured text", hidden=True)]
FindLinks = Annotated[
    Path | None,
    _option(
        "--find-links",
        help="take files from this folder (see download)",
        variable="FIND_LINKS",
        metavar="DIR",
    ),
]
Offline = Annotated[
    bool,
    _option("--offline", help="no network: --find-links, or uv's cache", variable="OFFLINE"),
]
Quiet = Annotated[bool, _option("--quiet", "-q", help="print errors only", variable="QUIET")]
Verbose = Annotated[
    int, _option("--verbose", "-v", help="print more (up to -vvv)", count=True, show_default=False)
]


def _request(
    with_: With = [],  # noqa: B006
    without: Without = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    all_groups: AllGroups = False,
    extras: Extras = [],  # noqa: B006
    all_extras: AllExtras = False,
    no_root: NoRoot = False,
    only_root: OnlyRoot = False,
    no_directory: NoDirectory = False,
    sync: Sync = False,
    tier: TierOption = None,
    compile_bytecode: Compile = False,
    no_editable: NoEditable = None,
    relocatable: Relocatable = False,
    provided: Provided = [],  # noqa: B006
    provided_from_environment: ProvidedFromEnvironment = False,
    provided_mismatch: ProvidedMismatch = None,
    finish: FinishOption = None,
    strict: Strict = False,
    venv: Venv = None,
    python: Python = None,
    feed: FeedOption = Feed.PYLOCK,
    directory: Directory = None,
    project: ProjectPath = None,
    no_plugins: NoPlugins = False,
    no_cache: NoCache = False,
    no_interaction: NoInteraction = False,
    no_ansi: NoAnsi = False,
    ansi: Ansi = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> Request:
    """The options that all commands share."""
    return Request(
        selection=SelectionOptions(
            with_groups=tuple(with_),
            without_groups=tuple(without),
            only_groups=tuple(only),
            all_groups=all_groups,
            extras=tuple(extras),
            all_extras=all_extras,
            no_root=no_root,
            only_root=only_root,
        ),
        # `-C` is where we work, `-P` is relative to it, as in Poetry.
        directory=(directory or Path()) / (project or ""),
        working_dir=directory or Path(),
        venv=_expanded(venv).absolute() if venv else None,
        python=python,
        sync=sync,
        tier=tier,
        no_directory=no_directory,
        compile_bytecode=compile_bytecode,
        no_editable=no_editable,
        relocatable=relocatable,
        provided=tuple(provided) or None,
        provided_from_environment=provided_from_environment,
        provided_mismatch=provided_mismatch,
        finish=finish,
        no_plugins=no_plugins,
        no_cache=no_cache,
        strict=strict,
        interactive=not no_interaction and sys.stdin is not None and sys.stdin.isatty(),
        ansi=False if no_ansi else True if ansi else None,
        verbosity=-1 if quiet else verbose,
        feed=feed,
        environ=dict(os.environ),
    )


def _expanded(path: Path) -> Path:
    """`~` is who runs us; the name of somebody whom this machine does not know is a name."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


@functools.cache
def _shared() -> Mapping[str, inspect.Parameter]:
    return inspect.signature(_request, eval_str=True).parameters


def _takes_request(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options before its own; it receives them as one `Request`."""
    shared = _shared()
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    @functools.wraps(command)
    def with_request(**options: Any) -> None:
        request = _request(**{name: options.pop(name) for name in shared})
        command(request, **options)

    parameters = [*own, *shared.values()]
    with_request.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_request.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_request


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="print the versions of all parts and exit")
    ] = False,
) -> None:
    if version:
        from hybrid_install.commands.version import version as command

        request = _request()
        _run(request, lambda _, runner: command(request, runner))


@app.command("install", help="Install the project from poetry.lock: uv in bulk, then Poetry.")
@_takes_request
def _install(
    request: Request,
    dry_run: Annotated[
        bool, _option("--dry-run", help="print the plan, change nothing", variable="DRY_RUN")
    ] = False,
    require_hashes: RequireHashes = False,
    no_build: NoBuild = False,
    find_links: FindLinks = None,
    offline: Offline = False,
    no_receipt: NoReceipt = False,
    wait: Wait = 600,
    atomic: Atomic = False,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="install this map (export --format json)", metavar="FILE"),
    ] = None,
) -> None:
    folder = _expanded(find_links).absolute() if find_links else None
    request = replace(request, find_links=folder, offline=offline)
    request = replace(request, no_receipt=no_receipt, wait=wait, atomic=atomic)
    request = replace(request, require_hashes=require_hashes, no_build=no_build)
    if from_ is not None:
        from hybrid_install.commands.install_map import install_map

        _run(request, lambda *doors: install_map(request, *doors, file=from_, dry_run=dry_run))

    from hybrid_install.commands.install import install as command

    _run(request, lambda report, runner: command(request, report, runner, dry_run=dry_run))


@app.command("plan", help="Print what an install would do; change nothing.")
@_takes_request
def _plan(
    request: Request,
    require_hashes: RequireHashes = False,
    no_build: NoBuild = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    request = replace(request, require_hashes=require_hashes, no_build=no_build)
    from hybrid_install.commands.plan import plan as command

    _run(request, lambda report, runner: command(request, report, runner, as_json=as_json))


@app.command("download", help="Fetch the locked files into a folder, for install --find-links.")
@_takes_request
def _download(
    request: Request,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="the folder", metavar="DIR")
    ] = Path("wheelhouse"),
    python_version: Annotated[
        str | None,
        typer.Option("--python-version", help="for this Python, wheels only", metavar="X.Y"),
    ] = None,
    platform: Annotated[
        str | None,
        typer.Option("--platform", help="for this platform (uv's name), wheels only"),
    ] = None,
) -> None:
    from hybrid_install.commands.download import Elsewhere
    from hybrid_install.commands.download import download as command

    folder, elsewhere = _expanded(output).absolute(), Elsewhere(python_version, platform)
    _run(
        request,
        lambda report, runner: command(request, report, runner, output=folder, elsewhere=elsewhere),
    )


@app.command("export", help="Write the requirements map: requirements, constraints, pylock, json.")
@_takes_request
def _export(
    request: Request,
    format_: Annotated[
        Format, typer.Option("--format", "-f", help="what is written")
    ] = Format.REQUIREMENTS,
    universal: Annotated[
        bool, typer.Option("--universal", help="for every environment, with markers")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write to this file")
    ] = None,
    per_source: Annotated[
        Path | None,
        typer.Option("--per-source", help="a file for each index, in this folder", metavar="DIR"),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="all exports that pyproject.toml declares")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="write nothing, fail where a file is not up to date")
    ] = False,
) -> None:
    from hybrid_install.commands.export import Order
    from hybrid_install.commands.export import export as command

    order = Order(format_, universal, output, per_source, everything)
    rerun = _same_command_without("--check") if check else None
    _run(request, lambda report, runner: command(request, report, runner, order=order, check=rerun))


def _same_command_without(option: str) -> str:
    """What to run instead of what was run."""
    return shlex.join(["hybrid-install", *(word for word in sys.argv[1:] if word != option)])


@app.command("verify", help="Compare the environment with poetry.lock; change nothing.")
@_takes_request
def _verify(
    request: Request,
    deep: Annotated[
        bool, typer.Option("--deep", help="compare the hash of every installed file too")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    from hybrid_install.commands.verify import verify as command

    _run(
        request,
        lambda report, runner: command(request, report, runner, deep=deep, as_json=as_json),
    )


@app.command("check", help="Check that poetry.lock belongs to pyproject.toml; change nothing.")
@_takes_request
def _check(
    request: Request,
    files: Annotated[
        list[Path],
        typer.Argument(help="pyproject.toml or poetry.lock of each project", metavar="[FILE]…"),
    ] = [],  # noqa: B006
) -> None:
    from hybrid_install.commands.check import check as command

    _run(request, lambda report, _: command(request, report, files=files))


@app.command("doctor", help="Look for what would keep an install from working; change nothing.")
@_takes_request
def _doctor(
    request: Request,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            help="for the sources' answers",
            metavar="SECONDS",
            min=0.1,
            max=3600,
            callback=_finite,
        ),
    ] = 10,
) -> None:
    from hybrid_install.commands.doctor import doctor as command

    _run(
        request,
        lambda report, runner: command(request, report, runner, as_json=as_json, timeout=timeout),
    )


@app.command("cache-key", help="Print one line that CI can store an environment under.")
@_takes_request
def _cache_key(request: Request) -> None:
    from hybrid_install.commands.cache_key import cache_key as command

    _run(request, lambda report, runner: command(request, report, runner))


@app.command("init", help="Write [tool.hybrid-install] into pyproject.toml.")
@_takes_request
def _init(
    request: Request,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="ask the indexes for sizes; record what is big")
    ] = False,
    over: Annotated[str, typer.Option("--over", help="how big is big", metavar="SIZE")] = "50MB",
    docker: Annotated[
        bool, typer.Option("--docker", help="write a Dockerfile and a .dockerignore too")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="write over those that are there")] = False,
) -> None:
    from hybrid_install.commands.init import init as command

    _run(
        request,
        lambda report, runner: command(
            request, report, runner, sizes=sizes, over=over, docker=docker, force=force
        ),
    )


_GO_ON = "what uv has downloaded is kept: run the same command again"
_TELL_US = "`poetry install` goes on meanwhile; report this with the log, which has no secrets"


def _run(request: Request, command: Callable[[Report, ShRunner], None]) -> NoReturn:
    """Run one command; every way it can end has an exit code."""
    report = Report(verbosity=request.verbosity, ansi=request.ansi, environ=request.environ)
    runner = ShRunner(quiet=request.verbosity < 0, begun=begun())
    try:
        _listen()
        command(report, runner)
    except HybridInstallError as error:
        _fail(report, runner, error.message, error.hint)
        raise typer.Exit(error.exit_code) from None
    except _Terminated as error:
        _say_that_it_ended(report, runner, "terminated")
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        _say_that_it_ended(report, runner, "interrupted")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        _leave_closed_pipe()
    except OSError as error:
        place = error.filename or "the system"
        problem = error.strerror or error
        _fail(report, runner, f"{place}: {problem}", "mend that and run the same command again")
        raise typer.Exit(EXIT_ERROR) from None
    except Exception:  # noqa: BLE001
        _fail(report, runner, f"this is a bug in hybrid-install{_bug_log()}", _TELL_US)
        raise typer.Exit(EXIT_BUG) from None
    raise typer.Exit(0)


def _fail(report: Report, runner: ShRunner, message: str, hint: str | None) -> None:
    """On a line of its own, wherever a child has left the cursor."""
    if runner.has_shown:
        report.end_line()
    report.fail(message, hint)


def _leave_closed_pipe() -> NoReturn:
    """Whoever read our data has gone; the interpreter must not fail flushing the rest."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(EXIT_ERROR) from None


def _say_that_it_ended(report: Report, runner: ShRunner, how: str) -> None:
    """Whoever would read that may have gone: the terminal whose end it is."""
    try:
        _fail(report, runner, how, _GO_ON)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


class _Terminated(BaseException):
    """SIGTERM, or a terminal that has gone: children are stopped on the way out."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


_CLEARING_UP = 15.0
"""Seconds: longer than children are waited for that have been told to end."""


class _Listener:
    """Ends the run in order, once: what that has begun is not to be cut off by the next signal.

    A terminal that closes says so twice, and people press Ctrl-C as often. After the time that
    clearing up may take it hears again: an exception can be lost.
    """

    def __init__(self) -> None:
        self._deaf_until = -math.inf

    def __call__(self, signum: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now < self._deaf_until:
            return
        self._deaf_until = now + _CLEARING_UP
        if signum == signal.SIGINT:
            raise KeyboardInterrupt
        raise _Terminated(EXIT_HUNG_UP if signum == signal.SIGHUP else EXIT_TERMINATED)


def _listen() -> None:
    """Have signals end the run in order; `nohup`, and a shell's `&`, keep some of them from us."""
    listener = _Listener()
    signal.signal(signal.SIGTERM, listener)
    for number in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, listener)


def _bug_log() -> str:
    """Where the file to attach to an issue report is, or what it would hold.

    That is neither environment variables nor credentials.
    """
    import tempfile
    import traceback

    text = f"hybrid-install {__version__}, Python {sys.version}\n"
    text += f"{' '.join(sys.argv[1:])}\n\n{traceback.format_exc()}"
    text = without_secrets(text, secrets_in(os.environ))
    try:
        handle, name = tempfile.mkstemp(prefix="hybrid-install-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write(text)
    except OSError:
        return f":\n\n{text}"
    return f"; its log is {name}"


def main() -> None:
    """The command line; `__main__` has looked already whether there is anything to do."""
    app.registered_commands = _meant_by(sys.argv[1:], app.registered_commands)
    app()


def _meant_by(words: Sequence[str], commands: list[CommandInfo]) -> list[CommandInfo]:
    """Of all commands those that the words may mean: to make each of them takes a while.

    Help, completion and mistakes get all of them.
    """
    names = {str(command.name) for command in commands}
    is_named = bool(words) and words[0] in names
    is_plain = not words or is_named or words[0].startswith("-")
    if not is_plain or _GLOBAL_OPTIONS & set(words) or "_HYBRID_INSTALL_COMPLETE" in os.environ:
        return commands
    meant = {words[0]} if is_named else {"install", *words}
    return [command for command in commands if command.name in meant]
