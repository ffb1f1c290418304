"""The uv.toml that uv is given: the project's indexes, and nothing of anybody else's.

It holds no credentials; those go by environment variables that carry an index's name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import Index, Priority


@dataclass(frozen=True, slots=True)
class NamedIndex:
    """An index under a name that is safe in uv's options and environment variables.

    `is_page` marks one page of links instead of a PEP 503 index, `is_mirror` what stands in for
    uv's own default index.
    """

    name: str
    url: str
    is_page: bool = False
    is_mirror: bool = False

    def toml(self) -> tuple[str, ...]:
        """Its keys within an `[[index]]` table."""
        keys = f"name = {toml_string(self.name)}", f"url = {toml_string(self.url)}"
        return (*keys, 'format = "flat"') if self.is_page else keys


@dataclass(frozen=True)
class Trust:
    """Whom uv believes: a bundle of authorities (PEM), a client certificate, unverified hosts.

    `bundle` is None where uv's own authorities hold; `client` is a path; hosts may have a port.
    """

    bundle: str | None = field(default=None, repr=False)
    client: str | None = None
    insecure_hosts: tuple[str, ...] = ()


BUNDLE = "authorities.pem"
"""The file beside uv.toml that holds `Trust.bundle`."""


@dataclass(frozen=True)
class IndexAccess:
    """The project's indexes under names that uv understands, and the ways to reach them.

    `config_settings` are for the build backends, by package.
    """

    named: Mapping[Index, NamedIndex]
    credentials: Mapping[str, Credentials] = field(default_factory=dict, repr=False)
    trust: Trust = Trust()
    config_settings: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The environment variables that give uv the credentials and the client certificate."""
        variables = {}
        for name, credentials in self.credentials.items():
            variables[f"UV_INDEX_{name.upper()}_USERNAME"] = credentials.username
            variables[f"UV_INDEX_{name.upper()}_PASSWORD"] = credentials.password
        if self.trust.client:
            variables["SSL_CLIENT_CERT"] = self.trust.client
        return variables

    def files(self) -> dict[str, str]:
        """The files that uv needs beside uv.toml."""
        return {} if self.trust.bundle is None else {BUNDLE: self.trust.bundle}

    def uv_toml(self) -> str:
        """All indexes as Poetry's pool searches them; an explicit one is searched by nobody.

        Locked files come by url. What is searched are the requirements of builds, and credentials
        for a url's host.
        """
        searched = [index for index in self.named if index.priority is not Priority.EXPLICIT]
        default = next((index for index in searched if index.is_default), searched[0])
        return self._head() + "".join(
            _index_table(
                named,
                explicit=index.priority is Priority.EXPLICIT,
                default=index == default,
            )
            for index, named in self.named.items()
            if not index.is_default or named.is_mirror
        )

    def uv_toml_of(self, index: Index) -> str:
        """One index, in the default one's place."""
        named = self.named[index]
        if index.is_default and not named.is_mirror:
            return self._head()
        return self._head() + _index_table(named, explicit=False, default=True)

    def _head(self) -> str:
        """What a project on disk says in `[tool.uv.sources]` is for uv's own locks, not for us."""
        lines = ["no-sources = true", "[config-settings-package]"]
        lines += [
            f"{toml_string(name)} = {_table(settings)}"
            for name, settings in sorted(self.config_settings.items())
        ]
        return "\n".join(lines) + "\n"


def _index_table(named: NamedIndex, *, explicit: bool, default: bool) -> str:
    flags = [*(["explicit = true"] if explicit else []), *(["default = true"] if default else [])]
    return "\n".join(["[[index]]", *named.toml(), *flags]) + "\n"


def _table(settings: Mapping[str, str | Sequence[str]]) -> str:
    values = (f"{toml_string(key)} = {_value(value)}" for key, value in settings.items())
    return f"{{ {', '.join(values)} }}"


def _value(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return toml_string(value)
    return f"[{', '.join(toml_string(each) for each in value)}]"


def toml_string(value: str) -> str:
    """A TOML basic string: JSON's without surrogate pairs, which TOML refuses, and with DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
