"""The command line: options into one value, every end into an exit code."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from typer.testing import CliRunner, Result

from hybrid_install import __version__, cli
from hybrid_install.commands import cache_key as cache_key_module
from hybrid_install.commands import doctor as doctor_module
from hybrid_install.commands import download as download_module
from hybrid_install.commands import export as export_module
from hybrid_install.commands import init as init_module
from hybrid_install.commands import install as install_module
from hybrid_install.commands import plan as plan_module
from hybrid_install.commands import version as version_module
from hybrid_install.commands.download import Elsewhere
from hybrid_install.commands.export import Order
from hybrid_install.commands.request import Request
from hybrid_install.core.emitters.format import Format
from hybrid_install.core.feed import Feed
from hybrid_install.core.selection import SelectionOptions
from hybrid_install.core.settings import Finish, Mismatch
from hybrid_install.core.tiers import Tier
from hybrid_install.errors import (
    DriftError,
    HybridInstallError,
    InvalidDataError,
    LockfileError,
    ProjectError,
    SelectionError,
    TargetError,
    ToolError,
    UsageError,
)
from hybrid_install.tools.process import ShRunner

Extra = dict[str, object]


@dataclass(frozen=True)
class Call:
    """A command as the command line calls it; `extra` is what only it takes."""

    verb: str
    request: Request
    extra: Extra
    verbosity: int
    quiet: bool


class Commands:
    """Takes note instead of working. `ends` is how a command ends."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.ends: Callable[[], None] = lambda: None

    def recorder(self, verb: str) -> Callable[..., None]:
        def command(request: Request, *parts: Any, **extra: object) -> None:
            runner = parts[-1]
            assert isinstance(runner, ShRunner)
            verbosity = parts[0].verbosity if len(parts) > 1 else 0
            self.calls.append(Call(verb, request, extra, verbosity, runner.quiet))
            self.ends()

        return command


