"""Settings from every place in which Poetry looks for them, in its precedence."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from poetry.config import config as poetry_module
from poetry.config.config import Config, PackageFilterPolicy
from poetry.toml import TOMLFile
from poetry.utils.authenticator import RepositoryCertificateConfig
from poetry.utils.password_manager import PasswordManager

from hybrid_install import poetry_config
from hybrid_install.core.credentials import Credentials
from hybrid_install.core.model import normalize_name
from hybrid_install.errors import HybridInstallError, InvalidDataError, ProjectError
from hybrid_install.poetry_config import Certificates, PoetryConfig

pytestmark = pytest.mark.conformance

SEVERAL = settings(max_examples=150)

Tables = dict[str, Any]


@dataclass
class Places:
    """The content of the files, and the variables."""

    config: Tables = field(default_factory=dict)
    auth: Tables = field(default_factory=dict)
    project: Tables = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)


@contextmanager
def both(places: Places) -> Iterator[tuple[Config, PoetryConfig]]:
    """The same places, read by Poetry and by us."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        for file, tables in (
            ("config.toml", places.config),
            ("auth.toml", places.auth),
            ("poetry.toml", places.project),
        ):
            (folder / file).write_text(tomlkit.dumps(tables), "utf-8")
        for variable, value in {"POETRY_CONFIG_DIR": name, **places.environ}.items():
            patch.setenv(variable, value)
        patch.setattr(poetry_module, "CONFIG_DIR", folder)
        patch.setattr(poetry_module, "_default_config", None)
        config = Config.create(reload=True)
        config.merge(TOMLFile(folder / "poetry.toml").read())
        config.merge({"keyring": {"enabled": False}})
        yield config, poetry_config.load(folder, dict(os.environ))


def nested(key: tuple[str, ...], value: object) -> Tables:
    tables: Tables = {key[-1]: value}
    for part in reversed(key[:-1]):
        tables = {part: tables}
    return tables


def variable(*key: str) -> str:
    return "POETRY_" + "_".join(key).upper().replace("-", "_")


def everywhere(
    key: tuple[str, ...], in_file: st.SearchStrategy[Any], in_variable: st.SearchStrategy[str]
) -> st.SearchStrategy[Places]:
    """One setting in any of the places, or in none."""
    tables: st.SearchStrategy[Tables] = st.builds(dict) | in_file.map(
        lambda value: nested(key, value)
    )
    environ: st.SearchStrategy[dict[str, str]] = st.builds(dict) | in_variable.map(
        lambda value: {variable(*key): value}
    )
    return st.builds(Places, tables, tables, tables, environ)


BOOLEANS = [
    ("virtualenvs", "create"),
    ("virtualenvs", "in-project"),
    ("virtualenvs", "use-poetry-python"),
    ("virtualenvs", "options", "always-copy"),
    ("virtualenvs", "options", "no-pip"),
    ("virtualenvs", "options", "system-site-packages"),
]
TRUTHS = st.sampled_from(
    ["true", "false", "True", "TRUE", "1", "0", "yes", "no", "on", "", " true"]
)


@pytest.mark.parametrize("key", BOOLEANS, ids=".".join)
def test_flags(key: tuple[str, ...], tally: Counter[str]) -> None:
    @SEVERAL
    @given(everywhere(key, st.booleans(), TRUTHS))
    def compare(places: Places) -> None:
        with both(places) as (theirs, ours):
            assert ours.flag(*key) == theirs.get(".".join(key))
        tally.update(["settings", "settings equal"])

    compare()


@SEVERAL
@given(everywhere(("installer", "re-resolve"), st.booleans(), TRUTHS))
def test_to_resolve_again_is_a_flag_without_a_default(places: Places) -> None:
    """The default depends on the version of Poetry, of which there is none in the settings."""
    with both(places) as (theirs, ours):
        flag = ours.flag("installer", "re-resolve")
        assert bool(flag) == theirs.get("installer.re-resolve")
        assert (flag is None) == (places == Places())


PATHS = st.sampled_from(
    [
        "/somewhere/else",
        "relative/to/here",
        "~/envs",
        "{cache-dir}/envs",
        "{cache-dir}",
        "{data-dir}/envs",
        "{virtualenvs.prompt}",
        "{unknown}/envs",
        "{unknown.too}/{cache-dir}",
        "/with/slash/",
        "/a/./b//c",
    ]
)


