"""`[tool.hybrid-install]` and the variables over it: every error says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_install.core.patterns import Patterns
from hybrid_install.core.settings import Finish, Mismatch, Settings
from hybrid_install.errors import InvalidDataError, UsageError
from hybrid_install.files import read_toml
from hybrid_install.settings import load


def settings_of(folder: Path, table: str, **environ: str) -> Settings:
    path = folder / "pyproject.toml"
    path.write_text(f'[project]\nname = "x"\n[tool.hybrid-install]\n{table}\n', "utf-8")
    return load(read_toml(path), environ)


def test_defaults(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "") == Settings()
    path = tmp_path / "pyproject.toml"
    path.write_text("", "utf-8")
    assert load(read_toml(path), {}) == Settings()


WHOLE = """
heavy = ["Faiss_*", "!scipy"]
provided = ["torch"]
provided-mismatch = "warn"
no-editable = true
finish = "poetry-core"
exports = [{ file = "requirements.txt", groups = ["main"] }]
"""


def test_every_setting(tmp_path: Path) -> None:
    assert settings_of(tmp_path, WHOLE) == Settings(
        heavy=Patterns(("faiss-*", "!scipy")),
        provided=Patterns(("torch",)),
        provided_mismatch=Mismatch.WARN,
        no_editable=True,
        finish=Finish.POETRY_CORE,
        exports=({"file": "requirements.txt", "groups": ["main"]},),
    )


def test_variables_replace_what_the_table_says(tmp_path: Path) -> None:
    found = settings_of(
        tmp_path,
        WHOLE,
        HYBRID_INSTALL_HEAVY="big, huge-*",
        HYBRID_INSTALL_PROVIDED="jax",
        HYBRID_INSTALL_PROVIDED_MISMATCH="error",
        HYBRID_INSTALL_NO_EDITABLE="off",
        HYBRID_INSTALL_FINISH="poetry",
    )
    assert found.heavy.entries == ("big", "huge-*")
    assert found.provided.entries == ("jax",)
    assert (found.provided_mismatch, found.no_editable) == (Mismatch.ERROR, False)
    assert found.finish is Finish.POETRY
    assert len(found.exports) == 1


def test_an_empty_variable_means_nothing(tmp_path: Path) -> None:
    empty = dict.fromkeys(("HYBRID_INSTALL_HEAVY", "HYBRID_INSTALL_NO_EDITABLE"), " ")
    assert settings_of(tmp_path, WHOLE, **empty) == settings_of(tmp_path, WHOLE)


def test_the_command_line_comes_first(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, WHOLE)
    assert settings.having(no_editable=None, provided=None) == settings
    assert settings.having(no_editable=False).no_editable is False


@pytest.mark.parametrize(
    ("table", "place", "problem"),
    [
        ("hevy = []", "hevy", 'is no setting: is "heavy" meant?'),
        ("no_editable = true", "no_editable", 'is no setting: is "no-editable" meant?'),
        ("xyz = 1", "xyz", "is no setting (the settings: heavy, provided, "),
        ('heavy = "torch"', "heavy", "expected an array, found a string"),
        ("heavy = [1]", "heavy[0]", "expected a string, found an integer"),
        ('heavy = ["a", "b c"]', "heavy[1]", "'b c' is no pattern"),
        ('provided = ["a", "!a"]', "provided", 'both "a" and "!a" are there'),
        ('provided-mismatch = "no"', "provided-mismatch", 'expected "error" or "warn", found'),
        ('no-editable = "yes"', "no-editable", "expected true or false, found a string"),
        ('finish = "pip"', "finish", 'expected "poetry" or "poetry-core", found'),
        ('exports = ["a"]', "exports[0]", "expected a table, found a string"),
        ("exports = [{}]", "exports[0].file", "is missing"),
    ],
)
def test_errors_name_file_and_place(tmp_path: Path, table: str, place: str, problem: str) -> None:
    with pytest.raises(InvalidDataError) as error:
        settings_of(tmp_path, table)
    whole = f"{tmp_path / 'pyproject.toml'}: tool.hybrid-install.{place}: {problem}"
    assert str(error.value).startswith(whole)


def test_a_table_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("tool.hybrid-install = 1", "utf-8")
    with pytest.raises(InvalidDataError, match=r"tool\.hybrid-install: expected a table"):
        load(read_toml(path), {})


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("HYBRID_INSTALL_NO_EDITABLE", "perhaps", "expected true or false"),
        ("HYBRID_INSTALL_PROVIDED_MISMATCH", "ignore", 'expected "error" or "warn"'),
        ("HYBRID_INSTALL_FINISH", "uv", 'expected "poetry" or "poetry-core"'),
        ("HYBRID_INSTALL_HEAVY", "torch>=2", "'torch>=2' is no pattern"),
    ],
)
def test_errors_name_the_variable(tmp_path: Path, variable: str, value: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        settings_of(tmp_path, "", **{variable: value})
    assert error.value.message.startswith(f"{variable}: {problem}")
