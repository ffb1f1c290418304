"""Indexes whose certificate only the user trusts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import pytest
from support.index import Index
from support.lab import Lab, assert_nothing_is_installed
from support.projects import POETRY, Project
from support.sandbox import run
from support.tls import Authority, make_authority
from support.wheels import Release, Wheel

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the user trusts."""
    return make_authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture
def secure(lab: Lab, authority: Authority) -> Iterator[Lab]:
    """The lab with an index behind TLS."""
    with Index(authority.server) as index:
        yield replace(lab, index=index)


@pytest.fixture
def project(secure: Lab, authority: Authority) -> Project:
    """A project whose only index is behind TLS."""
    source = secure.source(Wheel(Release("alpha")))
    trusting = replace(secure, environ={"REQUESTS_CA_BUNDLE": str(authority.certificate)})
    return trusting.project(secure.spec("alpha", sources=(source,)))


def test_trusted_by_everyone(secure: Lab, project: Project, authority: Authority) -> None:
    """uv and Poetry each have a variable for it; with both the bulk is uv's."""
    certificate = str(authority.certificate)
    secure.environ.update(SSL_CERT_FILE=certificate, REQUESTS_CA_BUNDLE=certificate)
    for feed in ("pylock", "requirements"):
        shutil.rmtree(project.venv, ignore_errors=True)
        shutil.rmtree(secure.sandbox.folder("uv-cache"))
        secure.install(project, "--feed", feed)

        seen = secure.assert_as_poetry_makes_it(project)
        assert seen.distributions["alpha"].installer == "uv"


@pytest.mark.parametrize("way", ["cert", "false", "client-cert", "key first"])
def test_trusted_in_poetry_s_configuration(
    secure: Lab, project: Project, authority: Authority, way: str
) -> None:
    """A bundle of the source's own, no verification, a client certificate beside a bundle."""
    [name] = project.spec.sources
    cert = "false" if way == "false" else f'"{authority.certificate}"'
    client = {"client-cert": authority.client, "key first": authority.client_key_first}.get(way)
    (project.folder / "poetry.toml").write_text(
        f"[virtualenvs]\nin-project = true\n[certificates.{name}]\ncert = {cert}\n"
        + (f'client-cert = "{client}"\n' if client else "")
    )
    with authority.demanding_certificates() if client else nullcontext():
        result = secure.install(project, "-v")
        seen = secure.assert_as_poetry_makes_it(project)

    by_uv = seen.distributions["alpha"].installer == "uv"
    assert by_uv == (way != "key first")
    said = "alpha 1.0 is Poetry's: its source's client certificate is not one" in result.stderr
    assert said == (way == "key first")


def test_a_certificate_that_is_not_there(secure: Lab, project: Project) -> None:
    [name] = project.spec.sources
    (project.folder / "poetry.toml").write_text(
        f'[virtualenvs]\nin-project = true\n[certificates.{name}]\ncert = "gone.pem"\n'
    )
    refused = secure.refuse(project)
    assert "gone.pem cannot be read" in refused.stderr
    assert_nothing_is_installed(project)


def test_trusted_by_nobody(secure: Lab, project: Project) -> None:
    result = secure.refuse(project, UV_HTTP_RETRIES="0")

    assert "alpha" in result.stderr
    assert "certificate" in result.stderr.lower()
    assert_nothing_is_installed(project)


@pytest.mark.parametrize(
    ("options", "there"),
    [
        (("-P", "acme-app"), "."),
        (("-C", "acme-app"), "acme-app"),
        (("-P", "acme-app"), "acme-app"),
        (("-C", "acme-app"), "."),
    ],
)
def test_a_relative_path_is_relative_to_the_working_directory(
    secure: Lab, project: Project, authority: Authority, options: tuple[str, ...], there: str
) -> None:
    """Wherever the setting stands; `-C` changes the working directory, `-P` does not."""
    [name] = project.spec.sources
    (project.folder / "poetry.toml").write_text(
        f'[virtualenvs]\nin-project = true\n[certificates.{name}]\ncert = "ca.pem"\n'
    )
    shutil.copy(authority.certificate, secure.folder / there / "ca.pem")

    ours = secure.hybrid_install("install", *options, cwd=secure.folder)
    shutil.rmtree(project.venv, ignore_errors=True)
    argv = [*POETRY, "install", "--no-interaction", *options]
    theirs = run(argv, secure.sandbox.environ, secure.folder, check=False)

    assert ours.exit_code == theirs.exit_code, f"{ours}{theirs}"
    assert (ours.exit_code == 0) == ((options[0] == "-C") == (there == "acme-app"))
