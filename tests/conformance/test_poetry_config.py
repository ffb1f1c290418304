"""Settings from every place in which Poetry looks for them, in its precedence."""

from __future__ import annotations

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
from hybrid_install.core.deferral import certificate_name
from hybrid_install.core.model import normalize_name
from hybrid_install.poetry_config import PoetryConfig

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


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "entry", [{"cert": False}, {"cert": "/ca.pem"}, {"client-cert": "/me.pem"}, {"verify": False}]
)
@pytest.mark.parametrize("place", ["config", "auth", "project", "environ"])
def test_certificates_of_a_source_are_seen(name: str, entry: Tables, place: str) -> None:
    """uv has none for each index: what has some is Poetry's."""
    places = Places()
    if place == "environ":
        places.environ = {variable("certificates", name, *entry): str(*entry.values())}
    else:
        setattr(places, place, {"certificates": {name: entry}})
    with both(places) as (theirs, ours):
        assert RepositoryCertificateConfig.create(name, theirs) != RepositoryCertificateConfig()
        seen = ours.build_policy(frozenset()).with_certificates
        assert certificate_name(name) in seen
        assert certificate_name("another") not in seen


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


def is_choosy(config: Config, name: str) -> bool:
    """Whether a wheel or an sdist of this name would be passed over (`Chooser._get_links`)."""
    no_binary = PackageFilterPolicy(config.get("installer.no-binary", []))
    only_binary = PackageFilterPolicy(config.get("installer.only-binary", []))
    pairs = ((no_binary, only_binary), (only_binary, no_binary))
    return any(
        policy.has_exact_package(name)
        or (not policy.allows(name) and not other.has_exact_package(name))
        for policy, other in pairs
    )


def is_deferred(config: PoetryConfig, name: str) -> bool:
    return bool(config.build_policy(frozenset()).binary_policy_for & {name, ":all:"})


@SEVERAL
@given(policies(POLICY_LISTS | POLICY_TEXTS))
def test_whoever_has_a_binary_policy_is_deferred_and_nobody_else(
    tally: Counter[str], places: Places
) -> None:
    with both(places) as (theirs, ours):
        expected = {name: is_choosy(theirs, name) for name in PACKAGES}
        assert {name: is_deferred(ours, name) for name in PACKAGES} == expected
    tally.update(["binary policies", "binary policies equal"])


@SEVERAL
@given(policies(st.lists(st.sampled_from(["A", "B_C", "b.c", "D"]), max_size=2)))
def test_a_spelling_that_poetry_does_not_recognize_may_defer_too_much(places: Places) -> None:
    """Poetry compares names in a file's list as they are written: here nothing may be missed."""
    with both(places) as (theirs, ours):
        for name in PACKAGES:
            assert is_deferred(ours, name) or not is_choosy(theirs, name)


SETTINGS = ['{"k": "v"}', '{"k": ["v", "w"]}', "{}"]


@SEVERAL
@given(
    st.lists(st.sampled_from(["a", "B_c", "b.c", "D"]), unique_by=normalize_name),
    st.lists(st.sampled_from(["A", "B_C", "D"]), unique=True),
    st.sampled_from(SETTINGS),
)
def test_whoever_has_build_settings_is_deferred(
    in_file: list[str], in_environ: list[str], value: str
) -> None:
    places = Places(
        project={"installer": {"build-config-settings": {name: {"k": "v"} for name in in_file}}},
        environ={
            variable("installer", "build-config-settings", each): value for each in in_environ
        },
    )
    constraints = frozenset({normalize_name("constrained")})
    with both(places) as (theirs, ours):
        theirs_names = map(normalize_name, theirs.get("installer.build-config-settings"))
        assert ours.build_policy(constraints).build_settings_for == {*theirs_names, *constraints}


@pytest.mark.parametrize("file", ["config.toml", "auth.toml", "poetry.toml"])
def test_a_file_that_cannot_be_read_is_an_error_of_the_project(file: str, tmp_path: Path) -> None:
    from hybrid_install.errors import ProjectError

    (tmp_path / file).write_text("not = [toml", "utf-8")
    with pytest.raises(ProjectError, match=file):
        poetry_config.load(tmp_path, {"POETRY_CONFIG_DIR": str(tmp_path)})