@pytest.fixture(autouse=True)
def nothing_of_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variables, a folder of our own, and the handler for SIGTERM that pytest had."""
    for variable in [name for name in os.environ if name.startswith("HYBRID_INSTALL_")]:
        monkeypatch.delenv(variable)
    for variable in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    noted = Commands()
    for verb, module in (
        ("install", install_module),
        ("plan", plan_module),
        ("doctor", doctor_module),
        ("download", download_module),
        ("export", export_module),
        ("cache_key", cache_key_module),
        ("init", init_module),
        ("version", version_module),
    ):
        monkeypatch.setattr(module, verb, noted.recorder(verb))
    return noted


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, env=environ, prog_name="hybrid-install")


def request_of(commands: Commands, *arguments: str, **environ: str) -> Request:
    """The request of the only command that was called, without the environment."""
    result = run(*arguments, **environ)
    assert result.exit_code == 0, result.output
    (call,) = commands.calls
    assert {**os.environ, **environ} == dict(call.request.environ)
    return replace(call.request, environ={})


def plain(**facts: Any) -> Request:
    return Request(**{"directory": Path(), "environ": {}, **facts})


INIT = {"sizes": False, "over": "50MB", "docker": False, "force": False}


def selecting(**options: Any) -> Request:
    return plain(selection=SelectionOptions(**options))


@pytest.mark.parametrize(
    ("arguments", "verb", "extra"),
    [
        ([], "install", {"dry_run": False}),
        (["install"], "install", {"dry_run": False}),
        (["--dry-run"], "install", {"dry_run": True}),
        (["install", "--dry-run"], "install", {"dry_run": True}),
        (["plan"], "plan", {"as_json": False}),
        (["plan", "--json"], "plan", {"as_json": True}),
        (
            ["download"],
            "download",
            {"output": Path("wheelhouse"), "elsewhere": Elsewhere()},
        ),
        (
            ["download", "-o", "/x", "--python-version", "3.12", "--platform", "linux"],
            "download",
            {"output": Path("/x"), "elsewhere": Elsewhere("3.12", "linux")},
        ),
        (["export"], "export", {"order": Order(), "check": None}),
        (
            ["export", "-o", "out.txt"],
            "export",
            {"order": Order(output=Path("out.txt")), "check": None},
        ),
        (
            ["export", "--format", "pylock", "--universal"],
            "export",
            {"order": Order(Format.PYLOCK, universal=True), "check": None},
        ),
        (
            ["export", "--per-source", "reqs"],
            "export",
            {"order": Order(per_source=Path("reqs")), "check": None},
        ),
        (["export", "--all"], "export", {"order": Order(declared=True), "check": None}),
        (["cache-key"], "cache_key", {}),
        (["doctor"], "doctor", {"as_json": False, "timeout": 10}),
        (["doctor", "--json", "--timeout", "2.5"], "doctor", {"as_json": True, "timeout": 2.5}),
        (["init"], "init", INIT),
        (["init", "--sizes", "--over", "1GB"], "init", {**INIT, "sizes": True, "over": "1GB"}),
        (["init", "--docker", "--force"], "init", {**INIT, "docker": True, "force": True}),
        (["--version"], "version", {}),
        (["-V"], "version", {}),
    ],
)
def test_every_verb_and_what_only_it_takes(
    commands: Commands, arguments: list[str], verb: str, extra: Extra
) -> None:
    assert request_of(commands, *arguments) == plain()
    if verb == "download":
        extra = {**extra, "output": Path.cwd() / str(extra["output"])}
    assert [(call.verb, call.extra) for call in commands.calls] == [(verb, extra)]


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--find-links", "files", "--offline"), {}),
        ((), {"HYBRID_INSTALL_FIND_LINKS": "files", "HYBRID_INSTALL_OFFLINE": "1"}),
    ],
)
def test_files_from_a_folder(
    commands: Commands, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    request = request_of(commands, *arguments, **environ)
    assert request == plain(find_links=Path.cwd() / "files", offline=True)


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (["-C", "plan", "plan"], "plan"),
        (["-Cplan", "plan"], "plan"),
        (["--directory=plan", "plan"], "plan"),
        (["-qC", "plan", "plan"], "plan"),
        (["--with", "plan", "-v", "export"], "export"),
        (["-vv", "--no-ansi", "-E", "x", "install", "--dry-run"], "install"),
        (["--python", "3.12", "export", "-o", "x"], "export"),
        (["-q", "install"], "install"),
        (["-C", "plan"], "install"),
        (["--with", "plan"], "install"),
        (["-q"], "install"),
    ],
)
def test_options_may_come_before_the_command(
    commands: Commands, arguments: list[str], verb: str
) -> None:
    """And a value that is a command's name is a value."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert [call.verb for call in commands.calls] == [verb]
    if "plan" in "".join(arguments[:2]) and "--with" not in arguments:
        assert commands.calls[0].request.directory == Path("plan")


@pytest.mark.parametrize("arguments", [["-q", "nonsense"], ["--", "plan"], ["-C"], ["--nonsense"]])
def test_words_that_mean_nothing_are_wrong_usage(commands: Commands, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
    assert commands.calls == []


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--wait", "nan"], {}),
        (["--wait", "inf"], {}),
        (["install", "--wait=-1"], {}),
        ([], {"HYBRID_INSTALL_WAIT": "nan"}),
        ([], {"HYBRID_INSTALL_WAIT": "infinity"}),
        (["doctor", "--timeout", "nan"], {}),
        (["doctor", "--timeout", "inf"], {}),
    ],
)
def test_what_is_no_time(
    commands: Commands, arguments: list[str], variables: dict[str, str]
) -> None:
    """Nothing is ever later than `nan`: it would be waited for without end."""
    assert run(*arguments, **variables).exit_code == 2
    assert commands.calls == []


def here(*parts: str) -> Path:
    return Path.cwd().joinpath(*parts)


