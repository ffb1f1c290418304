"""Which Poetry is found, in which version, and what it is told."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fakes import FakeRunner, failure

from hybrid_install.core.selection import SelectionOptions
from hybrid_install.errors import ToolError
from hybrid_install.tools import poetry as poetry_tool
from hybrid_install.tools.poetry import MIRROR_PLUGIN, Poetry
from hybrid_install.tools.poetry_run import PoetryRun
from hybrid_install.tools.process import Command
from hybrid_install.tools.uv import Uv

PROJECT = Path("/project")


def run(**facts: Any) -> PoetryRun:
    return PoetryRun(
        **{
            "project_dir": PROJECT,
            "environment_path": Path("/venv"),
            "selection": SelectionOptions(),
            **facts,
        }
    )


def selecting(**options: Any) -> PoetryRun:
    return run(selection=SelectionOptions(**options))


@pytest.mark.parametrize(
    ("each", "argv"),
    [
        (run(), []),
        (selecting(with_groups=("dev", "a,b")), ["--with=dev", "--with=a,b"]),
        (selecting(without_groups=("dev",)), ["--without=dev"]),
        (selecting(only_groups=("-odd",)), ["--only=-odd"]),
        (selecting(extras=("x", "y z")), ["--extras=x", "--extras=y z"]),
        (selecting(all_groups=True), ["--all-groups"]),
        (selecting(all_extras=True), ["--all-extras"]),
        (selecting(no_root=True), ["--no-root"]),
        (selecting(only_root=True), ["--only-root"]),
        (run(no_directory=True), ["--no-directory"]),
        (run(compile_bytecode=True), ["--compile"]),
        (run(no_plugins=True), ["--no-plugins"]),
        (run(no_cache=True), ["--no-cache"]),
        (run(interactive=False), ["--no-interaction"]),
        (run(ansi=False), ["--no-ansi"]),
        (run(verbosity=-1), []),
        (run(verbosity=1), ["-v"]),
        (run(verbosity=3), ["-vvv"]),
        (run(verbosity=7), ["-vvv"]),
    ],
)
def test_each_option_is_passed_on(each: PoetryRun, argv: list[str]) -> None:
    assert list(each.argv(syncs=False)) == ["install", *argv]


def test_a_project_that_stands_in_for_ours() -> None:
    each = run(stand_in=Path("/stand-in"), ansi=False)
    assert each.argv(syncs=False) == ("install", "--project=/stand-in", "--no-ansi")


def test_a_wheel_is_built_in_the_environment_and_put_elsewhere() -> None:
    runner = FakeRunner()
    each = selecting(no_root=True, with_groups=("dev",))
    poetry(runner, "2.5.1").build_wheel(replace(each, no_plugins=True, verbosity=1), Path("/out"))
    assert runner.streamed == [
        Command(
            argv=("/poetry", "build", "--format=wheel", "--output=/out", "--no-plugins", "-v"),
            env={"VIRTUAL_ENV": "/venv"},
            cwd=PROJECT,
        )
    ]


def test_options_keep_their_order() -> None:
    selection = SelectionOptions(with_groups=("a",), without_groups=("b",), extras=("c",))
    everything = run(selection=selection, sync=True, interactive=False, ansi=False, verbosity=2)
    rest = ("--with=a", "--without=b", "--extras=c", "--no-interaction", "--no-ansi", "-vv")
    assert everything.argv(syncs=True) == ("sync", *rest)
    assert everything.argv(syncs=False) == ("install", "--sync", *rest)


@pytest.mark.parametrize(
    ("folder", "has_it"),
    [
        ("poetry_plugin_pypi_mirror-0.6.0.dist-info", True),
        ("poetry_plugin_export-1.9.0.dist-info", False),
        ("poetry_plugin_pypi_mirror", False),
    ],
)
def test_whether_a_plugin_is_beside_it(tmp_path: Path, folder: str, has_it: bool) -> None:
    (tmp_path / "lib" / "python3.12" / "site-packages" / folder).mkdir(parents=True)
    launcher = tmp_path / "bin" / "poetry"
    launcher.parent.mkdir()
    (tmp_path / "bin" / "python").touch()
    launcher.write_text(f"#!{tmp_path}/bin/python\n", "utf-8")
    found = Poetry((str(launcher),), "a test", FakeRunner(), {})
    assert found.has_plugin(MIRROR_PLUGIN) is has_it


def test_a_launcher_that_does_not_say_its_python_has_no_plugin(tmp_path: Path) -> None:
    launcher = tmp_path / "poetry"
    launcher.write_text("#!/bin/sh\n", "utf-8")
    assert not Poetry((str(launcher),), "a test", FakeRunner(), {}).has_plugin(MIRROR_PLUGIN)
    assert not Poetry(("/gone",), "a test", FakeRunner(), {}).has_plugin(MIRROR_PLUGIN)


def poetry(runner: FakeRunner, version: str | None, **environ: str) -> Poetry:
    return Poetry(("/poetry",), "a test", runner, environ, version)


@pytest.mark.parametrize(
    ("version", "argv"),
    [
        ("2.5.1", ("/poetry", "sync")),
        ("2.0.0", ("/poetry", "sync")),
        ("1.8.5", ("/poetry", "install", "--sync")),
        (None, ("/poetry", "install", "--sync")),
    ],
)
def test_poetry_syncs_by_the_command_that_it_has(
    version: str | None, argv: tuple[str, ...]
) -> None:
    runner = FakeRunner()
    poetry(runner, version).install(run(sync=True))
    assert runner.streamed == [Command(argv=argv, env={"VIRTUAL_ENV": "/venv"}, cwd=PROJECT)]


CONDA = {"CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base"}


@pytest.mark.parametrize(
    ("each", "environ", "expected"),
    [
        (run(), {"A": "1"}, {"A": "1", "VIRTUAL_ENV": "/venv"}),
        (run(), {**CONDA, "VIRTUAL_ENV": "/other"}, {"VIRTUAL_ENV": "/venv"}),
        (run(environment_path=None), {**CONDA, "A": "1"}, {**CONDA, "A": "1"}),
        (
            run(re_resolve=False),
            {"POETRY_INSTALLER_RE_RESOLVE": "true"},
            {"VIRTUAL_ENV": "/venv", "POETRY_INSTALLER_RE_RESOLVE": "false"},
        ),
        (
            run(re_resolve=True),
            {},
            {"VIRTUAL_ENV": "/venv", "POETRY_INSTALLER_RE_RESOLVE": "true"},
        ),
        (
            run(ignore_envs_file=Path("/empty")),
            {"POETRY_VIRTUALENVS_PATH": "/named"},
            {"VIRTUAL_ENV": "/venv", "POETRY_VIRTUALENVS_PATH": "/empty"},
        ),
        (run(variables={"A": "2"}), {"A": "1"}, {"VIRTUAL_ENV": "/venv", "A": "2"}),
    ],
)
def test_the_environment_of_poetry(
    each: PoetryRun, environ: dict[str, str], expected: dict[str, str]
) -> None:
    given = dict(environ)
    assert each.environment(environ) == expected
    assert environ == given


def test_offline_every_way_out_of_poetry_is_a_dead_end() -> None:
    env = run(offline=True).environment({"https_proxy": "http://p:1", "NO_PROXY": "127.0.0.1"})
    proxies = {name: value for name, value in env.items() if name.lower().endswith("_proxy")}
    assert len(proxies) == 8
    assert set(proxies.values()) == {"", "http://127.0.0.1:9"}
    assert (env["NO_PROXY"], env["no_proxy"]) == ("", "")


@pytest.mark.parametrize(
    ("version", "re_resolves"),
    [
        ("1.8.5", True),
        ("2.0.0", True),
        ("2.1.4", True),
        ("2.2.1", True),
        ("2.3.0", False),
        ("2.10.0", False),
        (None, False),
        ("dev", False),
    ],
)
def test_who_solves_the_lock_again_by_default(version: str | None, re_resolves: bool) -> None:
    assert poetry(FakeRunner(), version).re_resolves_by_default is re_resolves


def test_a_release_is_three_numbers() -> None:
    assert poetry(FakeRunner(), "2.6.0.dev0").release == (2, 6, 0)


@pytest.fixture(autouse=True)
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts folder of hybrid-install's own environment: here an empty one."""
    folder = tmp_path / "own" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(folder))
    return folder


