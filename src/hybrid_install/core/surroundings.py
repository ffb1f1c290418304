"""What of a machine bears on an install: variables by their names, file systems by their numbers.

A variable's value is never shown: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from hybrid_install.core.diagnosis import Finding, listed, note, ok, warning
from hybrid_install.core.sizes import size_text
from hybrid_install.core.space import Volume

_LITTLE = 10**9

_OF_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})

_CREDENTIALS = re.compile(r"POETRY_HTTP_BASIC_(.+?)(?:_USERNAME|_PASSWORD)?$")


def variable_findings(
    names: Iterable[str], uv_heeds: Callable[[str], bool], sources: Collection[str]
) -> Iterator[Finding]:
    """Which of the variables that are set are heeded, and which are not.

    `sources` are the names that credentials may be for.
    """
    found = sorted(names)
    of_uv = [name for name in found if name.startswith("UV_")]
    heeded = [name for name in of_uv if uv_heeds(name)]
    ignored = [name for name in of_uv if not uv_heeds(name)]
    if heeded:
        yield note("UV_*", f"{listed(heeded)}: heeded, as uv reads them")
    if ignored:
        yield note(
            "UV_*",
            f"{listed(ignored)}: ignored where locked files are installed",
            "what is installed, and from where, is the lock's and pyproject.toml's to say",
        )
    if of_pip := [name for name in found if name.startswith("PIP_")]:
        yield note(
            "PIP_*",
            f"{listed(of_pip)}: for pip alone, which installs nothing here",
            "sources are [[tool.poetry.source]]'s to name",
        )
    yield from _of_poetry(found, sources)
    if proxies := [name for name in found if name.upper() in _OF_PROXIES]:
        yield note("proxies", f"{listed(proxies)}: heeded by uv, Poetry and us")
    if ours := [name for name in found if name.startswith("HYBRID_INSTALL_")]:
        yield note("HYBRID_INSTALL_*", f"{listed(ours)}: options and settings of ours")
    if "PYTHONPATH" in found:
        text = "Poetry and builds import from there too"
        yield warning("PYTHONPATH", text, "unset it, unless that is what it is for")


def _of_poetry(found: Iterable[str], sources: Collection[str]) -> Iterator[Finding]:
    of_poetry = [name for name in found if name.startswith("POETRY_")]
    if of_poetry:
        yield note("POETRY_*", f"{listed(of_poetry)}: heeded, over poetry.toml and config.toml")
    known = {name.upper().replace("-", "_") for name in sources}
    matches = [(name, _CREDENTIALS.match(name)) for name in of_poetry]
    strangers = [name for name, match in matches if match and match[1] not in known]
    if strangers:
        yield note(
            "POETRY_*",
            f"{listed(strangers)}: for no source of this project",
            "is the source's name spelled in capitals, with _ for -?",
        )


def volume_finding(subject: str, volume: Volume, *, is_writable: bool) -> Finding:
    """What is free in a folder, which is made where it is missing."""
    text = f"{volume.place}: {size_text(volume.free)} free"
    if not is_writable:
        hint = "change its permissions, or name another folder"
        return warning(subject, f"{text}, and it cannot be written to", hint)
    if volume.free < _LITTLE:
        return warning(subject, text, "make room: big packages take gigabytes")
    return ok(subject, text)


_MODES = {
    "copy": (
        "files are copied: UV_LINK_MODE is copy, each takes its room twice",
        "unset it to have them linked",
    ),
    "symlink": (
        "files are symbolic links into uv's cache: UV_LINK_MODE is symlink",
        "whoever clears the cache breaks the environment: unset it",
    ),
}


def link_finding(cache: Volume, environment: Volume, mode: str | None) -> Finding:
    """How what uv unpacks in its cache comes into the environment."""
    if mode == "symlink":
        return warning("links", *_MODES[mode])
    if mode == "copy":
        return note("links", *_MODES[mode])
    if cache.device != environment.device:
        return note(
            "links",
            f"{cache.place} and {environment.place} are on different file systems: files are"
            " copied, which takes longer and their room twice",
            "point UV_CACHE_DIR at the environment's file system, or the environment at the"
            " cache's",
        )
    return ok("links", "uv's cache and the environment are on one file system: files are linked")
