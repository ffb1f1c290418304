"""The uv.toml that uv is given: the project's indexes, and nothing of anybody else's.

It holds no credentials; those go by environment variables that carry an index's name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import Index, Priority


@dataclass(frozen=True, slots=True)
class NamedIndex:
    """An index under a name that is safe in uv's options and environment variables."""

    name: str
    url: str

    def toml(self) -> tuple[str, str]:
        """Its keys within an `[[index]]` table."""
        return f"name = {toml_string(self.name)}", f"url = {toml_string(self.url)}"


@dataclass(frozen=True)
class IndexAccess:
    """The project's indexes under names that uv understands, and their credentials."""

    named: Mapping[Index, NamedIndex]
    credentials: Mapping[str, Credentials] = field(default_factory=dict, repr=False)

    def variables(self) -> dict[str, str]:
        """The environment variables that give uv the credentials."""
        variables = {}
        for name, credentials in self.credentials.items():
            variables[f"UV_INDEX_{name.upper()}_USERNAME"] = credentials.username
            variables[f"UV_INDEX_{name.upper()}_PASSWORD"] = credentials.password
        return variables

    def uv_toml(self) -> str:
        """All indexes as Poetry's pool searches them; an explicit one is searched by nobody.

        Locked files come by url. What is searched are the requirements of builds, and credentials
        for a url's host.
        """
        searched = [index for index in self.named if index.priority is not Priority.EXPLICIT]
        has_default = any(index.is_default for index in searched)
        return "".join(
            _index_table(
                named,
                explicit=index.priority is Priority.EXPLICIT,
                default=not has_default and index == searched[0],
            )
            for index, named in self.named.items()
            if not index.is_default
        )

    def uv_toml_of(self, index: Index) -> str:
        """One index, in the default one's place."""
        if index.is_default:
            return ""
        return _index_table(self.named[index], explicit=False, default=True)


def _index_table(named: NamedIndex, *, explicit: bool, default: bool) -> str:
    flags = [*(["explicit = true"] if explicit else []), *(["default = true"] if default else [])]
    return "\n".join(["[[index]]", *named.toml(), *flags]) + "\n"


def toml_string(value: str) -> str:
    """A TOML basic string: JSON's without surrogate pairs, which TOML refuses, and with DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