def poetry_environment(prefix: Path, *versions: str) -> Path:
    """The prefix of an environment that has Poetry, in several versions if it is damaged."""
    for version in versions:
        info = prefix / "lib" / "python3.11" / "site-packages" / f"poetry-{version}.dist-info"
        info.mkdir(parents=True)
    (prefix / "lib/python3.11/site-packages/poetry_core-9.9.dist-info").mkdir(parents=True)
    return prefix


def launcher(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


def named(path: Path) -> dict[str, str]:
    return {"HYBRID_INSTALL_POETRY": str(path)}


@pytest.mark.parametrize(
    "shebang",
    [
        "#!{prefix}/bin/python\nimport sys\n",
        "#!{prefix}/bin/python3.11 -E\nimport sys\n",
        '#!"{prefix}/bin/python3"\nimport sys\n',
        "#!/bin/sh\n'''exec' {prefix}/bin/python3 \"$0\" \"$@\"\n' '''\nimport sys\n",
        "#!/bin/sh\n'''exec' \"{prefix}/bin/python\" \"$0\" \"$@\"\n' '''\nimport sys\n",
    ],
    ids=["plain", "with an option", "quoted", "through sh", "through sh, quoted"],
)
@pytest.mark.parametrize("name", ["venv", "a folder"])
def test_the_version_is_read_beside_the_launcher(shebang: str, name: str, tmp_path: Path) -> None:
    """Without a start of Poetry."""
    prefix = poetry_environment(tmp_path / name, "2.5.1")
    script = launcher(tmp_path / "poetry", shebang.format(prefix=prefix))
    runner = FakeRunner()
    found = poetry_tool.find(named(script), runner)
    expected = Poetry((str(script),), "HYBRID_INSTALL_POETRY", runner, named(script), "2.5.1")
    assert found == expected
    assert runner.commands == []


def test_the_version_of_pipx_is_read_through_its_link(tmp_path: Path) -> None:
    prefix = poetry_environment(tmp_path / "pipx/venvs/poetry", "2.3.0")
    script = launcher(prefix / "bin/poetry", f"#!{prefix}/bin/python\n")
    link = tmp_path / "local/bin/poetry"
    link.parent.mkdir(parents=True)
    link.symlink_to(script)
    found = poetry_tool.find({"PATH": str(link.parent)}, FakeRunner())
    assert found is not None
    assert (found.argv, found.origin, found.version) == ((str(link),), "PATH", "2.3.0")


SHIM = '#!/usr/bin/env bash\nset -e\nexec "/home/me/.pyenv/libexec/pyenv" exec "poetry" "$@"\n'


@pytest.mark.parametrize(
    "answer",
    ["Poetry (version 2.1.3)\n", "Poetry version 2.1.3\n", "a warning\nPoetry (version 2.1.3)\n"],
)
@pytest.mark.parametrize("text", [SHIM, "#!/usr/bin/python3\n", "\x7fELF", ""])
def test_a_launcher_that_tells_nothing_is_asked(answer: str, text: str, tmp_path: Path) -> None:
    script = launcher(tmp_path / "poetry", text)
    runner = FakeRunner([answer])
    found = poetry_tool.find(named(script), runner)
    assert found is not None
    assert found.version == "2.1.3"
    assert runner.only == Command(argv=(str(script), "--version", "--no-ansi"), env=named(script))


@pytest.mark.parametrize(
    ("answer", "version", "release"),
    [
        ("Poetry (version 2.5.1~weird!)", "2.5.1", (2, 5, 1)),
        ("Poetry (version \x1b[36m2.5.1\x1b[39m)", "2.5.1", (2, 5, 1)),
        ("Poetry (version 2.5.1\x1b]0;title\x07)", "2.5.1", (2, 5, 1)),
        ("Poetry (version 2.6.0.dev0+g1a2b)", "2.6.0.dev0+g1a2b", (2, 6, 0)),
        ("Poetry (version \u0662.\u0665)", None, ()),
        (f"Poetry (version {'9' * 5000}.1)", None, ()),
        (f"Poetry (version {'9' * 5000})", None, ()),
        (f"Poetry (version 2.5.{'9' * 5000})", f"2.5.{'9' * 108}", (2, 5, 999999999)),
    ],
)
def test_whatever_is_answered(
    answer: str, version: str | None, release: tuple[int, ...], tmp_path: Path
) -> None:
    script = launcher(tmp_path / "poetry", SHIM)
    found = poetry_tool.find(named(script), FakeRunner([answer]))
    assert found is not None
    assert (found.version, found.release) == (version, release)


def test_the_numbers_of_a_version_of_any_length() -> None:
    assert poetry(FakeRunner(), "9" * 5000).release == (999999999,) * 3


def test_two_versions_side_by_side_are_not_guessed_between(tmp_path: Path) -> None:
    prefix = poetry_environment(tmp_path / "venv", "2.3.0", "2.5.1")
    script = launcher(tmp_path / "poetry", f"#!{prefix}/bin/python\n")
    found = poetry_tool.find(named(script), FakeRunner(["Poetry (version 2.5.1)"]))
    assert found is not None
    assert found.version == "2.5.1"


def test_a_named_poetry_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ToolError) as error:
        poetry_tool.find({"HYBRID_INSTALL_POETRY": "/gone"}, FakeRunner())
    assert error.value.message == "there is no Poetry at /gone (HYBRID_INSTALL_POETRY)"
    assert error.value.hint == (
        "install Poetry (pipx install poetry), or name one with HYBRID_INSTALL_POETRY"
    )