@SEVERAL
@given(
    everywhere(("virtualenvs", "path"), PATHS, PATHS),
    st.dictionaries(
        st.sampled_from(["POETRY_CACHE_DIR", "POETRY_DATA_DIR", "POETRY_HOME"]),
        st.sampled_from(["/cache", "~/cache", "relative"]),
    ),
    st.sampled_from([{}, {"cache-dir": "/of/the/file"}, {"data-dir": "{cache-dir}/data"}]),
)
def test_the_folder_of_named_environments(
    tally: Counter[str], places: Places, environ: Mapping[str, str], tables: Tables
) -> None:
    """`{…}` stands for another setting, in files and in variables.

    Ours is absolute, because uv works in another folder.
    """
    places = Places(
        {**places.config, **tables}, places.auth, places.project, {**places.environ, **environ}
    )
    with both(places) as (theirs, ours):
        assert ours.virtualenvs_path == theirs.virtualenvs_path.absolute()
    tally.update(["settings", "settings equal"])


def test_the_folder_of_named_environments_without_any_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("POETRY_CACHE_DIR", "POETRY_DATA_DIR"):
        monkeypatch.delenv(name)
    with both(Places()) as (theirs, ours):
        assert ours.virtualenvs_path == theirs.virtualenvs_path.absolute()
        assert ours.get("data-dir") == theirs.get("data-dir")


PROMPTS = st.sampled_from(
    ["{project_name}", "x", "", "{cache-dir}", "{project_name}-{virtualenvs.path}"]
)


@SEVERAL
@given(everywhere(("virtualenvs", "prompt"), PROMPTS, PROMPTS))
def test_the_prompt(places: Places) -> None:
    with both(places) as (theirs, ours):
        assert ours.get("virtualenvs", "prompt") == theirs.get("virtualenvs.prompt")


@pytest.mark.parametrize(
    ("options", "foreign"),
    [
        ({}, False),
        ({"system-site-packages": True}, False),
        ({"no-pip": True}, False),
        ({"always-copy": True}, True),
        ({"download": True}, True),
        ({"no-setuptools": False}, True),
    ],
)
def test_options_that_only_virtualenv_understands(options: Tables, foreign: bool) -> None:
    """Poetry hands every key of the table to virtualenv."""
    with both(Places(project={"virtualenvs": {"options": options}})) as (theirs, ours):
        assert options.items() <= theirs.get("virtualenvs.options").items()
        assert ours.has_foreign_virtualenv_options is foreign


SOURCES = ["private", "my-repo", "my_repo", "my.repo", "MyRepo", "pypi", "a.b-c_D"]
WORDS = st.sampled_from(["", "me", "with space", "p@ss:word", "ü", "{cache-dir}", "{odd}"])


def credentials_in_file(name: str) -> st.SearchStrategy[Tables]:
    entry = st.fixed_dictionaries({}, optional={"username": WORDS, "password": WORDS})
    return st.just({}) | entry.map(lambda values: {"http-basic": {name: values}})


def credentials_in_variables(name: str) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {},
        optional={variable("http-basic", name, part): WORDS for part in ("username", "password")},
    )


@pytest.mark.parametrize("name", SOURCES)
def test_credentials(name: str, tally: Counter[str]) -> None:
    """Of the very name that pyproject gives the source; in a variable dashes are underscores."""
    places = st.builds(Places, *[credentials_in_file(name)] * 3, credentials_in_variables(name))

    @SEVERAL
    @given(places)
    def compare(places: Places) -> None:
        with both(places) as (theirs, ours):
            auth = PasswordManager(theirs).get_http_auth(name)
            known = auth.username or auth.password
            expected = Credentials(auth.username or "", auth.password or "") if known else None
            assert ours.credentials(name) == expected
        tally.update(["credentials", "credentials equal"])

    compare()


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("other", SOURCES)
def test_credentials_are_of_one_source(name: str, other: str) -> None:
    """Where two names share a variable, Poetry knows no difference either."""
    places = Places(
        auth={"http-basic": {name: {"username": "in the file"}}},
        environ={variable("http-basic", name, "password"): "secret"},
    )
    with both(places) as (theirs, ours):
        auth = PasswordManager(theirs).get_http_auth(other)
        found = ours.credentials(other)
        assert (found.username or None if found else None) == auth.username
        assert (found.password or None if found else None) == auth.password


CERTIFICATES = st.sampled_from(
    [True, False, "/ca.pem", "relative/ca.pem", "{cache-dir}/ca.pem", ""]
)
CERTIFICATE_TEXTS = st.sampled_from(["/of/variable.pem", "false", "{cache-dir}/x", ""])


