"""The receipt on disk: whole or not there, withdrawn or true."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from support.distributions import dist_info, without
from support.fakes import interpreter

from hybrid_install.core.receipt import Receipt
from hybrid_install.environment.installed import installed
from hybrid_install.environment.receipt import ReceiptFile
from hybrid_install.errors import InvalidDataError

RECEIPT = Receipt("0", "0", None, "root", "x", "y", (), (), "3.11.7", ())


@pytest.fixture
def file(tmp_path: Path) -> ReceiptFile:
    return ReceiptFile.of(tmp_path / "venv", is_virtual=True)


def names(file: ReceiptFile) -> list[str]:
    return sorted(path.name for path in file.folder.iterdir())


def test_its_place(tmp_path: Path) -> None:
    in_venv = ReceiptFile.of(tmp_path, is_virtual=True).path
    assert in_venv == tmp_path / "hybrid-install.json"
    system = ReceiptFile.of(tmp_path, is_virtual=False).path
    assert system == tmp_path / "share" / "hybrid-install" / "hybrid-install.json"


def test_none(file: ReceiptFile) -> None:
    assert file.read() is None
    assert file.read_earlier() is None
    file.withdraw()
    assert file.read() is None
    assert file.read_earlier() is None
    assert file.unfinished.exists(), "from here on nothing is known"


def test_written(file: ReceiptFile) -> None:
    file.write(RECEIPT)
    assert file.read() == file.read_earlier() == RECEIPT
    assert names(file) == ["hybrid-install.json"]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o644


def test_withdrawn_it_is_for_the_next_run_alone(file: ReceiptFile) -> None:
    file.write(RECEIPT)
    file.withdraw()
    file.withdraw()
    assert file.read() is None
    assert file.read_earlier() == RECEIPT
    file.write(replace(RECEIPT, uv="1"))
    assert names(file) == ["hybrid-install.json"]


@pytest.mark.parametrize(
    ("size", "installer", "is_doubted"),
    [(4096, "uv", True), (8192, "uv", True), (8191, "uv", False), (8192, "pip", False)],
)
def test_a_record_that_ends_where_a_block_does(
    file: ReceiptFile, size: int, installer: str, is_doubted: bool
) -> None:
    """A run that was cut off may have left it so, even with whole lines; after a good one not."""
    target = interpreter(file.folder)
    lines = "".join(f"a-1.0.dist-info/{each},,\n" for each in ("INSTALLER", "METADATA", "RECORD"))
    record = lines + "x" * (size - len(lines) - 3) + ",,\n"
    dist_info(target.site_packages[0], "a", files={"RECORD": record, "INSTALLER": installer})
    file.write(RECEIPT)
    assert file.doubts(installed(target)) == {}
    file.withdraw()
    assert bool(file.doubts(installed(target))) == is_doubted
    dist_info(target.site_packages[0], "a", files={"RECORD": ""})
    assert file.doubts(installed(target)) == {}
    without(dist_info(target.site_packages[0], "a"), "RECORD")
    assert file.doubts(installed(target)) == {}
    file.write(RECEIPT)
    assert file.doubts(installed(target)) == {}


def test_a_run_that_changed_nothing_puts_the_same_file_back(file: ReceiptFile) -> None:
    file.write(RECEIPT)
    before = file.path.stat()
    file.withdraw()
    file.write(RECEIPT)
    file.write(RECEIPT)
    after = file.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert names(file) == ["hybrid-install.json"]


def test_noted_while_the_run_goes_on(file: ReceiptFile) -> None:
    file.write(RECEIPT)
    file.withdraw()
    file.note(replace(RECEIPT, uv="1"))
    assert file.read() is None
    assert file.read_earlier() == replace(RECEIPT, uv="1")


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b'{"schema": 2}'])
def test_what_cannot_be_read(file: ReceiptFile, content: bytes) -> None:
    file.write(RECEIPT)
    file.withdraw()
    file.path.write_bytes(content)
    with pytest.raises(InvalidDataError, match=r"hybrid-install\.json"):
        file.read()
    assert file.read_earlier() == RECEIPT
    file.unfinished.write_bytes(content)
    assert file.read_earlier() is None


def test_a_folder_in_its_place(file: ReceiptFile) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(InvalidDataError, match="cannot be read"):
        file.read()
    with pytest.raises(OSError):
        file.write(RECEIPT)
    assert names(file) == ["hybrid-install.json"]
