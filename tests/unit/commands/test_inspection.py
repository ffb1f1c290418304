"""What is held against uv: files that nobody else has a right to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from support.distributions import dist_info
from support.fakes import interpreter

from hybrid_install.commands.inspection import damage
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import NormalizedName
from hybrid_install.environment.installed import distributions

A, B = NormalizedName("a"), NormalizedName("b")


def installed(target: Interpreter, name: str, installer: str, size: int) -> None:
    """With a file that is not its own alone."""
    own = "".join(f"{name}-1.0.dist-info/{each},,\n" for each in ("METADATA", "RECORD"))
    record = f"tests/__init__.py,sha256=abc,{size}\n{own}"
    dist_info(
        target.site_packages[0], name, files={"RECORD": record, "INSTALLER": f"{installer}\n"}
    )


def seen(target: Interpreter, *names: NormalizedName) -> set[NormalizedName]:
    preparation: Any = SimpleNamespace(
        target=SimpleNamespace(interpreter=target), distributions=lambda: distributions(target)
    )
    return set(damage(cast(Any, preparation), names))


def test_a_file_of_two_is_right_as_either_says(tmp_path: Path) -> None:
    """Whoever has installed the other one."""
    target = interpreter(tmp_path / "venv")
    shared = target.site_packages[0] / "tests" / "__init__.py"
    shared.parent.mkdir(parents=True)
    shared.write_text("by b")
    installed(target, "a", "uv", 0)
    assert seen(target, A) == {A}

    installed(target, "b", "poetry", len("by b"))
    assert seen(target, A) == set()
    assert seen(target, A, B) == set()


def test_what_others_have_installed_is_theirs(tmp_path: Path) -> None:
    target = interpreter(tmp_path / "venv")
    installed(target, "a", "poetry", 1)
    assert seen(target, A) == set()
