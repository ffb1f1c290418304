"""shell/hybrid-install.sh: on `cd`, in bash and zsh, with a stand-in for the command."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.bare import REPOSITORY
from support.lab import Lab
from support.projects import Project
from support.sandbox import Sandbox, run

# Makes an environment beside the project, as hybrid-install would, and notes that it was called.
pytestmark = pytest.mark.steps

_STAND_IN = """\
#!/bin/sh
echo "$@" >>"$TEST_LOG"
if [ "$1" = plan ]; then
    printf '{\\n  "project": "p",\\n  "environment": {\\n    "path": "%s/.venv",\\n  "x": 1}}' "$5"
    exit
fi
[ ! -e "$2/fails" ] || exit 1
mkdir -p "$2/.venv/bin"
echo '{}' >"$2/.venv/hybrid-install.json"
cat >"$2/.venv/bin/activate" <<END
deactivate() { unset VIRTUAL_ENV; echo "left $2"; unset -f deactivate; }
VIRTUAL_ENV="$2/.venv"
echo "entered $2"
END
"""

SHELLS = ("bash", "zsh")


@dataclass(frozen=True)
class Shell:
    """A shell that has sourced the function."""

    argv: tuple[str, ...]
    sandbox: Sandbox
    folder: Path

    def __call__(self, script: str, **variables: str) -> list[str]:
        """Run lines as if they were typed, with the prompt's hook between; what they print."""
        lines = "\n".join(f"{line}\n_hybrid_install_on_cd" for line in script.splitlines())
        whole = f". '{REPOSITORY}/shell/hybrid-install.sh'\n{lines}\n"
        environ = {**self.sandbox.environ, "TEST_LOG": str(self.folder / "log"), **variables}
        result = run([*self.argv, "-c", whole], environ, self.folder)
        assert not result.stderr, str(result)
        return result.stdout.splitlines()

    @property
    def calls(self) -> list[str]:
        """The command lines so far."""
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def installs(self) -> list[str]:
        """The projects that were installed, in order."""
        return [Path(each.split()[1]).name for each in self.calls if each.startswith("-C ")]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, lab: Lab) -> Shell:
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"{request.param} is not installed")
    folder = lab.folder / "bin"
    folder.mkdir()
    (folder / "hybrid-install").write_text(_STAND_IN)
    (folder / "hybrid-install").chmod(0o755)
    sandbox = lab.sandbox.having(PATH=f"{folder}:{lab.sandbox.environ['PATH']}")
    options = ("--norc", "--noprofile") if request.param == "bash" else ("-f",)
    return Shell((path, *options), sandbox, lab.folder)


def project(shell: Shell, name: str) -> Path:
    folder = shell.folder / name
    (folder / "src").mkdir(parents=True)
    for file in ("pyproject.toml", "poetry.lock"):
        (folder / file).touch()
        os.utime(folder / file, (1, 1))
    return folder


def test_only_what_is_trusted(shell: Shell) -> None:
    """A foreign project is neither installed nor activated, whatever lies in it."""
    foreign, mine = project(shell, "foreign"), project(shell, "mine")
    inner = mine / "foreign"
    shutil.copytree(foreign, inner)
    for folder in (foreign, inner):
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "activate").write_text("echo attacked\n")

    said = shell(f"cd {foreign}/src\ncd {mine}\nhybrid-install-trust\ncd {inner}\ncd {foreign}")
    assert said == [f"entered {mine}", f"left {mine}"]
    assert shell.installs == ["mine"]

    # A link to what is trusted leads there; a trusted name that became a link leads elsewhere.
    (shell.folder / "link").symlink_to(mine)
    assert shell(f"cd {shell.folder}/link") == [f"entered {mine}"]
    mine.rename(shell.folder / "moved")
    mine.symlink_to(foreign)
    assert shell(f"cd {mine}") == []
    assert shell.installs == ["mine"]


def test_stale_is_what_changed(shell: Shell) -> None:
    folder = project(shell, "app")
    other = project(shell, "other")
    assert shell(
        f"hybrid-install-trust {folder}\nhybrid-install-trust {other}\ncd {folder}/src"
    ) == [f"entered {folder}"]
    # A look alone: no process.
    before = len(shell.calls)
    assert shell(f"cd {folder}\ncd src\ncd ..\ncd /") == [f"entered {folder}", f"left {folder}"]
    assert len(shell.calls) == before

    for number, change in enumerate(
        ("poetry.lock", "pyproject.toml", "poetry.toml", ".venv"), start=2
    ):
        if change == ".venv":
            (folder / ".venv" / "hybrid-install.json").unlink()
        else:
            (folder / change).touch()
            os.utime(folder / change, (4e9, 4e9))
        assert shell(f"cd {folder}") == [f"entered {folder}"]
        assert shell.installs == ["app"] * number
        if change != ".venv":
            os.utime(folder / change, (1, 1))

    assert shell(f"cd {folder}\ncd {other}") == [
        f"entered {folder}",
        f"left {folder}",
        f"entered {other}",
    ]
    assert shell(f"hybrid-install-untrust {folder}\ncd {folder}") == []
    assert shell(f"cd {other}") == [f"entered {other}"]