def test_the_named_one_wins_then_our_own_then_path(tmp_path: Path, scripts: Path) -> None:
    on_path = launcher(tmp_path / "bin/poetry", "")
    environ = {"PATH": str(on_path.parent)}
    found = []
    for variables in ({}, named(launcher(tmp_path / "named", ""))):
        launcher(scripts / "poetry", "")
        found.append(poetry_tool.find({**environ, **variables}, FakeRunner(["2.5.1"])))
    (scripts / "poetry").unlink()
    found.append(poetry_tool.find(environ, FakeRunner(["2.5.1"])))
    assert [each.origin if each else None for each in found] == [
        "beside hybrid-install",
        "HYBRID_INSTALL_POETRY",
        "PATH",
    ]


def test_no_poetry_at_all_is_none(tmp_path: Path) -> None:
    assert poetry_tool.find({"PATH": str(tmp_path)}, FakeRunner()) is None


def test_a_shim_on_path_that_stands_for_nothing_is_none(tmp_path: Path) -> None:
    script = launcher(tmp_path / "poetry", SHIM)
    runner = FakeRunner([failure(127, "pyenv: poetry: command not found")])
    assert poetry_tool.find({"PATH": str(script.parent)}, runner) is None


def uv(runner: FakeRunner) -> Uv:
    return Uv(Path("/uv"), "a test", runner, {"A": "1"})


