"""What coverage drives in scripts/reliability.sh: each parser reads what its inputs begin with."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "lib" / "fuzz_parsers.py"


def nullcontext_of(include: list[str]) -> nullcontext[None]:
    """Nothing is instrumented."""
    assert include
    return nullcontext()


@pytest.fixture
def parsers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, without atheris, which has no wheel for each Python."""
    atheris = SimpleNamespace(instrument_imports=nullcontext_of)
    monkeypatch.setitem(sys.modules, "atheris", atheris)
    monkeypatch.setattr(sys, "argv", ["fuzz_parsers.py", str(tmp_path / "inputs")])
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = spec_from_file_location("fuzz_parsers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_parser_reads_its_seed(parsers: ModuleType, tmp_path: Path) -> None:
    """One that refused it would never be led further than to its first line."""
    parsers.write_seeds(tmp_path / "inputs")
    seeds = sorted((tmp_path / "inputs").iterdir())
    assert [each.name for each in seeds] == sorted(f"seed-{name}" for name in parsers.PARSERS)
    for number, (parse, good) in enumerate(parsers.PARSERS.values()):
        assert parse(good) is not None
        parsers.one_input(bytes([number]) + good)
    parsers.one_input(b"")


def test_what_a_parser_refuses_in_words_is_no_crash(parsers: ModuleType) -> None:
    for number in range(len(parsers.PARSERS)):
        for content in (b"", b"\xff\0{}[]", b"a = 1\n", b"{}", b"[1]"):
            parsers.one_input(bytes([number]) + content)
