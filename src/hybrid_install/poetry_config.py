"""Poetry's own settings, in Poetry's precedence.

`POETRY_*` over poetry.toml over auth.toml over config.toml over Poetry's defaults. Mirrors
`Config` (poetry/config/config.py) and the paths of poetry/locations.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybrid_install.core.credentials import Credentials
from hybrid_install.core.deferral import BuildPolicy, certificate_name
from hybrid_install.core.model import normalize_name
from hybrid_install.errors import InvalidDataError, ProjectError
from hybrid_install.files import read_toml

_DEFAULTS: Mapping[str, Any] = {
    "virtualenvs": {
        "create": True,
        "in-project": None,
        "path": "{cache-dir}/virtualenvs",
        "options": {"always-copy": False, "system-site-packages": False, "no-pip": False},
        "use-poetry-python": False,
        "prompt": "{project_name}-py{python_version}",
    },
    "installer": {"re-resolve": None, "no-binary": None, "only-binary": None},
    "http-basic": {},
    "certificates": {},
}

_SOMEWHERE = "Poetry's settings (poetry.toml, config.toml, POETRY_*)"

_BOOLEANS = frozenset(
    {
        "virtualenvs.create",
        "virtualenvs.in-project",
        "virtualenvs.use-poetry-python",
        "virtualenvs.options.always-copy",
        "virtualenvs.options.no-pip",
        "virtualenvs.options.system-site-packages",
        "installer.re-resolve",
    }
)

# Options of Poetry's virtualenv that `uv venv` has an answer for.
_UNDERSTOOD_OPTIONS = frozenset({"always-copy", "system-site-packages", "no-pip"})


@dataclass(frozen=True)
class PoetryConfig:
    """Settings by their dotted names. `environ` is consulted first, then the merged files."""

    tables: Mapping[str, Any]
    environ: Mapping[str, str]

    def get(self, *keys: str) -> Any:
        """The value at `keys`, with `{other-setting}` placeholders filled in.

        A boolean from the environment is true for `true` and `1` only, as in Poetry.
        """
        variable = "POETRY_" + "_".join(key.upper().replace("-", "_") for key in keys)
        if variable in self.environ:
            text = self.environ[variable]
            is_boolean = ".".join(keys) in _BOOLEANS
            return text.lower() in {"true", "1"} if is_boolean else self._filled(text)
        value: Any = self.tables
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return self._filled(value)

    def flag(self, *keys: str) -> bool | None:
        """A boolean setting, None where it is not set."""
        value = self.get(*keys)
        if value is None or isinstance(value, bool):
            return value
        raise InvalidDataError(
            f"expected true or false, found {value!r}", ".".join(keys), file=_SOMEWHERE
        )

    def _filled(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value

        def fill(match: re.Match[str]) -> str:
            other = self.get(*match.group(1).split("."))
            return match.group(0) if other is None else str(other)

        try:
            return re.sub(r"{(.+?)}", fill, value)
        except RecursionError:
            problem = f"{value!r} refers to itself"
            raise InvalidDataError(problem, "", file=_SOMEWHERE) from None

    def text(self, *keys: str) -> str | None:
        """A setting that is text, None where it is not set."""
        value = self.get(*keys)
        if value is None or isinstance(value, str):
            return value
        raise InvalidDataError(
            f"expected a string, found {value!r}", ".".join(keys), file=_SOMEWHERE
        )

    def _folder(self, *keys: str) -> Path | None:
        """A setting that is a path, made absolute."""
        text = self.text(*keys)
        try:
            return Path(text).expanduser().absolute() if text else None
        except RuntimeError:  # `~` of somebody whom this machine does not know
            raise InvalidDataError(
                f"there is no home for {text!r}", ".".join(keys), file=_SOMEWHERE
            ) from None

    @property
    def virtualenvs_path(self) -> Path:
        """The folder of Poetry's named environments."""
        return self._folder("virtualenvs", "path") or Path().absolute()

    @property
    def python_installation_dir(self) -> Path:
        """Where `poetry python install` puts interpreters."""
        own = self._folder("python", "installation-dir")
        return own or (self._folder("data-dir") or Path()) / "python"

    @property
    def has_foreign_virtualenv_options(self) -> bool:
        """Whether an environment must be made by Poetry's virtualenv to be as asked for."""
        options = self.get("virtualenvs", "options")
        unknown = set(options) - _UNDERSTOOD_OPTIONS if isinstance(options, Mapping) else set()
        return bool(unknown) or bool(self.flag("virtualenvs", "options", "always-copy"))

    def credentials(self, source: str) -> Credentials | None:
        """`http-basic.<source>`, from the environment or a file.

        Mirrors `PasswordManager.get_http_auth` (poetry/utils/password_manager.py); a password
        that only a keyring knows is not looked up here.
        """
        username = self.get("http-basic", source, "username")
        password = self.get("http-basic", source, "password")
        if not username and not password:
            return None
        return Credentials(str(username or ""), str(password or ""))

    def build_policy(self, build_constraints: frozenset[Any]) -> BuildPolicy:
        """The settings that bear on which file is installed, and how it is built."""
        settings = self.get("installer", "build-config-settings")
        configured = set(settings) if isinstance(settings, Mapping) else set()
        prefix = "POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_"
        configured |= {
            name.removeprefix(prefix) for name in self.environ if name.startswith(prefix)
        }
        certificates = self.get("certificates")
        if not isinstance(certificates, Mapping):
            raise InvalidDataError(
                f"expected a table, found {certificates!r}", "certificates", file=_SOMEWHERE
            )
        return BuildPolicy(
            binary_policy_for=_names(self.get("installer", "no-binary"))
            | _names(self.get("installer", "only-binary")),
            build_settings_for=build_constraints | {normalize_name(name) for name in configured},
            with_certificates=frozenset(certificate_name(str(name)) for name in certificates)
            | _certificates_in(self.environ),
        )


