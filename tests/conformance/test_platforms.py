"""What a platform's name stands for is what it stands for to uv."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.sandbox import run
from support.wheels import Release, Wheel
from uv import find_uv_bin

from hybrid_install.environment.platforms import interpreter_on, platform_named

NAMES = (
    *("linux", "macos", "windows", "x86_64-pc-windows-msvc", "i686-pc-windows-msvc"),
    *("aarch64-pc-windows-msvc", "x86_64-apple-darwin", "aarch64-apple-darwin"),
    *("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64-unknown-linux"),
    *("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-manylinux2014"),
    *("x86_64-manylinux_2_28", "aarch64-manylinux_2_40"),
)


def newer(tag: str) -> str | None:
    """The tag of a system one release newer, None where a platform has no releases."""
    found = re.fullmatch(r"((?:manylinux_2|musllinux_1|macosx)_)(\d+)(_.+)", tag)
    return f"{found[1]}{int(found[2]) + 1}{found[3]}" if found else None


@pytest.mark.parametrize("name", NAMES)
def test_uv_agrees(tmp_path: Path, name: str) -> None:
    platform = platform_named(name)
    # uv puts tags of bare `linux_x86_64` elsewhere; no index takes them.
    [best] = [tag for tag in platform.tags if not tag.startswith("linux_")][:1]
    assert installs(tmp_path / "best", name, best)
    if beyond := newer(best):
        assert not installs(tmp_path / "beyond", name, beyond)


def installs(folder: Path, name: str, tag: str) -> bool:
    """Whether uv finds a wheel of that tag fit, where the markers are those that we say."""
    folder.mkdir()
    wheel = Wheel(Release("alpha"), tag=f"cp312-cp312-{tag}")
    (folder / wheel.filename).write_bytes(wheel.content)
    markers = interpreter_on(platform_named(name), "3.12.9", "0").markers
    asked = ("os_name", "sys_platform", "platform_system", "platform_machine")
    marker = " and ".join(f"{each} == '{markers[each]}'" for each in asked)
    (folder / "asked.in").write_text(f"alpha ; {marker}\n")
    argv = [find_uv_bin(), "pip", "compile", "-q", "--no-header", "--no-index"]
    argv += ["--find-links", ".", "--python", sys.executable, "--python-version", "3.12.9"]
    argv += ["--python-platform", name, "asked.in"]
    environ = {"UV_CACHE_DIR": str(folder / "cache"), "UV_NO_CONFIG": "1"}
    result = run(argv, environ, folder, check=False)
    assert result.exit_code == 0 or "no wheels with a matching platform" in result.stderr, result
    return "alpha==1.0" in result.stdout
