"""The whole command, a process of its own, with inputs that nobody wishes for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli import HybridInstall
from support.machine import Machine
from support.projects import write_files
from support.sandbox import Sandbox, make_bin
from support.witness import assert_harmless, nothing_changes

PYPROJECT = """\
[project]
name = "acme-app"
version = "0.1.0"
dependencies = ["alpha"]
"""

# `poetry lock`'s hash of that pyproject.toml is put in the place of HASH.
LOCK = """\
[[package]]
name = "alpha"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main"]
files = [{{file = "alpha-1.0-py3-none-any.whl", hash = "sha256:{digest}"}}]
{more}
[metadata]
lock-version = "2.1"
python-versions = "*"
content-hash = "HASH"
"""

GOOD = LOCK.format(digest="0" * 64, more="")

SPOILT: dict[str, dict[str, str | bytes]] = {
    "nothing": {"poetry.lock": ""},
    "invalid UTF-8": {"poetry.lock": GOOD.encode() + b"\xff"},
    "a NUL": {"poetry.lock": GOOD.encode() + b"\0"},
    "a BOM": {"poetry.lock": b"\xef\xbb\xbf" + GOOD.encode()},
    "a deep array": {"poetry.lock": f"x = {'[' * 5000}"},
    "a huge number": {"poetry.lock": f"x = {'9' * 6000}"},
    "an option for a name": {"poetry.lock": GOOD.replace('"alpha"', '"--index-url=http://h"')},
    "a path for a name": {"poetry.lock": GOOD.replace('"alpha"', '"../../alpha"')},
    "two dots for a name": {"poetry.lock": GOOD.replace('"alpha"', '".."')},
    "an escape in a version": {"poetry.lock": GOOD.replace('"1.0"', r'"1.0\u001b[2J"')},
    "a line in a url": {
        "poetry.lock": LOCK.format(
            digest="0", more='source = {type = "git", url = "http://h/\\n--index-url http://i"}'
        )
    },
    "an escape in a file": {"poetry.lock": GOOD.replace("alpha-1.0-py3", r"\u001b]0;title\u0007")},
    "a line in a file": {
        "poetry.lock": GOOD.replace("alpha-1.0-py3", "\\nerror: forged\\n::error::")
    },
    "a line in a hash": {"poetry.lock": LOCK.format(digest="\\nerror: forged", more="")},
    "a line in a marker": {
        "poetry.lock": LOCK.format(digest="0" * 64, more='markers = "\\nerror: forged"')
    },
    "a line in a dependency": {
        "poetry.lock": LOCK.format(
            digest="0" * 64, more='dependencies = {"\\nerror: forged" = ">=1\\n::error::"}'
        )
    },
    "a line in a group": {"poetry.lock": GOOD.replace('["main"]', '["main", "\\nerror: forged"]')},
    "a line in a key": {"poetry.lock": GOOD + '\n[extras]\n"\\nerror: forged" = 3\n'},
    "an escape in a marker": {
        "poetry.lock": LOCK.format(digest="0", more=r'markers = "\u001b[31m"')
    },
    "pyproject.toml of bytes": {"pyproject.toml": b"\x80\x81"},
    "a project named as a path": {"pyproject.toml": PYPROJECT.replace("acme-app", "../acme")},
    "settings of Poetry": {"poetry.toml": "virtualenvs = 3\n"},
    "a NUL in a path of Poetry's": {"poetry.toml": '[virtualenvs]\npath = "a\\u0000b"\n'},
    "a NUL for Poetry's cache": {"poetry.toml": 'cache-dir = "\\u0000"\n'},
    "a prompt that nothing fills in": {
        "poetry.toml": '[virtualenvs]\nprompt = "{project_name!x}"\n'
    },
    "a NUL in a prompt": {"poetry.toml": '[virtualenvs]\nprompt = "\\u0000"\n'},
    "our own settings": {
        "pyproject.toml": f'{PYPROJECT}[tool.hybrid-install]\nheavy = "\\u001b[1m"\n'
    },
}

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("plan",),
    ("plan", "--json"),
    ("verify",),
    ("export",),
    ("export", "--format", "json", "--universal"),
    ("install", "--dry-run"),
    ("check",),
    ("doctor",),
    ("download",),
    ("init",),
)

_READ_SETTINGS: tuple[tuple[str, ...], ...] = (
    ("install", "--dry-run"),
    ("install",),
    ("verify",),
    ("doctor",),
)

# What is at fault for more than it refuses: all that read it.
EVERYWHERE = ("a NUL in a path of Poetry's", "a NUL for Poetry's cache", "a NUL in a prompt")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """No process of these needs a network."""
    return Sandbox(tmp_path / "sandbox", make_bin(tmp_path / "path"), "http://127.0.0.1:9")


@pytest.mark.parametrize("command", [*_READ_SETTINGS, ("plan",), ("export",), ("check",)])
def test_a_terminal_without_the_letters(
    machine: Machine, sandbox: Sandbox, command: tuple[str, ...]
) -> None:
    """Whatever stands there is in a folder that ASCII cannot name."""
    folder = machine.root / "é" / "\u540d"
    write_files(folder, {"pyproject.toml": PYPROJECT, "poetry.lock": GOOD})
    options = ("-C", str(folder), *command)
    result = HybridInstall(sandbox)(*options, cwd=machine.root, PYTHONIOENCODING="ascii")
    assert result.exit_code in {0, 1}, str(result)
    assert result.output.isascii()


def rows() -> list[tuple[str, tuple[str, ...]]]:
    """Each case with one command in turn, and some with each."""
    turns = [(case, COMMANDS[at % len(COMMANDS)]) for at, case in enumerate(sorted(SPOILT))]
    whole = [(case, command) for case in EVERYWHERE for command in _READ_SETTINGS]
    return list(dict.fromkeys(turns + whole))


@pytest.mark.parametrize(("case", "command"), rows(), ids=lambda it: it if it in SPOILT else it[0])
def test_words_and_no_traceback(
    machine: Machine, sandbox: Sandbox, case: str, command: tuple[str, ...]
) -> None:
    """`HybridInstall` fails on a traceback and on the exit code of a bug."""
    import tomllib

    from hybrid_install.core.freshness import content_hash

    files: dict[str, str | bytes] = {"pyproject.toml": PYPROJECT, "poetry.lock": GOOD}
    files |= SPOILT[case]
    try:
        fresh = content_hash(tomllib.loads(str(files["pyproject.toml"])))
    except tomllib.TOMLDecodeError:
        fresh = ""
    files = {
        name: text.replace("HASH", fresh) if isinstance(text, str) else text
        for name, text in files.items()
    }
    write_files(machine.project, files)
    kept = (machine.root / "surroundings", *(() if command == ("init",) else [machine.project]))
    with nothing_changes(*kept):
        result = HybridInstall(sandbox)(*command, cwd=machine.project)
    assert result.exit_code in {0, 1}, str(result)
    assert_harmless(result.output)
    assert not re.search(r"^(error: forged|::error)", result.output, re.MULTILINE)
    if result.exit_code == 1:
        assert "error: " in result.stderr