OPTIONS: list[tuple[list[str], Callable[[], Request]]] = [
    (["--with", "a,b", "--with=c"], lambda: selecting(with_groups=("a,b", "c"))),
    (["--without", "a"], lambda: selecting(without_groups=("a",))),
    (["--only", "a"], lambda: selecting(only_groups=("a",))),
    (["--all-groups"], lambda: selecting(all_groups=True)),
    (["-E", "a b", "--extras=c"], lambda: selecting(extras=("a b", "c"))),
    (["--all-extras"], lambda: selecting(all_extras=True)),
    (["--no-root"], lambda: selecting(no_root=True)),
    (["--only-root"], lambda: selecting(only_root=True)),
    (["--no-directory"], lambda: plain(no_directory=True)),
    (["--sync"], lambda: plain(sync=True)),
    (["--tier", "heavy"], lambda: plain(tier=Tier.HEAVY)),
    (["--tier=light"], lambda: plain(tier=Tier.LIGHT)),
    (["--compile"], lambda: plain(compile_bytecode=True)),
    (["--no-editable"], lambda: plain(no_editable=True)),
    (["--editable"], lambda: plain(no_editable=False)),
    (["--relocatable"], lambda: plain(relocatable=True)),
    (["--provided", "a*,b", "--provided=c"], lambda: plain(provided=("a*,b", "c"))),
    (["--provided-from-environment"], lambda: plain(provided_from_environment=True)),
    (["--provided-mismatch", "warn"], lambda: plain(provided_mismatch=Mismatch.WARN)),
    (["--finish", "poetry-core"], lambda: plain(finish=Finish.POETRY_CORE)),
    (["--finish=poetry"], lambda: plain(finish=Finish.POETRY)),
    (["--strict"], lambda: plain(strict=True)),
    (["--venv", "env"], lambda: plain(venv=here("env"))),
    (["--venv", "~/env"], lambda: plain(venv=Path.home() / "env")),
    (["--venv", "/abs/env"], lambda: plain(venv=Path("/abs/env"))),
    (["--python", "3.12"], lambda: plain(python="3.12")),
    (["--feed", "requirements"], lambda: plain(feed=Feed.REQUIREMENTS)),
    (["-C", "a"], lambda: plain(directory=Path("a"), working_dir=Path("a"))),
    (["--directory=/abs"], lambda: plain(directory=Path("/abs"), working_dir=Path("/abs"))),
    (["-P", "b"], lambda: plain(directory=Path("b"))),
    (["-C", "a", "--project", "b"], lambda: plain(directory=Path("a", "b"), working_dir=Path("a"))),
    (["-n"], plain),
    (["--no-interaction"], plain),
    (["--no-ansi"], lambda: plain(ansi=False)),
    (["--ansi"], lambda: plain(ansi=True)),
    (["--ansi", "--no-ansi"], lambda: plain(ansi=False)),
    (["-q"], lambda: plain(verbosity=-1)),
    (["--quiet", "-v"], lambda: plain(verbosity=-1)),
    (["-v"], lambda: plain(verbosity=1)),
    (["-vvv"], lambda: plain(verbosity=3)),
    (["--verbose", "-v"], lambda: plain(verbosity=2)),
]


@pytest.mark.parametrize(
    ("arguments", "expected"), OPTIONS, ids=[" ".join(arguments) for arguments, _ in OPTIONS]
)
def test_every_option(
    commands: Commands, arguments: list[str], expected: Callable[[], Request]
) -> None:
    assert request_of(commands, *arguments) == expected()


@pytest.mark.parametrize("verb", ["install", "plan", "export"])
def test_all_options_at_once_with_any_verb(commands: Commands, verb: str) -> None:
    """One that a verb did not know would be an error."""
    every = [argument for arguments, _ in OPTIONS for argument in arguments]
    request = request_of(commands, verb, *every)
    assert (commands.calls[0].verb, request.sync, request.verbosity) == (verb, True, -1)


