"""Only files are read: a pipe would be waited for, a device has no end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.witness import no_hang

from hybrid_install.regular import read_bytes, read_text
from hybrid_install.unchanged import words_if_unchanged


def test_files_and_links_to_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("é\r\nb".encode())
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        assert read_bytes(tmp_path / name) == "é\r\nb".encode()
        assert read_text(tmp_path / name) == "é\nb"


@pytest.mark.parametrize("kind", ["a pipe", "a link to a pipe", "a device", "a folder", "nothing"])
def test_whatever_else_is_there(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    if kind.endswith("pipe"):
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
        path = path if kind.startswith("a link") else tmp_path / "pipe"
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a folder":
        path.mkdir()

    with no_hang(5):
        for read in (read_bytes, read_text):
            with pytest.raises(OSError) as error:
                read(path)
            assert error.value.filename == str(path)
            assert error.value.strerror
        assert words_if_unchanged(str(path)) is None
