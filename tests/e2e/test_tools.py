"""Where uv and Poetry come from, and what is said about them."""

from __future__ import annotations

import re
import sysconfig
from importlib.metadata import version

import pytest
from support.cli import HybridInstall
from support.compare import versions
from support.index import Source
from support.lab import Lab
from support.projects import POETRY, Project
from support.rebuilt import with_dependencies


@pytest.fixture
def tools(lab: Lab) -> Source:
    """An index with Poetry and all that it needs."""
    return lab.source(*with_dependencies("poetry"))


def test_uv_provides_the_poetry_that_wrote_the_lock(
    lab: Lab, standard: Project, without_poetry: HybridInstall, tools: Source
) -> None:
    """From the index that the user's uv is configured for; the project's packages from theirs."""
    variables = {"UV_DEFAULT_INDEX": lab.index.url(tools)}
    with lab.index.watched() as requests:
        result = without_poetry.succeeding(cwd=standard.folder, **variables)

    assert f"uv provides {version('poetry')}" in result.stderr
    downloads = {request.path for request in requests if request.is_download}
    assert any(path.startswith(f"/{tools.name}/files/poetry-") for path in downloads)
    assert not any("alpha" in path and not path.startswith("/shop/") for path in downloads)
    lab.assert_as_poetry_makes_it(standard)

    # Nothing to bind, nothing left to it: Poetry is not needed at all.
    (standard.folder / "pyproject.toml").touch()
    with lab.index.watched() as requests:
        without_poetry.succeeding("--no-root", cwd=standard.folder)
    assert not requests


def test_no_poetry_and_none_to_be_had(
    lab: Lab, standard: Project, without_poetry: HybridInstall
) -> None:
    variables = {"UV_DEFAULT_INDEX": f"{lab.index.address}/nowhere/simple"}
    result = without_poetry.refusing(cwd=standard.folder, **variables)

    assert "there is no Poetry on this machine" in result.stderr
    assert "hint: install Poetry" in result.stderr


def test_a_poetry_that_is_named(lab: Lab, standard: Project) -> None:
    """HYBRID_INSTALL_POETRY goes before the one beside the command."""
    log = lab.folder / "log"
    wrapper = lab.folder / "my poetry"
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> \'{log}\'\nexec {" ".join(POETRY)} "$@"\n')
    wrapper.chmod(0o755)

    lab.install(standard, HYBRID_INSTALL_POETRY=str(wrapper))

    assert log.read_text().splitlines()[-1].startswith("install ")
    lab.assert_as_poetry_makes_it(standard)


def test_a_poetry_that_fails(lab: Lab, standard: Project) -> None:
    """Its own words and exit code are shown, and what uv installed stays."""
    code = standard.folder / "src" / "acme_app"
    code.rename(lab.folder / "away")

    for options in ((), ("--quiet",)):
        result = lab.refuse(standard, *options)
        assert f"{code} does not contain any element" in result.stderr
        assert "exit code 1" in result.stderr
        assert versions(standard.venv).keys() >= {"alpha", "bravo", "golf"}

    (lab.folder / "away").rename(code)
    lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)


def test_versions(lab: Lab) -> None:
    result = lab.hybrid_install.succeeding("--version", cwd=lab.folder)

    ours, uv, poetry = result.stdout.splitlines()
    assert ours.startswith("hybrid-install ")
    assert uv.startswith(f"uv {version('uv')} ")
    assert poetry.startswith(f"Poetry {version('poetry')} ")


def test_help(lab: Lab) -> None:
    result = lab.hybrid_install.succeeding("--help", cwd=lab.folder)

    assert {"install", "plan", "export"} <= set(result.stdout.split())
    options = lab.hybrid_install.succeeding("install", "--help", cwd=lab.folder).stdout
    for option in ("--with", "--without", "--only", "--extras", "--sync", "--venv", "--dry-run"):
        assert option in options


def test_quiet_is_quiet_but_for_errors(lab: Lab, standard: Project) -> None:
    with lab.index.misbehaving(statuses={"bravo": 404}):
        assert "bravo" in lab.refuse(standard, "-q").stderr

    result = lab.install(standard, "-q")

    assert result.output == ""
    lab.assert_as_poetry_makes_it(standard)


def test_plain_text_where_nobody_looks(lab: Lab, standard: Project) -> None:
    """No escape sequence and no carriage return ends up in a log."""
    result = lab.install(standard)

    assert "\x1b" not in result.output
    assert "\r" not in result.output
    assert result.stdout == ""


def stand_in(lab: Lab, name: str, script: str) -> str:
    """A tool of this name that is a script; `$REAL` is the tool itself."""
    tool = lab.folder / "stand-ins" / name
    tool.parent.mkdir(exist_ok=True)
    real = f"REAL={sysconfig.get_path('scripts')}/{name}"
    tool.write_text(f"#!/bin/sh\n{real}\n{script}\n", "utf-8")
    tool.chmod(0o755)
    return str(tool)