def test_a_shell_that_overwrites_nothing(shell: Shell) -> None:
    """`set -o noclobber` is a user's; what was named can still be taken back."""
    one = project(shell, "one")
    (one / "fails").touch()
    shell(f"set -o noclobber\nhybrid-install-trust {one} 2>/dev/null\ntrue")
    (one / "fails").unlink()
    assert shell(f"set -o noclobber\ncd {one}") == [f"entered {one}"]
    assert shell(f"set -o noclobber\nhybrid-install-untrust {one}\ncd {one}") == []
    assert shell(f"cd {one}") == []


def test_what_the_user_activated_stays(shell: Shell) -> None:
    folder = project(shell, "app")
    shell(f"cd {folder}\nhybrid-install-trust")
    assert shell(f"cd {folder}\ncd /", VIRTUAL_ENV="/their/own") == []
    assert shell(f"cd {folder}\ncd /", CONDA_PREFIX="/their/own") == []
    assert shell(f"cd {folder}", HYBRID_INSTALL_CD="off") == []


def test_asking(shell: Shell) -> None:
    folder = project(shell, "app")
    shell("cd /\n" + f"hybrid-install-trust {folder}")
    script = f". '{REPOSITORY}/shell/hybrid-install.sh'\ncd {folder}\n_hybrid_install_on_cd"
    environ = {**shell.sandbox.environ, "TEST_LOG": str(shell.folder / "log")}
    for answer, installs in (("", 0), ("n", 0), ("y", 1)):
        asked = ["sh", "-c", f"""echo {answer} | "$@" """, "sh", *shell.argv, "-c", script]
        result = run(asked, {**environ, "HYBRID_INSTALL_CD": "ask"}, shell.folder, check=False)
        assert f"install {folder} as poetry.lock says?" in result.stderr
        assert len(shell.installs) == installs
        assert (f"entered {folder}" in result.stdout) is bool(installs)


def test_a_failing_run_is_not_repeated_at_each_prompt(shell: Shell) -> None:
    folder = project(shell, "app")
    shell(f"hybrid-install-trust {folder}")
    (folder / "fails").touch()
    script = f". '{REPOSITORY}/shell/hybrid-install.sh'\ncd {folder}\n" + (
        "_hybrid_install_on_cd\n" * 3 + "false\n_hybrid_install_on_cd || echo kept $?"
    )
    environ = {**shell.sandbox.environ, "TEST_LOG": str(shell.folder / "log")}
    result = run([*shell.argv, "-c", script], environ, shell.folder)
    assert result.stdout.splitlines() == ["kept 1"]
    assert result.stderr.count("mend that") == 1
    assert shell.installs == ["app"]


def test_an_interactive_shell(shell: Shell) -> None:
    """The hook is there without anybody calling it."""
    folder = project(shell, "app")
    shell(f"hybrid-install-trust {folder}")
    lines = f". '{REPOSITORY}/shell/hybrid-install.sh'\ncd {folder}\ncd /\n"
    environ = {**shell.sandbox.environ, "TEST_LOG": str(shell.folder / "log"), "PS1": ""}
    feed = ["sh", "-c", 'printf %s "$1" | "$2" "$3" -i', "sh", lines, shell.argv[0], shell.argv[1]]
    result = run(feed, environ, shell.folder, check=False)
    assert f"entered {folder}" in result.stdout, str(result)
    assert f"left {folder}" in result.stdout


def test_with_the_command_itself(lab: Lab, standard: Project) -> None:
    """Its plan says where the environment is."""
    folder = lab.folder / "bin"
    folder.mkdir()
    command = " ".join(lab.hybrid_install.argv(()))
    (folder / "hybrid-install").write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    (folder / "hybrid-install").chmod(0o755)
    environ = lab.hybrid_install.environ({"PATH": f"{folder}:{lab.sandbox.environ['PATH']}"})
    script = (
        f". '{REPOSITORY}/shell/hybrid-install.sh'; cd '{standard.folder}'; hybrid-install-trust;"
        ' echo "in $VIRTUAL_ENV"; command -v bravo'
    )
    result = run(["bash", "--norc", "-c", script], environ, lab.folder)
    assert result.stdout.splitlines() == [f"in {standard.venv}", f"{standard.venv}/bin/bravo"]