@pytest.mark.parametrize("name", SOURCES)
def test_certificates(name: str, tally: Counter[str]) -> None:
    """`.verify` over `.cert`, whichever place it is in; a variable's false is a path."""
    keys = ("cert", "verify", "client-cert")
    entry = st.fixed_dictionaries(
        {},
        optional={"cert": CERTIFICATES, "verify": CERTIFICATES, "client-cert": CERTIFICATE_TEXTS},
    )
    tables: st.SearchStrategy[Tables] = st.builds(dict) | entry.map(
        lambda values: {"certificates": {name: values}}
    )
    environ = st.fixed_dictionaries(
        {}, optional={variable("certificates", name, key): CERTIFICATE_TEXTS for key in keys}
    )

    @SEVERAL
    @given(st.builds(Places, *[tables] * 3, environ))
    def compare(places: Places) -> None:
        with both(places) as (theirs, ours):
            expected = RepositoryCertificateConfig.create(name, theirs)
            found = ours.certificates(name)
            assert (found.authority and Path(found.authority)) == some(expected.cert)
            assert (found.client and Path(found.client)) == some(expected.client_cert)
            assert found.verify is expected.verify
            assert ours.certificates("another") == Certificates()
        tally.update(["certificates", "certificates equal"])

    compare()


def some(path: Path | None) -> Path | str | None:
    """A path of nothing is Poetry's current folder, and to us an empty setting."""
    return "" if path == Path() else path


PACKAGES = ["a", "b-c", "d"]
POLICY_TEXTS = st.sampled_from(
    [
        "true",
        "false",
        "1",
        "0",
        "TRUE",
        "",
        ":all:",
        ":none:",
        "a",
        "A, B_c",
        "a,:none:",
        " a ,",
        ",",
    ]
)
POLICY_LISTS = st.lists(st.sampled_from([*PACKAGES, ":all:", ":none:"]), max_size=3)


def policies(in_file: st.SearchStrategy[Any]) -> st.SearchStrategy[Places]:
    no_binary = everywhere(("installer", "no-binary"), in_file, POLICY_TEXTS)
    only_binary = everywhere(("installer", "only-binary"), in_file, POLICY_TEXTS)
    return st.builds(_merged, no_binary, only_binary)


def _merged(one: Places, other: Places) -> Places:
    def installer(left: Tables, right: Tables) -> Tables:
        return {"installer": {**left.get("installer", {}), **right.get("installer", {})}}

    return Places(
        installer(one.config, other.config),
        installer(one.auth, other.auth),
        installer(one.project, other.project),
        {**one.environ, **other.environ},
    )


def allowed_by_poetry(config: Config, name: str) -> tuple[bool, bool]:
    """Whether wheels and sdists of this name are looked at (`Chooser.choose_for`)."""
    no_binary = PackageFilterPolicy(config.get("installer.no-binary", []))
    only_binary = PackageFilterPolicy(config.get("installer.only-binary", []))

    def refuses(policy: PackageFilterPolicy, other: PackageFilterPolicy) -> bool:
        return policy.has_exact_package(name) or (
            not policy.allows(name) and not other.has_exact_package(name)
        )

    return not refuses(no_binary, only_binary), not refuses(only_binary, no_binary)


def allowed_by_us(config: PoetryConfig, name: str) -> tuple[bool, bool]:
    policy, normalized = config.binary_policy, normalize_name(name)
    return policy.allows_wheels(normalized), policy.allows_sdists(normalized)


SPELLINGS = st.lists(st.sampled_from(["A", "B_C", "b.c", "D"]), max_size=2)


@SEVERAL
@given(policies(POLICY_LISTS | POLICY_TEXTS | SPELLINGS))
def test_binary_policies(tally: Counter[str], places: Places) -> None:
    """Names in a file's list are compared as they are written."""
    with both(places) as (theirs, ours):
        expected = {name: allowed_by_poetry(theirs, name) for name in PACKAGES}
        tally.update(["binary policies"])
        assert {name: allowed_by_us(ours, name) for name in PACKAGES} == expected
    tally.update(["binary policies equal"])


WORKERS = st.integers(1, 40) | st.sampled_from(["1", "3"])
WORKER_TEXTS = st.sampled_from(["1", "2", "007", " 3 ", "1000"])


@SEVERAL
@given(
    everywhere(("installer", "max-workers"), WORKERS, WORKER_TEXTS),
    everywhere(("installer", "parallel"), st.booleans(), TRUTHS),
)
def test_how_many_things_are_done_at_a_time(
    tally: Counter[str], workers: Places, parallel: Places
) -> None:
    """No more than Poetry would; its own default is uv's to choose."""
    with both(_merged(workers, parallel)) as (theirs, ours):
        is_parallel = theirs.get("installer.parallel", True)
        expected = theirs.installer_max_workers if is_parallel else 1
        most = (os.cpu_count() or 1) + 4
        assert min(ours.max_workers or most, most) == expected
    tally.update(["settings", "settings equal"])


