"""The last step of a CI, by every plain shell, with a tool that only says what it was asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]

TOOL = """\
#!/bin/sh
echo "$* offline=${HYBRID_INSTALL_OFFLINE:-} find-links=${HYBRID_INSTALL_FIND_LINKS:-}" >>"$ASKED"
echo "$HYBRID_INSTALL_WITH" >"$ASKED.with"
case $1 in
    plan) cat "$PLAN" ;;
    install) printf 'a last line without an end' ;;
    cache-key) echo key ;;
esac
"""


@dataclass(frozen=True)
class Step:
    """`scripts/ci/install.sh` with a folder for whatever it reads and writes."""

    folder: Path
    shell: str

    def run(self, *arguments: str, environment: Path, **variables: str) -> str:
        """All that it prints; its exit code as the last line."""
        self._write_tool()
        plan = {"environment": {"path": str(environment), "python": "3.12"}, "project": "x"}
        self.file("plan.json").write_text(json.dumps({**plan, "operations": []}))
        environ = {
            "PATH": os.environ["PATH"],
            "HYBRID_INSTALL_CI_FOLDER": str(self.folder),
            "PLAN": str(self.file("plan.json")),
            "ASKED": str(self.file("asked")),
            "GITHUB_ACTIONS": "true",
            "GITHUB_PATH": str(self.file("path")),
            "GITHUB_ENV": str(self.file("env")),
            "GITHUB_OUTPUT": str(self.file("output")),
            "ACTIVATE": "true",
            **variables,
        }
        argv = [self.shell, str(SCRIPTS / "ci" / "install.sh"), *arguments]
        done = subprocess.run(
            argv,
            env=environ,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return f"{done.stdout}\nexit code {done.returncode}"

    def _write_tool(self) -> None:
        binaries = self.folder / "tool" / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        (binaries / "hybrid-install").write_text(TOOL)
        (binaries / "hybrid-install").chmod(0o755)
        (binaries / "python").unlink(missing_ok=True)
        (binaries / "python").symlink_to(sys.executable)

    def file(self, name: str) -> Path:
        """A file of the runner's."""
        return self.folder / name

    def text(self, name: str) -> str:
        """What is in it, nothing where it is missing."""
        return self.file(name).read_text() if self.file(name).exists() else ""


@pytest.fixture(params=SHELLS)
def step(request: pytest.FixtureRequest, tmp_path: Path) -> Step:
    """The step, in a folder with a blank and a quote in its name."""
    folder = tmp_path / "a runner's"
    folder.mkdir()
    return Step(folder, request.param)


def made(folder: Path, *files: str) -> Path:
    """An environment."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_a_virtual_environment_is_activated(step: Step) -> None:
    environment = made(step.folder / ".venv", "bin/activate", "pyvenv.cfg")
    assert step.run(environment=environment).endswith("exit code 0")
    assert step.text("env") == f"VIRTUAL_ENV={environment}\n"
    assert step.text("path") == f"{environment}/bin\n"
    assert step.file("activate").resolve() == environment / "bin" / "activate"


def test_an_interpreter_of_the_system_s_is_no_virtual_environment(step: Step) -> None:
    """`virtualenvs.create = false`: there is nothing to activate but a folder of PATH."""
    environment = made(step.folder / "usr", "bin/python3")
    for _ in range(2):
        assert step.run(environment=environment).endswith("exit code 0")
    assert not step.text("env")
    argv = [step.shell, "-euc", '. "$1" && printf %s "$PATH"', "sh", str(step.file("activate"))]
    path = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert path.split(":")[0] == f"{environment}/bin"


@pytest.mark.parametrize("character", ["\n", "\r"])
def test_a_path_adds_no_line_to_the_runner_s_files(step: Step, character: str) -> None:
    """Each line of them is a variable of the steps that follow."""
    environment = step.folder / f"x{character}LD_PRELOAD=evil"
    said = step.run(environment=environment)
    assert "error: the path of the environment holds a control character" in said
    assert said.endswith("exit code 1")
    assert not step.text("env")
    assert not step.text("path")
    assert "install" not in [line.split()[0] for line in step.text("asked").splitlines()]


def test_the_runner_s_commands_have_lines_of_their_own(step: Step) -> None:
    """Where a tool's last line has no end, the log must not stay closed to them."""
    lines = step.run(environment=step.folder).splitlines()
    tokens = [line.split("::")[2] for line in lines if line.startswith("::stop-commands::")]
    assert len(tokens) == 3
    for token in tokens:
        assert f"::{token}::" in lines
    assert lines.count("::endgroup::") == 3


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ("--sync --find-links wheels --offline", ("--with", "docs")),
        ("--offline --sync", ("--with", "docs", "--find-links=wheels")),
    ],
)
def test_every_command_is_asked_what_it_understands(
    step: Step, options: str, arguments: tuple[str, ...]
) -> None:
    said = step.run(*arguments, environment=step.folder, OPTIONS=options)
    assert said.endswith("exit code 0"), said
    asked = "--sync --with docs offline=1 find-links=wheels"
    assert step.text("asked").splitlines() == [
        f"plan --json {asked}",
        f"install {asked}",
        f"verify {asked}",
    ]


@pytest.mark.parametrize("names", ["docs,dev", "docs, dev", "docs , dev,", "docs dev", "docs\ndev"])
def test_groups_are_listed_as_people_list_them(step: Step, names: str) -> None:
    """`with: docs, dev`: click takes a variable apart at blanks, and a comma alone is no group."""
    said = step.run(environment=step.folder, HYBRID_INSTALL_WITH=names)
    assert said.endswith("exit code 0"), said
    assert step.text("asked.with").split() == ["docs", "dev"]


def test_an_option_without_its_value_is_refused(step: Step) -> None:
    said = step.run("--find-links", environment=step.folder)
    assert "error: --find-links needs a folder" in said
    assert said.endswith("exit code 1")


def test_an_annotation_of_any_bytes_in_any_locale() -> None:
    """What a compiler says may be in no encoding at all."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / "lib" / "annotation.py", "install"],
        input=b"gcc: \xff\xfe\nerror: caf\xc3\xa9 \xff\n\nhint: more\n",
        env={"PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        check=True,
    )
    said = "::error file=poetry.lock,title=install::café \ufffd%0A%0Ahint: more\n"
    assert done.stdout.decode("utf-8") == said


@pytest.mark.parametrize("kind", ["text", "markdown", "environment"])
def test_a_summary_in_any_locale(kind: str) -> None:
    plan = {
        "project": "café",
        "environment": {"path": "/home/caf\udce9/é", "python": "3.12"},
        "problems": [{"message": "é"}],
        "operations": [],
    }
    done = subprocess.run(
        [sys.executable, SCRIPTS / "lib" / "summary.py", kind],
        input=json.dumps(plan).encode(),
        env={"PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        check=True,
    )
    if kind == "environment":
        assert done.stdout == b"/home/caf\xe9/\xc3\xa9\n"
