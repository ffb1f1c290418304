"""Variables by their names, file systems by their numbers."""

from __future__ import annotations

import pytest

from hybrid_install.core.diagnosis import Severity
from hybrid_install.core.space import Volume
from hybrid_install.core.surroundings import link_finding, variable_findings, volume_finding
from hybrid_install.tools.uv import heeds

GB = 10**9


def volume(place: str = "/cache", free: int = 50 * GB, device: int = 1) -> Volume:
    return Volume(place, device, 100 * GB, free)


def said(*names: str, sources: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    found = variable_findings(names, heeds, sources)
    return [(each.subject, each.text.partition(": ")[0]) for each in found]


def test_uv_s_variables_are_heeded_or_not() -> None:
    assert said("UV_INDEX_URL", "UV_CACHE_DIR", "HOME", "UV_LINK_MODE", "UV_CONSTRAINT") == [
        ("UV_*", "UV_CACHE_DIR, UV_LINK_MODE"),
        ("UV_*", "UV_CONSTRAINT, UV_INDEX_URL"),
    ]
    heeded, ignored = variable_findings(["UV_INDEX_URL", "UV_CACHE_DIR"], heeds, ())
    assert "heeded, as uv reads them" in heeded.text
    assert "ignored where locked files are installed" in ignored.text


def test_nothing_is_nothing() -> None:
    assert said("HOME", "PATH", "VIRTUAL_ENV") == []


def test_credentials_for_nobody() -> None:
    """A variable has capitals and underscores where the source's name has others."""
    names = ("POETRY_HTTP_BASIC_MY_TEAM_USERNAME", "POETRY_HTTP_BASIC_MY_TEAM_PASSWORD")
    everything = "POETRY_HTTP_BASIC_MY_TEAM_PASSWORD, POETRY_HTTP_BASIC_MY_TEAM_USERNAME"
    assert said(*names, sources=("my-team",)) == [("POETRY_*", everything)]
    assert said(*names, sources=("team",)) == [("POETRY_*", everything)] * 2
    assert said("POETRY_VIRTUALENVS_CREATE") == [("POETRY_*", "POETRY_VIRTUALENVS_CREATE")]


def test_the_others() -> None:
    names = ("PIP_INDEX_URL", "https_proxy", "HYBRID_INSTALL_WITH", "PYTHONPATH")
    assert [subject for subject, _ in said(*names)] == [
        "PIP_*",
        "proxies",
        "HYBRID_INSTALL_*",
        "PYTHONPATH",
    ]


@pytest.mark.parametrize(
    ("free", "is_writable", "severity"),
    [
        (GB, True, Severity.OK),
        (GB - 1, True, Severity.WARNING),
        (GB, False, Severity.WARNING),
    ],
)
def test_room(free: int, is_writable: bool, severity: Severity) -> None:
    found = volume_finding("TMPDIR", volume(free=free), is_writable=is_writable)
    assert found.severity is severity
    assert "/cache: 1" in found.text
    assert ("cannot be written to" in found.text) is not is_writable


@pytest.mark.parametrize(
    ("device", "mode", "severity", "says"),
    [
        (1, None, Severity.OK, "on one file system: files are linked"),
        (
            2,
            None,
            Severity.NOTE,
            "/cache and /venv are on different file systems: files are copied",
        ),
        (2, "hardlink", Severity.NOTE, "different file systems"),
        (1, "copy", Severity.NOTE, "UV_LINK_MODE is copy"),
        (2, "copy", Severity.NOTE, "UV_LINK_MODE is copy"),
        (2, "symlink", Severity.WARNING, "symbolic links"),
    ],
)
def test_links(device: int, mode: str | None, severity: Severity, says: str) -> None:
    found = link_finding(volume(), volume("/venv", device=device), mode)
    assert found.severity is severity
    assert says in found.text
