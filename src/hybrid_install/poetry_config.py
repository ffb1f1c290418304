"""Poetry's own settings, in Poetry's precedence.

`POETRY_*` over poetry.toml over auth.toml over config.toml over Poetry's defaults. Mirrors
`Config` (poetry/config/config.py) and the paths of poetry/locations.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hybrid_install.core.credentials import Credentials, refuse_unreadable
from hybrid_install.core.document import kind_of as _kind
from hybrid_install.core.file_choice import BinaryPolicy
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
    "installer": {
        "re-resolve": None,
        "parallel": True,
        "max-workers": None,
        "no-binary": None,
        "only-binary": None,
        "build-config-settings": {},
    },
    "keyring": {"enabled": True},
    "http-basic": {},
    "certificates": {},
    "repositories": {},
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
        "installer.parallel",
        "installer.re-resolve",
        "keyring.enabled",
    }
)

_PATHS = frozenset({"cache-dir", "data-dir", "virtualenvs.path", "python.installation-dir"})
_PATH_VARIABLE = re.compile(
    r"POETRY_(?:HOME|CONFIG_DIR|CACHE_DIR|DATA_DIR|VIRTUALENVS_PATH|PYTHON_INSTALLATION_DIR"
    r"|CERTIFICATES_.+)"
)
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")

# Options of Poetry's virtualenv that `uv venv` has an answer for.
_UNDERSTOOD_OPTIONS = frozenset({"always-copy", "system-site-packages", "no-pip"})


ConfigSettings = Mapping[str, str | Sequence[str]]
"""What one package's build backend is told (PEP 517)."""


class Certificates(NamedTuple):
    """`certificates.<source>`: a bundle of authorities, a client certificate, no verification."""

    authority: str | None = None
    client: str | None = None
    verify: bool = True


