"""scripts/bootstrap.sh: from a machine with Python to a working project."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.bare import Bare, without_pip
from support.index import Account, Source
from support.lab import Lab
from support.projects import Project
from support.sandbox import run
from support.venvs import launch
from support.wheels import Release, Wheel

pytestmark = pytest.mark.steps


@pytest.fixture(scope="session")
def home_of_the_tool(stage: Path) -> Path:
    """Where the tests that do not ask how it came there share the tool."""
    return stage / "shared-tool"


@pytest.fixture
def equipped(bare: Bare, home_of_the_tool: Path) -> Bare:
    return replace(bare, sandbox=bare.sandbox.having(HYBRID_INSTALL_HOME=str(home_of_the_tool)))


def test_a_bare_machine(bare: Bare, lab: Lab, standard: Project) -> None:
    """The tool, the project, how to activate it; the second run makes nothing anew."""
    with lab.index.watched() as requests:
        result = bare.succeeding("bootstrap.sh", cwd=standard.folder)
    assert f". '{standard.venv}/bin/activate'" in result.stderr
    assert result.stdout == ""
    assert any(each.path.startswith("/workshop/") for each in requests)
    assert launch(standard.venv, "acme-app", bare.sandbox).stdout.startswith("alpha")
    lab.assert_as_poetry_makes_it(standard)
    tool = Path(bare.environ["XDG_DATA_HOME"]) / "hybrid-install"
    assert (tool / "bin" / "hybrid-install").exists()
    made = (tool / "pyvenv.cfg").stat().st_mtime_ns

    with lab.index.watched() as requests:
        # Another interpreter on PATH is no reason to make it anew.
        again = bare.succeeding("bootstrap.sh", "install", cwd=standard.folder, PYTHON="")
    assert not requests
    assert f". '{standard.venv}/bin/activate'" in again.stderr
    assert (tool / "pyvenv.cfg").stat().st_mtime_ns == made
    assert not [each for each in standard.folder.iterdir() if "hybrid" in each.name]


def test_its_arguments_exit_code_and_data_are_the_tools(equipped: Bare, standard: Project) -> None:
    plan = equipped.succeeding("bootstrap.sh", "plan", "--json", cwd=standard.folder)
    assert plan.stdout.startswith("{")
    assert "Activate" not in plan.output

    for words in (["--help"], ["install", "-h"], ["--version"]):
        helpful = equipped.succeeding("bootstrap.sh", *words, cwd=standard.folder)
        assert helpful.stdout
        assert "Traceback" not in helpful.stderr

    standard.edit("pyproject.toml", "alpha[fast]", "alpha")
    refused = equipped.script("bootstrap.sh", "--with", "docs", cwd=standard.folder)
    assert refused.exit_code == 1
    assert "pyproject.toml changed significantly" in refused.stderr
    assert "Activate" not in refused.output


@pytest.mark.parametrize(
    ("shell", "word", "script"),
    [
        ("/usr/bin/fish", "source", "activate.fish"),
        ("/bin/tcsh", "source", "activate.csh"),
        ("/bin/zsh", ".", "activate"),
    ],
)
def test_the_shell_of_the_user(
    equipped: Bare, standard: Project, shell: str, word: str, script: str
) -> None:
    result = equipped.succeeding("bootstrap.sh", "--no-root", cwd=standard.folder, SHELL=shell)
    assert f"environment:  {word} '{standard.venv}/bin/{script}'" in result.stderr


def test_two_at_once(bare: Bare, standard: Project) -> None:
    """One makes the tool, the other waits for it; neither meets a half-made one."""
    argv = ["sh", str(bare.checkout / "scripts" / "bootstrap.sh"), "plan", "--json"]
    both = [
        subprocess.Popen(
            argv,
            env=bare.environ,
            cwd=standard.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all(stdout.startswith("{") for stdout, _ in said)
    assert sum("Installing hybrid-install with" in stderr for _, stderr in said) == 1
    assert sum("waiting for another run" in stderr for _, stderr in said) == 1


def test_a_half_made_tool_is_made_again(bare: Bare, lab: Lab, standard: Project) -> None:
    with lab.index.misbehaving(statuses={"typer": 500}):
        failed = bare.script("bootstrap.sh", "plan", cwd=standard.folder, PIP_RETRIES="0")
    assert failed.exit_code != 0
    bare.succeeding("bootstrap.sh", "plan", cwd=standard.folder)


def test_a_python_without_pip(bare: Bare, lab: Lab, standard: Project) -> None:
    """pip itself comes from where such machines share its wheel, or from the index."""
    python = without_pip(lab.folder / "bare-python", bare.environ["PYTHON"])
    result = bare.succeeding(
        "bootstrap.sh", "plan", "--json", cwd=standard.folder, PYTHON=str(python)
    )
    assert result.stdout.startswith("{")


def test_no_python_that_will_do(bare: Bare, lab: Lab, standard: Project) -> None:
    empty = lab.folder / "empty"
    empty.mkdir()
    for tool in ("sh", "dirname", "cat", "ls", "mkdir", "touch", "tail"):
        (empty / tool).symlink_to(shutil.which(tool) or tool)

    nothing = bare.script("bootstrap.sh", cwd=standard.folder, PATH=str(empty), PYTHON="")
    assert nothing.exit_code == 1
    assert "error: no Python 3.11 or later" in nothing.stderr
    assert "apt install python3 python3-venv" in nothing.stderr

    named = bare.script("bootstrap.sh", cwd=standard.folder, PYTHON="/nonexistent/python")
    assert named.exit_code == 1
    assert "PYTHON=/nonexistent/python is not Python 3.11" in named.stderr


def test_the_source_is_a_wheel(bare: Bare, lab: Lab, standard: Project) -> None:
    """A copy of the script and its lib in another repository, and a wheel of the tool."""
    copied = standard.folder / "tools"
    copied.mkdir()
    shutil.copy(bare.checkout / "scripts" / "bootstrap.sh", copied)
    shutil.copytree(bare.checkout / "scripts" / "lib", copied / "lib")
    script = ["sh", str(copied / "bootstrap.sh"), "--version"]

    without = run(script, bare.environ, standard.folder, check=False)
    assert without.exit_code == 1
    assert "set HYBRID_INSTALL_SOURCE" in without.stderr

    build = [bare.environ["PYTHON"], "-m", "pip", "wheel", "-q", "--no-deps", "-w"]
    run([*build, lab.folder / "wheels", bare.checkout], bare.environ, lab.folder)
    [wheel] = (lab.folder / "wheels").iterdir()
    source = os.path.relpath(wheel, standard.folder)
    environ = {**bare.environ, "HYBRID_INSTALL_SOURCE": source}
    assert "hybrid-install 0.1.0" in run(script, environ, standard.folder).stdout
    with lab.index.watched() as requests:
        run(script, environ, standard.folder)
    assert not requests

    missing = {**environ, "HYBRID_INSTALL_SOURCE": "./no.whl"}
    result = run(script, missing, standard.folder, check=False)
    assert result.exit_code == 1
    assert "there is no" in result.stderr


def test_a_folder_of_somebody_elses_is_left_alone(bare: Bare, standard: Project) -> None:
    home = standard.folder / "mine"
    home.mkdir()
    (home / "file").write_text("mine")
    result = bare.script("bootstrap.sh", cwd=standard.folder, HYBRID_INSTALL_HOME="mine")
    assert result.exit_code == 1
    assert "is not empty, and not an environment" in result.stderr
    assert (home / "file").read_text() == "mine"


def test_a_tool_that_others_have_made(
    equipped: Bare, home_of_the_tool: Path, standard: Project
) -> None:
    """As in an image: used by whoever may only read it."""
    equipped.succeeding("bootstrap.sh", "--version", cwd=standard.folder)
    lock = home_of_the_tool.with_name(f"{home_of_the_tool.name}.lock")
    lock.chmod(stat.S_IRUSR)
    equipped.succeeding("bootstrap.sh", "--version", cwd=standard.folder)
    lock.chmod(stat.S_IRUSR | stat.S_IWUSR)


def test_pip_from_an_index(bare: Bare, lab: Lab, workshop: Source) -> None:
    """Without account or hash nothing is taken; with both, the newest that this Python may use."""
    fetch = [bare.environ["PYTHON"], str(bare.checkout / "scripts" / "lib" / "fetch_pip.py")]
    private = lab.source(
        Wheel(Release("pip", "9.0")),
        Wheel(Release("pip", "21.3.1")),
        Wheel(Release("pip", "99.0", requires_python=">=3.99")),
        account=Account("me", "p@ss"),
    )
    private.offer(Wheel(Release("pip", "31.0"))).yanked.add("pip-31.0-py3-none-any.whl")
    url = lab.index.url(private).replace("//", "//me:p%40ss@")
    for page in (url, f"{url}/"):
        printed = run([*fetch, page, lab.folder], bare.environ, lab.folder).stdout.strip()
        assert printed == str(lab.folder / "pip-21.3.1-py3-none-any.whl")

    anonymous = run(
        [*fetch, lab.index.url(private), lab.folder], bare.environ, lab.folder, check=False
    )
    assert anonymous.exit_code == 1
    assert "401" in anonymous.stderr

    file = "pip-21.3.1-py3-none-any.whl"
    with lab.index.misbehaving(contents={file: b"something else"}):
        result = run([*fetch, url, lab.folder], bare.environ, lab.folder, check=False)
    assert result.exit_code == 1
    assert "has not the sha256" in result.stderr
    assert "p%40ss" not in result.stderr

    nothing = lab.source()
    result = run(
        [*fetch, lab.index.url(nothing), lab.folder], bare.environ, lab.folder, check=False
    )
    assert result.exit_code == 1