VARIABLES: list[tuple[str, str, Callable[[], Request]]] = [
    ("WITH", "a b,c", lambda: selecting(with_groups=("a", "b,c"))),
    ("WITHOUT", "a", lambda: selecting(without_groups=("a",))),
    ("ONLY", "a", lambda: selecting(only_groups=("a",))),
    ("ALL_GROUPS", "1", lambda: selecting(all_groups=True)),
    ("ALL_GROUPS", "0", plain),
    ("EXTRAS", "a b", lambda: selecting(extras=("a", "b"))),
    ("ALL_EXTRAS", "true", lambda: selecting(all_extras=True)),
    ("NO_ROOT", "yes", lambda: selecting(no_root=True)),
    ("ONLY_ROOT", "on", lambda: selecting(only_root=True)),
    ("NO_DIRECTORY", "1", lambda: plain(no_directory=True)),
    ("SYNC", "1", lambda: plain(sync=True)),
    ("TIER", "light", lambda: plain(tier=Tier.LIGHT)),
    ("COMPILE", "1", lambda: plain(compile_bytecode=True)),
    ("STRICT", "1", lambda: plain(strict=True)),
    ("RELOCATABLE", "1", lambda: plain(relocatable=True)),
    ("PROVIDED_FROM_ENVIRONMENT", "1", lambda: plain(provided_from_environment=True)),
    ("VENV", "/env", lambda: plain(venv=Path("/env"))),
    ("VENV", "", plain),
    ("PYTHON", "3.12", lambda: plain(python="3.12")),
    ("FEED", "requirements", lambda: plain(feed=Feed.REQUIREMENTS)),
    ("DIRECTORY", "/a", lambda: plain(directory=Path("/a"), working_dir=Path("/a"))),
    ("PROJECT", "/b", lambda: plain(directory=Path("/b"))),
    ("NO_INTERACTION", "1", plain),
    ("NO_ANSI", "1", lambda: plain(ansi=False)),
    ("QUIET", "1", lambda: plain(verbosity=-1)),
]


@pytest.mark.parametrize(("name", "value", "expected"), VARIABLES)
def test_every_variable(
    commands: Commands, name: str, value: str, expected: Callable[[], Request]
) -> None:
    assert request_of(commands, **{f"HYBRID_INSTALL_{name}": value}) == expected()


def test_the_dry_run_has_a_variable_too(commands: Commands) -> None:
    request_of(commands, HYBRID_INSTALL_DRY_RUN="1")
    assert commands.calls[0].extra == {"dry_run": True}


def test_an_option_outranks_its_variable(commands: Commands) -> None:
    request = request_of(commands, "--with", "a", HYBRID_INSTALL_WITH="b")
    assert request == selecting(with_groups=("a",))


@pytest.mark.parametrize(
    ("arguments", "quiet", "verbosity"), [([], False, 0), (["-q"], True, -1), (["-vv"], False, 2)]
)
def test_report_and_runner_are_as_quiet_as_asked_for(
    commands: Commands, arguments: list[str], quiet: bool, verbosity: int
) -> None:
    run(*arguments)
    (call,) = commands.calls
    assert (call.quiet, call.verbosity) == (quiet, verbosity)


class Terminal:
    """A stdin at which somebody sits."""

    @staticmethod
    def isatty() -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "stdin", "interactive"),
    [
        ([], Terminal(), True),
        (["--no-interaction"], Terminal(), False),
        ([], None, False),
    ],
)
def test_whether_anybody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch,
    commands: Commands,
    arguments: list[str],
    stdin: object,
    interactive: bool,
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(SystemExit):
        cli.app(arguments)
    assert commands.calls[0].request.interactive is interactive


# `poetry install --help`, the options of the application included.
OF_POETRY = {
    *("--without", "--with", "--only", "--sync", "--no-root", "--no-directory", "--dry-run"),
    *("--all-extras", "--all-groups", "--only-root", "--compile", "--extras", "-E"),
    *("--help", "-h", "--quiet", "-q", "--no-ansi", "--no-interaction", "-n"),
    *("--project", "-P", "--directory", "-C", "--verbose", "-v"),
}