class PoetryConfig(NamedTuple):
    """Settings by their dotted names. `environ` is consulted first, then the merged files."""

    tables: Mapping[str, Any]
    environ: Mapping[str, str]

    def get(self, *keys: str) -> Any:
        """The value at `keys`, with `{other-setting}` placeholders filled in.

        A boolean from the environment is true for `true` and `1` only, as in Poetry.
        """
        variable = _variable(*keys)
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
            f"expected true or false, found {_kind(value)}", ".".join(keys), file=_SOMEWHERE
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
            problem = "a value refers to itself"
            raise InvalidDataError(problem, "", file=_SOMEWHERE) from None

    def text(self, *keys: str) -> str | None:
        """A setting that is text, None where it is not set."""
        value = self.get(*keys)
        if value is None or isinstance(value, str):
            return value
        raise InvalidDataError(
            f"expected a string, found {_kind(value)}", ".".join(keys), file=_SOMEWHERE
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
    def cache_path(self) -> Path:
        """The folder of what Poetry itself fetches and builds."""
        return self._folder("cache-dir") or Path().absolute()

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
        """`http-basic.<source>`, from the environment or a file; a password may be missing.

        Mirrors `PasswordManager.get_http_auth` (poetry/utils/password_manager.py) without the
        keyring, which only Poetry's own environment has.
        """
        username = self.get("http-basic", source, "username")
        password = self.get("http-basic", source, "password")
        if not username and not password:
            return None
        return Credentials(str(username or ""), str(password or ""))

    def has_password(self, source: str) -> bool:
        """Whether `http-basic.<source>.password` is set, be it to nothing."""
        return self.get("http-basic", source, "password") is not None

    @property
    def asks_keyring(self) -> bool:
        """`keyring.enabled`."""
        return self.flag("keyring", "enabled") is not False

    @property
    def repositories(self) -> Mapping[str, str]:
        """`repositories.<name>.url`: what credentials may be for besides the project's sources.

        Variables hide what files say (`Config._get_environment_repositories`).
        """
        pattern = re.compile(r"POETRY_REPOSITORIES_([A-Z_]+)_URL")
        in_variables = {
            match.group(1).lower().replace("_", "-"): url
            for name, url in self.environ.items()
            if (match := pattern.match(name))
        }
        in_files = {
            str(name): str(entry["url"])
            for name, entry in self._table("repositories").items()
            if isinstance(entry, Mapping) and "url" in entry
        }
        found = in_variables or in_files
        for name, url in found.items():
            refuse_unreadable(url, f"repositories.{name}.url", file=_SOMEWHERE)
        return found

    def certificates(self, source: str) -> Certificates:
        """`certificates.<source>` (`RepositoryCertificateConfig`, poetry/utils/authenticator.py).

        `.verify` wins over `.cert`; either may be false or the path of a bundle.
        """
        self._table("certificates")
        verify = self.get("certificates", source, "verify")
        verify = self.get("certificates", source, "cert") if verify is None else verify
        client = self.get("certificates", source, "client-cert")
        return Certificates(
            authority=str(verify) if isinstance(verify, str) else None,
            client=str(client) if client else None,
            verify=verify is not False,
        )

    def certificate_variables(self, folder: Path) -> dict[str, str]:
        """The certificates with a relative path, as variables that say where in `folder` they are.

        For a Poetry that is started elsewhere.
        """
        pattern = re.compile(r"POETRY_CERTIFICATES_(.+)_(?:CLIENT_CERT|CERT|VERIFY)")
        named = [match.group(1) for name in self.environ if (match := pattern.fullmatch(name))]
        found = {}
        for source in {*map(str, self._table("certificates")), *map(str.lower, named)}:
            for key in ("cert", "verify", "client-cert"):
                value = self.get("certificates", source, key)
                if isinstance(value, str) and value and not Path(value).is_absolute():
                    found[_variable("certificates", source, key)] = str(folder.absolute() / value)
        return found

    @property
    def mirror_url(self) -> str | None:
        """Where poetry-plugin-pypi-mirror, if Poetry has it, finds the default index."""
        url = self.environ.get("POETRY_PYPI_MIRROR_URL") or self.get(
            "plugins", "pypi_mirror", "url"
        )
        if url:
            refuse_unreadable(str(url), "plugins.pypi_mirror.url", file=_SOMEWHERE)
        return str(url) if url else None

    @property
    def binary_policy(self) -> BinaryPolicy:
        """`installer.no-binary` and `installer.only-binary`."""
        return BinaryPolicy(
            _names(self.get("installer", "no-binary")), _names(self.get("installer", "only-binary"))
        )

    @property
    def build_config_settings(self) -> Mapping[str, ConfigSettings]:
        """`installer.build-config-settings`, by package."""
        in_files = self._table("installer", "build-config-settings")
        return self.build_settings_for({*map(str, in_files), *self._settings_in_variables()})

    def build_settings_for(self, names: Iterable[str]) -> Mapping[str, ConfigSettings]:
        """The settings of these packages, by the names that Poetry looks up: spelled the same.

        A variable replaces what a file says
        (`Config._get_environment_build_config_settings`, poetry/config/config.py).
        """
        in_files = self._table("installer", "build-config-settings")
        in_variables = self._settings_in_variables()
        found = {}
        for name in names:
            if name in in_variables:
                found[name] = in_variables[name]
            elif name in in_files:
                found[name] = _settings(name, in_files[name])
        return {
            name: {key: self._filled(value) for key, value in table.items()}
            for name, table in found.items()
        }

    def _settings_in_variables(self) -> Mapping[str, ConfigSettings]:
        prefix = "POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_"
        return {
            normalize_name(name.removeprefix(prefix)): found
            for name, text in self.environ.items()
            if name.startswith(prefix) and (found := _json_settings(text)) is not None
        }

    @property
    def max_workers(self) -> int | None:
        """`installer.max-workers`, or one where `installer.parallel` is off; None by default."""
        if self.flag("installer", "parallel") is False:
            return 1
        workers = self.get("installer", "max-workers")
        try:
            return None if workers is None else max(1, int(workers))
        except (TypeError, ValueError, OverflowError):
            raise InvalidDataError(
                f"expected an integer, found {_kind(workers)}",
                "installer.max-workers",
                file=_SOMEWHERE,
            ) from None

    def _table(self, *keys: str) -> Mapping[str, Any]:
        value: Any = self.tables
        for key in keys:
            value = value.get(key, {}) if isinstance(value, Mapping) else value
        if not isinstance(value, Mapping):
            raise InvalidDataError(
                f"expected a table, found {_kind(value)}", ".".join(keys), file=_SOMEWHERE
            )
        return value


def _variable(*keys: str) -> str:
    """The variable that comes before a setting."""
    return "POETRY_" + "_".join(key.upper().replace("-", "_") for key in keys)


def load(project_dir: Path, environ: Mapping[str, str]) -> PoetryConfig:
    """Read the files of Poetry's configuration; an unreadable one is a `ProjectError`.

    A path with a control character, or any text with a NUL, is an `InvalidDataError`: no system
    call and no tool takes a NUL, and a path is shown.
    """
    _refuse_odd_variables(environ)
    try:
        cache, data, files = _cache_dir(), _data_dir(environ), config_files(project_dir, environ)
    except RuntimeError as error:  # platformdirs, for a user whom this machine does not know
        raise ProjectError(f"there is no home folder: {error}", hint="set HOME") from None
    tables: dict[str, Any] = {**_DEFAULTS, "cache-dir": str(cache), "data-dir": str(data)}
    for path in files:
        if path.is_file():
            found = _read(path)
            _refuse_odd_texts(found, path)
            tables = _merged(tables, found, path)
    return PoetryConfig(tables, environ)


def config_files(project_dir: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where settings are read from, whether there or not; later ones come before earlier ones."""
    folder = config_dir(environ)
    return folder / "config.toml", folder / "auth.toml", project_dir / "poetry.toml"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return read_toml(path).document
    except InvalidDataError as error:
        raise ProjectError(str(error), hint="Poetry cannot read it either: mend it") from None


def _refuse_odd_variables(environ: Mapping[str, str]) -> None:
    for name, text in environ.items():
        if _PATH_VARIABLE.fullmatch(name) and _CONTROL.search(text):
            problem = f"{name} holds a control character: {text!r}"
            raise ProjectError(problem, hint="mend the variable, or unset it")


def _refuse_odd_texts(document: Mapping[str, Any], path: Path) -> None:
    """The error does not repeat the text, which may be a password."""
    for place, text in _texts(document):
        is_path = place in _PATHS or place.startswith("certificates.")
        if "\0" in place + text or (is_path and _CONTROL.search(text)):
            raise InvalidDataError("holds a control character", place, file=str(path))


def _texts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every string with its dotted place; not recursive, since a table may be of any depth."""
    left: list[tuple[str, Any]] = [("", document)]
    while left:
        place, value = left.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, list):
            left += ((place, each) for each in value)
        elif isinstance(value, Mapping):
            left += ((f"{place}.{key}".lstrip("."), each) for key, each in value.items())


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
                f"{path}: {place}{key}: expected a table, found {_kind(value)}",
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
    """`PackageFilterPolicy`: true, 1 or `:all:`, false, 0 or `:none:`, or names.

    Names of a list stay as they are, those of a string are normalized, as in Poetry.
    """
    if not value:
        return frozenset()
    if isinstance(value, list):
        return frozenset(map(str, value))
    if not isinstance(value, str):
        raise InvalidDataError(
            f"expected names, found {_kind(value)}",
            "installer.no-binary, only-binary",
            file=_SOMEWHERE,
        )
    if value in {"true", "false", "1", "0"}:
        return frozenset({":all:" if value in {"true", "1"} else ":none:"})
    names = (name.strip() for name in value.split(","))
    return frozenset(
        name if re.match(r":(all|none):", name) else normalize_name(name) for name in names if name
    )


def _json_settings(text: str) -> ConfigSettings | None:
    """`build_config_setting_validator`: what is not a table of strings is left out."""
    try:
        return _settings("", json.loads(text))
    except (ValueError, RecursionError, InvalidDataError):
        return None


def _settings(package: str, table: Any) -> ConfigSettings:
    place = f"installer.build-config-settings.{package}"
    if not isinstance(table, Mapping):
        raise InvalidDataError(f"expected a table, found {_kind(table)}", place, file=_SOMEWHERE)
    for value in table.values():
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not (isinstance(value, str) or is_list):
            raise InvalidDataError(
                f"expected strings, found {_kind(value)}", place, file=_SOMEWHERE
            )
    return dict(table)