@pytest.mark.parametrize("text", ["many", "", "1.5"])
def test_a_number_of_workers_that_is_none(text: str) -> None:
    places = Places(environ={variable("installer", "max-workers"): text})
    with both(places) as (theirs, ours):
        with pytest.raises(ValueError, match="invalid literal"):
            _ = theirs.installer_max_workers
        with pytest.raises(InvalidDataError, match=r"installer\.max-workers"):
            _ = ours.max_workers


SETTING = st.sampled_from(["v", "", "{cache-dir}/x", "{unknown}"])
SETTINGS = st.dictionaries(
    st.sampled_from(["k", "--build-option"]), SETTING | st.lists(SETTING, max_size=2), max_size=2
)
SETTING_TEXTS = SETTINGS.map(json.dumps) | st.sampled_from(
    ["", "{", "[]", "5", "null", '{"k": 5}', '{"k": [5]}', '{"k": null}', '{"k": {}}']
)


def settings_in_file() -> st.SearchStrategy[Tables]:
    names = st.sampled_from(["a", "b-c", "B_c", "b.c", "D"])
    tables = st.dictionaries(names, SETTINGS, max_size=3)
    return tables.map(lambda found: nested(("installer", "build-config-settings"), found))


def settings_in_variables() -> st.SearchStrategy[dict[str, str]]:
    names = st.sampled_from(["A", "B_C", "D", "a", "b-c"])
    return st.dictionaries(
        names.map(lambda name: f"POETRY_INSTALLER_BUILD_CONFIG_SETTINGS_{name}"),
        SETTING_TEXTS,
        max_size=3,
    )


@SEVERAL
@given(st.builds(Places, *[settings_in_file()] * 3, settings_in_variables()))
def test_what_build_backends_are_told(tally: Counter[str], places: Places) -> None:
    """A variable that holds no table of strings is left out."""
    with both(places) as (theirs, ours):
        expected = theirs.get("installer.build-config-settings")
        tally.update(["build settings"])
        assert ours.build_config_settings == expected
    tally.update(["build settings equal"])


@pytest.mark.parametrize("table", [5, {"a": 5}, {"a": {"k": 5}}, {"a": {"k": [5]}}])
def test_build_settings_of_another_shape_are_an_error_that_names_the_place(table: Any) -> None:
    places = Places(project=nested(("installer", "build-config-settings"), table))
    with (
        pytest.raises(HybridInstallError, match=r"installer\.build-config-settings"),
        both(places) as (_, ours),
    ):
        _ = ours.build_config_settings


@SEVERAL
@given(everywhere(("keyring", "enabled"), st.booleans(), TRUTHS))
def test_whether_the_keyring_is_asked(places: Places) -> None:
    with both(places) as (_, ours), pytest.MonkeyPatch.context() as patch:
        # What `both` has switched off for Poetry is switched on again.
        patch.setattr(poetry_module, "_default_config", None)
        theirs = Config.create(reload=True)
        theirs.merge(TOMLFile(Path(os.environ["POETRY_CONFIG_DIR"]) / "poetry.toml").read())
        assert ours.asks_keyring is theirs.get("keyring.enabled")


@pytest.mark.parametrize("file", ["config.toml", "auth.toml", "poetry.toml"])
def test_a_file_that_cannot_be_read_is_an_error_of_the_project(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("not = [toml", "utf-8")
    with pytest.raises(ProjectError, match=file):
        poetry_config.load(tmp_path, {"POETRY_CONFIG_DIR": str(tmp_path)})


def test_relative_certificates_for_a_poetry_that_runs_elsewhere() -> None:
    """Poetry itself takes the variables for what the files say."""
    tables = {
        "a": {"cert": "ca.pem", "client-cert": "/absolute.pem"},
        "b-c": {"verify": False, "cert": "ca.pem", "client-cert": "client.pem"},
        "d": {"cert": False},
    }
    places = Places(
        project={"certificates": tables},
        environ={"POETRY_CERTIFICATES_E_CERT": "e.pem", "POETRY_CERTIFICATES_A_CERT": "own.pem"},
    )
    with both(places) as (_, ours):
        variables = ours.certificate_variables(Path("/where"))
    assert variables == {
        "POETRY_CERTIFICATES_A_CERT": "/where/own.pem",
        "POETRY_CERTIFICATES_B_C_CERT": "/where/ca.pem",
        "POETRY_CERTIFICATES_B_C_CLIENT_CERT": "/where/client.pem",
        "POETRY_CERTIFICATES_E_CERT": "/where/e.pem",
    }
    with both(Places(project={"certificates": tables}, environ=variables)) as (theirs, _):
        created = RepositoryCertificateConfig.create("a", theirs)
        assert created.cert == Path("/where/own.pem")
        assert created.client_cert == Path("/absolute.pem")
        assert not RepositoryCertificateConfig.create("b-c", theirs).verify
