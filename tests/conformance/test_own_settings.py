"""`[tool.hybrid-install]` is ours alone: to Poetry it makes no difference."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support import corpus
from support.poetry_in_process import content_hash, read_project

pytestmark = pytest.mark.conformance

TABLE = """
[tool.hybrid-install]
heavy = ["faiss-*", "!scipy"]
provided = ["torch"]
provided-mismatch = "warn"
no-editable = true
finish = "poetry-core"
exports = [{ file = "requirements.txt" }]
"""


@corpus.each_pair()
def test_the_lock_stays_fresh(pair: corpus.Pair, tmp_path: Path) -> None:
    before = content_hash(pair.pyproject)
    copy = pair.copy_to(tmp_path)
    path = copy.folder / "pyproject.toml"
    text = path.read_text("utf-8") + TABLE
    path.write_text(text, "utf-8")
    assert content_hash(tomllib.loads(text)) == before
    assert read_project(copy.folder).locker._get_content_hash() == before
