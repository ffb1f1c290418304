"""Our own settings: the command line over `HYBRID_INSTALL_*` over `[tool.hybrid-install]`.

What the command line says is put over these by whoever has the request (`Settings.having`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hybrid_install.core.document import table_at
from hybrid_install.core.settings import TABLE, Settings
from hybrid_install.errors import InvalidDataError, UsageError
from hybrid_install.files import TomlFile

# As typer reads the variable of a flag.
_BOOLEANS = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "off"), False),
}

_LISTS = ("heavy", "provided")
_TEXTS = ("provided-mismatch", "finish")
_FLAGS = ("no-editable",)


def load(pyproject: TomlFile, environ: Mapping[str, str]) -> Settings:
    """The settings of a project in an environment.

    `InvalidDataError` names the file and the place in it, `UsageError` the variable.
    """
    try:
        settings = _of_table(pyproject)
    except InvalidDataError as error:
        raise error.in_file(str(pyproject.path)) from None
    for key in (*_LISTS, *_TEXTS, *_FLAGS):
        settings = _with_variable(settings, key, environ)
    return settings


def _of_table(pyproject: TomlFile) -> Settings:
    table = table_at(pyproject.document, *TABLE)
    try:
        return Settings.from_dict(table)
    except InvalidDataError as error:
        raise error.within(".".join(TABLE)) from None


def variable(key: str) -> str:
    """`HYBRID_INSTALL_NO_EDITABLE` of `no-editable`."""
    return f"HYBRID_INSTALL_{key.replace('-', '_').upper()}"


def _with_variable(settings: Settings, key: str, environ: Mapping[str, str]) -> Settings:
    """An empty value, as a Dockerfile's ENV may leave it, means nothing."""
    text = environ.get(variable(key), "").strip()
    if not text:
        return settings
    try:
        return settings.reading({key: _value(key, text)})
    except InvalidDataError as error:
        raise UsageError(
            f"{variable(key)}: {error.problem}", hint="mend the variable, or unset it"
        ) from None


def _value(key: str, text: str) -> Any:
    """The variable's text as TOML would have it."""
    if key in _LISTS:
        return [part for part in re.split(r"[\s,]+", text) if part]
    return _BOOLEANS.get(text.lower(), text) if key in _FLAGS else text
