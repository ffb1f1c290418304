"""Marker environments of Pythons and platforms that this machine need not have."""

from __future__ import annotations

import re

Markers = dict[str, str]

LINUX_X86 = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "platform_release": "5.10.0-28-amd64",
    "platform_version": "#1 SMP Debian 5.10.209-2 (2024-01-31)",
}
LINUX_ARM = {**LINUX_X86, "platform_machine": "aarch64", "platform_release": "6.8.0-45-generic"}
MACOS_ARM = {
    "os_name": "posix",
    "sys_platform": "darwin",
    "platform_system": "Darwin",
    "platform_machine": "arm64",
    "platform_release": "23.6.0",
    "platform_version": "Darwin Kernel Version 23.6.0: root:xnu-10063.141.2~1/RELEASE_ARM64_T6000",
}
WINDOWS = {
    "os_name": "nt",
    "sys_platform": "win32",
    "platform_system": "Windows",
    "platform_machine": "AMD64",
    "platform_release": "10",
    "platform_version": "10.0.19045",
}

# The newest patch releases, and a release candidate: its markers count as the final release's.
PYTHONS = ("3.10.20", "3.11.15", "3.12.13", "3.13.9", "3.14.5")
OLDER_PYTHONS = ("3.8.20", "3.9.25")
RELEASE_CANDIDATE = "3.11.0rc1"


def environment(python: str, platform: Markers, implementation: str = "CPython") -> Markers:
    """What a `python` of that full version says of itself on `platform`."""
    minor = re.match(r"\d+\.\d+", python)
    assert minor
    return {
        **platform,
        "implementation_name": implementation.lower(),
        # A candidate calls itself 3.11.0rc1 in one place and 3.11.0c1 in the other.
        "implementation_version": python.replace("rc", "c"),
        "platform_python_implementation": implementation,
        "python_full_version": python,
        "python_version": minor.group(),
    }


def everywhere() -> list[Markers]:
    """Every Python on every platform, and PyPy once."""
    pythons = (*OLDER_PYTHONS, *PYTHONS, RELEASE_CANDIDATE)
    platforms = (LINUX_X86, LINUX_ARM, MACOS_ARM, WINDOWS)
    found = [environment(python, platform) for python in pythons for platform in platforms]
    return [*found, environment("3.10.16", LINUX_X86, "PyPy")]