def load(project_dir: Path, environ: Mapping[str, str]) -> PoetryConfig:
    """Read the files of Poetry's configuration; an unreadable one is a `ProjectError`."""
    try:
        folder, cache, data = config_dir(environ), _cache_dir(), _data_dir(environ)
    except RuntimeError as error:  # platformdirs, for a user whom this machine does not know
        raise ProjectError(f"there is no home folder: {error}", hint="set HOME") from None
    tables: dict[str, Any] = {**_DEFAULTS, "cache-dir": str(cache), "data-dir": str(data)}
    for path in (folder / "config.toml", folder / "auth.toml", project_dir / "poetry.toml"):
        if path.is_file():
            tables = _merged(tables, _read(path), path)
    return PoetryConfig(tables, environ)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return read_toml(path).document
    except InvalidDataError as error:
        raise ProjectError(str(error), hint="Poetry cannot read it either: mend it") from None


def _merged(
    base: Mapping[str, Any], over: Mapping[str, Any], path: Path, place: str = ""
) -> dict[str, Any]:
    """`over`, read from `path`, over `base`; what is a table stays one."""
    merged = dict(base)
    for key, value in over.items():
        if not isinstance(merged.get(key), Mapping):
            merged[key] = value
        elif isinstance(value, Mapping):
            merged[key] = _merged(merged[key], value, path, f"{place}{key}.")
        else:
            raise ProjectError(
                f"{path}: {place}{key}: expected a table, found {value!r}",
                hint="Poetry cannot read it either: mend it",
            )
    return merged


def config_dir(environ: Mapping[str, str]) -> Path:
    """`POETRY_CONFIG_DIR`, or the platform's place."""
    if folder := environ.get("POETRY_CONFIG_DIR"):
        return Path(folder)
    from platformdirs import user_config_path

    return user_config_path("pypoetry", appauthor=False, roaming=True)


def _cache_dir() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("pypoetry", appauthor=False)


def _data_dir(environ: Mapping[str, str]) -> Path:
    if folder := environ.get("POETRY_HOME"):
        return Path(folder).expanduser()
    from platformdirs import user_data_path

    return user_data_path("pypoetry", appauthor=False, roaming=True)


def _names(value: Any) -> frozenset[str]:
    """`PackageFilterPolicy`: true, 1 or `:all:`, false, 0 or `:none:`, or names."""
    if value is None or value is False:
        return frozenset()
    listed = [":all:"] if value is True else value
    if isinstance(listed, str):
        listed = [":all:"] if listed in {"true", "1"} else listed.split(",")
    if not isinstance(listed, list):
        raise InvalidDataError(
            f"expected names, found {value!r}", "installer.no-binary, only-binary"
        )
    names = {str(name).strip() for name in listed} - {":none:", "false", "0", ""}
    return frozenset(name if name == ":all:" else normalize_name(name) for name in names)


def _certificates_in(environ: Mapping[str, str]) -> frozenset[str]:
    pattern = re.compile(r"POETRY_CERTIFICATES_(.+?)_(CERT|CLIENT_CERT|VERIFY)$")
    return frozenset(
        certificate_name(match.group(1)) for name in environ if (match := pattern.match(name))
    )
