"""Interpreters of other machines, by the names that uv has for platforms.

The names and what they stand for are uv's (`--python-platform`); the tags (PEP 425) are in the
order of `packaging.tags.platform_tags`, which Poetry asks on the machine itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hybrid_install.core.interpreter import Interpreter
from hybrid_install.environment.probe import presumed
from hybrid_install.errors import UsageError

_ALIASES = {
    "linux": "x86_64-unknown-linux-gnu",
    "macos": "aarch64-apple-darwin",
    "windows": "x86_64-pc-windows-msvc",
}

# What uv takes `gnu` for where the name says no more.
_GLIBC = {"riscv64": 39, "loongarch64": 36}
_USUAL_GLIBC = 28
_MUSL = 2
_MACOS = 13

_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}

_WINDOWS = {"x86_64": "win_amd64", "aarch64": "win_arm64", "i686": "win32"}

_KNOWN = (
    "linux, macos, windows, x86_64-manylinux_2_28 (any architecture, any glibc),"
    " aarch64-unknown-linux-gnu, x86_64-unknown-linux-musl, x86_64-apple-darwin"
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A kind of machine: what its markers (PEP 508) say, and its tags (PEP 425), best first.

    `release` is None where nothing about it follows from the platform's name.
    """

    name: str
    os_name: str
    sys_platform: str
    system: str
    machine: str
    tags: tuple[str, ...]
    release: str | None = None


def platform_named(name: str) -> Platform:
    """The platform that uv calls `name`; `UsageError` where it is none that wheels are known of."""
    full = _ALIASES.get(name, name)
    if match := re.fullmatch(r"(\w+)-manylinux_?2_([0-9]{1,3})", full.replace("2014", "_2_17")):
        return _linux(name, match[1], tuple(_manylinux(match[1], int(match[2]))))
    if match := re.fullmatch(r"(\w+)-unknown-linux(?:-(gnu|musl))?", full):
        machine, libc = match.groups()
        tags = _musllinux(machine) if libc == "musl" else _manylinux(machine, _glibc(machine))
        return _linux(name, machine, tuple(tags))
    if match := re.fullmatch(r"(aarch64|x86_64)-apple-darwin", full):
        return _macos(name, {"aarch64": "arm64"}.get(match[1], match[1]))
    if match := re.fullmatch(r"(x86_64|aarch64|i686)-pc-windows-msvc", full):
        machine = {"x86_64": "AMD64", "aarch64": "ARM64", "i686": "x86"}[match[1]]
        return Platform(name, "nt", "win32", "Windows", machine, (_WINDOWS[match[1]],))
    raise UsageError(f"there is no platform {name!r}", hint=f"those of uv are known: {_KNOWN}, …")


def _glibc(machine: str) -> int:
    return _GLIBC.get(machine, _USUAL_GLIBC)


def _linux(name: str, machine: str, tags: tuple[str, ...]) -> Platform:
    return Platform(name, "posix", "linux", "Linux", machine, (f"linux_{machine}", *tags))


def _manylinux(machine: str, glibc: int) -> Iterator[str]:
    """From 2.`glibc` down to the oldest glibc of that architecture."""
    oldest = 5 if machine in {"x86_64", "i686"} else 17
    for minor in range(glibc, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"


def _musllinux(machine: str) -> Iterator[str]:
    return (f"musllinux_1_{minor}_{machine}" for minor in range(_MUSL, -1, -1))


def _macos(name: str, machine: str) -> Platform:
    from packaging.tags import mac_platforms

    tags = tuple(mac_platforms((_MACOS, 0), machine))
    # macOS 13 is Darwin 22: they have gone side by side since macOS 11.
    return Platform(name, "posix", "darwin", "Darwin", machine, tags, f"{_MACOS + 9}.0.0")


def interpreter_on(platform: Platform, full_version: str, release: str) -> Interpreter:
    """CPython `full_version` there. `release` stands in for what the name does not tell."""
    kernel = platform.release or release
    there = presumed(full_version, full_version)
    markers = {
        **there.markers,
        "os_name": platform.os_name,
        "platform_machine": platform.machine,
        "platform_release": kernel,
        "platform_system": platform.system,
        "platform_version": kernel,
        "sys_platform": platform.sys_platform,
    }
    return replace(
        there,
        markers=markers,
        platform=f"{platform.name} {full_version}",
        sysconfig_platform=platform.name,
        platform_tags=platform.tags,
    )
