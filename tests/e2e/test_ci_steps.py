"""action.yml, ci/gitlab.yml and scripts/ci-deploy.sh, by running their shell."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import plain_yaml
from support.bare import REPOSITORY, URL, Bare
from support.github import Job
from support.lab import Lab
from support.projects import Project
from support.sandbox import run

pytestmark = pytest.mark.steps


@pytest.fixture(scope="session")
def folder_of_the_steps(stage: Path) -> Path:
    """The tests share the tool; caches are each test's own."""
    return stage / "ci"


@pytest.fixture
def runner(bare: Bare, folder_of_the_steps: Path) -> Bare:
    shutil.rmtree(folder_of_the_steps / "cache", ignore_errors=True)
    variables = {
        "HYBRID_INSTALL_CI_FOLDER": str(folder_of_the_steps),
        "UV_CACHE_DIR": str(folder_of_the_steps / "cache" / "uv"),
    }
    return replace(bare, sandbox=bare.sandbox.having(**variables)).having_uv()


def job(runner: Bare, lab: Lab, workspace: Path) -> Job:
    folder = lab.folder / "runner"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (lab.folder / "caches").mkdir(exist_ok=True)
    return Job(folder, workspace, runner.environ, lab.folder / "caches")


def test_the_action(runner: Bare, lab: Lab, standard: Project, folder_of_the_steps: Path) -> None:
    """Cold, warm, and with a changed light pin: what the log, the summary and the files say."""
    workspace = standard.folder.parent
    name = standard.folder.name
    python = runner.environ["PYTHON"]
    cold = job(runner, lab, workspace)
    outputs = cold.run(runner.checkout, working_directory=name, without="dev", tool_python=python)

    assert cold.exit_code == 0, cold.log
    assert cold.ran == ["tool", "key", "restore", "install", "save"]
    lab.assert_as_poetry_makes_it(standard, "--without", "dev")
    assert outputs["environment"] == str(standard.venv)
    assert outputs["cache-key"].startswith("hybrid-install-")
    assert cold.path == [f"{standard.venv}/bin"]
    assert cold.variables == {"VIRTUAL_ENV": str(standard.venv)}
    assert cold.log.count("::group::") == cold.log.count("::endgroup::") == 4, cold.log
    assert "### acme-app: " in cold.summary
    assert "| alpha | 1.0 | install | shop" in cold.summary
    assert "echo-dev" not in cold.summary
    assert run([outputs["tool"], "--version"], runner.environ, workspace).exit_code == 0

    # Another machine: no environment, no cache but the restored one.
    shutil.rmtree(standard.venv)
    shutil.rmtree(folder_of_the_steps / "cache")
    warm = job(runner, lab, workspace)
    with lab.index.watched() as requests:
        again = warm.run(
            runner.checkout,
            working_directory=name,
            without="dev",
            verify="false",
            tool_python=python,
        )
    assert again["cache-hit"] == "true", warm.log
    assert warm.ran == ["tool", "key", "restore", "install"]
    assert again["cache-key"] == outputs["cache-key"]
    assert not [each for each in requests if each.is_download]

    # Nothing to keep, nothing to activate.
    plain = job(runner, lab, workspace)
    plain.run(
        runner.checkout,
        working_directory=name,
        cache="false",
        activate="false",
        tool_python=python,
    )
    assert plain.ran == ["tool", "install"]
    assert not plain.path
    assert "<details><summary>" in plain.summary


def test_a_failure_is_a_note_on_the_file(runner: Bare, lab: Lab, standard: Project) -> None:
    standard.edit("pyproject.toml", "alpha[fast]", "alpha")
    failed = job(runner, lab, standard.folder.parent)
    failed.run(runner.checkout, working_directory=standard.folder.name)

    assert failed.exit_code == 1
    assert "save" not in failed.ran
    [(file, message)] = failed.annotations
    assert file == f"{standard.folder.name}/poetry.lock"
    assert message.startswith("pyproject.toml changed significantly")
    assert "hint: `poetry lock`" in message


def test_a_lock_commands_nothing(runner: Bare, lab: Lab, standard: Project) -> None:
    """What a stranger's files and options say is never a command of GitHub's, nor of a shell."""
    made = standard.folder / "made"
    code = standard.folder / "build.py"
    code.write_text("print('::error file=x::smuggled')\nprint('\\n::add-mask::alpha')\n")
    attempts = [f"$(touch {made})", f"`touch {made}`", f"; touch {made}", f"' ; touch {made} ; '"]
    for options in attempts:
        tried = job(runner, lab, standard.folder)
        tried.run(runner.checkout, options=options, extras=options, cache="false")
        assert tried.exit_code != 0
        assert not made.exists()
    with lab.index.misbehaving(statuses={"bravo": 500}):
        tried = job(runner, lab, standard.folder)
        tried.run(runner.checkout, cache="false", only="main")
    [(_, message)] = tried.annotations
    assert "bravo" in message
    assert tried.log.index("::stop-commands::") < tried.log.index("bravo")


def test_the_summary_is_no_markup(runner: Bare, lab: Lab) -> None:
    """A package may be called anything, as far as a table is concerned."""
    nasty = "a | b\n<script>x</script> [l](u) `c` *d*"
    operation = dict.fromkeys(("name", "version", "source", "reason"), nasty)
    plan = {
        "project": nasty,
        "environment": {"path": nasty, "python": "3.12"},
        "problems": [{"message": nasty}],
        "operations": [{**operation, "action": "install"}, {**operation, "action": "keep"}],
    }
    (lab.folder / "plan.json").write_text(json.dumps(plan))
    script = runner.checkout / "scripts" / "lib" / "summary.py"
    shell = f"'{sys.executable}' '{script}' markdown <plan.json"
    text = run(["sh", "-c", shell], runner.environ, lab.folder).stdout

    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert "<script>" not in text
    assert "[l](u)" not in text