def test_a_poetry_that_ends_well_and_does_nothing(lab: Lab, standard: Project) -> None:
    """Whether the project was bound before or not."""
    poetry = stand_in(lab, "poetry", "echo hello")
    for content in ("", "# changed\n"):
        with standard.pyproject.open("a", encoding="utf-8") as file:
            file.write(content)
        result = lab.refuse(standard, HYBRID_INSTALL_POETRY=poetry)
        assert f"{poetry} ended well, but has not bound acme-app" in result.stderr
        lab.install(standard)
    lab.assert_as_poetry_makes_it(standard)


def test_a_lock_that_is_changed_meanwhile(lab: Lab, standard: Project) -> None:
    """No receipt says what was installed; the next run looks at everything."""
    lock = standard.lock.read_bytes()
    changing = f'echo >> {standard.lock}; exec "$REAL" "$@"'
    uv = stand_in(lab, "uv", f'case "$*" in *pylock.toml*) {changing};; esac; exec "$REAL" "$@"')

    result = lab.refuse(standard, HYBRID_INSTALL_UV=uv)

    assert f"{standard.lock} was changed while this run was at work" in result.stderr
    assert not (standard.venv / "hybrid-install.json").exists()
    standard.lock.write_bytes(lock)
    assert "unchanged" not in lab.install(standard).stderr
    lab.assert_as_poetry_makes_it(standard)


NEWER = """case "$*" in --version*) echo "{answer}";; *) exec "$REAL" "$@";; esac"""


@pytest.mark.parametrize(
    ("tool", "variable", "answer", "note"),
    [
        ("uv", "HYBRID_INSTALL_UV", "uv 0.99.0 (abc 2030-01-01)", "uv 0.99.0 (HYBRID_INSTALL_UV)"),
        ("poetry", "HYBRID_INSTALL_POETRY", "Poetry (version 9.0.0)", "Poetry 9.0.0 (HYBRID"),
    ],
)
def test_a_newer_tool_works_with_a_note(
    lab: Lab, standard: Project, tool: str, variable: str, answer: str, note: str
) -> None:
    """In a run once, and in what `doctor` finds; the environment is as it should be."""
    named = {variable: stand_in(lab, tool, NEWER.format(answer=answer))}

    result = lab.install(standard, **named)

    assert result.stderr.count(f"warning: {note}") == 1
    assert "is not a version that hybrid-install was tested with (>=" in result.stderr
    lab.assert_as_poetry_makes_it(standard)
    diagnosed = lab.hybrid_install.succeeding("doctor", cwd=standard.folder, **named)
    assert re.search(r"warning  \w+: [90.]+ .*was tested with", diagnosed.stdout)
    assert "hint: install " in diagnosed.stdout


def test_an_old_uv_is_named_first_where_it_fails(lab: Lab, standard: Project) -> None:
    """It does not know an option of ours; the words that say so are not the cause."""
    fails = "*) echo \"error: unexpected argument '--format' found\" >&2; exit 2;;"
    answers = f'case "$*" in --version) echo uv 0.4.30;; *--format*|*pylock*) {fails[2:]}'
    uv = stand_in(lab, "uv", f'{answers} *) exec "$REAL" "$@";; esac')

    result = lab.refuse(standard, HYBRID_INSTALL_UV=uv)

    assert re.search(
        r"^error: uv 0\.4\.30 is too old: >=0\.\S+ is supported\. uv failed",
        result.stderr,
        re.MULTILINE,
    )
    assert re.search(
        r"^hint: install uv>=0\.\S+, or name one with HYBRID_INSTALL_UV$",
        result.stderr,
        re.MULTILINE,
    )


def test_a_poetry_before_the_project_table(lab: Lab, standard: Project) -> None:
    """Named before anything is made, by `doctor` too; where no Poetry is needed it is no matter."""
    old = 'case "$*" in --version*) echo "Poetry (version 1.7.1)";; *) echo "\'name\'" >&2; exit 1;; esac'
    named = {"HYBRID_INSTALL_POETRY": stand_in(lab, "poetry", old)}

    for verb in ((), ("doctor",)):
        result = lab.hybrid_install.refusing(*verb, cwd=standard.folder, **named)
        assert (
            "Poetry 1.7.1 is too old for this project: it does not read [project]" in result.output
        )
        assert "hint: install Poetry 2.0 or later" in result.output
    assert not standard.venv.exists()
    lab.install(standard, "--finish", "poetry-core", **named)
    lab.assert_as_poetry_makes_it(standard)


def test_a_seed_that_fails_has_a_next_step(lab: Lab, standard: Project) -> None:
    """uv's words on its own cache, and what to do about that."""
    uv = stand_in(lab, "uv", 'case "$*" in *--no-index*) exit 7;; esac; exec "$REAL" "$@"')

    result = lab.refuse(standard, HYBRID_INSTALL_UV=uv)

    assert "uv failed with exit code 7" in result.stderr
    assert "uv cache clean" in result.stderr
    assert not standard.venv.exists()