@pytest.mark.parametrize("verb", [[], ["install"], ["plan"], ["export"]], ids=str)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_fits_an_old_terminal(verb: list[str], option: str) -> None:
    result = run(*verb, option, COLUMNS="80", TERMINAL_WIDTH="80")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].startswith(f"Usage: hybrid-install{''.join(f' {each}' for each in verb)}")
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("verb", ["install", "plan", "export"])
def test_help_lists_poetry_s_options(verb: str) -> None:
    listed = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", run(verb, "--help").stdout))
    only_of_install = {"--dry-run"} if verb != "install" else set()
    assert listed >= OF_POETRY - only_of_install


def test_help_starts_nothing(commands: Commands) -> None:
    run("install", "--help")
    assert commands.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--unknown"],
        ["install", "--unknown"],
        ["unknown"],
        ["install", "an argument"],
        ["--with"],
        ["--feed", "unknown"],
        ["--no-root=1"],
        ["plan", "--dry-run"],
    ],
    ids=" ".join,
)
def test_what_is_not_understood_is_a_usage_error(commands: Commands, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr
    assert commands.calls == []


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def end() -> NoReturn:
        raise error

    return end


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (HybridInstallError("words"), 1),
        (ProjectError("words"), 1),
        (LockfileError("words"), 1),
        (SelectionError("words"), 1),
        (TargetError("words"), 1),
        (ToolError("words"), 1),
        (DriftError("words"), 1),
        (InvalidDataError("words", ""), 1),
        (UsageError("words"), 2),
    ],
    ids=lambda each: type(each).__name__,
)
def test_every_error_has_its_exit_code(
    commands: Commands, error: HybridInstallError, exit_code: int
) -> None:
    commands.ends = raising(error)
    result = run()
    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, "", "error: words\n")


def test_an_error_and_its_hint_go_to_stderr(commands: Commands) -> None:
    commands.ends = raising(ProjectError("what is wrong", hint="what to do"))
    result = run("plan", "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "error: what is wrong\n\nhint: what to do\n"


def test_no_error_shows_a_secret_or_sends_an_escape(commands: Commands) -> None:
    commands.ends = raising(
        ProjectError("https://me:sesame@h \x1b]0;title\x07 \x9b2J", hint="\x1b[2J\r")
    )
    result = run("--ansi")
    assert "sesame" not in result.stderr
    assert set(re.findall(r"\x1b[^m]*m?", result.stderr)) == {"\x1b[31;1m", "\x1b[36;1m", "\x1b[0m"}
    assert not {"\x07", "\x9b", "\r"} & set(result.stderr)


def test_an_interruption(commands: Commands) -> None:
    commands.ends = raising(KeyboardInterrupt())
    result = run()
    assert result.exit_code == 130
    assert result.stderr.startswith("error: interrupted\n\nhint: ")


def test_a_termination(commands: Commands) -> None:
    """SIGTERM unwinds like an error, so that children are stopped on the way."""
    unwound: list[str] = []

    def end() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            unwound.append("unwound")

    commands.ends = end
    result = run()
    assert result.exit_code == 143
    assert result.stderr.startswith("error: terminated\n\nhint: ")
    assert unwound == ["unwound"]


def test_a_bug_leaves_a_log_without_the_environment(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["hybrid-install", "plan", "-v"])
    commands.ends = raising(ZeroDivisionError("the bug"))
    monkeypatch.setenv("SECRET_OF_MINE", "sesame")
    result = run("plan", "-v")
    (log,) = tmp_path.glob("hybrid-install-*.log")
    assert result.exit_code == 3
    assert result.stdout == ""
    error, hint, *rest = filter(None, result.stderr.splitlines())
    assert error == f"error: this is a bug in hybrid-install; its log is {log}"
    assert hint.startswith("hint: `poetry install` ")
    assert rest == []
    text = log.read_text("utf-8")
    assert text.startswith(f"hybrid-install {__version__}, Python {sys.version}\nplan -v\n\n")
    assert "Traceback" in text
    assert text.endswith("ZeroDivisionError: the bug\n")
    assert not {"sesame", "SECRET_OF_MINE"} & set(re.findall(r"\w+", text))
    assert log.stat().st_mode & 0o077 == 0


SECRETS = {
    "POETRY_HTTP_BASIC_HOUSE_PASSWORD": "sword/fish+",
    "POETRY_HTTP_BASIC_VAULT_USERNAME": "token-as-a-user",
    "POETRY_PYPI_TOKEN_HOUSE": "pypi-marlin9",
    "UV_INDEX_HI0_PASSWORD": "barra'cuda",
}
_URL = "https://me:red-snapper@h/simple?sig=halibut7"
# What none of it may show, in whatever way it is written.
_PARTS = ("sword", "fish", "token-as", "marlin9", "barra", "cuda", "red-snapper", "halibut7")


@pytest.mark.parametrize("has_place", [True, False])
def test_a_bug_tells_no_secret(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, has_place: bool
) -> None:
    """Neither one in the words of the run, nor one in those of the exception or of its cause."""
    words = [*SECRETS.values(), _URL]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path if has_place else tmp_path / "gone"))
    monkeypatch.setattr(sys, "argv", ["hybrid-install", "plan", *map("--with={}".format, words)])

    def bug() -> NoReturn:
        shown = [quote(each, safe="") for each in words]
        raise ZeroDivisionError(" ".join([*words, *shown, repr(words)])) from KeyError(*words)

    commands.ends = bug
    result = run("plan", **SECRETS)
    assert result.exit_code == 3
    logs = list(tmp_path.glob("hybrid-install-*.log"))
    assert len(logs) == has_place
    text = result.output + "".join(log.read_text("utf-8") for log in logs)
    assert text.count("--with=") == len(words)
    assert {"KeyError", "ZeroDivisionError"} <= set(re.findall(r"\w+", text))
    assert [part for part in _PARTS if part in text] == []


