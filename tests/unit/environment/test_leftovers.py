"""What uv would leave of an editable installation of Poetry's."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.distributions import dist_info
from support.fakes import distribution, interpreter

from hybrid_install.core.editable import Binding
from hybrid_install.core.interpreter import Interpreter
from hybrid_install.core.model import normalize_name
from hybrid_install.environment.editable import unbind
from hybrid_install.environment.leftovers import remove_recorded_absolutely


@pytest.fixture
def target(tmp_path: Path) -> Interpreter:
    found = interpreter(tmp_path / "venv")
    found.site_packages[0].mkdir(parents=True)
    return found


def test_it_goes_whole_and_nothing_else(target: Interpreter, tmp_path: Path) -> None:
    site = target.site_packages[0]
    outside = tmp_path / "precious"
    through = site / ".." / ".." / ".." / ".." / "precious"
    for path in (outside, site / "a.pth", site / "b.pth"):
        path.touch()
    info = dist_info(site, "a")
    recorded = (site / "a.pth", info / "METADATA", info / "RECORD", outside, through, site)
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in recorded), "utf-8")

    remove_recorded_absolutely(distribution("a", path=str(info)), target)

    assert sorted(path.name for path in site.iterdir()) == ["b.pth"]
    assert outside.is_file()


@pytest.mark.parametrize("record", ["a/__init__.py,,\n", "", None])
def test_any_other_is_left_to_uv(target: Interpreter, record: str | None) -> None:
    info = dist_info(target.site_packages[0], "a")
    if record is None:
        (info / "RECORD").unlink(missing_ok=True)
    else:
        (info / "RECORD").write_text(record, "utf-8")
    before = sorted(info.iterdir())

    remove_recorded_absolutely(distribution("a", path=str(info)), target)

    assert sorted(info.iterdir()) == before


def test_what_is_recorded_beside_is_left_to_uv(target: Interpreter) -> None:
    """`flit install` names its commands absolutely, and its modules as everybody does."""
    site = target.site_packages[0]
    script, module = target.prefix / "bin" / "a", site / "a" / "__init__.py"
    for path in (script, module):
        path.parent.mkdir(parents=True)
        path.touch()
    info = dist_info(site, "a")
    relative = "a/__init__.py,sha256=x,0\na-1.0.dist-info/RECORD,,\n"
    (info / "RECORD").write_text(f"{script},sha256=y,0\n{relative}", "utf-8")

    remove_recorded_absolutely(distribution("a", path=str(info)), target)

    assert not script.exists()
    assert module.is_file()
    assert (info / "RECORD").read_text("utf-8") == relative


@pytest.mark.parametrize("text", ['"' + "x" * 200_000, "/a\0b,,\n"])
def test_a_record_that_cannot_be_read_is_left_to_uv(target: Interpreter, text: str) -> None:
    info = dist_info(target.site_packages[0], "a", files={"RECORD": text})

    remove_recorded_absolutely(distribution("a", path=str(info)), target)

    assert (info / "RECORD").read_text("utf-8") == text


def test_a_link_in_the_environment_leads_nobody_out(target: Interpreter, tmp_path: Path) -> None:
    site = target.site_packages[0]
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "kept").touch()
    (site / "linked").symlink_to(tmp_path / "precious")
    info = dist_info(site, "a", files={"RECORD": f"{site}/linked/kept,,\n/{'x' * 5000},,\n"})

    remove_recorded_absolutely(distribution("a", path=str(info)), target)

    assert (tmp_path / "precious" / "kept").is_file()


@pytest.mark.parametrize("record", [b"\xff,,\n", b"a.py,,many\n", b"a\0,,\n", b"a,b,c,d,e\n"])
def test_a_binding_with_an_odd_record_goes_by_its_metadata(
    target: Interpreter, record: bytes
) -> None:
    site = target.site_packages[0]
    info = dist_info(site, "acme-app")
    (info / "RECORD").write_bytes(record)
    name = normalize_name("acme-app")

    unbind(Binding(name, "acme_app.pth", b"", (), (), info.name, ()), target)

    assert not info.exists()