@pytest.mark.parametrize(
    ("locked_by", "requirement"), [("2.4.0", "poetry==2.4.0"), (None, "poetry>=2.3,<3")]
)
def test_uv_provides_the_version_that_wrote_the_lock(
    locked_by: str | None, requirement: str, tmp_path: Path
) -> None:
    prefix = poetry_environment(tmp_path / "tool", "2.4.0")
    runner = FakeRunner([f"{prefix}/bin/python\n"])
    found = poetry_tool.provided(uv(runner), locked_by, runner)
    argv = (f"{prefix}/bin/python", "-I", "-m", "poetry")
    assert found == Poetry(argv, f"uv ({requirement})", runner, {"A": "1"}, "2.4.0")
    assert requirement in runner.only.argv
    assert sys.executable in runner.only.argv


def test_a_uv_that_cannot_provide_poetry_is_an_error_with_a_hint() -> None:
    runner = FakeRunner([failure(2, "no network")])
    with pytest.raises(ToolError, match="there is no Poetry on this machine") as error:
        poetry_tool.provided(uv(runner), "2.4.0", runner)
    assert "no network" in error.value.message
    assert error.value.hint is not None


def test_the_environment_is_not_printed() -> None:
    environ = {"POETRY_HTTP_BASIC_X_PASSWORD": "sesame"}
    secret = Poetry(("/poetry",), "a test", FakeRunner(), environ)
    assert "sesame" not in repr(replace(secret, version="2.5.1"))
