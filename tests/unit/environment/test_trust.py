"""Whom uv believes, from what Poetry and requests are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest

from hybrid_install.core.model import DEFAULT_INDEX, Index
from hybrid_install.core.uv_config import Trust
from hybrid_install.environment.trust import refused_clients, trust_of
from hybrid_install.errors import ProjectError
from hybrid_install.poetry_config import PoetryConfig

ONE = Index("one", "https://me:secret@one.invalid:8443/simple")
TWO = Index("two", "https://two.invalid/simple")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.pem").write_text("of one\n", "utf-8")
    (tmp_path / "two.pem").write_text("of two\n", "utf-8")
    (tmp_path / "requests.pem").write_text("of requests\n", "utf-8")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    for name in ("b.pem", "a.0"):
        (tmp_path / "folder" / name).write_text(f"{name} of the folder\n", "utf-8")
    (tmp_path / "client.pem").write_text(CERTIFICATE + KEY, "utf-8")
    (tmp_path / "turned.pem").write_text(KEY + CERTIFICATE, "utf-8")
    (tmp_path / "alone.pem").write_text(CERTIFICATE, "utf-8")
    return tmp_path


@dataclass(frozen=True)
class Answer:
    trust: Trust
    refused: frozenset[str]


def found(
    folder: Path,
    certificates: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    used: tuple[Index, ...] = (ONE, TWO),
) -> Answer:
    config, indexes = PoetryConfig({"certificates": certificates}, {}), [ONE, TWO, DEFAULT_INDEX]
    return Answer(
        trust_of(indexes, used, config, folder, environ or {}),
        refused_clients(indexes, config, folder),
    )


def bundle(
    folder: Path, certificates: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> str | None:
    return found(folder, certificates, environ).trust.bundle


def test_nothing_is_said(folder: Path) -> None:
    answer = found(folder, {})
    assert (answer.trust.bundle, answer.trust.client) == (None, None)
    assert answer.trust.insecure_hosts == ()
    assert answer.refused == frozenset()


def test_a_source_s_own_authorities_come_beside_everybody_s(folder: Path) -> None:
    text = bundle(folder, {"one": {"cert": "one.pem"}, "two": {"cert": str(folder / "two.pem")}})
    assert text == f"{certifi.contents()}\nof one\n\nof two\n"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_named_bundle_stands_in_for_everybody_s(folder: Path, name: str) -> None:
    environ = {name: str(folder / "requests.pem")}
    assert bundle(folder, {"one": {"cert": "one.pem"}}, environ) == "of requests\n\nof one\n"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_of_requests_is_uv_s_too(folder: Path, name: str) -> None:
    assert bundle(folder, {}, {name: str(folder / "requests.pem")}) == "of requests\n"
    assert bundle(folder, {}, {name: ""}) is None


def test_uv_s_own_variable_needs_no_help(folder: Path) -> None:
    environ = {"SSL_CERT_FILE": "/of/uv.pem", "REQUESTS_CA_BUNDLE": str(folder / "requests.pem")}
    assert bundle(folder, {}, environ) is None


def test_a_folder_of_certificates_is_all_that_it_holds(folder: Path) -> None:
    text = bundle(folder, {"one": {"cert": "folder"}}, {"CURL_CA_BUNDLE": str(folder / "folder")})
    both = "a.0 of the folder\n\nb.pem of the folder\n"
    assert text == f"{both}\n{both}"


def test_false_is_a_host_that_is_not_verified(folder: Path) -> None:
    """With its port, and without the credentials that its url may hold."""
    answer = found(folder, {"one": {"cert": False}, "two": {"verify": False, "cert": "two.pem"}})
    assert answer.trust.insecure_hosts == ("one.invalid:8443", "two.invalid")
    assert answer.trust.bundle is None
    assert "secret" not in repr(answer)


def test_certificates_of_what_is_no_source_are_nobody_s(folder: Path) -> None:
    answer = found(folder, {"PyPI": {"cert": "gone.pem"}, "other": {"client-cert": "gone.pem"}})
    assert answer == found(folder, {})


def test_a_client_certificate_is_given_to_uv(folder: Path) -> None:
    answer = found(folder, {"two": {"client-cert": "client.pem"}})
    assert answer.trust.client == str(folder / "client.pem")
    assert answer.refused == frozenset()


def test_sources_may_share_a_client_certificate(folder: Path) -> None:
    same = {"client-cert": "client.pem"}
    assert found(folder, {"one": same, "two": same}).refused == frozenset()


@pytest.mark.parametrize("name", ["turned.pem", "alone.pem", "one.pem"])
def test_a_client_certificate_that_uv_does_not_take_is_refused(folder: Path, name: str) -> None:
    """Its key comes first, or is in another file."""
    answer = found(folder, {"one": {"client-cert": name}, "two": {"client-cert": "client.pem"}})
    assert answer.trust.client == str(folder / "client.pem")
    assert answer.refused == {"one"}


def test_uv_takes_one_client_certificate(folder: Path) -> None:
    (folder / "second.pem").write_text(CERTIFICATE + KEY, "utf-8")
    entries = {"one": {"client-cert": "client.pem"}, "two": {"client-cert": "second.pem"}}
    assert found(folder, entries).refused == {"two"}


@pytest.mark.parametrize(
    ("certificates", "environ"),
    [
        ({"one": {"cert": "gone.pem"}}, {}),
        ({}, {"REQUESTS_CA_BUNDLE": "gone.pem"}),
    ],
)
def test_a_certificate_that_is_missing_is_named(
    folder: Path, certificates: Mapping[str, Any], environ: Mapping[str, str]
) -> None:
    environ = {name: str(folder / path) for name, path in environ.items()}
    path = re.escape(str(folder / "gone.pem"))
    with pytest.raises(ProjectError, match=rf"^the certificate {path} cannot be read: ") as error:
        found(folder, certificates, environ)
    assert error.value.hint is not None


def test_what_is_not_used_need_not_be_there(folder: Path) -> None:
    answer = found(folder, {"one": {"cert": "gone.pem"}, "two": {"cert": "two.pem"}}, used=(TWO,))
    assert answer.trust.bundle == f"{certifi.contents()}\nof two\n"


def test_a_client_certificate_that_is_missing_is_refused(folder: Path) -> None:
    """Poetry says so, where it needs it."""
    answer = found(folder, {"one": {"client-cert": "gone.pem"}})
    assert answer.trust.client is None
    assert answer.refused == {"one"}


def test_a_bundle_need_not_be_utf_8(folder: Path) -> None:
    (folder / "one.pem").write_bytes(b"# Andr\xe9\nof one\n")
    text = bundle(folder, {"one": {"cert": "one.pem"}})
    assert text is not None
    assert text.endswith("of one\n")