def test_a_bug_without_a_place_for_its_log(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> NoReturn:
        raise ZeroDivisionError

    def no_place(**_: str) -> NoReturn:
        raise FileNotFoundError

    commands.ends = bug
    monkeypatch.setattr(tempfile, "mkstemp", no_place)
    result = run("plan")
    assert result.exit_code == 3
    assert result.stderr.startswith("error: this is a bug in hybrid-install:\n\nhybrid-install ")
    assert "ZeroDivisionError" in result.stderr


def test_the_home_of_somebody_unknown_is_a_name(commands: Commands) -> None:
    assert request_of(commands, "--venv", "~nobody-here/env").venv == here("~nobody-here", "env")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_bug(tmp_path: Path, closed: str) -> None:
    """Cron and some supervisors start programs so."""
    assert in_a_shell(tmp_path, f"exec {COMMAND} --version {closed}").returncode == 0
    assert in_a_shell(tmp_path, f"exec {COMMAND} plan {closed}").returncode == 1


def test_a_folder_that_is_gone_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = in_a_shell(tmp_path, f"cd gone && rmdir ../gone && exec {COMMAND} plan")
    assert (done.returncode, done.stderr[:7]) == (1, "error: ")


COMMAND = f"{shlex.quote(sys.executable)} -m hybrid_install"


def in_a_shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], {"install"}),
        (["--with", "docs"], {"install"}),
        (["plan"], {"plan"}),
        (["plan", "--with", "check"], {"plan"}),
        (["-C", "app", "plan"], {"install", "plan"}),
        (["--with", "check", "plan"], {"install", "check", "plan"}),
    ],
)
def test_only_commands_that_may_be_meant_are_made(words: list[str], names: set[str]) -> None:
    made = cli._meant_by(words, cli.app.registered_commands)
    assert {command.name for command in made} == names


@pytest.mark.parametrize("words", [["--help"], ["plan", "-h"], ["instal"], ["--show-completion"]])
def test_help_and_mistakes_know_all_commands(words: list[str]) -> None:
    assert cli._meant_by(words, cli.app.registered_commands) == cli.app.registered_commands
