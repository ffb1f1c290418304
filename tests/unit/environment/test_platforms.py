"""Machines of other kinds: their tags are packaging's, their names and markers uv's."""

from __future__ import annotations

import sysconfig

import packaging._manylinux
import packaging._musllinux
import packaging.tags
import pytest
from support.fakes import FakeRunner

from hybrid_install.environment.platforms import interpreter_on, platform_named
from hybrid_install.environment.tags import supported_tags
from hybrid_install.errors import UsageError


@pytest.mark.parametrize(
    ("name", "glibc", "machine"),
    [
        ("linux", 28, "x86_64"),
        ("x86_64-unknown-linux-gnu", 28, "x86_64"),
        ("x86_64-manylinux2014", 17, "x86_64"),
        ("aarch64-manylinux_2_40", 40, "aarch64"),
        ("riscv64-unknown-linux", 39, "riscv64"),
    ],
)
def test_the_tags_are_what_packaging_says_there(
    monkeypatch: pytest.MonkeyPatch, name: str, glibc: int, machine: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_platform", lambda: f"linux-{machine}")
    monkeypatch.setattr(packaging._manylinux, "_get_glibc_version", lambda: (2, glibc))
    monkeypatch.setattr(packaging._manylinux, "_have_compatible_abi", lambda *_: True)
    monkeypatch.setattr(packaging._musllinux, "platform_tags", lambda _: iter(()))
    expected = list(packaging.tags._linux_platforms(is_32bit=False))
    assert list(platform_named(name).tags) == expected


def test_another_libc_and_other_systems() -> None:
    assert platform_named("aarch64-unknown-linux-musl").tags == (
        "linux_aarch64",
        "musllinux_1_2_aarch64",
        "musllinux_1_1_aarch64",
        "musllinux_1_0_aarch64",
    )
    assert platform_named("macos").tags[0] == "macosx_13_0_arm64"
    assert platform_named("x86_64-apple-darwin").tags[0] == "macosx_13_0_x86_64"
    assert platform_named("windows").tags == ("win_amd64",)


_ABSURD = f"x86_64-manylinux_2_{'9' * 5000}"


@pytest.mark.parametrize("name", ["amiga", "", "x86_64-manylinux", _ABSURD, "wasm32-pyodide2024"])
def test_what_is_no_platform(name: str) -> None:
    with pytest.raises(UsageError, match="there is no platform"):
        platform_named(name)


def test_an_interpreter_there() -> None:
    there = interpreter_on(platform_named("aarch64-unknown-linux-gnu"), "3.12.4", "0")
    assert there.markers["platform_machine"] == "aarch64"
    assert there.markers["python_full_version"] == "3.12.4"
    assert there.is_presumed
    tags = supported_tags(there, FakeRunner(), {})
    assert tags is not None
    assert "cp312-cp312-manylinux_2_28_aarch64" in tags
    assert "cp312-cp312-manylinux_2_29_aarch64" not in tags
    assert tags["cp312-abi3-linux_aarch64"] < tags["py3-none-any"]
    assert "cp310-abi3-manylinux2014_aarch64" in tags


def test_the_kernel_of_a_mac_follows_from_its_system() -> None:
    mac = platform_named("macos")
    assert interpreter_on(mac, "3.12.4", "0").markers["platform_release"] == "22.0.0"