_KILLED = """\
#!/bin/sh
echo "$@" >>"$TEST_LOG"
case $1 in
    plan) echo '{"operations": [], "environment": {"path": "/nowhere"}}' ;;
    install) printf 'Installing'; kill -9 $$ ;;
esac
"""


@pytest.fixture
def killed(tmp_path: Path) -> dict[str, str]:
    """A machine whose tool is killed in the middle of a line, as for want of memory."""
    tool = tmp_path / "ci" / "tool" / "bin"
    tool.mkdir(parents=True)
    (tool / "python").symlink_to(sys.executable)
    (tool / "hybrid-install").write_text(_KILLED)
    (tool / "hybrid-install").chmod(0o755)
    return {
        "PATH": os.environ["PATH"],
        "HYBRID_INSTALL_CI_FOLDER": str(tmp_path / "ci"),
        "TEST_LOG": str(tmp_path / "log"),
    }


def test_a_killed_tool_does_not_swallow_what_the_runner_is_told(
    killed: dict[str, str], tmp_path: Path
) -> None:
    step = REPOSITORY / "scripts" / "ci" / "install.sh"
    result = run(["sh", step], {**killed, "GITHUB_ACTIONS": "true"}, tmp_path, check=False)
    assert result.exit_code == 137, str(result)
    lines = result.stdout.splitlines()
    stops = [line.rpartition("::")[2] for line in lines if line.startswith("::stop-commands::")]
    assert len(stops) == 2
    for token in stops:
        assert f"::{token}::" in lines
    assert lines[-1].startswith("::error file=poetry.lock,title=hybrid-install::")


def test_variables_of_others_are_no_options(killed: dict[str, str], tmp_path: Path) -> None:
    """`OPTIONS` is the action's; on another CI it may be anybody's."""
    (tmp_path / "scripts" / "ci").mkdir(parents=True)
    for name in ("ci-deploy.sh", "lib", "ci/install.sh", "ci/key.sh"):
        (tmp_path / "scripts" / name).symlink_to(REPOSITORY / "scripts" / name)
    (tmp_path / "scripts" / "ci" / "tool.sh").write_text("")
    deploy = tmp_path / "scripts" / "ci-deploy.sh"
    run(["sh", deploy, "--sync"], {**killed, "OPTIONS": "--of-others"}, tmp_path, check=False)
    called = (tmp_path / "log").read_text().splitlines()
    assert called == ["plan --json --sync", "install --sync"]


def test_any_other_ci(runner: Bare, lab: Lab, standard: Project) -> None:
    """One command, a folder, and two hooks for a cache."""
    hooks = {
        "HYBRID_INSTALL_CI_RESTORE": 'echo "restore $CACHE_KEY $CACHE_PREFIX"; exit 1',
        "HYBRID_INSTALL_CI_SAVE": 'echo "save $CACHE_KEY"; test -d "$CACHE_FOLDER/uv"',
    }
    result = runner.succeeding(
        "ci-deploy.sh", "--with", "docs", cwd=standard.folder, CI="true", **hooks
    )

    lab.assert_as_poetry_makes_it(standard, "--with", "docs")
    [restored] = [
        line.split() for line in result.stdout.splitlines() if line.startswith("restore ")
    ]
    assert restored[1].startswith(restored[2])
    assert restored[2].endswith("-")
    assert f"save {restored[1]}" in result.stdout
    assert result.stderr.count("warning: the cache") == 1
    assert "\x1b" not in result.output
    assert "::" not in result.stdout
    assert "all as poetry.lock says" in result.stdout

    standard.edit("pyproject.toml", "alpha[fast]", "alpha")
    stale = runner.script("ci-deploy.sh", cwd=standard.folder, CI="true", **hooks)
    assert stale.exit_code == 1
    assert "error: pyproject.toml changed significantly" in stale.output
    assert "save" not in stale.stdout


def test_gitlab(runner: Bare, lab: Lab, standard: Project, folder_of_the_steps: Path) -> None:
    """The template's own script, in a clone that it makes, from a project of this name."""
    template = plain_yaml.load((runner.checkout / "ci" / "gitlab.yml").read_text("utf-8"))
    hidden = template[".hybrid-install"]
    assert hidden["cache"]["key"]["files"] == ["poetry.lock"]
    [kept] = hidden["cache"]["paths"]
    declared = hidden["variables"]
    assert declared["HYBRID_INSTALL_CI_FOLDER"] == f"$CI_PROJECT_DIR/{kept.rstrip('/')}"

    variables = {
        **declared,
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_BUILDS_DIR": str(lab.folder / "builds"),
        "CI_JOB_ID": "7",
        "HYBRID_INSTALL_CI_FOLDER": str(folder_of_the_steps),
        "HYBRID_INSTALL_REPOSITORY": f"{URL}.git",
        "HYBRID_INSTALL_OPTIONS": "--only main",
    }
    [script] = hidden["before_script"]
    for shell in ("sh", "bash"):
        environ = {**runner.knowing_the_url().environ, **variables}
        argv = [shell, "-e", "-c", f'{script}\necho "in $VIRTUAL_ENV"; command -v bravo']
        result = run(argv, environ, standard.folder, check=False)
        assert result.exit_code == 0, str(result)
        assert f"in {standard.venv}" in result.stdout
        assert f"{standard.venv}/bin/bravo" in result.stdout
        assert "section_start:" in result.stdout
    lab.assert_as_poetry_makes_it(standard, "--only", "main")
